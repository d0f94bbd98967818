//! RevokedHostKeys: a file of keys that no host may use, as a list of public keys or as a binary key revocation list.

use std::io;
use std::path::Path;

use super::key::{Key, KeyDefect, Written};
use super::known_hosts::{cause, read_limited};
use super::krl::{self, KrlDefect};
use super::line::{numbered, word};
use super::presented::Presented;
use crate::limits;

/// Why a list of revoked keys cannot be used. Nobody can say then that a key is not revoked, so no host is believed.
#[derive(Debug, thiserror::Error)]
pub enum RevocationDefect {
    /// It cannot be read.
    #[error("{}", cause(.0))]
    Unreadable(#[from] io::Error),
    /// It is larger than [`limits::FILE`].
    #[error("larger than {} bytes", limits::FILE)]
    TooLarge,
    /// A line of the list is no public key.
    #[error("line {line}: {defect}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        defect: KeyDefect,
    },
    /// The binary list is none, or has a part that we cannot judge.
    #[error(transparent)]
    Krl(#[from] KrlDefect),
}

/// Whether `file` revokes the key or, where it came in a certificate, the certificate or its authority.
pub(super) fn revokes(file: &Path, presented: &Presented) -> Result<bool, RevocationDefect> {
    let text = read_limited(file, limits::FILE)?.ok_or(RevocationDefect::TooLarge)?;
    if krl::is_krl(&text) {
        return Ok(krl::revokes(&text, presented)?);
    }
    let authority = presented.vouched.as_ref().map(|vouched| &vouched.authority);
    let is_ours = |key: &Key| *key == presented.key || Some(key) == authority;
    let mut found = false;
    for (line, bytes) in numbered(&text) {
        let bytes = bytes.trim_ascii_end();
        let (key_type, rest) = word(bytes);
        if key_type.is_empty() || key_type.starts_with(b"#") {
            continue;
        }
        let (key_text, _) = word(rest);
        match Written::parse(key_type, key_text) {
            Ok(written) => found |= is_ours(&written.key),
            // Nobody may use such a key anyway.
            Err(KeyDefect::TooShort) => {}
            Err(defect) => return Err(RevocationDefect::Line { line, defect }),
        }
    }
    Ok(found)
}
