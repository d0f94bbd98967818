use super::algorithm::Hash;
use russh::keys::PrivateKey;
use russh::keys::signature::Signer;
use russh::keys::ssh_encoding::Encode;
use russh::keys::ssh_key::private::KeypairData;
use russh::keys::ssh_key::{self, Signature};

/// Signs `data`; the answer is a signature as it goes onto the wire (RFC 4253, section 6.6).
pub(super) fn sign(key: &PrivateKey, hash: Hash, data: &[u8]) -> Result<Vec<u8>, ssh_key::Error> {
    let signature: Signature = match key.key_data() {
        KeypairData::Rsa(pair) => (pair, hash).try_sign(data),
        other => other.try_sign(data),
    }?;
    let mut bytes = Vec::new();
    signature.encode(&mut bytes)?;
    Ok(bytes)
}
