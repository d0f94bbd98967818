//! Bytes that nothing can compress or guess, the same for the same seed: a stream is checked while it is read, whatever
//! its length.

use std::io::{self, Read, Write};

/// Read and written in pieces of this size.
const PIECE: usize = 1 << 16;

/// The first `length` bytes of the stream with this seed.
#[derive(Debug, Clone, Copy)]
pub struct Noise {
    /// Which stream.
    pub seed: u64,
    /// Of how many bytes.
    pub length: u64,
}

impl Noise {
    /// All of it.
    #[must_use]
    pub fn bytes(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write_to(&mut bytes).expect("memory");
        bytes
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn write_to(self, mut to: impl Write) -> io::Result<()> {
        let mut source = Source::new(self.seed);
        let mut left = self.length;
        let mut piece = vec![0; PIECE];
        while left > 0 {
            let size = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            source.fill(&mut piece[..size]);
            to.write_all(&piece[..size])?;
            left -= size as u64;
        }
        to.flush()
    }

    /// Reads `from` to its end, which must be this and nothing else.
    ///
    /// # Panics
    /// Says at which byte it is not.
    pub fn check(self, mut from: impl Read) {
        let mut source = Source::new(self.seed);
        let (mut got, mut due) = (vec![0; PIECE], vec![0; PIECE]);
        let mut read = 0;
        loop {
            let size = fill(&mut from, &mut got).expect("the stream");
            if size == 0 {
                break;
            }
            source.fill(&mut due);
            let differs = got[..size].iter().zip(&due).position(|(got, due)| got != due);
            assert!(differs.is_none(), "byte {} differs", read + differs.unwrap_or(0) as u64);
            read += size as u64;
            assert!(read <= self.length, "more than {} bytes", self.length);
        }
        assert_eq!(read, self.length, "the stream ended early");
    }
}

/// Reads until the buffer is full or the stream ends, so that pieces stay aligned.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(size) => filled += size,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
struct Source(u64);

impl Source {
    fn new(seed: u64) -> Self {
        // One that is scattered: from the next number on, it would be the same stream, a few bytes later.
        Self(Self(seed).next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for word in bytes.chunks_mut(8) {
            word.copy_from_slice(&self.next().to_le_bytes()[..word.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOISE: Noise = Noise { seed: 7, length: 200_003 };

    #[test]
    fn it_knows_itself() {
        NOISE.check(&NOISE.bytes()[..]);
    }

    #[test]
    fn another_seed_is_another_stream() {
        let (one, next) = (NOISE.bytes(), Noise { seed: 8, ..NOISE }.bytes());
        assert!(one[..4000].chunks_exact(8).all(|word| next.chunks_exact(8).all(|other| word != other)));
    }

    #[test]
    #[should_panic(expected = "byte 150000 differs")]
    fn a_changed_byte_is_found() {
        let mut bytes = NOISE.bytes();
        bytes[150_000] ^= 1;
        NOISE.check(&bytes[..]);
    }

    #[test]
    #[should_panic(expected = "ended early")]
    fn a_missing_byte_is_found() {
        let bytes = NOISE.bytes();
        NOISE.check(&bytes[..bytes.len() - 1]);
    }

    #[test]
    #[should_panic(expected = "more than")]
    fn an_additional_byte_is_found() {
        let bytes = Noise { length: NOISE.length + 1, ..NOISE }.bytes();
        NOISE.check(&bytes[..]);
    }
}
