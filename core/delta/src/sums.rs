//! What is known of a block from afar: a rolling sum of its beginning, by which it is found at any offset, and the beginning of
//! its chaining value or of another hash, which tells whether it is the one.

use twox_hash::XxHash3_64;

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

/// What the second part of a block's sums is the beginning of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strong {
    /// Its chaining value. Both sides need those of blocks that stay at their offset for the digest anyway.
    Chaining,
    /// Its XXH3-64, which is the same at any offset and takes a third of the time. The digest alone proves a file, whatever somebody
    /// makes collide.
    Moved,
}

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
    let strong = chaining.iter().map(strong_of_chaining);
    let sums = sums(data, blocks, strong);
    Summed { chaining, sums }
}

/// Sums of the blocks in `data`, which begins at the start of one: each a weak sum and [`Strong::Moved`].
pub fn sum_moved(data: &[u8], blocks: &Blocks) -> Vec<u8> {
    sums(data, blocks, data.chunks(blocks.block_len() as usize).map(strong_of_moved))
}

fn sums(data: &[u8], blocks: &Blocks, strong: impl ExactSizeIterator<Item = [u8; STRONG]>) -> Vec<u8> {
    let mut sums = Vec::with_capacity(strong.len() * SUM);
    for (block, strong) in data.chunks(blocks.block_len() as usize).zip(strong) {
        sums.extend_from_slice(&Rolling::new(&block[..HEAD.min(block.len())]).sum().to_be_bytes());
        sums.extend_from_slice(&strong);
    }
    sums
}

/// What is sent of a chaining value.
fn strong_of_chaining(chaining: &Chaining) -> [u8; STRONG] {
    *chaining.first_chunk().unwrap_or(&[0; STRONG])
}

/// What is sent of a block that is to be found at any offset.
fn strong_of_moved(block: &[u8]) -> [u8; STRONG] {
    *XxHash3_64::oneshot(block).to_be_bytes().first_chunk().unwrap_or(&[0; STRONG])
}

/// The sums of a basis, of which more may still come.
pub trait Sums {
    /// Those that are here.
    fn sums(&self) -> &BasisSums;

    /// Waits until the sums of the first `blocks` blocks are here, or all that ever will.
    ///
    /// # Errors
    /// What came are none.
    fn wait_for(&mut self, blocks: u64) -> Result<(), DeltaError>;
}

/// Nothing more comes.
impl Sums for BasisSums {
    fn sums(&self) -> &BasisSums {
        self
    }

    fn wait_for(&mut self, _: u64) -> Result<(), DeltaError> {
        Ok(())
    }
}

/// The sums of a basis, as they come from a peer.
#[derive(Clone, Debug)]
pub struct BasisSums {
    blocks: Blocks,
    bytes: Vec<u8>,
    /// What each of them has.
    strong: Vec<Strong>,
}

impl BasisSums {
    /// For a basis with these blocks; nothing is known of them yet, and no memory taken.
    pub fn new(blocks: Blocks) -> Self {
        BasisSums { blocks, bytes: Vec::new(), strong: Vec::new() }
    }

    /// Takes the sums of the next blocks, and what is in them.
    ///
    /// # Errors
    /// [`DeltaError::Blocks`] for a part of a sum, and for more sums than there are blocks.
    pub fn take(&mut self, sums: &[u8], strong: Strong) -> Result<(), DeltaError> {
        if !sums.len().is_multiple_of(SUM) {
            return Err(DeltaError::Blocks(BlocksFault::Part));
        }
        if self.known() + (sums.len() / SUM) as u64 > self.blocks.count() {
            return Err(DeltaError::Blocks(BlocksFault::TooMany));
        }
        self.bytes.extend_from_slice(sums);
        self.strong.resize(self.bytes.len() / SUM, strong);
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

    /// Whether block `number` may have this chaining value, as far as it is known by that.
    pub(crate) fn may_be(&self, number: u64, chaining: &Chaining) -> bool {
        matches!(self.strong(number), Some((Strong::Chaining, sum)) if sum == strong_of_chaining(chaining))
    }

    /// Whether block `number`, which begins at `offset`, may be this one.
    pub(crate) fn is_like(&self, number: u64, offset: u64, block: &[u8]) -> bool {
        match self.strong(number) {
            Some((Strong::Chaining, sum)) => sum == strong_of_chaining(&chaining(block, offset)),
            Some((Strong::Moved, sum)) => sum == strong_of_moved(block),
            None => false,
        }
    }

    fn strong(&self, number: u64) -> Option<(Strong, &[u8])> {
        Some((*self.strong.get(usize::try_from(number).ok()?)?, &self.sum(number)?[WEAK..]))
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
        let chaining = Strong::Chaining;
        assert!(matches!(basis.take(&summed.sums[..SUM + 1], chaining), Err(DeltaError::Blocks(BlocksFault::Part))));
        basis.take(&summed.sums[..SUM], chaining).unwrap();
        assert!(matches!(basis.take(&summed.sums, chaining), Err(DeltaError::Blocks(BlocksFault::TooMany))));
        assert_eq!((basis.known(), basis.weak(1)), (1, None));
        basis.take(&summed.sums[SUM..], chaining).unwrap();
        assert!(summed.chaining.iter().zip(0..).all(|(chaining, number)| basis.may_be(number, chaining)));
        assert!(!basis.may_be(1, &summed.chaining[0]), "equal blocks at other offsets have other chaining values");
        assert_eq!(basis.weak(0), basis.weak(1));
        assert!(!basis.may_be(u64::MAX, &summed.chaining[0]));
    }

    #[test]
    fn a_block_is_known_by_what_came_of_it() {
        let blocks = Blocks::checked(5000, 11).unwrap();
        let data: Vec<u8> = (0..5000_u32).map(|at| (at ^ (at / 256)) as u8).collect();
        let at = |number: u64| &data[blocks.range(number).start as usize..blocks.range(number).end as usize];
        let mut basis = BasisSums::new(blocks);
        let (placed, moved) = (sum(&data, 0, &blocks), sum_moved(&data, &blocks));
        basis.take(&placed.sums[..SUM], Strong::Chaining).unwrap();
        basis.take(&moved[SUM..], Strong::Moved).unwrap();
        for number in 0..3 {
            assert_eq!(basis.weak(number), Some(Rolling::new(&at(number)[..HEAD.min(at(number).len())]).sum()));
            for other in 0..3 {
                assert_eq!(basis.is_like(number, blocks.range(number).start, at(other)), number == other);
            }
        }
        assert!(
            basis.may_be(0, &placed.chaining[0]) && !basis.may_be(1, &placed.chaining[1]),
            "known by its XXH3 alone"
        );
        assert!(!basis.is_like(3, 0, at(0)) && !basis.is_like(u64::MAX, 0, at(0)));
        // What a peer has to make as well.
        assert_eq!(strong_of_moved(b""), [0x2d, 0x06, 0x80, 0x05, 0x38, 0xd3]);
    }
}
