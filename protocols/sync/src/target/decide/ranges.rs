//! Ranges that differ: what is here of them, what the source has otherwise, and both side by side.

use std::ops::ControlFlow;

use xssh_fs::{Kind, RelPath};

use super::{Decider, UNASKED};
use crate::error::SyncError;
use crate::limits::{KEPT_RANGES, LISTS, PAGE_ENTRIES, WANTS};
use crate::target::compare::Stretch;
use crate::tree::Item;
use crate::wire::message::{FileId, FromTarget};

/// A range that the source was asked to list.
pub(super) struct Listing {
    pub(super) stretch: Stretch,
    /// What is here.
    own: Vec<Item>,
    items: Vec<Item>,
}

impl Listing {
    pub(super) fn new(stretch: Stretch, own: Vec<Item>) -> Self {
        Self { stretch, own, items: Vec::new() }
    }

    /// The last entry that was listed.
    pub(super) fn last(&self) -> Option<RelPath> {
        self.items.last().map(|item| item.path.clone())
    }
}

impl Decider<'_> {
    /// Asks for the next ranges, as many as may be under way.
    pub(super) fn ask(&mut self) -> Result<(), SyncError> {
        while self.listings.len() < LISTS && self.open.len() < KEPT_RANGES && self.unsettled < WANTS {
            let Some(stretch) = self.stretches.pop_front() else { break };
            let range = self.next_range;
            self.next_range =
                range.checked_add(1).ok_or(SyncError::Limit { what: "ranges", limit: u32::MAX as usize })?;
            let own = if stretch.vacant { Vec::new() } else { self.own(&stretch) };
            // Where contents are compared, being alike takes more than a look at the entry.
            // And what they are is not told where that is not to be known.
            let compares = !self.shared.options.checksum && self.shared.tree.tells();
            let have = own.iter().filter(|_| compares).map(|item| self.digester.of(item)).collect();
            let (from, until) = (stretch.from.clone(), stretch.until.clone());
            self.send(&FromTarget::List { range, from, until, have })?;
            self.listings.insert(range, Listing::new(stretch, own));
        }
        Ok(())
    }

    pub(super) fn entries(&mut self, range: u32, items: Vec<Item>) -> Result<(), SyncError> {
        if let (true, Some(first)) = (self.is_given && !self.listings.contains_key(&range), items.first()) {
            self.given_range(range, first)?;
        }
        let listing = self.listings.get_mut(&range).ok_or(UNASKED)?;
        let (tree, translation) = (self.shared.tree, &self.shared.translation);
        for mut item in items {
            item.meta = tree.here(translation.here(&item.meta));
            item.xattrs.retain(|xattr| tree.keeps(&xattr.name));
            let is_next = listing.items.last().is_none_or(|last| last.path < item.path);
            let is_within = listing.stretch.from <= item.path
                && listing.stretch.until.as_ref().is_none_or(|until| item.path < *until);
            // Twice a page: the tree may have grown since it was cut.
            if !is_next || !is_within || listing.items.len() > 2 * PAGE_ENTRIES as usize {
                return Err(SyncError::Broke("listed names that do not belong where it was asked to look"));
            }
            listing.items.push(item);
        }
        Ok(())
    }

    /// Merges what the source listed with what is here and not alike.
    pub(super) fn range(&mut self, range: u32, listing: Listing, alike: &[u32]) -> Result<(), SyncError> {
        let differs = differing(listing.own.len(), alike)?;
        let mut own = listing.own.into_iter().zip(differs).peekable();
        self.open.insert(range, 0);
        for (index, theirs) in listing.items.into_iter().enumerate() {
            while let Some((extra, differs)) = own.next_if(|(own, _)| own.path < theirs.path) {
                self.extra(&extra, differs);
            }
            let mine = own.next_if(|(own, _)| own.path == theirs.path).map(|(mine, _)| mine);
            let Ok(mine) = mine.map_or_else(|| self.unseen(&theirs), |mine| Ok(Some(mine))) else { continue };
            let file = FileId { range, index: u32::try_from(index).unwrap_or(u32::MAX) };
            self.entry(file, theirs, mine)?;
        }
        own.for_each(|(extra, differs)| self.extra(&extra, differs));
        self.flush_wishes()?;
        self.release(range)
    }

    /// What is here of an entry that our rules, which may be older than the source's, keep from view. What takes no part makes no
    /// room, a directory least of all: that is an error, and is told.
    fn unseen(&mut self, theirs: &Item) -> Result<Option<Item>, ()> {
        // Nothing stands where a directory has made way, in a trial at least as far as is to be told.
        if self.is_given || self.is_cleared || !self.shared.tree.hides() {
            return Ok(None);
        }
        let mine = self.shared.tree.look(&theirs.path).ok();
        if theirs.meta.kind != Kind::Directory && mine.as_ref().is_some_and(|mine| mine.meta.kind == Kind::Directory) {
            self.finish.keep_out(&theirs.path);
            self.shared.problem(&theirs.path, "a directory that takes no part, as rules have it, is in its place");
            return Err(());
        }
        Ok(mine)
    }

    pub(super) fn own(&mut self, stretch: &Stretch) -> Vec<Item> {
        let mut own = Vec::new();
        let mut clean = true;
        let shared = self.shared;
        shared.tree.walk(&stretch.from, stretch.until.as_ref(), &mut |found| {
            match found {
                Ok(item) => own.push(item),
                // The walk over everything has told of it.
                Err(_) => clean = false,
            }
            ControlFlow::Continue(())
        });
        self.clean &= clean;
        own
    }
}

/// Which of so many entries here are not alike at the source, where so many are, so many next are not, and so on.
fn differing(entries: usize, alike: &[u32]) -> Result<Vec<bool>, SyncError> {
    let mut differs = Vec::with_capacity(entries);
    for (at, run) in alike.iter().enumerate() {
        let run = *run as usize;
        if run > entries - differs.len() {
            return Err(SyncError::Broke("says of more entries than there are that they are alike"));
        }
        differs.resize(differs.len() + run, at % 2 == 1);
    }
    differs.resize(entries, true);
    Ok(differs)
}
