//! Finds the blocks of a basis in new data, at any offset.
//!
//! Most changes leave most data where it was or move all that follows by one distance, the *shift*. So the block at the
//! current shift is compared first: hashed as if it lay where it would lie in the basis, which BLAKE3 does at several GB/s,
//! or by a faster hash that is the same everywhere, where the target sends that.
//! Only what differs is searched byte by byte with the rolling sum; a hit there gives a new shift, and comparing goes on
//! at that.
//!
//! Data that repeats itself has many blocks that begin alike. Which one is meant shows in how the block behind it begins, which costs
//! little to know; others are hashed as long as there is much credit.
//!
//! Searching is several times as slow as comparing, so it is paid from a credit: each byte rolled over and each byte
//! hashed for a weak sum that lied takes one, each byte matched gives one back. Without credit only the shift is
//! compared. After [`GIVE_UP`] bytes without any match most data is passed by, and a small probe now and then looks
//! whether it has become known again. So the work is linear whatever the data and the sums ([`Work`] counts it).
//!
//! The sums may still be on their way ([`Sums`]). Most of what moved is found among those of its neighbourhood. Where [`UNSURE_BLOCKS`]
//! were not, all are waited for, and what was not found is searched again. So nothing is missed for want of sums but a few blocks,
//! and nothing is said of new data before the sums of the same offset are here.

use std::io;
use std::ops::Range;

use crate::blocks::Blocks;
use crate::error::DeltaError;
use crate::index::Index;
use crate::limits::{COPY, GIVE_UP, HEAD, PROBE_BLOCKS, SEARCH_CREDIT, SKIP_BLOCKS, UNSURE_BLOCKS};
use crate::ops::Op;
use crate::sums::{Rolling, Sums};

/// What a search has done so far, in bytes of new data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Compared at a shift.
    pub compared: u64,
    /// Rolled over.
    pub rolled: u64,
    /// Hashed for a weak sum that was known.
    pub hashed: u64,
    /// Found in the basis.
    pub matched: u64,
    /// Passed by without looking.
    pub skipped: u64,
}

/// A search for the blocks of one basis in one new file.
///
/// Call [`push`](Search::push) for each window of the new data, in order, of any size (1 to 8 MiB are best), then
/// [`finish`](Search::finish). The operations come in order and without gaps; the last copy is held back until it cannot
/// grow. The bytes of the literals of one call can be had from [`bytes`](Search::bytes) until the next.
///
/// It holds the sums, an index of about 20 bytes a block, the last window, and up to seven blocks of those before.
pub struct Search<S> {
    basis: S,
    /// No more sums will come.
    all: bool,
    /// What lies before its own place in the basis is none for a copy.
    onward: bool,
    index: Index,
    /// New data that is not decided yet, before it what the last call decided, and behind `filled` what is not data yet.
    buffer: Vec<u8>,
    filled: usize,
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
    /// Where in the new data a block is known to differ, and at which shift.
    differs: Option<(u64, i128)>,
    credit: u64,
    /// Bytes since the last match.
    barren: u64,
    /// Bytes that are still to be passed by.
    skip: u64,
    work: Work,
}

impl<S: Sums> Search<S> {
    /// A search in the basis of these sums, for new data from this offset on.
    pub fn new(basis: S, at: u64) -> Self {
        let index = Index::new(basis.sums().blocks());
        Search {
            basis,
            all: false,
            onward: false,
            index,
            buffer: Vec::new(),
            filled: 0,
            start: at,
            decided: 0,
            here: 0,
            held: None,
            shift: 0,
            differs: None,
            credit: SEARCH_CREDIT,
            barren: 0,
            skip: 0,
            work: Work::default(),
        }
    }

    /// For new data that is written over the basis, from its beginning: only what lies at its own place or behind is still there.
    #[must_use]
    pub fn onward(mut self) -> Self {
        self.onward = true;
        self
    }

    /// Takes the next window, which `read` puts into the room of `most` bytes that it gets and says how much it was, and appends
    /// the operations that are decided.
    ///
    /// # Errors
    /// Those of `read`, and those of the sums. The search is over then.
    pub fn push(
        &mut self,
        most: usize,
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
        ops: &mut Vec<Op>,
    ) -> Result<usize, DeltaError> {
        self.buffer.copy_within(self.decided..self.filled, 0);
        self.start += self.decided as u64;
        self.here -= self.decided;
        self.filled -= self.decided;
        self.decided = 0;
        let room = self.filled..self.filled + most;
        if self.buffer.len() < room.end {
            self.buffer.resize(room.end, 0);
        }
        let read = read(&mut self.buffer[room]).map_err(DeltaError::Read)?.min(most);
        self.filled += read;
        self.wait_for((self.start + self.filled as u64).div_ceil(self.block() as u64))?;
        while self.left() >= self.block() * 2 {
            self.step(ops)?;
        }
        if self.all {
            self.literal_until(self.here, ops);
        }
        Ok(read)
    }

    /// The new data has ended: appends the remaining operations.
    ///
    /// # Errors
    /// Those of the sums.
    pub fn finish(&mut self, ops: &mut Vec<Op>) -> Result<(), DeltaError> {
        self.look_again()?;
        while self.left() >= self.block() {
            self.step(ops)?;
        }
        self.short_block_at_end(ops)?;
        self.literal_until(self.filled, ops);
        self.here = self.decided;
        self.flush(ops);
        Ok(())
    }

    /// The bytes of new data in this range, where they are still held: the last window is, and the literals of the last
    /// [`push`](Search::push) or [`finish`](Search::finish).
    pub fn bytes(&self, range: &Range<u64>) -> Option<&[u8]> {
        let from = usize::try_from(range.start.checked_sub(self.start)?).ok()?;
        let to = usize::try_from(range.end.checked_sub(self.start)?).ok()?;
        self.buffer[..self.filled].get(from..to)
    }

    /// What was done so far.
    pub fn work(&self) -> Work {
        self.work
    }

    fn blocks(&self) -> &Blocks {
        self.basis.sums().blocks()
    }

    fn block(&self) -> usize {
        self.blocks().block_len() as usize
    }

    /// Waits for the sums of the first so many blocks.
    fn wait_for(&mut self, blocks: u64) -> Result<(), DeltaError> {
        if self.all {
            return Ok(());
        }
        let count = self.blocks().count();
        self.basis.wait_for(blocks.min(count))?;
        let known = self.basis.sums().known();
        self.all = known == count || known < blocks;
        Ok(())
    }

    /// Waits for all sums; what nothing was found for among fewer is searched again.
    fn look_again(&mut self) -> Result<(), DeltaError> {
        if self.all {
            return Ok(());
        }
        self.wait_for(u64::MAX)?;
        let again = (self.here - self.decided) as u64;
        self.here = self.decided;
        self.barren = self.barren.saturating_sub(again);
        self.credit = (self.credit + again).min(SEARCH_CREDIT);
        Ok(())
    }

    /// Bytes that are not looked at yet.
    fn left(&self) -> usize {
        self.filled - self.here
    }

    /// Goes on by at least one block or, at the end, to less than a block. Asks for a block to be left, and for another one
    /// where the data has not ended.
    fn step(&mut self, ops: &mut Vec<Op>) -> Result<(), DeltaError> {
        let block = self.block();
        if self.all && self.blocks().full().min(self.basis.sums().known()) == 0 {
            let _ = self.short_block_here(ops)?;
            self.here += (self.left() + 1).saturating_sub(block);
            return Ok(());
        }
        if self.skip > 0 {
            let passed = self.skip.min((self.left() - self.left() % block) as u64);
            self.skip -= passed;
            self.work.skipped += passed;
            self.here += passed as usize;
            return Ok(());
        }
        if self.short_block_here(ops)? || self.take_at_shift(self.here, ops)? {
            self.barren = 0;
            return Ok(());
        }
        if self.barren >= GIVE_UP {
            self.credit = self.credit.max(PROBE_BLOCKS * block as u64);
        }
        let next = self.here + block;
        // Where nothing of this block moved, the one behind it may be where it was: then what differs is no longer than a block.
        if self.search(next, ops) || self.take_at_shift(next, ops)? {
            self.barren = 0;
            return Ok(());
        }
        self.here = next;
        self.barren += block as u64;
        if !self.all {
            let is_enough = (self.here - self.decided) as u64 >= UNSURE_BLOCKS * block as u64;
            return if is_enough { self.look_again() } else { Ok(()) };
        }
        if self.barren >= GIVE_UP {
            self.skip = SKIP_BLOCKS * block as u64;
        }
        self.return_to_same_offset();
        Ok(())
    }

    /// Takes the block that lies at the shift from a place in the buffer.
    fn take_at_shift(&mut self, at: usize, ops: &mut Vec<Op>) -> Result<bool, DeltaError> {
        let block = self.block();
        if at + block > self.filled {
            return Ok(false);
        }
        let Some(number) = self.match_at_shift(at)? else { return Ok(false) };
        self.found(number * block as u64, at, block, ops);
        Ok(true)
    }

    /// The number of the full block that lies at the shift from a place in the buffer, if it is the one there.
    fn match_at_shift(&mut self, at: usize) -> Result<Option<u64>, DeltaError> {
        let (block, place) = (self.block(), self.start + at as u64);
        let Ok(offset) = u64::try_from(i128::from(place) + self.shift) else { return Ok(None) };
        if self.onward && offset < place
            || self.differs == Some((place, self.shift))
            || !offset.is_multiple_of(block as u64)
        {
            return Ok(None);
        }
        let number = offset / block as u64;
        if self.blocks().range(number).end != offset + block as u64 {
            return Ok(None);
        }
        self.wait_for(number + 1)?;
        if self.basis.sums().known() <= number {
            return Ok(None);
        }
        self.work.compared += block as u64;
        let is_it = self.basis.sums().is_like(number, offset, &self.buffer[at..at + block]);
        self.differs = (!is_it).then_some((place, self.shift));
        Ok(is_it.then_some(number))
    }

    /// Where searching found nothing for want of credit, the shift may be one that a stray match left behind: goes back
    /// to comparing at the same offset, from the next border of blocks.
    fn return_to_same_offset(&mut self) {
        let block = self.block();
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

    /// Searches for a block that starts from `here` up to before `until`, as long as there is credit. If there is one it
    /// is copied, the shift is its, and `here` is behind it; if not, `here` stays.
    fn search(&mut self, until: usize, ops: &mut Vec<Op>) -> bool {
        let block = self.block();
        self.index.extend(self.basis.sums(), self.all);
        let (mut at, mut behind) = (self.here, None);
        let until = until.min((self.filled + 1).saturating_sub(block));
        while at < until && self.credit > 0 {
            let Some((known, weak)) = self.next_known(at, until) else { return false };
            at = known;
            let place = self.start + at as u64;
            let expected = u64::try_from(i128::from(place) + self.shift).unwrap_or(0) / block as u64;
            let least = if self.onward { place.div_ceil(block as u64) } else { 0 };
            let next = self.sum_at(at + block, &mut behind);
            // Half of the credit is for blocks that are followed as the data is.
            let alone = self.credit > SEARCH_CREDIT / 2;
            let candidates = self.index.candidates(weak, next, alone, (expected, least));
            for number in candidates {
                let offset = number * block as u64;
                self.work.hashed += block as u64;
                if self.basis.sums().is_like(number, offset, &self.buffer[at..at + block]) {
                    self.shift = i128::from(offset) - i128::from(self.start) - at as i128;
                    self.found(offset, at, block, ops);
                    return true;
                }
                self.credit = self.credit.saturating_sub(block as u64);
            }
            at += 1;
        }
        false
    }

    /// The next place from `at` up to before `until` whose weak sum is known, and that sum, if the credit reaches so far.
    fn next_known(&mut self, at: usize, until: usize) -> Option<(usize, u32)> {
        let places = (until - at).min(usize::try_from(self.credit).unwrap_or(usize::MAX));
        let data = &self.buffer[at..at + places + HEAD - 1];
        let (mut passed, mut known) = (0, None);
        let mut rolling = Rolling::new(&data[..HEAD]);
        let (olds, news) = (&data[..places - 1], &data[HEAD..]);
        while let Some(more) = self.index.scan(&mut rolling, &olds[passed..], &news[passed..]) {
            passed += more;
            if self.index.holds(rolling.sum()) {
                known = Some((at + passed, rolling.sum()));
                break;
            }
            let (Some(&old), Some(&new)) = (olds.get(passed), news.get(passed)) else { break };
            rolling.roll(old, new);
            passed += 1;
        }
        if known.is_none() {
            passed = places;
        }
        self.work.rolled += passed as u64;
        self.credit = self.credit.saturating_sub(passed as u64);
        known
    }

    /// The weak sum of the data at a place in the buffer, if so much of it is here; `last` is the one that was made before.
    fn sum_at(&self, at: usize, last: &mut Option<(usize, Rolling)>) -> Option<u32> {
        let window = self.buffer[..self.filled].get(at..at + HEAD)?;
        let rolling = match last.take() {
            Some((from, mut rolling)) if at - from < HEAD => {
                let (olds, news) = (&self.buffer[from..at], &self.buffer[from + HEAD..at + HEAD]);
                olds.iter().zip(news).for_each(|(&old, &new)| rolling.roll(old, new));
                rolling
            }
            _ => Rolling::new(window),
        };
        *last = Some((at, rolling));
        Some(rolling.sum())
    }

    /// The basis's short last block: where it starts, and its length, which is 0 where there is none.
    fn short_block(&self) -> (u64, usize) {
        let blocks = self.blocks();
        let len = blocks.file_len() % blocks.block_len();
        (blocks.file_len() - len, len as usize)
    }

    /// Where the basis's short last block follows at the shift, takes it: the new data may go on behind it.
    fn short_block_here(&mut self, ops: &mut Vec<Op>) -> Result<bool, DeltaError> {
        let (offset, len) = self.short_block();
        let position = i128::from(self.start) + self.here as i128;
        if len == 0 || len > self.left() || position + self.shift != i128::from(offset) {
            return Ok(false);
        }
        self.wait_for(u64::MAX)?;
        Ok(self.take_short_block(self.here, ops))
    }

    /// Where the new data ends as the basis does, takes the short last block.
    fn short_block_at_end(&mut self, ops: &mut Vec<Op>) -> Result<(), DeltaError> {
        let (_, len) = self.short_block();
        if !self.short_block_here(ops)? && len > 0 && len <= self.left() {
            let _ = self.take_short_block(self.filled - len, ops);
        }
        Ok(())
    }

    fn take_short_block(&mut self, at: usize, ops: &mut Vec<Op>) -> bool {
        let (offset, len) = self.short_block();
        self.work.hashed += len as u64;
        let number = self.blocks().count() - 1;
        let is_it = self.basis.sums().is_like(number, offset, &self.buffer[at..at + len]);
        if is_it {
            self.found(offset, at, len, ops);
        }
        is_it
    }

    /// Copies `len` bytes at `offset` of the basis to `at` in the buffer; what lies before becomes a literal.
    fn found(&mut self, offset: u64, at: usize, len: usize, ops: &mut Vec<Op>) {
        self.literal_until(at, ops);
        match &mut self.held {
            Some((start, held)) if *start + *held == offset && *held < COPY => *held += len as u64,
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
