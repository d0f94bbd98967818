//! The entries of the pages that the walk has just left: where they differ, the target asks for them at once, and the disk
//! need not be asked again.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use xssh_fs::RelPath;

use crate::limits::RECENT;
use crate::tree::Item;

/// Pages with their entries, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    pages: VecDeque<Vec<Item>>,
    entries: usize,
    /// The walk is over: nothing follows the last page.
    ended: bool,
}

impl Recent {
    fn with<T>(&self, work: impl FnOnce(&mut Held) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps a page; the oldest go.
    pub(super) fn keep(&self, page: Vec<Item>) {
        self.with(|held| {
            held.entries += page.len();
            held.pages.push_back(page);
            while held.entries > RECENT {
                let Some(oldest) = held.pages.pop_front() else { break };
                held.entries -= oldest.len();
            }
        });
    }

    /// Nothing follows.
    pub(super) fn end(&self) {
        self.with(|held| held.ended = true);
    }

    /// The entries from a name to another, where all of them are held as one page or several.
    pub(super) fn take(&self, from: &RelPath, until: Option<&RelPath>) -> Option<Vec<Item>> {
        self.with(|held| {
            let beginning =
                |path: &RelPath| held.pages.iter().position(|page| page.first().is_some_and(|item| item.path == *path));
            let begin = beginning(from)?;
            let end = match until {
                // A target may ask for anything.
                Some(until) => beginning(until).filter(|end| *end >= begin)?,
                None if held.ended => held.pages.len(),
                None => return None,
            };
            let taken: Vec<Item> = held.pages.drain(begin..end).flatten().collect();
            held.entries -= taken.len();
            Some(taken)
        })
    }
}
