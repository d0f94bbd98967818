//! Entry by entry, in the ranges that differ: what is made, asked for, set, or to be deleted.

mod admission;
mod ahead;
mod alike;
mod displaced;
mod doubted;
mod given;
mod kept;
mod moved;
mod names;
mod permissions;
mod ranges;
mod references;

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::{Receiver, Sender};

use xssh_fs::{Kind, RelPath};

use self::ahead::Ahead;
use super::compare::{Comparison, Stretch};
use super::finish::Finish;
use super::ledger::Wanted;
use super::moves::Moves;
use super::survey::Survey;
use super::{Event, Shared, sweep};
use crate::error::SyncError;
use crate::limits::SMALL_FILE;
use crate::page::EntryDigester;
use crate::summary::Summary;
use crate::tree::{Difference, Item};
use crate::watch::Change;
use crate::wire::message::{FileDigest, FileId, FromTarget};
use doubted::Doubted;
pub(super) use kept::Kept;
use permissions::Usual;
use ranges::Listing;

/// What the source said of its whole tree.
struct Walked {
    entries: u64,
    clean: bool,
    root: FileDigest,
}

pub(super) struct Decider<'a> {
    shared: &'a Shared<'a>,
    comparison: Comparison,
    stretches: VecDeque<Stretch>,
    listings: HashMap<u32, Listing>,
    next_range: u32,
    /// Files of a range that are not settled yet: with the last of them the source may forget the range.
    open: HashMap<u32, usize>,
    unsettled: usize,
    walked: Option<Walked>,
    own_clean: Option<bool>,
    /// What earlier runs have left, and others have staged.
    left: Vec<RelPath>,
    clean: bool,
    alike: Sender<Survey>,
    whole: Vec<FileId>,
    /// Files whose contents are compared, because sizes and times do not count: the source's, and ours.
    doubted: HashMap<FileId, Doubted>,
    moves: Moves,
    digester: EntryDigester,
    finish: &'a mut Finish,
    kept: Kept<'a>,
    usual: Usual,
    ahead: Ahead,
    /// The source lists unasked.
    is_given: bool,
    /// The last entry of the last range that came so.
    last_given: Option<RelPath>,
    /// The latest directory here that stays in the place of something else.
    standing: Option<RelPath>,
    /// The latest directory of the source's that cannot be made.
    barred: Option<RelPath>,
    /// The latest directory that is not the source's, and that earlier runs have kept.
    backed_up: Option<RelPath>,
    /// First names of files that cannot be had, and the names that take their part.
    heirs: HashMap<RelPath, RelPath>,
    /// What the source does not have is gone, if it goes.
    is_cleared: bool,
}

/// Decides until everything is done.
pub(super) fn run(
    shared: &Shared<'_>,
    inbox: &Receiver<Event>,
    alike: Sender<Survey>,
    digester: EntryDigester,
    finish: &mut Finish,
) -> Result<Summary, SyncError> {
    let mut decider = Decider {
        shared,
        comparison: Comparison::new(shared.options.owners || shared.options.groups, shared.tree.tells()),
        stretches: VecDeque::new(),
        listings: HashMap::new(),
        next_range: 0,
        open: HashMap::new(),
        unsettled: 0,
        walked: None,
        own_clean: None,
        left: Vec::new(),
        clean: true,
        alike,
        whole: Vec::new(),
        doubted: HashMap::new(),
        moves: Moves::default(),
        digester,
        finish,
        kept: Kept::new(shared.tree),
        usual: Usual::of(shared.options),
        ahead: Ahead::default(),
        is_given: false,
        last_given: None,
        standing: None,
        barred: None,
        backed_up: None,
        heirs: HashMap::new(),
        is_cleared: false,
    };
    let done = decider.work(inbox);
    if let Err(error) = &done
        && !matches!(error, SyncError::Ended)
    {
        let _ = shared.line.send(&FromTarget::Failed { why: error.to_string() });
    }
    done
}

impl Decider<'_> {
    fn work(&mut self, inbox: &Receiver<Event>) -> Result<Summary, SyncError> {
        loop {
            while let Some(stretch) = self.comparison.next() {
                if !stretch.same || !self.fill(&stretch) {
                    self.stretches.push_back(stretch);
                }
            }
            self.ask()?;
            self.look_ahead();
            if self.is_compared() && self.moves.are_to_resolve() {
                self.resolve_moves()?;
            }
            if let Some(Walked { entries, clean, root }) = &self.walked
                && let Some(own_clean) = self.own_clean
                && self.is_idle()
            {
                let (entries, root) = (*entries, *root);
                if !self.is_cleared {
                    let clean = *clean && own_clean && self.clean;
                    // They may be in directories that go.
                    for path in &self.left {
                        self.finish.touch(self.shared, path);
                        sweep(self.shared, path);
                    }
                    if self.clear(clean, entries) {
                        continue;
                    }
                }
                self.finish.run(self.shared)?;
                let summary = self.shared.ledger.summary(entries, root);
                let finished = FromTarget::Finished(Box::new(summary));
                self.shared.line.send_last(&finished).map_err(|_| SyncError::Ended)?;
                return Ok(summary);
            }
            let event = inbox.recv().map_err(|_| SyncError::Ended)?;
            self.take(event)?;
        }
    }

    /// Whether all names of both sides are compared.
    fn is_compared(&self) -> bool {
        let is_listed = !self.is_given || self.walked.is_some();
        self.comparison.is_done() && self.stretches.is_empty() && self.listings.is_empty() && is_listed
    }

    fn is_idle(&self) -> bool {
        self.is_compared() && self.unsettled == 0 && self.moves.is_idle()
    }

    fn send(&self, message: &FromTarget) -> Result<(), SyncError> {
        self.shared.line.send(message).map_err(|_| SyncError::Ended)
    }

    fn take(&mut self, event: Event) -> Result<(), SyncError> {
        match event {
            Event::Giving => self.begin_given()?,
            Event::Pages(pages) => self.comparison.source(pages)?,
            Event::PagesEnd { entries, clean, root } => {
                self.comparison.source_ended();
                self.walked = Some(Walked { entries, clean, root });
            }
            Event::Own(page) => self.comparison.own(page)?,
            Event::OwnEnd { entries, clean, left, keys } => {
                self.comparison.own_ended();
                (self.own_clean, self.left) = (Some(clean), left);
                self.finish.own_entries = entries;
                let new = self.moves.own_walk_ended(keys);
                self.want_held(new)?;
            }
            Event::Entries { range, items } => self.entries(range, items)?,
            Event::RangeEnd { range, clean, alike } => {
                let listing = self.listings.remove(&range).ok_or(UNASKED)?;
                self.clean &= clean;
                let last = listing.last().filter(|_| self.is_given);
                self.range(range, listing, &alike)?;
                if self.is_given {
                    self.given(last);
                }
            }
            Event::Settled(files) => files.into_iter().try_for_each(|file| self.settled(file))?,
            Event::Again(file) => self.send(&FromTarget::Whole(vec![file]))?,
            Event::Digests(files) => {
                files.into_iter().try_for_each(|(file, digest)| self.digest(file, &digest))?;
            }
            Event::NoDigest(file, why) => {
                if let Some(held) = self.moves.take(file) {
                    return self.moved(file, held, None);
                }
                let Doubted { theirs, .. } = self.doubted.remove(&file).ok_or(UNASKED)?;
                self.shared.problem(&theirs.path, &why);
                self.settled(file)?;
            }
            Event::Fatal(error) => return Err(error),
        }
        Ok(())
    }

    /// Asks for the files that came together.
    fn flush_wishes(&mut self) -> Result<(), SyncError> {
        if self.whole.is_empty() {
            return Ok(());
        }
        let whole = std::mem::take(&mut self.whole);
        self.send(&FromTarget::Whole(whole))
    }

    fn entry(&mut self, file: FileId, mut theirs: Item, mine: Option<Item>) -> Result<(), SyncError> {
        let options = self.shared.options;
        theirs.meta.mode = self.usual.mode(&theirs.meta, mine.as_ref().map(|mine| &mine.meta));
        if !self.takes_part(&theirs) || self.is_barred(&theirs.path) {
            mine.iter().for_each(|mine| self.stands(&theirs, mine));
            return Ok(());
        }
        if options.ignore_existing
            && let Some(mine) = mine.as_ref().filter(|mine| !is_directory(&theirs, mine))
        {
            self.pass_over(&theirs, mine);
            return Ok(());
        }
        let Some(theirs) = self.another_name(theirs, mine.as_ref()) else { return Ok(()) };
        match mine {
            None if self.leaves_new() => Ok(()),
            None => match self.refer(file, theirs)? {
                Some(theirs) => self.make(file, theirs, None),
                None => Ok(()),
            },
            Some(mine) if !is_directory(&theirs, &mine) && !self.shared.tree.may_replace(&theirs.path) => {
                self.leave(&theirs, &mine);
                Ok(())
            }
            Some(mine) if mine.meta.kind != theirs.meta.kind => self.make(file, theirs, Some(&mine)),
            Some(mine) => {
                let differs = Difference::between(&theirs, &mine, options, &self.shared.translation);
                if theirs.meta.kind == Kind::File {
                    self.file(file, theirs, &mine, differs)
                } else if differs.kind {
                    self.make(file, theirs, Some(&mine))
                } else {
                    self.attributes(&theirs, &mine, differs);
                    Ok(())
                }
            }
        }
    }

    /// A file that both sides have.
    fn file(&mut self, file: FileId, theirs: Item, mine: &Item, differs: Difference) -> Result<(), SyncError> {
        let options = self.shared.options;
        if options.update && mine.meta.mtime > theirs.meta.mtime {
            return Ok(());
        }
        if differs.size || differs.linked || (differs.time && !options.checksum) {
            return self.want(file, theirs, Some(mine));
        }
        if options.checksum {
            return self.doubt(file, Doubted { theirs, mine: mine.clone(), reference: None });
        }
        self.attributes(&theirs, mine, differs);
        Ok(())
    }

    /// Asks for a file's contents.
    fn want(&mut self, file: FileId, theirs: Item, mine: Option<&Item>) -> Result<(), SyncError> {
        self.want_instead(file, theirs, mine, mine.is_none())
    }

    /// The same; `vacant` where nothing stands there, of another kind either.
    fn want_instead(&mut self, file: FileId, theirs: Item, mine: Option<&Item>, vacant: bool) -> Result<(), SyncError> {
        let shared = self.shared;
        if shared.options.dry_run {
            if shared.options.hard_links {
                self.finish.written(&theirs.path);
            }
            shared.ledger.file(theirs.meta.size);
            shared.change(&theirs.path, if mine.is_some() { Change::Contents } else { Change::NewFile });
            return Ok(());
        }
        // Before anything is removed to make room.
        self.finish.touch(shared, &theirs.path);
        let due = match self.room(&theirs, mine) {
            Ok(due) => due,
            Err(why) => {
                shared.problem(&theirs.path, &why);
                return Ok(());
            }
        };
        self.ahead.want(theirs.meta.size);
        self.count_owner(&theirs);
        let comes = self.comes_unasked(&theirs);
        let basis = if theirs.meta.size > SMALL_FILE { self.basis(&theirs.path, mine) } else { None };
        let wanted = Wanted { item: theirs, replaces: mine.is_some(), vacant, again: false, due };
        shared.ledger.want(file, wanted);
        self.unsettled += 1;
        *self.open.entry(file.range).or_default() += 1;
        match basis {
            Some(kind) => self.alike.send(Survey { file, kind }).map_err(|_| SyncError::Ended),
            None if comes => Ok(()),
            None => {
                self.whole.push(file);
                Ok(())
            }
        }
    }

    /// Counts what is not going to have its owner.
    fn count_owner(&self, theirs: &Item) {
        if self.shared.translation.drops_owner(self.shared.options, &theirs.meta) {
            self.shared.ledger.owner_dropped();
        }
    }

    fn settled(&mut self, file: FileId) -> Result<(), SyncError> {
        self.unsettled = self.unsettled.saturating_sub(1);
        self.settle_held(file)
    }

    fn release(&mut self, range: u32) -> Result<(), SyncError> {
        if self.open.get(&range) == Some(&0) {
            self.open.remove(&range);
            self.send(&FromTarget::Release { range })?;
        }
        Ok(())
    }

    /// Something that is not here, or is something else here.
    fn make(&mut self, file: FileId, theirs: Item, mine: Option<&Item>) -> Result<(), SyncError> {
        let shared = self.shared;
        match mine {
            Some(mine) if mine.meta.kind == Kind::Directory => {
                self.displace(&theirs, mine);
                return Ok(());
            }
            Some(mine) => {
                if let Err(error) = self.finish.clear(shared, mine, theirs.meta.kind) {
                    shared.problem(&theirs.path, &error.to_string());
                    self.stands(&theirs, mine);
                    self.bar(&theirs);
                    return Ok(());
                }
            }
            None => {}
        }
        if theirs.meta.kind == Kind::File {
            return match mine {
                Some(_) => self.want_instead(file, theirs, None, false),
                None => self.new_file(file, theirs),
            };
        }
        self.make_other(&theirs, mine.is_some());
        Ok(())
    }

    /// Makes anything but a file. `replaces`: in place of something of another kind.
    fn make_other(&mut self, theirs: &Item, replaces: bool) {
        let shared = self.shared;
        self.count_owner(theirs);
        let change = if theirs.meta.kind == Kind::Directory { Change::NewDirectory } else { Change::NewOther };
        if !shared.options.dry_run
            && let Err(error) = self.finish.make(shared, theirs, replaces)
        {
            return shared.problem(&theirs.path, &error.to_string());
        }
        shared.ledger.made();
        shared.change(&theirs.path, change);
    }

    /// Sets what is not content.
    fn attributes(&mut self, theirs: &Item, mine: &Item, differs: Difference) {
        if differs.is_none() {
            return;
        }
        let shared = self.shared;
        if !shared.options.dry_run {
            match self.finish.attributes(shared, theirs, mine) {
                Ok(true) => {}
                Ok(false) if differs == (Difference { xattrs: true, ..Difference::default() }) => return,
                Ok(false) => {}
                Err(error) => return shared.problem(&theirs.path, &error.to_string()),
            }
        }
        shared.ledger.touched();
        shared.change(&theirs.path, Change::Attributes);
    }
}

/// Whether both sides have a directory, whose times and permissions go with what appears in it.
fn is_directory(theirs: &Item, mine: &Item) -> bool {
    theirs.meta.kind == Kind::Directory && mine.meta.kind == Kind::Directory
}

const UNASKED: SyncError = SyncError::Broke("answered what it was not asked");
