use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// What a word of the command line names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    Here(PathBuf),
    There { host: String, path: Vec<u8> },
}

impl Place {
    /// `host:path` where a colon comes before the first slash, as with rsync and scp; an IPv6 address is in brackets. A
    /// path there begins in the home directory, which `~` and an empty one are.
    pub(super) fn parse(word: &OsStr) -> Self {
        let here = || Self::Here(PathBuf::from(word));
        let bytes = word.as_bytes();
        let after_address = if bytes.rsplit(|byte| *byte == b'@').next().is_some_and(|host| host.starts_with(b"[")) {
            bytes.iter().position(|byte| *byte == b']').unwrap_or(0)
        } else {
            0
        };
        let Some(colon) = bytes[after_address..].iter().position(|byte| *byte == b':') else { return here() };
        let (host, path) = (&bytes[..after_address + colon], &bytes[after_address + colon + 1..]);
        match std::str::from_utf8(host) {
            Ok(host) if !host.is_empty() && !host.contains('/') => {
                Self::There { host: host.replace(['[', ']'], ""), path: from_home(path).to_vec() }
            }
            _ => here(),
        }
    }

    /// The path, if it is here.
    pub(super) fn here(&self) -> Option<PathBuf> {
        match self {
            Self::Here(path) => Some(path.clone()),
            Self::There { .. } => None,
        }
    }
}

/// A path of a host's as it begins in the home directory: no shell there replaces a tilde.
fn from_home(path: &[u8]) -> &[u8] {
    let path = match path {
        [b'~'] => b"",
        [b'~', b'/', rest @ ..] => &rest[rest.iter().take_while(|byte| **byte == b'/').count()..],
        path => path,
    };
    if path.is_empty() { b"." } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_before_a_slash_is_behind_a_host() {
        let there = |host: &str, path: &str| Place::There { host: host.into(), path: path.into() };
        for (word, place) in [
            ("host:/a/b", there("host", "/a/b")),
            ("me@host:", there("me@host", ".")),
            ("host:~", there("host", ".")),
            ("host:~//", there("host", ".")),
            ("host:~//a/", there("host", "a/")),
            ("host:./~", there("host", "./~")),
            ("host:a/~/b", there("host", "a/~/b")),
            ("~/a", Place::Here("~/a".into())),
            ("me@[::1]:x:y", there("me@::1", "x:y")),
            ("./a:b", Place::Here("./a:b".into())),
            ("a/b:c", Place::Here("a/b:c".into())),
            ("plain", Place::Here("plain".into())),
            (":x", Place::Here(":x".into())),
        ] {
            assert_eq!(Place::parse(OsStr::new(word)), place, "{word}");
        }
    }
}
