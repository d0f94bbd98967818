//! The walk over the whole tree: every page's digest leaves as soon as the page is full.

use std::ops::ControlFlow;
use std::sync::mpsc::Sender;

use xssh_fs::{Kind, RelPath};

use super::content::Wish;
use super::{Shared, listing, problem};
use crate::limits::{BATCH, GIVEN_FILE};
use crate::line::Gone;
use crate::owners::Rights;
use crate::page::Pager;
use crate::tree::Item;
use crate::watch::Note;
use crate::wire::message::{FromSource, Page};

/// What a page takes in a batch, about.
const PAGE_BYTES: usize = 64;
/// Entries between two notes of how far the walk is.
const NOTE: u64 = 1024;

pub(super) fn run(shared: &Shared<'_>, key: [u8; 32], rights: Rights, wishes: Sender<Wish>) {
    let mut walk = Walk { shared, wishes, pages: Vec::new(), enough: 1, items: Vec::new(), entries: 0, bytes: 0 };
    if shared.giving.is_some() && shared.line.send(&FromSource::Giving).is_err() {
        return;
    }
    let mut pager = Pager::new(key, shared.options, rights, shared.options.mapping.clone()).with_root();
    let mut clean = true;
    let mut gone = false;
    for (path, error) in shared.tree.missing() {
        let why = match error.is_missing() {
            true if shared.options.ignore_missing_args => continue,
            true => "it was named, and is not there (--ignore-missing-args)".to_owned(),
            false => error.to_string(),
        };
        clean = false;
        problem(shared, path, why);
    }
    shared.tree.walk(&RelPath::root(), None, &mut |found| {
        match found {
            Ok(item) => {
                walk.count(item.meta.size);
                if let Some(page) = pager.push(&item, shared.tree.proof(&item, shared.options).as_ref()) {
                    gone = walk.push(page).is_err();
                }
                walk.items.push(item);
            }
            Err((path, error)) => {
                clean = false;
                problem(shared, path, error.to_string());
            }
        }
        if gone { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let (last, entries, root) = pager.finish();
    if last.is_some_and(|last| walk.push(last).is_err()) {
        return;
    }
    // Where something could not be read, a range is walked again, and says so.
    if clean {
        shared.recent.end();
    }
    walk.note();
    // Nobody sets it but this walk.
    let _ = shared.walked.set(root);
    // An error means that nobody listens any more: the reader of this side knows why.
    let _ = walk.flush().and_then(|()| shared.line.send(&FromSource::PagesEnd { entries, clean, root }));
}

struct Walk<'a> {
    shared: &'a Shared<'a>,
    /// To the readers of contents.
    wishes: Sender<Wish>,
    pages: Vec<Page>,
    /// So many go together: few at first, that the target can begin.
    enough: usize,
    /// The entries of the page that is under way.
    items: Vec<Item>,
    entries: u64,
    bytes: u64,
}

impl Walk<'_> {
    fn push(&mut self, page: Page) -> Result<(), Gone> {
        let items = std::mem::take(&mut self.items);
        if let Some(giving) = &self.shared.giving {
            return self.give(giving.next().ok_or(Gone)?, items);
        }
        self.shared.recent.keep(items);
        self.pages.push(page);
        if self.pages.len() < self.enough {
            return Ok(());
        }
        self.enough = (self.enough * 2).min(BATCH / 8 / PAGE_BYTES);
        self.flush()
    }

    /// Lists a range that nobody asked for, and has its small files sent.
    fn give(&mut self, range: u32, items: Vec<Item>) -> Result<(), Gone> {
        let options = self.shared.options;
        let is_small = |item: &Item| {
            let meta = &item.meta;
            meta.kind == Kind::File && item.same.is_none() && meta.size < GIVEN_FILE && options.takes_size(meta.size)
        };
        let files = (0..).zip(&items).filter(|(_, item)| is_small(item));
        let files = files.map(|(index, item)| (index, item.path.clone())).collect();
        listing::entries(self.shared, range, items)?;
        self.shared.line.send(&FromSource::RangeEnd { range, clean: true, alike: Vec::new() })?;
        self.wishes.send(Wish::Given(range, files)).map_err(|_| Gone)
    }

    fn flush(&mut self) -> Result<(), Gone> {
        if self.pages.is_empty() {
            return Ok(());
        }
        self.shared.line.send(&FromSource::Pages(std::mem::take(&mut self.pages)))
    }

    fn count(&mut self, bytes: u64) {
        self.entries += 1;
        self.bytes += bytes;
        if self.entries == NOTE {
            self.note();
        }
    }

    fn note(&mut self) {
        self.shared.watch.note(Note::Scanned { entries: self.entries, bytes: self.bytes });
        (self.entries, self.bytes) = (0, 0);
    }
}
