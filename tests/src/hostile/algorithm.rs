//! The one suite our servers speak: curve25519-sha256, ssh-ed25519, aes128-gcm@openssh.com (RFC 8731, 8709, 5647). Clients have
//! the longer key of AES.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, Algorithm, LessSafeKey, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::packet::Payload;

/// Bytes of GCM's tag.
pub(super) const TAG: usize = 16;

/// A host key. It is the same in every run, so that a client may know it beforehand.
pub struct HostKey(Ed25519KeyPair);

impl HostKey {
    /// The key with this number.
    pub fn numbered(seed: u8) -> io::Result<Self> {
        let key = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]);
        key.map(Self).map_err(refused)
    }

    /// The public key as it goes over the wire.
    #[must_use]
    pub fn blob(&self) -> Payload {
        Payload::empty().string("ssh-ed25519").string(self.0.public_key().as_ref())
    }

    /// A signature as it goes over the wire.
    #[must_use]
    pub fn sign(&self, data: &[u8]) -> Payload {
        Payload::empty().string("ssh-ed25519").string(self.0.sign(data).as_ref())
    }

    /// The public key as known_hosts has it, without a host's name.
    #[must_use]
    pub fn line(&self) -> String {
        format!("ssh-ed25519 {}", STANDARD.encode(self.blob()))
    }
}

/// One direction's cipher.
pub(super) struct Cipher {
    key: LessSafeKey,
    /// Four fixed bytes and a counter (RFC 5647, section 7.1).
    nonce: [u8; 12],
}

impl Cipher {
    /// From what key exchange derived for this direction.
    pub(super) fn new(key: &[u8], nonce: &[u8]) -> io::Result<Self> {
        Self::of(&AES_128_GCM, key, nonce)
    }

    /// The same of aes256-gcm@openssh.com.
    pub(super) fn wide(key: &[u8], nonce: &[u8]) -> io::Result<Self> {
        Self::of(&AES_256_GCM, key, nonce)
    }

    fn of(algorithm: &'static Algorithm, key: &[u8], nonce: &[u8]) -> io::Result<Self> {
        let key = key.get(..algorithm.key_len()).ok_or(io::ErrorKind::InvalidInput)?;
        let nonce = nonce.first_chunk().ok_or(io::ErrorKind::InvalidInput)?;
        let key = UnboundKey::new(algorithm, key).map_err(refused)?;
        Ok(Self { key: LessSafeKey::new(key), nonce: *nonce })
    }

    fn next_nonce(&mut self) -> Nonce {
        let nonce = self.nonce;
        if let Some(counter) = self.nonce.last_chunk_mut::<8>() {
            *counter = u64::from_be_bytes(*counter).wrapping_add(1).to_be_bytes();
        }
        Nonce::assume_unique_for_key(nonce)
    }

    /// Length, sealed body and tag.
    pub(super) fn seal(&mut self, length: [u8; 4], mut body: Vec<u8>) -> io::Result<Vec<u8>> {
        let nonce = self.next_nonce();
        self.key.seal_in_place_append_tag(nonce, Aad::from(length), &mut body).map_err(refused)?;
        Ok([length.as_slice(), &body].concat())
    }

    /// The body of what `seal` made, without its tag.
    pub(super) fn open(&mut self, length: [u8; 4], mut sealed: Vec<u8>) -> io::Result<Vec<u8>> {
        let nonce = self.next_nonce();
        let opened = self.key.open_in_place(nonce, Aad::from(length), &mut sealed);
        let length = opened.map_err(refused)?.len();
        sealed.truncate(length);
        Ok(sealed)
    }
}

/// ring does not say why it refuses.
pub(super) fn refused<E>(_: E) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the cryptography refused it")
}

/// SHA-256.
pub(super) fn hash(data: &[u8]) -> Vec<u8> {
    digest(&SHA256, data).as_ref().to_vec()
}
