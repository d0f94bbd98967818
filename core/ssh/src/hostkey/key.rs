//! A public key as OpenSSH compares, names and prints it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use russh::keys::PublicKey;
use russh::keys::key::parse_public_key;
use russh::keys::ssh_key::public::KeyData;
use russh::keys::ssh_key::{Algorithm, EcdsaCurve};

use super::fingerprint;
use crate::limits;
use crate::settings::FingerprintHash;

/// The shortest RSA modulus, in bits, that OpenSSH takes anywhere (sshkey.h, SSH_RSA_MINIMUM_MODULUS_SIZE).
pub(super) const RSA_MINIMUM: u32 = 1024;

/// What ends the name of a certificate's algorithm (PROTOCOL.certkeys).
const CERTIFICATE: &str = "-cert-v01@openssh.com";

/// A plain key in its one canonical encoding: two keys are the same if, and only if, their encodings are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    data: KeyData,
    blob: Vec<u8>,
}

/// Why some bytes are no key that can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyDefect {
    /// A type that we do not know.
    #[error("unknown key type")]
    UnknownType,
    /// Not base64.
    #[error("the key is not base64")]
    Base64,
    /// Longer than [`limits::KEY_TEXT`].
    #[error("the key is too long")]
    TooLong,
    /// Not the encoding of a key.
    #[error("invalid format")]
    Malformed,
    /// The type in front of the key is not the key's own.
    #[error("the key is of another type than its line says")]
    OtherType,
    /// A point in compressed form, which RFC 5656, section 3.1, does not require and OpenSSH refuses.
    #[error("the key's point is compressed")]
    Compressed,
    /// An RSA key of fewer bits than anyone may use.
    #[error("Invalid key length")]
    TooShort,
}

/// What stands in a file as a key: a plain key, or the key that a certificate is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) key: Key,
    pub(super) certified: bool,
}

impl Key {
    /// Takes a plain key. A certificate is none, and neither is a key whose parts we do not know.
    pub(super) fn new(data: &KeyData) -> Result<Self, KeyDefect> {
        match data {
            KeyData::Certificate(_) | KeyData::Other(_) => return Err(KeyDefect::UnknownType),
            KeyData::Ecdsa(point) if point.as_sec1_bytes().first() != Some(&4) => return Err(KeyDefect::Compressed),
            _ => {}
        }
        let blob = PublicKey::from(data.clone()).to_bytes();
        Ok(Self { data: data.clone(), blob: blob.map_err(|_| KeyDefect::Malformed)? })
    }

    /// Reads the wire format (RFC 4253, section 6.6), nothing before it and nothing after.
    pub(super) fn from_blob(blob: &[u8]) -> Result<Self, KeyDefect> {
        let key = parse_public_key(blob).map_err(|_| KeyDefect::Malformed)?;
        let key = Self::new(key.key_data())?;
        if key.blob == blob { Ok(key) } else { Err(KeyDefect::Malformed) }
    }

    pub(super) fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// Base64, as files have it.
    pub(super) fn text(&self) -> String {
        STANDARD.encode(&self.blob)
    }

    /// The type's name in files and on the wire: `ssh-ed25519`.
    pub(super) fn name(&self) -> String {
        self.data.algorithm().as_str().to_owned()
    }

    /// The type's name in messages: `ED25519`.
    pub(super) fn word(&self) -> &'static str {
        word(&self.data)
    }

    /// The size in messages, in bits.
    pub(super) fn bits(&self) -> u32 {
        match &self.data {
            KeyData::Rsa(key) => integer_bits(key.n().as_positive_bytes()),
            KeyData::Dsa(key) => integer_bits(key.p().as_positive_bytes()),
            KeyData::Ecdsa(point) => match point.curve() {
                EcdsaCurve::NistP256 => 256,
                EcdsaCurve::NistP384 => 384,
                EcdsaCurve::NistP521 => 521,
            },
            _ => 256,
        }
    }

    pub(super) fn is_rsa(&self) -> bool {
        self.data.is_rsa()
    }

    pub(super) fn fingerprint(&self, hash: FingerprintHash) -> String {
        fingerprint::fingerprint_of(&self.blob, hash)
    }

    pub(super) fn to_public(&self) -> PublicKey {
        PublicKey::from(self.data.clone())
    }
}

impl Written {
    /// Reads a key's type and its base64, as sshkey_read (sshkey.c) does.
    pub(super) fn parse(name: &[u8], text: &[u8]) -> Result<Self, KeyDefect> {
        let name = std::str::from_utf8(name).map_err(|_| KeyDefect::UnknownType)?;
        let plain = plain_name(name).ok_or(KeyDefect::UnknownType)?;
        if text.len() > limits::KEY_TEXT {
            return Err(KeyDefect::TooLong);
        }
        let blob = STANDARD.decode(text).map_err(|_| KeyDefect::Base64)?;
        let written = if name.ends_with(CERTIFICATE) {
            let whole = parse_public_key(&blob).map_err(|_| KeyDefect::Malformed)?;
            let certificate = whole.key_data().certificate().ok_or(KeyDefect::OtherType)?;
            Self { key: Key::new(certificate.public_key())?, certified: true }
        } else {
            Self { key: Key::from_blob(&blob)?, certified: false }
        };
        if written.key.name() != plain {
            return Err(KeyDefect::OtherType);
        }
        if written.key.is_rsa() && written.key.bits() < RSA_MINIMUM {
            return Err(KeyDefect::TooShort);
        }
        Ok(written)
    }
}

/// Whether the name is a certificate's.
pub(super) fn is_certificate(name: &str) -> bool {
    name.ends_with(CERTIFICATE)
}

/// The type of plain key behind the name of an algorithm: three signatures and their certificates are one kind of RSA
/// key. `None` for a name that is no key's.
pub(super) fn plain_name(name: &str) -> Option<&'static str> {
    Some(match name.strip_suffix(CERTIFICATE).unwrap_or(name) {
        "ssh-rsa" | "rsa-sha2-256" | "rsa-sha2-512" => "ssh-rsa",
        "ssh-dss" => "ssh-dss",
        "ssh-ed25519" => "ssh-ed25519",
        "ecdsa-sha2-nistp256" => "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384" => "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521" => "ecdsa-sha2-nistp521",
        // A certificate's name has the suffix in the place of the domain.
        "sk-ssh-ed25519@openssh.com" | "sk-ssh-ed25519" => "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com" | "sk-ecdsa-sha2-nistp256" => "sk-ecdsa-sha2-nistp256@openssh.com",
        _ => return None,
    })
}

/// Whether HostKeyAlgorithms has a name under which this key may sign. An empty list has them all.
pub(super) fn is_permitted(key: &Key, algorithms: &[String]) -> bool {
    let name = key.name();
    let signs = |algorithm: &String| {
        let of_rsa = key.is_rsa() && matches!(algorithm.as_str(), "rsa-sha2-256" | "rsa-sha2-512");
        of_rsa || *algorithm == name
    };
    algorithms.is_empty() || algorithms.iter().any(signs)
}

pub(super) fn word(data: &KeyData) -> &'static str {
    match data.algorithm() {
        Algorithm::Ed25519 => "ED25519",
        Algorithm::Ecdsa { .. } => "ECDSA",
        Algorithm::Rsa { .. } => "RSA",
        Algorithm::Dsa => "DSA",
        Algorithm::SkEd25519 => "ED25519-SK",
        Algorithm::SkEcdsaSha2NistP256 => "ECDSA-SK",
        _ => "UNKNOWN",
    }
}

/// The length of a number without its leading zeros.
fn integer_bits(bytes: Option<&[u8]>) -> u32 {
    let bytes = bytes.unwrap_or_default();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let rest = bytes.get(zeros..).unwrap_or_default();
    let first = rest.first().map_or(0, |byte| byte.leading_zeros());
    u32::try_from(rest.len()).unwrap_or(u32::MAX).saturating_mul(8).saturating_sub(first)
}
