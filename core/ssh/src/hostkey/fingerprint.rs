//! Short names of keys: type and fingerprint, as OpenSSH prints them.

use russh::keys::PublicKey;
use russh::keys::ssh_key::{Algorithm, HashAlg};

use crate::settings::FingerprintHash;

/// `SHA256:…` in base64, or `MD5:aa:bb:…`.
pub fn fingerprint(key: &PublicKey, hash: FingerprintHash) -> String {
    match hash {
        FingerprintHash::Sha256 => key.fingerprint(HashAlg::Sha256).to_string(),
        FingerprintHash::Md5 => {
            let blob = key.to_bytes().unwrap_or_default();
            let hex: Vec<String> = md5::compute(blob).iter().map(|byte| format!("{byte:02x}")).collect();
            format!("MD5:{}", hex.join(":"))
        }
    }
}

/// The short type in messages: `ED25519`, `ECDSA`, `RSA`.
pub fn key_type(key: &PublicKey) -> &'static str {
    match key.algorithm() {
        Algorithm::Ed25519 => "ED25519",
        Algorithm::Ecdsa { .. } => "ECDSA",
        Algorithm::Rsa { .. } => "RSA",
        Algorithm::Dsa => "DSA",
        Algorithm::SkEd25519 => "ED25519-SK",
        Algorithm::SkEcdsaSha2NistP256 => "ECDSA-SK",
        _ => "UNKNOWN",
    }
}

/// The modulus' length; `None` for keys that are not RSA.
pub(super) fn rsa_bits(key: &PublicKey) -> Option<u32> {
    let modulus = key.key_data().rsa()?.n().as_positive_bytes()?;
    let first = modulus.first()?;
    u32::try_from(modulus.len()).ok()?.checked_mul(8)?.checked_sub(first.leading_zeros())
}
