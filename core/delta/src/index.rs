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
    order: Vec<Entry>,
}

/// A block by its weak sum. Data that repeats itself has many of one sum; what lies behind them tells most of them apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    weak: u32,
    /// The weak sum of the block behind it.
    next: u32,
    /// Less than 2^32 ([`crate::limits::MAX_BLOCKS`]).
    number: u32,
}

impl Index {
    /// Of no blocks, with room for those of this basis.
    pub(crate) fn new(blocks: &Blocks) -> Self {
        let words = (blocks.full() as usize * FILTER_BITS / 64).next_power_of_two().max(2);
        Index { filter: vec![0; words], order: Vec::new() }
    }

    /// Takes in the blocks whose sums have come since, and those of the blocks behind them; the last one where no more come.
    pub(crate) fn extend(&mut self, basis: &BasisSums, all: bool) {
        let known = self.order.len() as u64;
        let until = if all { basis.known() } else { basis.known().saturating_sub(1) }.min(basis.blocks().full());
        if until <= known {
            return;
        }
        let entry = |number: u64| {
            let next = basis.weak(number + 1).unwrap_or_default();
            Some(Entry { weak: basis.weak(number)?, next, number: number as u32 })
        };
        self.order.extend((known..until).map_while(entry));
        let words = self.filter.len();
        for entry in &self.order[known as usize..] {
            let mixed = mix(entry.weak);
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
        let at = self.order.partition_point(|entry| entry.weak < weak);
        self.order.get(at).is_some_and(|entry| entry.weak == weak)
    }

    /// Blocks with this weak sum that may be what is meant: with `next` behind them, the nearest few to block `near`, and none before
    /// block `least`. `alone`: where none has that behind it, those that have the sum, if they are few.
    pub(crate) fn candidates(&self, weak: u32, next: Option<u32>, alone: bool, (near, least): (u64, u64)) -> Vec<u64> {
        let class = |from: Entry, to: Entry| {
            let from = self.order.partition_point(|entry| *entry < from);
            let all = &self.order[from..];
            &all[..all.partition_point(|entry| *entry <= to)]
        };
        let number = |entry: &Entry| u64::from(entry.number);
        let least_of = |class: &[Entry]| class.partition_point(|entry| number(entry) < least);
        let followed = next.map_or(&[][..], |next| {
            let of = |number| Entry { weak, next, number };
            let class = class(of(0), of(u32::MAX));
            &class[least_of(class)..]
        });
        if followed.is_empty() {
            let few = class(Entry { weak, next: 0, number: 0 }, Entry { weak, next: u32::MAX, number: u32::MAX });
            let few = if few.len() > CANDIDATES || !alone && next.is_some() { &[][..] } else { few };
            return few.iter().map(number).filter(|number| *number >= least).collect();
        }
        let (before, behind) = followed.split_at(followed.partition_point(|entry| number(entry) < near));
        let each = CANDIDATES / 2;
        behind.iter().take(each).chain(before.iter().rev().take(each)).map(number).collect()
    }
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
