//! Fingerprints of keys, as OpenSSH prints them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::digest;
use russh::keys::PublicKey;

use super::key;
use crate::settings::FingerprintHash;

/// The fingerprint of a key's encoding: `SHA256:…` in base64 without padding, or `MD5:aa:bb:…`.
#[must_use]
pub fn fingerprint_of(blob: &[u8], hash: FingerprintHash) -> String {
    match hash {
        FingerprintHash::Sha256 => format!("SHA256:{}", STANDARD_NO_PAD.encode(raw(blob, hash))),
        FingerprintHash::Md5 => {
            let hex: Vec<String> = raw(blob, hash).iter().map(|byte| format!("{byte:02x}")).collect();
            format!("MD5:{}", hex.join(":"))
        }
    }
}

/// The hash itself.
pub(super) fn raw(blob: &[u8], hash: FingerprintHash) -> Vec<u8> {
    match hash {
        FingerprintHash::Sha256 => digest::digest(&digest::SHA256, blob).as_ref().to_vec(),
        FingerprintHash::Md5 => md5::compute(blob).to_vec(),
    }
}

/// The fingerprint of any key: `SHA256:…`, or `MD5:aa:bb:…`.
#[must_use]
pub fn fingerprint(key: &PublicKey, hash: FingerprintHash) -> String {
    fingerprint_of(&key.to_bytes().unwrap_or_default(), hash)
}

/// A key's type in messages: `ED25519`, `ECDSA`, `RSA`.
#[must_use]
pub fn key_type(key: &PublicKey) -> &'static str {
    key::word(key.key_data())
}
