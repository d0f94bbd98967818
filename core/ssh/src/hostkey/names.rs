//! The names in front of a known_hosts line: patterns in a list, or one name hashed (sshd(8), SSH_KNOWN_HOSTS FILE
//! FORMAT).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use super::HostKeyError;
use crate::config::pattern;

/// What begins a hashed name.
const HASHED: &[u8] = b"|1|";
/// Bytes of a salt, and of a hash.
const HASH: usize = 20;
/// The longest element of a list that can match (match.c keeps elements in a buffer of 1024 bytes).
const LONGEST_ELEMENT: usize = 1022;

/// The names of one line, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Names<'a>(pub(super) &'a [u8]);

/// A hashed name whose salt is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadHash;

impl Names<'_> {
    pub(super) fn is_hashed(self) -> bool {
        self.0.starts_with(b"|")
    }

    /// Whether these names stand for `host`, which is in lower case.
    pub(super) fn stand_for(self, host: &str) -> Result<bool, BadHash> {
        if self.is_hashed() { self.hash_of(host) } else { Ok(self.list_has(host)) }
    }

    /// Whether this is more than `host` or `host,address`, which is all that we write: such a line is not ours to
    /// change.
    pub(super) fn is_complex(self) -> bool {
        self.0.iter().any(|byte| b"*?!".contains(byte)) || self.0.iter().filter(|byte| **byte == b',').count() > 1
    }

    fn list_has(self, host: &str) -> bool {
        let mut found = false;
        for element in self.0.split(|byte| *byte == b',') {
            let (negated, element) = element.strip_prefix(b"!").map_or((false, element), |rest| (true, rest));
            if element.len() > LONGEST_ELEMENT {
                return false;
            }
            // The host is UTF-8, so an element that is not cannot match it.
            let matches =
                std::str::from_utf8(element).is_ok_and(|element| pattern::matches(host, &element.to_ascii_lowercase()));
            if matches && negated {
                return false;
            }
            found |= matches;
        }
        found
    }

    fn hash_of(self, host: &str) -> Result<bool, BadHash> {
        let rest = self.0.strip_prefix(HASHED).ok_or(BadHash)?;
        let split = rest.iter().position(|byte| *byte == b'|').ok_or(BadHash)?;
        let (salt, hash) = rest.split_at(split);
        let salt = decode(salt).ok_or(BadHash)?;
        // The hash may be anything; then it is nobody's.
        let hash = decode(hash.get(1..).unwrap_or_default());
        Ok(hash.is_some_and(|hash| hash == hash_under(host, &salt)))
    }
}

fn decode(text: &[u8]) -> Option<[u8; HASH]> {
    let mut bytes = [0; HASH + 1];
    let length = STANDARD.decode_slice(text, &mut bytes).ok()?;
    bytes.get(..length)?.try_into().ok()
}

fn hash_under(host: &str, salt: &[u8; HASH]) -> [u8; HASH] {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, salt);
    let tag = hmac::sign(&key, host.as_bytes());
    let mut hash = [0; HASH];
    hash.copy_from_slice(tag.as_ref());
    hash
}

/// `host` hashed under a fresh salt, as HashKnownHosts wants it.
pub(super) fn hashed(host: &str) -> Result<String, HostKeyError> {
    let mut salt = [0; HASH];
    SystemRandom::new().fill(&mut salt).map_err(|_| HostKeyError::NoRandomness)?;
    let hash = hash_under(host, &salt);
    Ok(format!("|1|{}|{}", STANDARD.encode(salt), STANDARD.encode(hash)))
}
