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
    /// What leaves the number of the filter's word of a mixed sum.
    shift: u32,
    /// The blocks, by sums and then by number.
    order: Vec<u32>,
}

impl Index {
    pub(crate) fn new(signature: &BasisSignature) -> Self {
        let mut order: Vec<u32> = (0..signature.full_blocks() as u32).collect();
        order.sort_unstable_by(|&a, &b| {
            signature.sums_of(a.into()).cmp(signature.sums_of(b.into())).then_with(|| a.cmp(&b))
        });
        let words = (order.len() * FILTER_BITS / 64).next_power_of_two().max(2);
        let shift = 64 - words.trailing_zeros();
        let mut filter = vec![0; words];
        for &block in &order {
            if let Some(weak) = signature.sums_of(block.into()).first_chunk::<WEAK>() {
                let (word, bits) = place(u32::from_be_bytes(*weak), shift);
                filter[word] |= bits;
            }
        }
        Index { filter, shift, order }
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
        let (filter, shift) = (self.filter.as_slice(), self.shift);
        let may_hold = |weak| {
            let (word, bits) = place(weak, shift);
            filter.get(word).is_some_and(|&held| held & bits == bits)
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

/// The filter's word for a weak sum, and its two bits.
#[inline(always)]
fn place(weak: u32, shift: u32) -> (usize, u64) {
    let mixed = u64::from(weak).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    // The multiplication mixes upwards: the top bits choose the word, the next below them the two bits.
    let below = mixed.rotate_right(shift);
    ((mixed >> shift) as usize, (1 << (below >> 58)) | (1 << ((below >> 52) & 63)))
}
