//! The pages of both sides, merged into ranges that differ.
//!
//! A page reaches from its first name to the first name of the next. Where both sides cut a page at the same two names and
//! the digests agree, nothing in between differs. Everything else is cut into ranges at every name where either side cuts. Where the
//! source is to learn nothing of our names, all is listed, and cut at its own alone.

use std::collections::VecDeque;

use xssh_fs::RelPath;

use crate::error::SyncError;
use crate::limits::PAGES;
use crate::owners::NOT_COMPARED;
use crate::wire::message::Page;

/// A stretch of names in which something differs, or in which references have what the tree itself has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) from: RelPath,
    /// `None` is the end.
    pub(super) until: Option<RelPath>,
    /// Nothing differs from what references have.
    pub(super) same: bool,
    /// We have nothing in it.
    pub(super) vacant: bool,
}

/// A page of one side.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) page: Page,
    /// It has something that only a reference has.
    pub(super) borrowed: bool,
    /// The last entry in it, where that is known: of our own.
    pub(super) last: Option<RelPath>,
}

/// One side's pages that were not compared yet.
#[derive(Debug, Default)]
struct Side {
    pages: VecDeque<Known>,
    ended: bool,
}

impl Side {
    /// Where the first page ends, if that is known: `Some(None)` is the end of the tree.
    fn end_of_first(&self) -> Option<Option<&RelPath>> {
        match self.pages.get(1) {
            Some(next) => Some(Some(&next.page.first)),
            None if self.ended => Some(None),
            None => None,
        }
    }
}

/// Compares pages as they come.
#[derive(Debug)]
pub(super) struct Comparison {
    owners: bool,
    /// Our own pages count.
    tells: bool,
    source: Side,
    own: Side,
    /// Everything before is compared; `None` when all is.
    at: Option<RelPath>,
    taken: usize,
}

impl Comparison {
    /// `owners`: owners and groups are compared too. `tells`: the source may learn what is here.
    pub(super) fn new(owners: bool, tells: bool) -> Self {
        let own = Side { ended: !tells, ..Side::default() };
        Self { owners, tells, source: Side::default(), own, at: Some(RelPath::root()), taken: 0 }
    }

    pub(super) fn source(&mut self, pages: Vec<Page>) -> Result<(), SyncError> {
        for page in pages {
            self.take(1)?;
            if self.source.pages.back().is_some_and(|before| before.page.first >= page.first) {
                return Err(SyncError::Broke("sent pages out of order"));
            }
            self.source.pages.push_back(Known { page, borrowed: false, last: None });
        }
        Ok(())
    }

    pub(super) fn source_ended(&mut self) {
        self.source.ended = true;
    }

    /// The source has no pages: there is nothing to compare.
    pub(super) fn source_lists(&mut self) {
        self.at = None;
    }

    pub(super) fn own(&mut self, page: Known) -> Result<(), SyncError> {
        self.take(1)?;
        if self.tells {
            self.own.pages.push_back(page);
        }
        Ok(())
    }

    pub(super) fn own_ended(&mut self) {
        self.own.ended = true;
    }

    /// Whether both sides are compared to their ends.
    pub(super) fn is_done(&self) -> bool {
        self.at.is_none()
    }

    fn take(&mut self, pages: usize) -> Result<(), SyncError> {
        self.taken += pages;
        if self.taken > 2 * PAGES {
            return Err(SyncError::Limit { what: "pages of entries", limit: PAGES });
        }
        Ok(())
    }

    /// The next stretch that differs, as far as that can be said now.
    pub(super) fn next(&mut self) -> Option<Stretch> {
        loop {
            let at = self.at.clone()?;
            // A side without a page here has nothing from here on, or has not said yet.
            let source_end = self.end(&self.source)?;
            let own_end = self.end(&self.own)?;
            let (source, own) = (self.source.pages.front(), self.own.pages.front());
            let same = match (source, own) {
                (Some(Known { page: source, .. }), Some(Known { page: own, .. })) => {
                    source.first == own.first
                        && source.first == at
                        && source_end == own_end
                        && source.digest == own.digest
                        && (!self.owners || source.owners == NOT_COMPARED || source.owners == own.owners)
                }
                (None, None) => true,
                _ => false,
            };
            let borrowed = own.is_some_and(|own| own.borrowed);
            let is_over = |own: &Known| own.page.first > at || own.last.as_ref().is_some_and(|last| *last < at);
            let vacant = self.tells && own.is_none_or(is_over);
            let until = earlier(source_end, own_end);
            self.advance(until.as_ref());
            if !same || borrowed {
                return Some(Stretch { from: at, until, same, vacant });
            }
        }
    }

    /// Where a side's first page ends; the outer `None`: that is not known yet.
    fn end(&self, side: &Side) -> Option<Option<RelPath>> {
        if side.pages.is_empty() {
            return side.ended.then_some(None);
        }
        let Known { page: front, .. } = side.pages.front()?;
        if self.at.as_ref().is_some_and(|at| front.first > *at) {
            return Some(Some(front.first.clone()));
        }
        side.end_of_first().map(|end| end.cloned())
    }

    fn advance(&mut self, until: Option<&RelPath>) {
        for side in [&mut self.source, &mut self.own] {
            let over = match until {
                None => true,
                // Behind the name where the next page begins nothing of the first is left.
                Some(until) => side.pages.get(1).is_some_and(|next| next.page.first <= *until),
            };
            if over {
                side.pages.pop_front();
            }
        }
        self.at = until.cloned();
    }
}

/// The earlier of two ends, of which `None` is the last.
fn earlier(one: Option<RelPath>, other: Option<RelPath>) -> Option<RelPath> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Pages that cut where a name ends in 0, and whose digest is over names and values.
    fn pages(tree: &BTreeMap<u16, u8>) -> Vec<Known> {
        let mut pages: Vec<Known> = Vec::new();
        let mut hasher = blake3::Hasher::new();
        let close = |pages: &mut Vec<Known>, hasher: &mut blake3::Hasher| {
            if let Some(last) = pages.last_mut() {
                last.page.digest.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
            }
            hasher.reset();
        };
        let named = tree.iter().map(|(name, value)| (path(*name), *name, *value));
        for (first, name, value) in std::iter::once((RelPath::root(), 1, 0)).chain(named) {
            if pages.is_empty() || name % 10 == 0 {
                close(&mut pages, &mut hasher);
                let page = Page { first: first.clone(), digest: [0; 16], owners: [0; 16] };
                pages.push(Known { page, borrowed: false, last: None });
            }
            if let Some(page) = pages.last_mut() {
                page.last = Some(first.clone());
            }
            hasher.update(first.as_bytes());
            hasher.update(&[value]);
        }
        close(&mut pages, &mut hasher);
        pages
    }

    fn path(name: u16) -> RelPath {
        RelPath::parse(format!("{name:05}").as_bytes()).unwrap()
    }

    fn stretches(source: &BTreeMap<u16, u8>, own: &BTreeMap<u16, u8>, interleave: &[bool]) -> Vec<Stretch> {
        let mut comparison = Comparison::new(true, true);
        let (mut source, mut own) = (pages(source).into_iter(), pages(own).into_iter());
        let mut found = Vec::new();
        let mut turns = interleave.iter().copied().cycle();
        let (mut source_open, mut own_open) = (true, true);
        while source_open || own_open {
            if turns.next().unwrap_or(true) && source_open {
                match source.next() {
                    Some(known) => comparison.source(vec![known.page]).unwrap(),
                    None => {
                        source_open = false;
                        comparison.source_ended();
                    }
                }
            } else if own_open {
                match own.next() {
                    Some(page) => comparison.own(page).unwrap(),
                    None => {
                        own_open = false;
                        comparison.own_ended();
                    }
                }
            } else if source_open {
                continue;
            }
            found.extend(std::iter::from_fn(|| comparison.next()));
        }
        assert!(comparison.is_done());
        found
    }

    /// Where the source is to learn nothing, it is asked about its own names alone.
    #[test]
    fn what_is_listed_says_nothing_of_what_is_here() {
        let tree = |names: std::ops::Range<u16>| names.map(|name| (name, 0)).collect::<BTreeMap<u16, u8>>();
        let mut comparison = Comparison::new(true, false);
        for own in pages(&tree(0..95)) {
            comparison.own(own).unwrap();
        }
        comparison.own_ended();
        let theirs = pages(&tree(5..45));
        let cuts: Vec<RelPath> = theirs.iter().map(|known| known.page.first.clone()).collect();
        comparison.source(theirs.into_iter().map(|known| known.page).collect()).unwrap();
        comparison.source_ended();
        let found: Vec<Stretch> = std::iter::from_fn(|| comparison.next()).collect();
        assert!(comparison.is_done() && found.iter().all(|stretch| !stretch.same && !stretch.vacant));
        assert_eq!(found.iter().map(|stretch| stretch.from.clone()).collect::<Vec<_>>(), cuts);
        assert_eq!(found.last().and_then(|last| last.until.clone()), None);
    }

    proptest! {
        #[test]
        fn every_difference_is_in_a_stretch_and_stretches_do_not_overlap(
            source: BTreeMap<u16, u8>, changes: BTreeMap<u16, Option<u8>>, turns in prop::collection::vec(any::<bool>(), 2..9),
        ) {
            let mut turns = turns;
            turns.extend([true, false]);
            let mut own = source.clone();
            for (name, change) in &changes {
                match change {
                    Some(value) => { own.insert(*name, *value); }
                    None => { own.remove(name); }
                }
            }
            let found = stretches(&source, &own, &turns);
            for pair in found.windows(2) {
                prop_assert!(pair[0].until.as_ref().is_some_and(|until| *until <= pair[1].from));
            }
            let is_in = |path: &RelPath, s: &Stretch| s.from <= *path && s.until.as_ref().is_none_or(|until| path < until);
            let within = |path: &RelPath| found.iter().any(|s| is_in(path, s));
            for name in own.keys() {
                prop_assert!(!found.iter().any(|s| s.vacant && is_in(&path(*name), s)), "{name} is in a vacant {found:?}");
            }
            for name in source.keys().chain(own.keys()) {
                if source.get(name) != own.get(name) {
                    prop_assert!(within(&path(*name)), "{name} is not in {found:?}");
                }
            }
            if source == own {
                prop_assert!(found.is_empty());
            }
        }
    }
}
