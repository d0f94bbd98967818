//! The two checksums of blocks: the rolling sum, byte by byte, and both sums of many blocks at once.

use fast_rsync::{Signature, SignatureOptions};

/// The bytes of a weak sum.
pub(crate) const WEAK: usize = 4;
/// What fast_rsync puts in front of the sums: magic number, block length, hash length.
const FOREIGN_HEADER: usize = 12;
/// The constant that is added to each byte, so that runs of zeros of different lengths differ (librsync's choice).
const BIAS: u32 = 31;

/// The sums of `data`, block by block, the last one maybe short: weak sum (big endian) and `strong` bytes of MD4 each.
///
/// Eight full blocks cost little more than one.
pub(crate) struct BlockSums(Vec<u8>);

impl BlockSums {
    pub(crate) fn of(data: &[u8], block: usize, strong: usize) -> Self {
        // Both numbers were checked where they came in; the clamps keep the callee's assertions out of reach.
        let options = SignatureOptions { block_size: block.max(1) as u32, crypto_hash_size: strong.min(16) as u32 };
        BlockSums(Signature::calculate(data, options).into_serialized())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.get(FOREIGN_HEADER..).unwrap_or_default()
    }
}

/// The rolling sum of one block's length of bytes: the same weak sum as in [`BlockSums`].
#[derive(Clone, Copy)]
pub(crate) struct Rolling {
    low: u32,
    high: u32,
    len: u32,
}

impl Rolling {
    pub(crate) fn new(block: &[u8]) -> Self {
        let len = block.len() as u32;
        let (mut low, mut high) = (0u32, 0u32);
        for (i, &byte) in block.iter().enumerate() {
            let value = u32::from(byte).wrapping_add(BIAS);
            low = low.wrapping_add(value);
            high = high.wrapping_add(value.wrapping_mul(len.wrapping_sub(i as u32)));
        }
        Rolling { low, high, len }
    }

    /// The sum one byte further on: `old` leaves, `new` enters.
    #[inline(always)]
    pub(crate) fn roll(&mut self, old: u8, new: u8) {
        self.low = self.low.wrapping_add(u32::from(new)).wrapping_sub(u32::from(old));
        self.high = self.high.wrapping_add(self.low).wrapping_sub(self.len.wrapping_mul(u32::from(old) + BIAS));
    }

    #[inline(always)]
    pub(crate) fn sum(self) -> u32 {
        (self.low & 0xffff) | (self.high << 16)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_rolling_sum_is_the_weak_sum(data in prop::collection::vec(any::<u8>(), 2..300), block in 1usize..100) {
            let block = block.min(data.len());
            let mut rolling = Rolling::new(&data[..block]);
            for at in 0..=data.len() - block {
                let sums = BlockSums::of(&data[at..at + block], block, 0);
                prop_assert_eq!(&rolling.sum().to_be_bytes()[..], sums.as_bytes());
                if at + block < data.len() {
                    rolling.roll(data[at], data[at + block]);
                }
            }
        }
    }
}
