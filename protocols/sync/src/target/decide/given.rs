//! Ranges that the source gives unasked, because there is nothing here.

use xssh_fs::RelPath;

use super::ranges::Listing;
use super::{Decider, UNASKED};
use crate::error::SyncError;
use crate::limits::{GIVEN, GIVEN_FILE};
use crate::target::compare::Stretch;
use crate::tree::Item;

impl Decider<'_> {
    /// From now on the source lists by itself.
    pub(super) fn begin_given(&mut self) -> Result<(), SyncError> {
        if !self.shared.given.is_offered || self.is_given || self.walked.is_some() {
            return Err(UNASKED);
        }
        self.is_given = true;
        self.comparison.source_lists();
        Ok(())
    }

    /// A new range of the source's own, from this entry on.
    pub(super) fn given_range(&mut self, range: u32, first: &Item) -> Result<(), SyncError> {
        let follows = self.last_given.as_ref().is_none_or(|last| *last < first.path);
        if range != self.next_range || !follows || !self.listings.is_empty() || self.open.len() > GIVEN {
            return Err(SyncError::Broke("gave more than it may at a time, or in another order"));
        }
        // Nothing was made yet where the first begins.
        let whole = Stretch { from: first.path.clone(), until: None, same: false, vacant: range > 0 };
        let mut own = if whole.vacant { Vec::new() } else { self.own(&whole) };
        own.retain(|item| item.path.is_root());
        self.listings.insert(range, Listing::new(whole, own));
        self.next_range += 1;
        Ok(())
    }

    /// All of a range has come, and is decided about.
    pub(super) fn given(&mut self, last: Option<RelPath>) {
        self.last_given = last;
        self.shared.given.decided();
    }

    /// Whether a file's contents come without a word.
    pub(super) fn comes_unasked(&self, theirs: &Item) -> bool {
        self.is_given && theirs.meta.size < GIVEN_FILE
    }
}
