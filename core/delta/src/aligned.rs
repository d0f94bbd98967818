//! Compares the blocks of new data with those at the same offset of the basis.

use std::ops::Range;

use crate::limits::{COPY, DIFFERING_PART, PATIENCE, PATIENCE_BLOCKS, PATIENCE_PART};
use crate::ops::Op;
use crate::sums::BasisSums;
use crate::tree::Chaining;

/// A comparison under way.
///
/// Call [`push`](Aligned::push) with the chaining values of the new data's blocks, in order, as long as the data is not
/// [apart](Aligned::is_apart) from the basis, then [`finish`](Aligned::finish). What is left then, from
/// [`differs_from`](Aligned::differs_from) on, is for a [`Search`](crate::Search).
#[derive(Debug)]
pub struct Aligned {
    /// The length of the new data.
    len: u64,
    next: u64,
    /// A copy that may still grow; the stretch that differs follows it.
    held: Range<u64>,
    /// Up to here all is compared.
    at: u64,
    /// So much differed before the last copy.
    differed: u64,
    patience: u64,
}

impl Aligned {
    /// For new data of `len` bytes.
    pub fn new(len: u64, basis: &BasisSums) -> Self {
        let least = PATIENCE_BLOCKS << basis.blocks().bits();
        let patience = (len / PATIENCE_PART).clamp(least, least.max(PATIENCE));
        Aligned { len, next: 0, held: 0..0, at: 0, differed: 0, patience }
    }

    /// Compares the next blocks and appends the operations that are decided. Blocks whose sums have not come differ.
    pub fn push(&mut self, chaining: &[Chaining], basis: &BasisSums, ops: &mut Vec<Op>) {
        let blocks = basis.blocks().in_file(self.len);
        for chaining in chaining {
            let (number, range) = (self.next, blocks.range(self.next));
            self.next += 1;
            self.at = range.end;
            if basis.blocks().range(number) != range || !basis.may_be(number, chaining) {
                continue;
            }
            if range.start != self.held.end {
                self.flush(ops);
                ops.push(Op::Literal(self.held.end..range.start));
                self.differed += range.start - self.held.end;
                self.held = range.start..range.start;
            }
            self.held.end = range.end;
            if self.held.end - self.held.start >= COPY {
                self.flush(ops);
            }
        }
    }

    /// Whether so much differs that it may have moved: then it is time to search. What repeats itself and has moved is at its place
    /// here and there.
    pub fn is_apart(&self) -> bool {
        let differs = self.at - self.held.end;
        let all = self.differed + differs;
        differs >= self.patience || all >= self.patience && all >= self.at / DIFFERING_PART
    }

    /// Ends comparing. A stretch that differs at the end becomes a literal where it is no longer than a block.
    pub fn finish(&mut self, basis: &BasisSums, ops: &mut Vec<Op>) {
        self.flush(ops);
        let differs = self.held.end..self.at;
        if !differs.is_empty() && differs.end - differs.start <= basis.blocks().block_len() {
            ops.push(Op::Literal(differs));
            self.held = self.at..self.at;
        }
    }

    /// From here on nothing is decided.
    pub fn differs_from(&self) -> u64 {
        self.held.end
    }

    fn flush(&mut self, ops: &mut Vec<Op>) {
        let Range { start, end } = self.held;
        if start < end {
            ops.push(Op::Copy { offset: start, len: end - start });
            self.held = end..end;
        }
    }
}
