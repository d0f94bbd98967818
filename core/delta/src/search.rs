//! Finds the blocks of a basis in new data.
//!
//! Most changes leave most data where it was or move all that follows by one distance, the *shift*. So the blocks at
//! the current shift are compared first, many at once with SIMD ([`BlockSums`]). Only what differs is searched byte by
//! byte with the rolling sum; a hit there gives a new shift, and comparing goes on at that.
//!
//! Searching is several times as slow as comparing, so it is paid from a credit: each byte rolled over and each byte
//! hashed for a weak sum that lied takes one, each byte matched gives one back. Without credit only the shift is
//! compared. After [`GIVE_UP`] bytes without any match most data is passed by, and a small probe now and then looks
//! whether it has become known again. So the work is linear whatever the data and the signature ([`Work`] counts it).
//!
//! fast_rsync's own `diff` serves none of this: it wants all data at once, knows no shift, writes a format of its own,
//! and runs at 40 to 60 MB/s over data that is not in the basis. Its `Signature::calculate` makes all strong sums here.

use std::ops::Range;

use crate::index::Index;
use crate::limits::{FIRST_BATCH, FULL_BATCH, GIVE_UP, PROBE_BLOCKS, SEARCH_CREDIT, SKIP_BLOCKS};
use crate::ops::Op;
use crate::signature::BasisSignature;
use crate::sums::{BlockSums, Rolling};

/// What a search has done so far, in bytes of new data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Compared in bulk at a shift.
    pub compared: u64,
    /// Rolled over.
    pub rolled: u64,
    /// Hashed one block at a time, for a weak sum that was known.
    pub hashed: u64,
    /// Found in the basis.
    pub matched: u64,
    /// Passed by without looking.
    pub skipped: u64,
}

/// A search for the blocks of one basis in one new file.
///
/// Call [`push`](Search::push) with each window of the new data, in order, of any size (1 to 8 MiB are best), then
/// [`finish`](Search::finish). The operations come in order and without gaps; the last copy is held back until it cannot
/// grow. The bytes of the literals of one call can be had from [`bytes`](Search::bytes) until the next.
///
/// It holds the signature, an index of about 12 bytes a block, the last window, and up to nine blocks of the one before.
pub struct Search {
    signature: BasisSignature,
    index: Index,
    /// New data that is not decided yet, and before it what the last call decided.
    buffer: Vec<u8>,
    /// Where the buffer starts in the new data.
    start: u64,
    /// Up to here (in the buffer) the operations are decided.
    decided: usize,
    /// Up to here (in the buffer, never before `decided`) nothing was found.
    here: usize,
    /// A copy that may still grow.
    held: Option<(u64, u64)>,
    /// Offset in the basis less offset in the new data, where the last match was.
    shift: i128,
    /// Blocks to compare at once.
    batch: usize,
    credit: u64,
    /// Bytes since the last match.
    barren: u64,
    /// Bytes that are still to be passed by.
    skip: u64,
    work: Work,
}

impl Search {
    /// A search in the basis of this signature.
    pub fn new(signature: BasisSignature) -> Self {
        let index = Index::new(&signature);
        Search {
            signature,
            index,
            buffer: Vec::new(),
            start: 0,
            decided: 0,
            here: 0,
            held: None,
            shift: 0,
            batch: FIRST_BATCH,
            credit: SEARCH_CREDIT,
            barren: 0,
            skip: 0,
            work: Work::default(),
        }
    }

    /// Takes the next window and appends the operations that are decided.
    pub fn push(&mut self, window: &[u8], ops: &mut Vec<Op>) {
        self.buffer.drain(..self.decided);
        self.start += self.decided as u64;
        self.here -= self.decided;
        self.decided = 0;
        self.buffer.extend_from_slice(window);
        let enough = (FIRST_BATCH + 1) * self.signature.block_len();
        while self.left() >= enough {
            self.step(false, ops);
        }
        self.literal_until(self.here, ops);
    }

    /// The new data has ended: appends the remaining operations.
    pub fn finish(&mut self, ops: &mut Vec<Op>) {
        while self.left() >= self.signature.block_len() {
            self.step(true, ops);
        }
        self.short_block_at_end(ops);
        self.literal_until(self.buffer.len(), ops);
        self.here = self.decided;
        self.flush(ops);
    }

    /// The bytes of new data in this range, where they are still held: those of the literals of the last
    /// [`push`](Search::push) or [`finish`](Search::finish) are.
    pub fn bytes(&self, range: &Range<u64>) -> Option<&[u8]> {
        let from = usize::try_from(range.start.checked_sub(self.start)?).ok()?;
        let to = usize::try_from(range.end.checked_sub(self.start)?).ok()?;
        self.buffer.get(from..to)
    }

    /// What was done so far.
    pub fn work(&self) -> Work {
        self.work
    }

    /// Bytes that are not looked at yet.
    fn left(&self) -> usize {
        self.buffer.len() - self.here
    }

    /// Goes on by at least one block or, at the end, to less than a block. Asks for a block to be left, and for one more
    /// than [`FIRST_BATCH`] where the data has not ended.
    fn step(&mut self, ended: bool, ops: &mut Vec<Op>) {
        let block = self.signature.block_len();
        if self.index.is_empty() {
            self.short_block_here(ops);
            self.here += (self.left() + 1).saturating_sub(block);
            return;
        }
        if self.skip > 0 {
            let passed = self.skip.min((self.left() - self.left() % block) as u64);
            self.skip -= passed;
            self.work.skipped += passed;
            self.here += passed as usize;
            return;
        }
        let probing = self.barren >= GIVE_UP;
        if probing {
            self.credit = self.credit.max((PROBE_BLOCKS * block) as u64);
        }
        let batch = if probing { FIRST_BATCH } else { self.batch };
        // Positions up to the batch's end are rolled over, which needs a block beyond it.
        let spare = usize::from(!ended);
        let count = batch.min((self.left() / block).saturating_sub(spare)).max(1);
        let (from, to) = (self.here, self.here + count * block);
        let before = self.work.matched;
        self.compare(count, ops);
        if self.here < to {
            let span = if probing { (PROBE_BLOCKS * block).min(to - self.here) } else { to - self.here };
            if !self.search(self.here + span, ops) {
                self.here = to;
            }
            self.batch = FIRST_BATCH;
        } else {
            self.batch = (self.batch * 2).min(FIRST_BATCH.max(FULL_BATCH / block));
        }
        if self.work.matched > before {
            self.barren = 0;
            return;
        }
        self.barren += (to - from) as u64;
        if self.barren >= GIVE_UP {
            self.skip = SKIP_BLOCKS * block as u64;
        }
        self.return_to_same_offset();
    }

    /// Where searching found nothing for want of credit, the shift may be one that a stray match left behind: goes back
    /// to comparing at the same offset, from the next border of blocks.
    fn return_to_same_offset(&mut self) {
        let block = self.signature.block_len();
        if self.credit > 0 || self.shift == 0 {
            return;
        }
        let position = self.start + self.here as u64;
        let ahead = (position.next_multiple_of(block as u64) - position) as usize;
        if ahead < self.left() {
            self.here += ahead;
            self.shift = 0;
        }
    }

    /// Compares up to `count` blocks at the shift. Stretches between blocks that match are searched; afterwards `here`
    /// is behind the last match, or where it was.
    fn compare(&mut self, count: usize, ops: &mut Vec<Op>) {
        let (block, entry) = (self.signature.block_len(), self.signature.entry());
        let Some(first) = self.block_at_shift(self.here) else { return };
        let count = count.min((self.signature.full_blocks() - first) as usize);
        let from = self.here;
        let sums = BlockSums::of(&self.buffer[from..from + count * block], block, self.signature.strong_len());
        self.work.compared += (count * block) as u64;
        let mut matches = 0;
        for (i, sums) in sums.as_bytes().chunks_exact(entry).enumerate() {
            if sums != self.signature.sums_of(first + i as u64) {
                continue;
            }
            matches += 1;
            let at = from + i * block;
            let shift = self.shift;
            while self.here < at && self.search_gap(at, ops) {}
            self.shift = shift;
            self.found((first + i as u64) * block as u64, at, block, ops);
        }
        if matches == count {
            self.short_block_here(ops);
        }
    }

    /// The number of the full block that lies at the shift from a place in the buffer.
    fn block_at_shift(&self, at: usize) -> Option<u64> {
        let offset = u64::try_from(i128::from(self.start) + at as i128 + self.shift).ok()?;
        let block = self.signature.block_len() as u64;
        (offset % block == 0 && offset / block < self.signature.full_blocks()).then_some(offset / block)
    }

    /// Searches for a block that lies between `here` and `end`.
    fn search_gap(&mut self, end: usize, ops: &mut Vec<Op>) -> bool {
        let block = self.signature.block_len();
        end - self.here >= block && self.search(end - block + 1, ops)
    }

    /// Searches for a block that starts from `here` up to before `until`, as long as there is credit. If there is one it
    /// is copied, the shift is its, and `here` is behind it; if not, `here` stays.
    fn search(&mut self, until: usize, ops: &mut Vec<Op>) -> bool {
        let block = self.signature.block_len();
        let mut at = self.here;
        let until = until.min((self.buffer.len() + 1).saturating_sub(block));
        while at < until && self.credit > 0 {
            let Some(known) = self.next_known(at, until) else { return false };
            at = known;
            let sums = BlockSums::of(&self.buffer[at..at + block], block, self.signature.strong_len());
            self.work.hashed += block as u64;
            if let Some(number) = self.index.find(&self.signature, sums.as_bytes()) {
                let offset = number * block as u64;
                self.shift = i128::from(offset) - i128::from(self.start) - at as i128;
                self.found(offset, at, block, ops);
                return true;
            }
            self.credit = self.credit.saturating_sub(block as u64);
            at += 1;
        }
        false
    }

    /// The next place from `at` up to before `until` whose weak sum is known, if the credit reaches so far.
    fn next_known(&mut self, at: usize, until: usize) -> Option<usize> {
        let block = self.signature.block_len();
        let places = (until - at).min(usize::try_from(self.credit).unwrap_or(usize::MAX));
        let data = &self.buffer[at..at + places + block - 1];
        let (mut passed, mut known) = (0, false);
        let mut rolling = Rolling::new(&data[..block]);
        let (olds, news) = (&data[..places - 1], &data[block..]);
        while let Some(more) = self.index.scan(&mut rolling, &olds[passed..], &news[passed..]) {
            passed += more;
            if self.index.holds(&self.signature, rolling.sum()) {
                known = true;
                break;
            }
            let (Some(&old), Some(&new)) = (olds.get(passed), news.get(passed)) else { break };
            rolling.roll(old, new);
            passed += 1;
        }
        if !known {
            passed = places;
        }
        self.work.rolled += passed as u64;
        self.credit = self.credit.saturating_sub(passed as u64);
        known.then_some(at + passed)
    }

    /// Where the basis's short last block follows at the shift, takes it: the new data may go on behind it.
    fn short_block_here(&mut self, ops: &mut Vec<Op>) {
        let (offset, len) = self.signature.short_block();
        let position = i128::from(self.start) + self.here as i128;
        if len > 0 && len <= self.left() && position + self.shift == i128::from(offset) {
            self.take_short_block(self.here, ops);
        }
    }

    /// Where the new data ends as the basis does, takes the short last block.
    fn short_block_at_end(&mut self, ops: &mut Vec<Op>) {
        self.short_block_here(ops);
        let (_, len) = self.signature.short_block();
        if len > 0 && len <= self.left() {
            self.take_short_block(self.buffer.len() - len, ops);
        }
    }

    fn take_short_block(&mut self, at: usize, ops: &mut Vec<Op>) {
        let (offset, len) = self.signature.short_block();
        let sums = BlockSums::of(&self.buffer[at..at + len], len, self.signature.strong_len());
        self.work.hashed += len as u64;
        if sums.as_bytes() == self.signature.sums_of(self.signature.full_blocks()) {
            self.found(offset, at, len, ops);
        }
    }

    /// Copies `len` bytes at `offset` of the basis to `at` in the buffer; what lies before becomes a literal.
    fn found(&mut self, offset: u64, at: usize, len: usize, ops: &mut Vec<Op>) {
        self.literal_until(at, ops);
        match &mut self.held {
            Some((start, held)) if *start + *held == offset => *held += len as u64,
            _ => {
                self.flush(ops);
                self.held = Some((offset, len as u64));
            }
        }
        self.decided = at + len;
        self.here = self.decided;
        self.work.matched += len as u64;
        self.credit = (self.credit + len as u64).min(SEARCH_CREDIT);
    }

    /// What is not decided before `end` becomes a literal.
    fn literal_until(&mut self, end: usize, ops: &mut Vec<Op>) {
        if self.decided >= end {
            return;
        }
        self.flush(ops);
        let range = self.start + self.decided as u64..self.start + end as u64;
        self.decided = end;
        ops.push(Op::Literal(range));
    }

    /// The held copy cannot grow any more.
    fn flush(&mut self, ops: &mut Vec<Op>) {
        if let Some((offset, len)) = self.held.take() {
            ops.push(Op::Copy { offset, len });
        }
    }
}

#[cfg(test)]
mod tests;
