//! How much may be deleted. Where nobody has said a number, it is half of what is here: most of a tree is gone where somebody took
//! one directory for another, or where what should be the source is not mounted. Each of several sources has its own half.
//!
//! In a small tree half is little: a few names that became others must not need a number. So up to `DELETIONS_UNASKED` go all the
//! same where the source has as many entries as that, and something stays here; and one goes unless the source has nothing.

use xssh_fs::RelPath;

use crate::limits::DELETIONS_UNASKED;
use crate::tree::Tree;

/// Entries, by the part of the tree that they are in. What a part itself is does not count.
#[derive(Debug, Default)]
pub(in crate::target) struct Shares(Vec<u64>);

impl Shares {
    pub(in crate::target) fn count(&mut self, tree: &Tree, path: &RelPath, entries: u64) {
        if let Some(part) = tree.part_around(path) {
            self.0.resize(self.0.len().max(part + 1), 0);
            self.0[part] += entries;
        }
    }

    pub(super) fn take_off(&mut self, tree: &Tree, path: &RelPath) {
        let share = tree.part_around(path).and_then(|part| self.0.get_mut(part));
        share.into_iter().for_each(|share| *share = share.saturating_sub(1));
    }

    fn of(&self, part: usize) -> u64 {
        self.0.get(part).copied().unwrap_or_default()
    }

    /// What is to go, and what may go, if that is less. `own` is all that is here, in so many parts; `source` entries are at the
    /// source.
    pub(super) fn refused(&self, own: &Self, parts: usize, source: u64, number: Option<u64>) -> Option<(u64, u64)> {
        let least = |part| match source {
            _ if parts > 1 => 0,
            source if self.of(part) < own.of(part) => source.min(DELETIONS_UNASKED),
            source => source.min(1),
        };
        let halves = (0..parts).map(|part| self.of(part).min((own.of(part) / 2).max(least(part))));
        let (wanted, allowed) = (self.0.iter().sum(), number.unwrap_or_else(|| halves.sum()));
        (wanted > allowed).then_some((wanted, allowed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(own: &[u64], wanted: &[u64], source: u64) -> Option<(u64, u64)> {
        Shares(wanted.to_vec()).refused(&Shares(own.to_vec()), own.len(), source, None)
    }

    #[test]
    fn no_more_than_half_goes_unasked() {
        assert_eq!(refused(&[1000], &[500], 0), None);
        assert_eq!(refused(&[1000], &[501], 9999), Some((501, 500)));
        assert_eq!(refused(&[1000, 3], &[9, 2], 999), Some((11, 10)));
        assert_eq!(Shares(vec![7]).refused(&Shares(vec![900]), 1, 0, Some(6)), Some((7, 6)));
    }

    #[test]
    fn nothing_takes_the_place_of_nothing_however_small() {
        for all in 1..50 {
            assert_eq!(refused(&[all], &[all], 0), Some((all, all / 2)));
        }
    }

    #[test]
    fn a_few_names_in_a_small_tree_may_become_others() {
        // The only one; one of two and one of three are no more than half.
        assert_eq!(refused(&[1], &[1], 1), None);
        assert_eq!(refused(&[6], &[5], 6), None);
        assert_eq!(refused(&[24], &[20], 24), None);
        assert_eq!(refused(&[24], &[21], 24), Some((21, 20)));
        // All, of which nothing stays: another directory, it seems.
        assert_eq!(refused(&[6], &[6], 60), Some((6, 3)));
        // One of several sources is empty.
        assert_eq!(refused(&[9, 1], &[0, 1], 10), Some((1, 0)));
        // A mark in a directory on which nothing is mounted, at first and when an earlier run has copied it.
        assert_eq!(refused(&[15], &[15], 1), Some((15, 7)));
        assert_eq!(refused(&[16], &[15], 1), Some((15, 8)));
    }
}
