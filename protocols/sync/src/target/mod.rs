//! The side whose tree is changed. It alone decides: it asks for what it needs, and takes nothing that it did not ask for.
//!
//! In order of use: `union` (the tree and the references beside it), `compare` (page digests of both sides, merged into ranges
//! that differ), `decide` (entry by entry in those ranges: what is made, asked for, set, or to be deleted), `given` (what comes
//! unasked where nothing is here), `moves` (files that are here under another name), `survey` (reads files that are here already,
//! and tells the source of them; `likeness` is what they are, `basis` what is known of one), `write` (contents, into staged
//! files; `place` is where, `growing` a large one as it comes), `backups` (what
//! is replaced or deleted), `finish` (deletions, and the metadata of directories). The caller's thread reads what the source says
//! and waits for nothing but the disk; the decider is a thread of its own, and so are the walk, the survey and the writers.
//!
//! It must never follow a name of the source's outside the tree (that is `xssh_fs::Root`'s work: no path is opened here),
//! never show half of a file under its final name, and never delete after a scan with errors.

mod backups;
mod basis;
mod compare;
mod decide;
mod due;
mod finish;
mod given;
mod growing;
mod ledger;
mod likeness;
mod listen;
mod moves;
mod place;
mod survey;
#[cfg(test)]
mod tests;
mod union;
mod write;

use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::sync::mpsc::{SyncSender, channel, sync_channel};
use std::thread;

use xssh_fs::{RelPath, StagedBy, is_partial_name, is_staged_here, is_staged_name};

use crate::error::SyncError;
use crate::lanes::Landing;
use crate::limits::{EVENTS, WRITER_QUEUE, WRITERS};
use crate::line::{Line, Shaping};
use crate::options::{Options, Reuse};
use crate::owners::{Rights, Translation};
use crate::page::{EntryDigester, Pager};
use crate::summary::Summary;
use crate::tree::{Item, Tree};
use crate::watch::{Change, Note, Outlook, Watch};
use crate::wire::message::{FileDigest, FileId, FromTarget, Page};
use crate::wire::start::Start;
use basis::Bases;
use compare::Known;
use finish::{Finish, Shares};
use given::Given;
use ledger::Ledger;
use moves::Keys;
use union::Seen;

/// What the threads of a target share.
struct Shared<'a> {
    tree: &'a Tree,
    options: &'a Options,
    watch: &'a dyn Watch,
    line: Line,
    ledger: Ledger,
    bases: Bases,
    given: Given,
    translation: Translation,
    /// The source hears of changes: it is the user's side.
    tells_source: bool,
    /// The run's key.
    key: [u8; 32],
}

/// What reaches the decider.
enum Event {
    /// There are none: all is listed unasked.
    Giving,
    Pages(Vec<Page>),
    PagesEnd {
        entries: u64,
        clean: bool,
        root: FileDigest,
    },
    /// Whether it has something that only a reference has.
    Own(Known),
    /// Also what earlier runs have left of files, which this one may use, and what others have staged.
    OwnEnd {
        entries: Shares,
        clean: bool,
        left: Vec<RelPath>,
        keys: Keys,
    },
    Entries {
        range: u32,
        items: Vec<Item>,
    },
    RangeEnd {
        range: u32,
        clean: bool,
        alike: Vec<u32>,
    },
    /// Files are done with, well or not.
    Settled(Vec<FileId>),
    /// A file came otherwise than its digest says: once more, whole.
    Again(FileId),
    Digests(Vec<(FileId, FileDigest)>),
    NoDigest(FileId, String),
    /// The run cannot go on.
    Fatal(SyncError),
}

impl Shared<'_> {
    /// Tells the user's side of a change.
    fn change(&self, path: &RelPath, change: Change) {
        if !self.options.itemize {
            return;
        }
        if self.tells_source {
            // Where the source is gone, its silence is noticed elsewhere.
            let _ = self.line.send(&FromTarget::Change { path: path.clone(), what: change.number() });
        } else {
            self.watch.note(Note::Change(path, change));
        }
    }

    /// Tells the user's side what is still to come.
    fn outlook(&self, outlook: Outlook) {
        if self.tells_source {
            // Where the source is gone, its silence is noticed elsewhere.
            let _ = self.line.send(&FromTarget::Outlook(outlook));
        } else {
            self.watch.note(Note::Outlook(outlook));
        }
    }

    /// Counts something that could not be done, and tells the user's side.
    fn problem(&self, path: &RelPath, why: &str) {
        self.ledger.failed();
        if self.tells_source {
            let _ = self.line.send(&FromTarget::Problem { path: path.clone(), why: why.to_owned() });
        }
        self.watch.note(Note::Problem { path, why, remote: false });
    }

    /// Whether a file here has another name: that of a reference, or one that may be another file at the source.
    fn is_shared(&self, path: &RelPath) -> bool {
        self.tree.place(path).and_then(|(root, own)| root.stat(&own)).is_ok_and(|entry| entry.links > 1)
    }

    /// Whether what belongs to a file here would be set for more than the names that it has at the source.
    fn is_shared_with_others(&self, path: &RelPath) -> bool {
        (self.options.reuse() == Some(Reuse::Link) || !self.options.hard_links) && self.is_shared(path)
    }
}

/// Makes a tree like that of the source at the other end. `vacant`: the source was told that there is nothing here.
/// `tells_source`: the user sits at the source.
///
/// # Errors
/// The line broke, the source broke the protocol or gave up, or nothing can be written any more. What fails with single
/// files is counted in the summary.
pub(crate) fn run(
    tree: &Tree,
    start: &Start,
    (rights, vacant): (Rights, bool),
    (input, output): (impl Read + Send, impl Write + Send),
    landing: Option<&dyn Landing>,
    watch: &dyn Watch,
    tells_source: bool,
) -> Result<Summary, SyncError> {
    let (line, outgoing) = Line::new();
    let options = &start.options;
    let (ledger, bases, translation) = (Ledger::default(), Bases::default(), Translation::new(options));
    let given = Given::new(vacant);
    let shared = Shared { tree, options, watch, line, ledger, bases, given, translation, tells_source, key: start.key };
    let (shared, mut finish) = (&shared, Finish::default());
    let left_open = &mut finish;
    let done = thread::scope(|scope| {
        let writer = scope.spawn(move || shared.line.pump(outgoing, output, &Shaping::default()));
        let (events, inbox) = sync_channel(EVENTS);
        // Never more than files that are wanted.
        let (alike, wanted) = channel();
        let mut writers = Vec::new();
        for _ in 0..WRITERS {
            let (work, queue) = sync_channel(WRITER_QUEUE);
            let events = events.clone();
            scope.spawn(move || write::run(shared, &queue, &events));
            writers.push(work);
        }
        let walk = events.clone();
        let own_rights = rights.clone();
        scope.spawn(move || own_pages(shared, start.key, rights, &walk));
        let unread = events.clone();
        scope.spawn(move || survey::run(shared, &wanted, &unread));
        let digester = EntryDigester::new(start.key, options, own_rights, None);
        let decider = scope.spawn(move || {
            let decided = decide::run(shared, &inbox, alike, digester, left_open);
            shared.given.close();
            // Nothing follows: whoever stands between us and the source waits for our end, not only for the source's.
            shared.line.close();
            decided
        });
        let heard = listen::run(shared, input, landing, &events, writers);
        shared.bases.close();
        drop(events);
        let decided = decider.join().unwrap_or(Err(SyncError::Ended));
        shared.line.close();
        let written = writer.join().unwrap_or(Ok(()));
        match (heard, decided, written) {
            (_, Ok(summary), Ok(())) => Ok(summary),
            (Err(error), Err(SyncError::Ended), _) | (_, Err(error), _) => Err(error),
            (_, _, Err(error)) => Err(SyncError::Line(error)),
        }
    });
    // Where it broke off, nobody writes any more by now.
    shared.bases.clear();
    finish.close(shared);
    done
}

/// The pages of our own tree, and of what references have beside it. What earlier runs have left is swept, but for what this one
/// may use.
fn own_pages(shared: &Shared<'_>, key: [u8; 32], rights: Rights, events: &SyncSender<Event>) {
    let mut pager = Pager::new(key, shared.options, rights, None);
    let mut keys = Keys::default();
    let (mut clean, mut borrowed, mut entries) = (true, false, Shares::default());
    let mut last = None;
    let mut left = Vec::new();
    union::walk(shared.tree, None, &mut |found| {
        match found {
            Ok(Seen { item, .. }) if is_staged_name(item.path.name()) => {
                if is_partial_name(item.path.name()) || staged_by(shared, &item.path) != StagedBy::Here {
                    left.push(item.path);
                } else if !is_staged_here(item.path.name()) {
                    sweep(shared, &item.path);
                }
            }
            Ok(Seen { item, reference }) => {
                if reference.is_none() {
                    keys.add(&item.meta);
                    entries.count(shared.tree, &item.path, 1);
                }
                let tree = reference.map_or(shared.tree, |at| &shared.tree.references()[at]);
                if let Some(page) = pager.push(&item, tree.proof(&item, shared.options).as_ref()) {
                    let page = Known { page, borrowed: std::mem::take(&mut borrowed), last: last.take() };
                    if events.send(Event::Own(page)).is_err() {
                        return ControlFlow::Break(());
                    }
                }
                borrowed |= reference.is_some();
                last = Some(item.path);
            }
            Err((path, error)) => {
                clean = false;
                if shared.tree.tells() {
                    shared.problem(&path, &error.to_string());
                } else {
                    shared.problem(&RelPath::root(), "not all that is here can be read");
                }
            }
        }
        ControlFlow::Continue(())
    });
    let (page, ..) = pager.finish();
    if let Some(page) = page {
        let _ = events.send(Event::Own(Known { page, borrowed, last }));
    }
    keys.sort();
    let _ = events.send(Event::OwnEnd { entries, clean, left, keys });
}

/// Removes what a run has left. This run holds the tree, so nobody else works on it; but others may hold a directory in it, or one
/// that leads to it. What they need stays, unless this run is to delete and nobody holds that directory.
fn sweep(shared: &Shared<'_>, path: &RelPath) {
    if shared.options.dry_run {
        return;
    }
    let Ok((root, own)) = shared.tree.place(path) else { return };
    let _lock = match StagedBy::of(&own) {
        StagedBy::Here => None,
        StagedBy::Below(directory) if shared.options.delete => match root.lock_below(&directory) {
            Ok(lock) => Some(lock),
            Err(_) => return,
        },
        StagedBy::Below(_) | StagedBy::Above => return,
    };
    // What cannot be removed is shown by no walk.
    let _ = root.remove_file(&own);
}

fn staged_by(shared: &Shared<'_>, path: &RelPath) -> StagedBy {
    shared.tree.place(path).map_or(StagedBy::Here, |(_, own)| StagedBy::of(&own))
}
