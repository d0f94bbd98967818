//! The full blocks of a basis by their sums.
//!
//! A filter of one cache line a look-up answers for nearly all positions of data that is not in the basis. What passes
//! is looked up in a sorted list, so that many equal sums, by chance or by malice, cost no more than any others: a hash
//! table's chains would be walked for each byte.

use crate::limits::FILTER_BITS;
use crate::signature::BasisSignature;
use crate::sums::{Rolling, WEAK};

/// An index over a [`BasisSignature`], which is given again to each look-up.
pub(crate) struct Index {
    /// A Bloom filter over the weak sums: two bits in one word each.
    filter: Vec<u64>,
    /// The blocks, by sums and then by number.
    order: Vec<u32>,
}

impl Index {
    pub(crate) fn new(signature: &BasisSignature) -> Self {
        // The weak sum and the start of the strong one decide nearly always; the rest only between equals of those.
        let mut keyed: Vec<(u64, u32)> =
            (0..signature.full_blocks() as u32).map(|block| (key(signature.sums_of(block.into())), block)).collect();
        keyed.sort_unstable_by(|a, b| {
            let rest = || signature.sums_of(a.1.into()).cmp(signature.sums_of(b.1.into()));
            a.0.cmp(&b.0).then_with(rest).then(a.1.cmp(&b.1))
        });
        let order: Vec<u32> = keyed.into_iter().map(|(_, block)| block).collect();
        let words = (order.len() * FILTER_BITS / 64).next_power_of_two().max(2);
        let mut filter = vec![0; words];
        for &block in &order {
            if let Some(weak) = signature.sums_of(block.into()).first_chunk::<WEAK>() {
                let mixed = mix(u32::from_be_bytes(*weak));
                let (one, other) = bits(mixed);
                filter[word(mixed, words - 1)] |= 1u64 << one | 1 << other;
            }
        }
        Index { filter, order }
    }

    /// Whether there are no full blocks at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Rolls on until a block may have the weak sum: that is wrong once in some hundreds, and then only by saying yes.
    /// Gives how many bytes were rolled; nothing where the bytes end first. The start counts as a place too.
    ///
    /// Searching spends its time here, so the loop is kept apart and small.
    pub(crate) fn scan(&self, rolling: &mut Rolling, olds: &[u8], news: &[u8]) -> Option<usize> {
        let (filter, mask) = (self.filter.as_slice(), self.filter.len() - 1);
        let may_hold = |weak| {
            let mixed = mix(weak);
            let (one, other) = bits(mixed);
            filter.get(word(mixed, mask)).is_some_and(|held| (held >> one) & (held >> other) & 1 != 0)
        };
        let mut here = *rolling;
        let mut found = may_hold(here.sum()).then_some(0);
        if found.is_none() {
            for (passed, (&old, &new)) in olds.iter().zip(news).enumerate() {
                here.roll(old, new);
                if may_hold(here.sum()) {
                    found = Some(passed + 1);
                    break;
                }
            }
        }
        *rolling = here;
        found
    }

    /// Whether a block has this weak sum.
    pub(crate) fn holds(&self, signature: &BasisSignature, weak: u32) -> bool {
        let weak = weak.to_be_bytes();
        self.first(signature, &weak).is_some_and(|block| signature.sums_of(block).starts_with(&weak))
    }

    /// The first block of the basis with these sums.
    pub(crate) fn find(&self, signature: &BasisSignature, sums: &[u8]) -> Option<u64> {
        self.first(signature, sums).filter(|&block| signature.sums_of(block) == sums)
    }

    /// The first block in the order whose sums are not less than `sums`.
    fn first(&self, signature: &BasisSignature, sums: &[u8]) -> Option<u64> {
        let at = self.order.partition_point(|&block| signature.sums_of(block.into()) < sums);
        self.order.get(at).copied().map(u64::from)
    }
}

/// The first eight bytes of a block's sums, to compare as they do.
fn key(sums: &[u8]) -> u64 {
    sums.first_chunk().map_or(0, |start| u64::from_be_bytes(*start))
}

/// A weak sum, mixed: a multiplication carries all bits upwards.
#[inline(always)]
fn mix(weak: u32) -> u64 {
    u64::from(weak).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The filter's word for a mixed sum. The 20 top bits suffice for [`crate::limits::MAX_BLOCKS`] words.
#[inline(always)]
fn word(mixed: u64, mask: usize) -> usize {
    (mixed >> 44) as usize & mask
}

/// The two bits of the word, as their numbers: from bits that do not choose the word.
#[inline(always)]
fn bits(mixed: u64) -> (u64, u64) {
    ((mixed >> 26) & 63, (mixed >> 32) & 63)
}
