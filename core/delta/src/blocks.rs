//! How a file is cut into blocks: all of one length, a power of two, but maybe the last.

use std::ops::Range;

use crate::error::{BlocksFault, DeltaError};
use crate::limits::{MAX_BLOCK_BITS, MAX_BLOCKS, MIN_BLOCK_BITS, SPAN};

/// The blocks of a file of some length.
///
/// Blocks are subtrees of the file's BLAKE3, so their length is a power of two and more than one of its chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks {
    len: u64,
    bits: u8,
}

impl Blocks {
    /// The blocks of a basis of `len` bytes: about half its square root long.
    ///
    /// That is where the sums (10 bytes a block) and the literals for a change (a block or two) cost alike: 2 KiB up to 4 MiB,
    /// 16 KiB (and 640 KiB of sums) at 1 GiB, 64 KiB (1.6 MiB of sums) at 10 GiB.
    ///
    /// # Errors
    /// [`DeltaError::BasisTooLarge`] where the largest blocks would be too many.
    pub fn of_basis(len: u64) -> Result<Self, DeltaError> {
        let root = len.isqrt().next_power_of_two().trailing_zeros().saturating_sub(1);
        let few = len.div_ceil(MAX_BLOCKS).next_power_of_two().trailing_zeros();
        let bits = root.max(few).clamp(MIN_BLOCK_BITS.into(), MAX_BLOCK_BITS.into()) as u8;
        Self::checked(len, bits).map_err(|_| DeltaError::BasisTooLarge { limit: MAX_BLOCKS << MAX_BLOCK_BITS })
    }

    /// The blocks of a basis as a peer announces them: its length, and the power of two of a block's.
    ///
    /// # Errors
    /// [`DeltaError::Blocks`] where the power is out of bounds, or the blocks are too many.
    pub fn checked(len: u64, bits: u8) -> Result<Self, DeltaError> {
        if !(MIN_BLOCK_BITS..=MAX_BLOCK_BITS).contains(&bits) {
            return Err(DeltaError::Blocks(BlocksFault::Length(bits)));
        }
        let blocks = Blocks { len, bits };
        if blocks.count() > MAX_BLOCKS {
            return Err(DeltaError::Blocks(BlocksFault::TooMany));
        }
        Ok(blocks)
    }

    /// Blocks of the same length in a file of `len` bytes, however many they are.
    pub fn in_file(&self, len: u64) -> Self {
        Blocks { len, ..*self }
    }

    /// The length of the file, bytes.
    pub fn file_len(&self) -> u64 {
        self.len
    }

    /// The power of two of a block's length.
    pub fn bits(&self) -> u8 {
        self.bits
    }

    /// The length of each block but maybe the last, bytes.
    pub fn block_len(&self) -> u64 {
        1 << self.bits
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.len.div_ceil(self.block_len())
    }

    /// How many are full ones.
    pub fn full(&self) -> u64 {
        self.len >> self.bits
    }

    /// The bytes of block `number`; empty where there is no such block.
    pub fn range(&self, number: u64) -> Range<u64> {
        let start = number.saturating_mul(self.block_len()).min(self.len);
        start..start.saturating_add(self.block_len()).min(self.len)
    }

    /// Blocks that are read and hashed at a time: a span.
    pub fn in_span(&self) -> u64 {
        (SPAN >> self.bits).max(1)
    }

    /// How many spans there are.
    pub fn spans(&self) -> u64 {
        self.count().div_ceil(self.in_span())
    }

    /// The length of each span but maybe the last, bytes.
    pub fn span_len(&self) -> usize {
        SPAN.max(self.block_len()) as usize
    }

    /// The bytes of span `number`; empty where there is no such span.
    pub fn span(&self, number: u64) -> Range<u64> {
        let start = number.saturating_mul(self.span_len() as u64).min(self.len);
        start..start.saturating_add(self.span_len() as u64).min(self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sums::SUM;

    #[test]
    fn blocks_keep_sums_small() {
        let of = |len| Blocks::of_basis(len).unwrap();
        assert_eq!((of(0).count(), of(0).block_len()), (0, 2 << 10));
        assert_eq!(of(4 << 20).block_len(), 2 << 10);
        assert_eq!(of(1 << 30).block_len(), 16 << 10);
        assert_eq!(of(10 << 30).block_len(), 64 << 10);
        assert!(of(10 << 30).count() * SUM as u64 <= 2 << 20);
        assert!((0..=40).all(|bits| of(1 << bits).count() <= MAX_BLOCKS));
        assert!(matches!(Blocks::of_basis((1 << 40) + 1), Err(DeltaError::BasisTooLarge { .. })));
        assert!(matches!(Blocks::of_basis(u64::MAX), Err(DeltaError::BasisTooLarge { .. })));
    }

    #[test]
    fn what_a_peer_announces_is_checked() {
        let fault = |len, bits| match Blocks::checked(len, bits) {
            Err(DeltaError::Blocks(fault)) => fault,
            other => panic!("{other:?}"),
        };
        for bits in [0, 10, 23, 63, 64, 255] {
            assert_eq!(fault(1, bits), BlocksFault::Length(bits));
        }
        assert_eq!(fault((MAX_BLOCKS << 11) + 1, 11), BlocksFault::TooMany);
        assert_eq!(fault(u64::MAX, 22), BlocksFault::TooMany);
        assert_eq!(Blocks::checked(MAX_BLOCKS << 11, 11).unwrap().count(), MAX_BLOCKS);
    }

    #[test]
    fn ranges_end_with_the_file() {
        let blocks = Blocks::checked(5000, 11).unwrap();
        assert_eq!(blocks.count(), 3);
        assert_eq!(blocks.range(0), 0..2048);
        assert_eq!(blocks.range(2), 4096..5000);
        assert!(blocks.range(3).is_empty() && blocks.range(u64::MAX).is_empty());
        assert_eq!(blocks.in_file(10 << 30).count(), 5 << 20);
        assert_eq!((blocks.spans(), blocks.span(0)), (1, 0..5000));
        let large = Blocks::of_basis(1 << 40).unwrap();
        assert_eq!((large.in_span(), large.span(1)), (1, large.range(1)));
    }
}
