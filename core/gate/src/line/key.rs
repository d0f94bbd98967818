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
    /// It begins with no kind of key. What stands there instead may be a secret, so it is not repeated.
    #[error("what stands there begins with no kind of key, such as ssh-ed25519")]
    Kind,
    /// Nothing follows the kind.
    #[error("the key itself is missing")]
    Missing,
    /// What follows is no key of that kind.
    #[error("what follows {0} is no key of that kind")]
    Blob(String),
    /// The other half.
    #[error("this is a private key: name the file that ends in .pub")]
    Private,
    /// The other half, as PuTTY has it.
    #[error("this is PuTTY's file of a private key: puttygen -L prints its public key")]
    Putty,
    /// RFC 4716, or PEM.
    #[error(
        "this is a public key in another form: ssh-keygen -i -f prints it as a line, with -m PKCS8 or -m PEM where it begins with \
         '-----BEGIN'"
    )]
    Form,
    /// More keys than one.
    #[error("there are several keys in it")]
    Several,
    /// Nothing but remarks.
    #[error("there is no key in it")]
    Nothing,
    /// A line of a file is none.
    #[error("line {0}: {1}")]
    Line(usize, Box<KeyError>),
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
    /// The key itself, as it travels (RFC 4253, section 6.6).
    pub fn bytes(&self) -> Vec<u8> {
        STANDARD.decode(&self.blob).unwrap_or_default()
    }

    /// Whether a text begins with a kind of key.
    pub(super) fn begins(text: &str) -> bool {
        let first = text.split([' ', '\t']).next().unwrap_or_default();
        KINDS.contains(&first)
    }

    /// Reads the one key of a file.
    ///
    /// # Errors
    /// It is another file, or has several keys.
    pub fn in_file(text: &str) -> Result<Self, KeyError> {
        let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
        let lines: Vec<(usize, &str)> = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).collect();
        if let Some(other) = lines.iter().find_map(|(_, line)| other(line)) {
            return Err(other);
        }
        let (at, first) = lines.first().ok_or(KeyError::Nothing)?;
        if lines.iter().filter(|(_, line)| Self::begins(line)).nth(1).is_some() {
            return Err(KeyError::Several);
        }
        if let (true, Some((at, _))) = (Self::begins(first), lines.get(1)) {
            return Err(KeyError::Line(*at, Box::new(KeyError::Kind)));
        }
        Self::parse(first).map_err(|error| KeyError::Line(*at, Box::new(error)))
    }

    /// Reads a key.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if let Some(other) = other(text) {
            return Err(other);
        }
        let mut parts = text.splitn(3, [' ', '\t']).map(str::trim);
        let kind = parts.next().unwrap_or_default().to_owned();
        if !KINDS.contains(&kind.as_str()) {
            return Err(KeyError::Kind);
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

/// What a line that is no key of ours is known to be of: PEM (RFC 7468), RFC 4716, PuTTY's files, and OpenSSH's own private keys,
/// whose base64 begins with their magic "openssh-key-v1".
fn other(line: &str) -> Option<KeyError> {
    let is_frame = line.starts_with("-----") || line.starts_with("---- ");
    if is_frame && line.contains("PUBLIC KEY") {
        Some(KeyError::Form)
    } else if is_frame || line.starts_with("b3BlbnNzaC1rZXktdjE") {
        Some(KeyError::Private)
    } else if line.starts_with("PuTTY-User-Key-File-") {
        Some(KeyError::Putty)
    } else {
        None
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.blob)?;
        if self.comment.is_empty() { Ok(()) } else { write!(f, " {}", self.comment) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKZP7fC2XWzPWQHHHqmXsBOQbwzoGnQHmW5z9l6oU5yq alice@host";

    #[test]
    fn a_file_has_one_key() {
        let key = PublicKey::parse(KEY).unwrap();
        for text in [KEY.to_owned(), format!("# mine\n\n  {KEY}\r\n")] {
            assert_eq!(PublicKey::in_file(&text), Ok(key.clone()));
        }
        let line = |at, error| KeyError::Line(at, Box::new(error));
        for (text, error) in [
            (String::new(), KeyError::Nothing),
            (format!("{KEY}\n{KEY}"), KeyError::Several),
            (format!("{KEY}\nx"), line(2, KeyError::Kind)),
            ("\nssh-rsa x".to_owned(), line(2, KeyError::Blob("ssh-rsa".to_owned()))),
        ] {
            assert_eq!(PublicKey::in_file(&text), Err(error), "{text}");
        }
    }

    #[test]
    fn what_is_another_file_is_called_so_and_no_secret_is_repeated() {
        for (text, error) in [
            (
                "  -----BEGIN OPENSSH PRIVATE KEY-----\n  c2VjcmV0\n  -----END OPENSSH PRIVATE KEY-----",
                KeyError::Private,
            ),
            ("c2VjcmV0\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----", KeyError::Private),
            ("b3BlbnNzaC1rZXktdjEAc2VjcmV0\nc2VjcmV0", KeyError::Private),
            ("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nc2VjcmV0", KeyError::Private),
            ("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nc2VjcmV0", KeyError::Putty),
            ("---- BEGIN SSH2 PUBLIC KEY ----\nc2VjcmV0\n---- END SSH2 PUBLIC KEY ----", KeyError::Form),
            ("-----BEGIN RSA PUBLIC KEY-----\nc2VjcmV0", KeyError::Form),
            ("c2VjcmV0\nc2VjcmV0", KeyError::Line(1, Box::new(KeyError::Kind))),
            ("AGE-SECRET-KEY-c2VjcmV0", KeyError::Line(1, Box::new(KeyError::Kind))),
        ] {
            let found = PublicKey::in_file(text).unwrap_err();
            assert!(!found.to_string().contains("c2VjcmV0"), "{found}");
            assert_eq!(found, error, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_does_harm(text: String) {
            let _ = PublicKey::in_file(&text);
        }
    }
}
