//! What is known of a block from afar: a rolling sum of its beginning, by which it is found at any offset, and the beginning of
//! its chaining value, which tells whether it is the one.

use crate::blocks::Blocks;
use crate::error::{BlocksFault, DeltaError};
use crate::limits::{HEAD, STRONG};
use crate::tree::{Chaining, chaining};

/// The bytes of a weak sum.
pub(crate) const WEAK: usize = 4;
/// The bytes of a block's sums.
pub const SUM: usize = WEAK + STRONG;
/// The constant that is added to each byte, so that runs of zeros of different lengths differ.
const BIAS: u32 = 31;

/// Chaining values and sums of some blocks that follow one another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summed {
    /// The chaining value of each.
    pub chaining: Vec<Chaining>,
    /// As they are sent: of each block the weak sum (big endian) of its first [`HEAD`] bytes, and the first [`STRONG`] bytes of
    /// its chaining value.
    pub sums: Vec<u8>,
}

/// The chaining values of the blocks in `data`, which begins at `offset`: a multiple of the blocks' length.
pub fn chain(data: &[u8], offset: u64, blocks: &Blocks) -> Vec<Chaining> {
    let block = blocks.block_len();
    let each = data.chunks(block as usize).zip(0..);
    each.map(|(data, number)| chaining(data, offset + number * block)).collect()
}

/// Chaining values and sums of the blocks in `data`, which begins at `offset`: a multiple of the blocks' length.
pub fn sum(data: &[u8], offset: u64, blocks: &Blocks) -> Summed {
    let chaining = chain(data, offset, blocks);
    let mut sums = Vec::with_capacity(chaining.len() * SUM);
    for (block, chaining) in data.chunks(blocks.block_len() as usize).zip(&chaining) {
        sums.extend_from_slice(&Rolling::new(&block[..HEAD.min(block.len())]).sum().to_be_bytes());
        sums.extend_from_slice(strong(chaining));
    }
    Summed { chaining, sums }
}

/// What is sent of a chaining value.
fn strong(chaining: &Chaining) -> &[u8] {
    chaining.split_at(STRONG).0
}

/// The sums of a basis, as they come from a peer.
#[derive(Clone, Debug)]
pub struct BasisSums {
    blocks: Blocks,
    bytes: Vec<u8>,
}

impl BasisSums {
    /// For a basis with these blocks; nothing is known of them yet, and no memory taken.
    pub fn new(blocks: Blocks) -> Self {
        BasisSums { blocks, bytes: Vec::new() }
    }

    /// Takes the sums of the next blocks.
    ///
    /// # Errors
    /// [`DeltaError::Blocks`] for a part of a sum, and for more sums than there are blocks.
    pub fn take(&mut self, sums: &[u8]) -> Result<(), DeltaError> {
        if !sums.len().is_multiple_of(SUM) {
            return Err(DeltaError::Blocks(BlocksFault::Part));
        }
        if self.known() + (sums.len() / SUM) as u64 > self.blocks.count() {
            return Err(DeltaError::Blocks(BlocksFault::TooMany));
        }
        self.bytes.extend_from_slice(sums);
        Ok(())
    }

    /// The blocks of the basis.
    pub fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    /// Of how many blocks the sums have come.
    pub fn known(&self) -> u64 {
        (self.bytes.len() / SUM) as u64
    }

    /// The weak sum of a block.
    pub(crate) fn weak(&self, number: u64) -> Option<u32> {
        self.sum(number)?.first_chunk().map(|weak| u32::from_be_bytes(*weak))
    }

    /// Whether block `number` may have this chaining value.
    pub(crate) fn may_be(&self, number: u64, chaining: &Chaining) -> bool {
        self.sum(number).is_some_and(|sum| &sum[WEAK..] == strong(chaining))
    }

    fn sum(&self, number: u64) -> Option<&[u8]> {
        let start = usize::try_from(number).ok()?.checked_mul(SUM)?;
        self.bytes.get(start..start.checked_add(SUM)?)
    }
}

/// The rolling sum of so many bytes.
#[derive(Clone, Copy)]
pub(crate) struct Rolling {
    low: u32,
    high: u32,
    len: u32,
}

impl Rolling {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let len = bytes.len() as u32;
        let (mut low, mut high) = (0u32, 0u32);
        for (i, &byte) in bytes.iter().enumerate() {
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
        fn the_rolling_sum_is_that_of_the_bytes(data in prop::collection::vec(any::<u8>(), 2..3000), len in 1_usize..1100) {
            let len = len.min(data.len());
            let mut rolling = Rolling::new(&data[..len]);
            for at in 0..=data.len() - len {
                prop_assert_eq!(rolling.sum(), Rolling::new(&data[at..at + len]).sum());
                if at + len < data.len() {
                    rolling.roll(data[at], data[at + len]);
                }
            }
        }
    }

    #[test]
    fn sums_come_in_whole_and_not_too_many() {
        let blocks = Blocks::checked(5000, 11).unwrap();
        let data = vec![7; 5000];
        let summed = sum(&data, 0, &blocks);
        assert_eq!((summed.chaining.len(), summed.sums.len()), (3, 3 * SUM));
        let mut basis = BasisSums::new(blocks);
        assert!(matches!(basis.take(&summed.sums[..SUM + 1]), Err(DeltaError::Blocks(BlocksFault::Part))));
        basis.take(&summed.sums[..SUM]).unwrap();
        assert!(matches!(basis.take(&summed.sums), Err(DeltaError::Blocks(BlocksFault::TooMany))));
        assert_eq!((basis.known(), basis.weak(1)), (1, None));
        basis.take(&summed.sums[SUM..]).unwrap();
        assert!(summed.chaining.iter().zip(0..).all(|(chaining, number)| basis.may_be(number, chaining)));
        assert!(!basis.may_be(1, &summed.chaining[0]), "equal blocks at other offsets have other chaining values");
        assert_eq!(basis.weak(0), basis.weak(1));
        assert!(!basis.may_be(u64::MAX, &summed.chaining[0]));
    }
}
