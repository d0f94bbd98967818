use std::fmt;
use std::net::IpAddr;

use thiserror::Error;

/// Addresses from which a key may come: the value of `from`, as sshd reads it where it looks up no names (sshd(8), `from`;
/// ssh_config(5), PATTERNS).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// As it was written.
    list: String,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// With `!` before it: whoever matches may not, whatever else stands there.
    excludes: bool,
    pattern: Pattern,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    /// An address, and how many of its first bits count.
    Network(IpAddr, u32),
    /// An address with `*` and `?`.
    Text(String),
    /// A host's name. No names are looked up, so nobody comes from there.
    Name,
}

/// Why a value of `from` cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SourcesError {
    /// No network.
    #[error("'{0}' is no network: an address, a slash and the bits that count, all others zero")]
    Network(String),
    /// A name that is not to match.
    #[error("'!{0}' excludes a host by its name, and only addresses are known")]
    Excluded(String),
}

impl Sources {
    /// Reads a list of patterns.
    ///
    /// # Errors
    /// It has one that could let in whom it is to keep out.
    pub fn parse(list: &str) -> Result<Self, SourcesError> {
        let entries = list.split(',').filter(|part| !part.is_empty()).map(entry).collect::<Result<_, _>>()?;
        Ok(Self { list: list.to_owned(), entries })
    }

    /// Whether the list has this address.
    #[must_use]
    pub fn have(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let mut found = self.entries.iter().filter(|entry| entry.pattern.has(address)).peekable();
        found.peek().is_some() && found.all(|entry| !entry.excludes)
    }
}

impl fmt::Display for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.list)
    }
}

fn entry(part: &str) -> Result<Entry, SourcesError> {
    let (excludes, text) = match part.strip_prefix('!') {
        Some(text) => (true, text),
        None => (false, part),
    };
    let is_address = |letter: char| letter.is_ascii_hexdigit() || ".:*?".contains(letter);
    let pattern = match text.split_once('/') {
        Some((address, bits)) => network(address, bits).ok_or_else(|| SourcesError::Network(text.to_owned()))?,
        None => match text.parse::<IpAddr>() {
            Ok(address) => Pattern::Network(address.to_canonical(), bits_of(address.to_canonical())),
            Err(_) if text.chars().all(is_address) => Pattern::Text(text.to_ascii_lowercase()),
            Err(_) if excludes => return Err(SourcesError::Excluded(text.to_owned())),
            Err(_) => Pattern::Name,
        },
    };
    Ok(Entry { excludes, pattern })
}

fn network(address: &str, bits: &str) -> Option<Pattern> {
    let address: IpAddr = address.parse().ok()?;
    let bits = bits.parse().ok().filter(|bits| *bits <= bits_of(address))?;
    (masked(address, bits) == number(address)).then_some(Pattern::Network(address, bits))
}

impl Pattern {
    fn has(&self, address: IpAddr) -> bool {
        match self {
            Self::Network(network, bits) => {
                network.is_ipv4() == address.is_ipv4() && masked(address, *bits) == masked(*network, *bits)
            }
            Self::Text(pattern) => matches(pattern.as_bytes(), address.to_string().as_bytes()),
            Self::Name => false,
        }
    }
}

fn bits_of(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The bits of an address, from the highest on.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn masked(address: IpAddr, bits: u32) -> u128 {
    number(address) & u128::MAX.checked_shl(128 - bits).unwrap_or(0)
}

/// Whether a text is of a pattern, of which `*` is anything and `?` any letter. Never looks at a letter more often than the
/// pattern has stars.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(letter) if *letter == b'?' || *letter == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    (p, t) = (at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn have(list: &str, address: &str) -> bool {
        Sources::parse(list).unwrap().have(address.parse().unwrap())
    }

    #[test]
    fn addresses_are_matched_as_sshd_does() {
        for (list, address, expected) in [
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("10.0.0.0/8,192.0.2.1", "192.0.2.1", true),
            ("192.0.2.*", "192.0.2.77", true),
            ("192.0.2.?", "192.0.2.77", false),
            ("*", "::1", true),
            ("!10.0.0.1,10.0.0.0/8", "10.0.0.1", false),
            ("10.0.0.0/8,!10.0.0.1", "10.0.0.1", false),
            ("!10.0.0.1,10.0.0.0/8", "10.0.0.2", true),
            // Nobody comes by an exclusion alone.
            ("!10.0.0.1", "10.0.0.2", false),
            ("", "10.0.0.2", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:DB8:0::1", "2001:db8::1", true),
            ("::ffff:10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "::ffff:10.0.0.1", true),
            ("*.example.org", "10.0.0.1", false),
            ("host,10.0.0.1", "10.0.0.1", true),
        ] {
            assert_eq!(have(list, address), expected, "{list} {address}");
        }
    }

    #[test]
    fn what_cannot_be_followed_is_an_error() {
        for list in ["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/x", "host/8", "10.0.0.0/8,!evil.example.org", "::/129"] {
            assert!(Sources::parse(list).is_err(), "{list}");
        }
    }

    proptest! {
        #[test]
        fn no_text_does_harm(list: String, address: IpAddr) {
            let _ = Sources::parse(&list).map(|sources| sources.have(address));
        }

        #[test]
        fn an_exclusion_counts_wherever_it_stands(address: IpAddr, before in any::<bool>()) {
            let text = address.to_canonical().to_string();
            let list = if before { format!("!{text},*") } else { format!("*,!{text}") };
            prop_assert!(!Sources::parse(&list).unwrap().have(address));
            prop_assert!(Sources::parse("*").unwrap().have(address));
        }
    }
}
