//! The BLAKE3 digest that proves a file.

use std::fmt;
use std::io::{self, Read};

use crate::error::DeltaError;
use crate::limits::READ;

/// The BLAKE3 digest of some data, 32 bytes. Comparing two takes the same time wherever they differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest(blake3::Hash);

impl Digest {
    /// Its length in bytes.
    pub const LEN: usize = 32;

    /// The digest of `data`.
    pub fn of(data: &[u8]) -> Self {
        Digest(blake3::hash(data))
    }

    /// A digest that a peer sent.
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Digest(bytes.into())
    }

    /// The digest as it is sent.
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        self.0.as_bytes()
    }
}

impl From<blake3::Hash> for Digest {
    fn from(hash: blake3::Hash) -> Self {
        Digest(hash)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.0.to_hex())
    }
}

/// Makes a digest of data that passes by.
#[derive(Clone, Debug, Default)]
pub struct Hasher(blake3::Hasher);

impl Hasher {
    /// A hasher that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes. Pieces of 16 KiB and more use all of the SIMD width.
    pub fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// The digest of all that was taken.
    pub fn finish(&self) -> Digest {
        Digest(self.0.finalize())
    }
}

/// Reads to the end and gives the digest and the number of bytes, holding [`READ`] bytes at a time.
///
/// # Errors
/// The reader's error; an interrupted read is tried again.
pub fn hash_reader(mut from: impl Read) -> Result<(Digest, u64), DeltaError> {
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; READ];
    let mut total = 0;
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok((hasher.finish(), total)),
            Ok(n) => {
                hasher.update(&buffer[..n]);
                total += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(DeltaError::Read(e)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streaming_and_reading_agree_with_the_whole() {
        let data: Vec<u8> = (0..READ * 2 + 77).map(|i| (i * 7 % 251) as u8).collect();
        let mut hasher = Hasher::new();
        data.chunks(1000).for_each(|piece| hasher.update(piece));
        assert_eq!(hasher.finish(), Digest::of(&data));
        assert_eq!(hash_reader(&data[..]).unwrap(), (Digest::of(&data), data.len() as u64));
        assert_eq!(Digest::from_bytes(*Digest::of(&data).as_bytes()), Digest::of(&data));
    }

    #[test]
    fn the_empty_digest_is_the_published_one() {
        let hex: String = Digest::of(b"").as_bytes().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
    }
}
