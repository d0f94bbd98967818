//! One line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// What stands before the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    /// Nothing: the key is the host's.
    Plain,
    /// `@cert-authority`.
    Authority,
    /// `@revoked`.
    Revoked,
}

/// A line, split. The key is not decoded: most lines are about other hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) marker: Marker,
    /// Names and patterns, comma-separated, or one hashed name.
    pub(super) hosts: &'a str,
    /// The key's type, as written.
    pub(super) key_type: &'a str,
    /// The key, base64.
    pub(super) key: &'a str,
}

/// How a line names a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    Not,
    /// By its name alone.
    Exactly,
    /// Along with others, by a pattern or a list.
    AmongOthers,
}

impl<'a> Line<'a> {
    /// `None` for an empty line, a comment, or one that is none of the format's.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut words = text.split([' ', '\t', '\r']).filter(|word| !word.is_empty());
        let first = words.next().filter(|word| !word.starts_with('#'))?;
        let (marker, hosts) = match first {
            "@cert-authority" => (Marker::Authority, words.next()?),
            "@revoked" => (Marker::Revoked, words.next()?),
            _ if first.starts_with('@') => return None,
            hosts => (Marker::Plain, hosts),
        };
        let (key_type, key) = (words.next()?, words.next()?);
        // SSH 1 lines have three numbers here.
        (!key_type.starts_with(|c: char| c.is_ascii_digit())).then_some(Self { marker, hosts, key_type, key })
    }

    /// Whether this line is about `name` (lower case, with its port where that is not 22).
    pub(super) fn names(&self, name: &str) -> Named {
        if self.hosts.starts_with('|') {
            return if hashed_name_is(self.hosts, name) { Named::Exactly } else { Named::Not };
        }
        match list_names(self.hosts, name) {
            false => Named::Not,
            true if self.hosts.eq_ignore_ascii_case(name) => Named::Exactly,
            true => Named::AmongOthers,
        }
    }
}

/// `|1|salt|hash`: HMAC-SHA1 of the name under the salt (hostfile.c, host_hash).
fn hashed_name_is(hosts: &str, name: &str) -> bool {
    let mut parts = hosts.split('|').skip(1);
    let (Some("1"), Some(salt), Some(hash), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let (Ok(salt), Ok(hash)) = (STANDARD.decode(salt), STANDARD.decode(hash)) else {
        return false;
    };
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &salt);
    hmac::verify(&key, name.as_bytes(), &hash).is_ok()
}

/// The hashed form of `name` under `salt`.
pub(super) fn hashed_name(name: &str, salt: &[u8; 20]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, salt);
    let hash = hmac::sign(&key, name.as_bytes());
    format!("|1|{}|{}", STANDARD.encode(salt), STANDARD.encode(hash.as_ref()))
}

/// Whether a comma list of patterns names `name`; a negated pattern that matches overrules the rest.
fn list_names(list: &str, name: &str) -> bool {
    let mut found = false;
    for pattern in list.split(',') {
        let (negated, pattern) = match pattern.strip_prefix('!') {
            Some(pattern) => (true, pattern),
            None => (false, pattern),
        };
        if matches(pattern.as_bytes(), name.as_bytes()) {
            if negated {
                return false;
            }
            found = true;
        }
    }
    found
}

/// `*` and `?`, without regard to case. Each `*` is retried only from its last place, so the time is bounded by the
/// product of the lengths.
pub(super) fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, n));
                p += 1;
            }
            Some(&c) if c == b'?' || c.eq_ignore_ascii_case(&name[n]) => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((star, from)) = retry else { return false };
                retry = Some((star, from + 1));
                (p, n) = (star + 1, from + 1);
            }
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_patterns_and_ports() {
        let names = |hosts: &str, name: &str| {
            let text = format!("{hosts} ssh-ed25519 AAAA");
            Line::parse(&text).unwrap().names(name)
        };
        assert_eq!(names("host", "host"), Named::Exactly);
        assert_eq!(names("HOST", "host"), Named::Exactly);
        assert_eq!(names("host,10.0.0.1", "10.0.0.1"), Named::AmongOthers);
        assert_eq!(names("*.example.org", "a.example.org"), Named::AmongOthers);
        assert_eq!(names("*.example.org,!b.*", "b.example.org"), Named::Not);
        assert_eq!(names("[host]:2222", "[host]:2222"), Named::Exactly);
        assert_eq!(names("[host]:2222", "host"), Named::Not);
        assert_eq!(names("[host]:*", "[host]:99"), Named::AmongOthers);
        assert_eq!(names(&hashed_name("host", &[7; 20]), "host"), Named::Exactly);
        assert_eq!(names(&hashed_name("host", &[7; 20]), "other"), Named::Not);
        assert_eq!(names("|1|bad", "host"), Named::Not);
    }

    #[test]
    fn markers_comments_and_line_ends() {
        let line = Line::parse("@cert-authority\t*.x  ssh-rsa AAAA comment here\r").unwrap();
        assert_eq!((line.marker, line.hosts, line.key), (Marker::Authority, "*.x", "AAAA"));
        for text in ["", "# host ssh-rsa AAAA", "@new host ssh-rsa AAAA", "host ssh-rsa", "host 1024 35 1234"] {
            assert_eq!(Line::parse(text), None, "{text}");
        }
    }

    /// The plainest possible matcher, exponential in the number of stars.
    fn oracle(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern.first(), name.first()) {
            (None, None) => true,
            (Some(b'*'), _) => oracle(&pattern[1..], name) || (!name.is_empty() && oracle(pattern, &name[1..])),
            (Some(b'?'), Some(_)) => oracle(&pattern[1..], &name[1..]),
            (Some(a), Some(b)) => a == b && oracle(&pattern[1..], &name[1..]),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn patterns_match_as_the_oracle_says(pattern in "[ab*?]{0,8}", name in "[ab]{0,8}") {
            prop_assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), oracle(pattern.as_bytes(), name.as_bytes()));
        }

        #[test]
        fn no_line_panics(text in "\\PC*", name in "\\PC*") {
            if let Some(line) = Line::parse(&text) {
                line.names(&name);
            }
        }
    }
}
