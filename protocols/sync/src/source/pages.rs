//! The walk over the whole tree: every page's digest leaves as soon as the page is full.

use std::ops::ControlFlow;

use xssh_fs::RelPath;

use super::{Shared, problem};
use crate::limits::BATCH;
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

pub(super) fn run(shared: &Shared<'_>, key: [u8; 32], rights: Rights) {
    let mut walk = Walk { shared, pages: Vec::new(), items: Vec::new(), entries: 0, bytes: 0 };
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
    walk.pages.extend(last);
    shared.recent.keep(std::mem::take(&mut walk.items));
    // Where something could not be read, a range is walked again, and says so.
    if clean {
        shared.recent.end();
    }
    walk.note();
    // An error means that nobody listens any more: the reader of this side knows why.
    let _ = walk.flush().and_then(|()| shared.line.send(&FromSource::PagesEnd { entries, clean, root }));
}

struct Walk<'a> {
    shared: &'a Shared<'a>,
    pages: Vec<Page>,
    /// The entries of the page that is under way.
    items: Vec<Item>,
    entries: u64,
    bytes: u64,
}

impl Walk<'_> {
    fn push(&mut self, page: Page) -> Result<(), Gone> {
        self.shared.recent.keep(std::mem::take(&mut self.items));
        self.pages.push(page);
        if self.pages.len() * PAGE_BYTES >= BATCH / 8 { self.flush() } else { Ok(()) }
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
