use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

/// A public key, as a line of a `.pub` file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// `ssh-ed25519` and its like.
    pub kind: String,
    /// The key itself, in base64.
    pub blob: String,
    /// Whatever follows.
    pub comment: String,
}

/// Why something is no public key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// It begins with no kind of key.
    #[error("'{0}' is no kind of key")]
    Kind(String),
    /// Nothing follows the kind.
    #[error("the key itself is missing")]
    Missing,
    /// What follows is no key of that kind.
    #[error("what follows {0} is no key of that kind")]
    Blob(String),
    /// The other half.
    #[error("this is a private key: name the file that ends in .pub")]
    Private,
}

/// Kinds of keys and certificates that sshd takes (ssh-keygen(1), sshd_config(5) under PubkeyAcceptedAlgorithms).
const KINDS: [&str; 9] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ssh-dss",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-ed448",
];

impl PublicKey {
    /// Whether a text begins with a kind of key.
    pub(super) fn begins(text: &str) -> bool {
        let first = text.split([' ', '\t']).next().unwrap_or_default();
        KINDS.contains(&first)
    }

    /// Reads a key.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if text.starts_with("-----BEGIN") {
            return Err(KeyError::Private);
        }
        let mut parts = text.splitn(3, [' ', '\t']).map(str::trim);
        let kind = parts.next().unwrap_or_default().to_owned();
        if !KINDS.contains(&kind.as_str()) {
            return Err(KeyError::Kind(kind.chars().take(40).flat_map(char::escape_default).collect()));
        }
        let blob = parts.next().filter(|blob| !blob.is_empty()).ok_or(KeyError::Missing)?.to_owned();
        let comment = parts.next().unwrap_or_default().to_owned();
        let bytes = STANDARD.decode(&blob).unwrap_or_default();
        // RFC 4253, section 6.6: the kind once more, behind its length.
        let named = bytes.split_first_chunk::<4>().map(|(length, rest)| (u32::from_be_bytes(*length) as usize, rest));
        match named {
            Some((length, rest)) if rest.get(..length) == Some(kind.as_bytes()) && rest.len() > length => {
                Ok(Self { kind, blob, comment })
            }
            _ => Err(KeyError::Blob(kind)),
        }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.blob)?;
        if self.comment.is_empty() { Ok(()) } else { write!(f, " {}", self.comment) }
    }
}
