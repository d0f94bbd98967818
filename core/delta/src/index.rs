//! The full blocks of a basis by their weak sums.
//!
//! A filter of one cache line a look-up answers for nearly all positions of data that is not in the basis. What passes
//! is looked up in a sorted list, so that many equal sums, by chance or by malice, cost no more than any others: a hash
//! table's chains would be walked for each byte.

use crate::blocks::Blocks;
use crate::limits::{CANDIDATES, FILTER_BITS};
use crate::sums::{BasisSums, Rolling};

/// An index over the sums of a basis.
pub(crate) struct Index {
    /// A Bloom filter over the weak sums: two bits in one word each.
    filter: Vec<u64>,
    /// Weak sum, then number, of each block.
    order: Vec<u64>,
}

impl Index {
    /// Of no blocks, with room for those of this basis.
    pub(crate) fn new(blocks: &Blocks) -> Self {
        let words = (blocks.full() as usize * FILTER_BITS / 64).next_power_of_two().max(2);
        Index { filter: vec![0; words], order: Vec::new() }
    }

    /// Takes in the blocks whose sums have come since.
    pub(crate) fn extend(&mut self, basis: &BasisSums) {
        let known = self.order.len() as u64;
        let keyed = |number| basis.weak(number).map(|weak| key(weak, number));
        self.order.extend((known..basis.blocks().full()).map_while(keyed));
        let (words, new) = (self.filter.len(), &self.order[known as usize..]);
        if new.is_empty() {
            return;
        }
        for &entry in new {
            let mixed = mix((entry >> 32) as u32);
            let (one, other) = bits(mixed);
            self.filter[word(mixed, words - 1)] |= 1u64 << one | 1 << other;
        }
        // What was in order already is merged: that is what this sort is good at.
        self.order.sort();
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
    pub(crate) fn holds(&self, weak: u32) -> bool {
        let at = self.order.partition_point(|&entry| entry < key(weak, 0));
        self.order.get(at).is_some_and(|entry| (entry >> 32) as u32 == weak)
    }

    /// Blocks with this weak sum: the nearest few to block `near`.
    pub(crate) fn candidates(&self, weak: u32, near: u64) -> impl Iterator<Item = u64> + use<'_> {
        let from = self.order.partition_point(|&entry| entry < key(weak, 0));
        let to = from + self.order[from..].partition_point(|&entry| entry <= key(weak, u64::from(u32::MAX)));
        let (all, near) = (&self.order[from..to], near.min(u32::MAX.into()));
        let at = all.partition_point(|&entry| entry < key(weak, near));
        let (before, behind) = all.split_at(at);
        let each = CANDIDATES / 2;
        behind.iter().take(each).chain(before.iter().rev().take(each)).map(|entry| entry & u64::from(u32::MAX))
    }
}

/// A block's place in the order. The numbers have less than 32 bits ([`crate::limits::MAX_BLOCKS`]).
fn key(weak: u32, number: u64) -> u64 {
    u64::from(weak) << 32 | number
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
