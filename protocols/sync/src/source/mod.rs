//! The side that has the tree which is copied. It walks, lists and reads what it is asked for, and decides nothing.
//!
//! In order of use: `pages` (the walk, whose digests are streamed at once), `giving` (a target that has nothing gets it all
//! unasked instead), `recent` (what the walk saw last), `listing` (ranges that the target wants to see), `named` (whose their
//! owners are), `shown` (the names in them), `content` (files that it wants to have), `alike` (what it has of some of them already),
//! `difference` (what is sent of those), `steady` (whether what was read was ever there), `widen` (more
//! lanes for a long line).
//! Each is a thread of its own behind one `Line`; the caller's thread reads what the target says. It must never open a file that it has not listed, and never hold more names than `KEPT_RANGES` ranges.

mod alike;
mod content;
mod difference;
mod giving;
mod listing;
mod named;
mod pages;
mod recent;
mod shown;
mod steady;
#[cfg(test)]
mod tests;
mod widen;

use std::collections::HashSet;
use std::io::{BufReader, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use xssh_fs::RelPath;

use crate::error::SyncError;
use crate::lanes::Lanes;
use crate::limits::{LINE_BUFFER, PROBLEMS, WANTS};
use crate::line::{Line, Shaping};
use crate::options::Options;
use crate::owners::Rights;
use crate::page::EntryDigester;
use crate::summary::Summary;
use crate::tree::Tree;
use crate::watch::{Change, Note, Watch};
use crate::wire::frame;
use crate::wire::message::{FileDigest, FromSource, FromTarget, Message};
use crate::wire::start::Start;
use alike::Alike;
use content::Wish;
use giving::Giving;
use listing::Range;
use named::Named;
use recent::Recent;
use shown::Shown;
use widen::{Metered, Signal};

/// What the threads of a source share.
struct Shared<'a> {
    tree: &'a Tree,
    options: &'a Options,
    watch: &'a dyn Watch,
    line: Line,
    shown: Shown,
    /// The entries of the latest pages.
    recent: Recent,
    /// What the target gets unasked; none where it asks.
    giving: Option<Giving>,
    named: Named,
    /// What went wrong and was said.
    told: Mutex<HashSet<(RelPath, String)>>,
    /// Files that were asked for and not sent.
    wishes: AtomicUsize,
    /// The digest of the whole tree, before the target learns it.
    walked: OnceLock<FileDigest>,
    /// Nobody listens any more.
    over: AtomicBool,
}

/// Serves a tree to the target at the other end, which may set so much, and may have nothing there. `begun`: how long it took until
/// it was ready, where that is known. Returns what the target counted.
///
/// # Errors
/// The line broke, or the target broke the protocol or gave up. Files that cannot be read are told to the target, which
/// counts them.
pub(crate) fn run<'a>(
    tree: &'a Tree,
    start: &'a Start,
    (rights, vacant): (Rights, bool),
    (input, output): (impl Read + Send, impl Write + Send),
    (lanes, begun): (Option<&'a dyn Lanes>, Duration),
    watch: &'a dyn Watch,
) -> Result<Summary, SyncError> {
    let (line, outgoing) = Line::new();
    line.set_long(widen::seems_long(begun));
    let options = &start.options;
    let shared = Shared {
        tree,
        options,
        watch,
        line,
        shown: Shown::default(),
        recent: Recent::default(),
        giving: vacant.then(Giving::default),
        named: Named::default(),
        told: Mutex::default(),
        wishes: 0.into(),
        walked: OnceLock::new(),
        over: false.into(),
    };
    let shared = &shared;
    thread::scope(|scope| {
        let (signal, signals) = sync_channel(2);
        // A line that is held back needs no second one.
        let lanes = lanes.filter(|_| options.bandwidth.is_none());
        let output = Metered::new(output, lanes.map(|_| signal.clone()));
        let writer = scope.spawn(move || shared.line.pump(outgoing, output, &Shaping::of(options)));
        let asked = widen::ask(&shared.line);
        scope.spawn(move || widen::run(shared, lanes, start.key, asked, &signals));
        let (ranges, listed) = channel();
        let (wishes, wanted) = channel();
        let digester = EntryDigester::new(start.key, options, rights.clone(), options.mapping.clone());
        let given = wishes.clone();
        scope.spawn(move || pages::run(shared, start.key, rights, given));
        scope.spawn(move || listing::run(shared, &listed, digester));
        scope.spawn(move || content::run(shared, &wanted));
        let done = listen(shared, input, &ranges, &wishes, &signal);
        shared.over.store(true, Ordering::Relaxed);
        drop((ranges, wishes, signal));
        if let Some(giving) = &shared.giving {
            giving.close();
        }
        if let Some(lanes) = lanes {
            lanes.close();
        }
        shared.line.close();
        let written = writer.join().unwrap_or(Ok(()));
        match (done, written) {
            (Err(SyncError::Ended), Err(error)) => Err(SyncError::Line(error)),
            (done, _) => done,
        }
    })
}

/// Takes what the target says until it has finished. Nothing here waits for anything but the target.
fn listen(
    shared: &Shared<'_>,
    input: impl Read,
    ranges: &Sender<Range>,
    wishes: &Sender<Wish>,
    lanes: &SyncSender<Signal>,
) -> Result<Summary, SyncError> {
    let mut input = BufReader::with_capacity(LINE_BUFFER, input);
    let mut alike = Alike::default();
    while let Some((frame, _)) = frame::read(&mut input)? {
        match FromTarget::decode(frame)? {
            FromTarget::List { .. } if shared.giving.is_some() => {
                return Err(SyncError::Broke("asked to see what it is given anyway"));
            }
            FromTarget::List { range, from, until, have } => {
                shared.shown.ask(range, &from, until.as_ref())?;
                let _ = ranges.send(Range { range, from, until, have });
            }
            FromTarget::Release { range } => {
                let known = shared.shown.release(range);
                if let Some(giving) = shared.giving.as_ref().filter(|_| known) {
                    giving.released();
                }
            }
            FromTarget::Whole(files) => {
                files.into_iter().try_for_each(|file| wish(shared, wishes, Wish::Whole(file)))?;
            }
            FromTarget::Delta { file, length, bits } => {
                wish(shared, wishes, Wish::Delta(file, alike.announce(file, length, bits)?))?;
            }
            FromTarget::Sums { file, strong, sums } => alike.sums(file, strong, sums)?,
            FromTarget::Digests(files) => {
                files.into_iter().try_for_each(|file| wish(shared, wishes, Wish::Digest(file)))?;
            }
            FromTarget::Change { path, what } => {
                if let Some(change) = Change::from_number(what) {
                    shared.watch.note(Note::Change(&path, change));
                }
            }
            FromTarget::Problem { path, why } => {
                shared.watch.note(Note::Problem { path: &path, why: &why, remote: true });
            }
            FromTarget::Lanes { welcome } => {
                // Said more often than it was asked, it is not waited for.
                let _ = lanes.try_send(Signal::Answer { welcome });
            }
            FromTarget::Outlook(outlook) => shared.watch.note(Note::Outlook(outlook)),
            FromTarget::Finished(summary) if shared.walked.get() == Some(&summary.root) => return Ok(*summary),
            FromTarget::Finished(_) => return Err(SyncError::Broke("finished another tree than it was shown")),
            FromTarget::Failed { why } => return Err(SyncError::GaveUp(why)),
        }
    }
    Err(SyncError::Ended)
}

fn wish(shared: &Shared<'_>, wishes: &Sender<Wish>, wish: Wish) -> Result<(), SyncError> {
    let before = shared.wishes.fetch_add(1, Ordering::Relaxed);
    if before > WANTS * 8 {
        return Err(SyncError::Broke("wants more files at a time than it may"));
    }
    let _ = wishes.send(wish);
    Ok(())
}

/// Tells the target of something that went wrong here, and the user. What the walk came by, a listing comes by again.
fn problem(shared: &Shared<'_>, path: RelPath, why: String) {
    let mut told = shared.told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if told.contains(&(path.clone(), why.clone())) {
        return;
    }
    if told.len() < PROBLEMS {
        told.insert((path.clone(), why.clone()));
    }
    drop(told);
    shared.watch.note(Note::Problem { path: &path, why: &why, remote: false });
    let _ = shared.line.send(&FromSource::Problem { path, why });
}
