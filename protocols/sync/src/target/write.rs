//! Contents, into staged files, and from there under their names.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write as _};
use std::sync::mpsc::{Receiver, SyncSender};

use bytes::Bytes;
use xssh_fs::{Attributes, FsError, Kind, Refused, RelPath, Staged, StandIn, Xattr, copy_range, name_beside};
use xssh_os::descriptors::close;

use super::growing::{Growing, Grown};
use super::ledger::Wanted;
use super::place::Place;
use super::{Event, Shared};
use crate::limits::{COPIED_AT_ONCE, SMALL_FILE};
use crate::tree::{Item, Meta};
use crate::watch::{Change, Note};
use crate::wire::message::{FileDigest, FileId, Small};

/// What a writer is given. Between `Begin` and its end all is of one file.
pub(super) enum Work {
    Small(Vec<(Wanted, Small)>),
    Begin { file: FileId, wanted: Wanted, meta: Meta },
    Data(Bytes),
    Copy { offset: u64, length: u64 },
    Zeros(u64),
    Apart,
    End(FileDigest),
    Missing(String),
}

/// Extended attributes that are ACLs; only directories have the second.
pub(super) const ACLS: [&[u8]; 2] = [b"system.posix_acl_access", b"system.posix_acl_default"];

/// What happens to the file that is under way.
enum State {
    Idle,
    Growing(Box<Growing>),
    /// It failed here already: what still comes of it is dropped.
    Failed(FileId),
}

pub(super) fn run(shared: &Shared<'_>, queue: &Receiver<Work>, events: &SyncSender<Event>) {
    let mut writer = Writer { shared, events, state: State::Idle };
    let mut queue = Queue { inbox: queue, next: None };
    while let Some(work) = queue.next() {
        writer.take(work);
    }
    // The line broke in the middle of a file: the next run goes on from what came of it.
    if let State::Growing(growing) = writer.state {
        growing.keep();
    }
}

/// What is to be done, in order. Copies that go on from one another come as one: the threads that share one wait for each other
/// where it begins and ends.
struct Queue<'a> {
    inbox: &'a Receiver<Work>,
    /// What came behind a copy, and was none that went on.
    next: Option<Work>,
}

impl Queue<'_> {
    fn next(&mut self) -> Option<Work> {
        let work = self.next.take().or_else(|| self.inbox.recv().ok())?;
        let Work::Copy { offset, mut length } = work else { return Some(work) };
        while length < COPIED_AT_ONCE {
            match self.inbox.try_recv() {
                Ok(Work::Copy { offset: from, length: more })
                    if offset.checked_add(length) == Some(from) && length.checked_add(more).is_some() =>
                {
                    length += more;
                }
                Ok(other) => {
                    self.next = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        Some(Work::Copy { offset, length })
    }
}

struct Writer<'a> {
    shared: &'a Shared<'a>,
    events: &'a SyncSender<Event>,
    state: State,
}

impl Writer<'_> {
    fn take(&mut self, work: Work) {
        match work {
            Work::Small(files) => {
                let mut written = 0;
                for (wanted, small) in &files {
                    self.small(wanted, small);
                    written += small.bytes.len() as u64;
                }
                self.shared.watch.note(Note::Moved(written));
                // Where nobody decides any more, the run is over.
                let _ = self.events.send(Event::Settled(files.iter().map(|(_, small)| small.file).collect()));
            }
            Work::Begin { file, wanted, meta } => {
                self.shared.watch.note(Note::Begun(&wanted.item.path));
                self.state = match self.begin(file, &wanted, meta) {
                    Ok(growing) => State::Growing(Box::new(growing)),
                    Err(error) => {
                        self.shared.problem(&wanted.item.path, &error.to_string());
                        State::Failed(file)
                    }
                };
            }
            Work::Data(bytes) => {
                self.shared.watch.note(Note::Moved(bytes.len() as u64));
                if let State::Growing(growing) = &self.state {
                    // Small files of another writer may have been named meanwhile.
                    self.shared.watch.note(Note::Begun(&growing.wanted.item.path));
                }
                self.grow(|growing| growing.data(&bytes));
            }
            Work::Copy { offset, length } => {
                self.shared.watch.note(Note::Moved(length));
                self.shared.watch.note(Note::Reused(length));
                self.grow(|growing| growing.copy(offset, length));
            }
            Work::Zeros(length) => {
                self.shared.watch.note(Note::Moved(length));
                self.grow(|growing| growing.zeros(length));
            }
            Work::Apart => self.grow(|growing| {
                growing.go_apart();
                Ok(())
            }),
            Work::End(digest) => self.end(&digest),
            Work::Missing(why) => match std::mem::replace(&mut self.state, State::Idle) {
                State::Growing(growing) => {
                    self.shared.problem(&growing.wanted.item.path, &why);
                    self.settle(growing.file);
                }
                State::Failed(file) => self.settle(file),
                State::Idle => {}
            },
        }
    }

    fn settle(&self, file: FileId) {
        // Where nobody decides any more, the run is over.
        let _ = self.events.send(Event::Settled(vec![file]));
    }

    fn small(&self, wanted: &Wanted, small: &Small) {
        let path = &wanted.item.path;
        self.shared.watch.note(Note::Begun(path));
        if *blake3::hash(&small.bytes).as_bytes() != small.digest {
            return self.shared.problem(path, "its contents were damaged on the way");
        }
        let room = self.claim(wanted, small.bytes.len() as u64, 0);
        let done = room.and_then(|()| Place::of(self.shared, wanted, false)).and_then(|place| {
            place.file().write_all(&small.bytes).map_err(|error| FsError::io(path, error))?;
            self.finish(place, wanted, &small.meta, small.bytes.len() as u64)
        });
        match done {
            Ok(()) => self.written(wanted, small.bytes.len() as u64, small.bytes.len() as u64),
            Err(error) => self.shared.problem(path, &error.to_string()),
        }
    }

    fn written(&self, wanted: &Wanted, size: u64, literal: u64) {
        self.shared.watch.note(Note::Done);
        self.shared.ledger.file(size);
        self.shared.ledger.content(literal, size - literal.min(size));
        self.shared.change(&wanted.item.path, if wanted.replaces { Change::Contents } else { Change::NewFile });
    }

    /// Takes room for what is about to be written. `left`: the size of what a run that was cut has left of it, which goes too.
    fn claim(&self, wanted: &Wanted, size: u64, left: u64) -> Result<(), FsError> {
        let (root, own) = self.shared.tree.place(&wanted.item.path)?;
        // What is kept as a backup, of which it becomes another name, makes no room.
        let goes = wanted.replaces && (self.shared.options.backup.is_none() || Place::is_within(self.shared, wanted));
        let old = if goes { root.stat(&own).ok().filter(|there| there.links == 1) } else { None };
        root.claim(&own, size, old.map_or(0, |there| there.size).saturating_add(left))
    }

    fn begin(&self, file: FileId, wanted: &Wanted, meta: Meta) -> Result<Growing, FsError> {
        let (root, own) = self.shared.tree.place(&wanted.item.path)?;
        self.claim(wanted, meta.size, root.partial(&own).map_or(0, |(_, size)| size))?;
        let (basis, place) = match self.shared.bases.take(file) {
            Some((held, place)) => (Some(held), place),
            None => (None, Place::of(self.shared, wanted, true)?),
        };
        Ok(Growing::new(file, wanted.clone(), meta, place, basis, self.shared.options.sparse))
    }

    /// Gives complete contents their name, and what belongs to them.
    fn finish(&self, place: Place, wanted: &Wanted, meta: &Meta, length: u64) -> Result<(), FsError> {
        let (path, xattrs) = (&wanted.item.path, &wanted.item.xattrs);
        let mut meta = self.shared.tree.here(self.shared.translation.here(meta));
        if !self.shared.options.modes {
            // What they are to be here was decided when it was listed.
            meta.mode = wanted.item.meta.mode;
        }
        let attributes = attributes(self.shared, &meta, xattrs);
        // A small file was written in one go, and has its length.
        if length > SMALL_FILE || matches!(place, Place::Within(_)) {
            place.file().set_len(length).map_err(|error| FsError::io(path, error))?;
        }
        match place {
            Place::Within(file) => {
                if self.shared.options.fsync {
                    file.sync_data().map_err(|error| FsError::io(path, error))?;
                }
                let (root, own) = self.shared.tree.place(path)?;
                if self.shared.options.xattrs || self.shared.options.acls {
                    // A file that stays keeps what the source's has no more.
                    for old in root.xattrs(&own)?.iter().filter(|old| self.shared.tree.keeps(&old.name)) {
                        if xattrs.iter().all(|new| new.name != old.name) {
                            root.remove_xattr(&own, &kept_name(self.shared, &old.name))?;
                        }
                    }
                }
                set(self.shared, path, &attributes)?;
                close(file).map_err(|error| FsError::io(path, error))
            }
            Place::Beside(staged) => {
                handed_down(self.shared, &ACLS[..1], xattrs).try_for_each(|name| staged.remove_xattr(name))?;
                if !wanted.vacant {
                    self.shared.back_up(path, false)?;
                }
                settle(self.shared, (path, staged), &attributes, !wanted.vacant)
            }
        }
    }

    fn grow(&mut self, step: impl FnOnce(&mut Growing) -> io::Result<()>) {
        if let State::Growing(growing) = &mut self.state
            && let Err(error) = step(growing)
        {
            let file = growing.file;
            self.shared.problem(&growing.wanted.item.path, &error.to_string());
            self.state = State::Failed(file);
        }
    }

    fn end(&mut self, digest: &FileDigest) {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Growing(growing) => self.complete(*growing, digest),
            State::Failed(file) => self.settle(file),
            State::Idle => {}
        }
    }

    fn complete(&self, growing: Growing, digest: &FileDigest) {
        let Grown { file, wanted, meta, literal, place, digest: own, length } = growing.finish();
        let path = &wanted.item.path;
        if own != *digest {
            drop(place);
            if wanted.again {
                self.shared.problem(path, "its contents were damaged on the way, twice");
                return self.settle(file);
            }
            self.shared.ledger.want(file, Wanted { again: true, ..wanted });
            let _ = self.events.send(Event::Again(file));
            return;
        }
        match self.finish(place, &wanted, &meta, length) {
            Ok(()) => self.written(&wanted, length, literal),
            Err(error) => self.shared.problem(path, &error.to_string()),
        }
        self.settle(file);
    }
}

/// The ACLs that a new entry may have from the directory above, and that are none of the source's.
pub(super) fn handed_down<'a>(
    shared: &Shared<'_>,
    acls: &'a [&'static [u8]],
    xattrs: &'a [Xattr],
) -> impl Iterator<Item = &'static [u8]> + 'a {
    let (kept, fakes) = (shared.options.acls, shared.translation.fakes);
    acls.iter().copied().filter(move |name| kept && (fakes || xattrs.iter().all(|xattr| &*xattr.name != *name)))
}

/// The name that an extended attribute has here.
pub(super) fn kept_name<'a>(shared: &Shared<'_>, name: &'a [u8]) -> Cow<'a, [u8]> {
    if shared.translation.fakes { name_beside(name) } else { Cow::Borrowed(name) }
}

/// Gives what is staged its name. Where that is to outlast a power loss, its contents are on the disk before: a name without
/// them would be neither old nor new.
pub(super) fn settle(
    shared: &Shared<'_>,
    (path, staged): (&RelPath, Staged),
    attributes: &Attributes<'_>,
    replaces: bool,
) -> Result<(), FsError> {
    if shared.options.fsync {
        staged.flush()?;
    }
    let refused = Refused::default();
    let attributes = Attributes { refused: Some(&refused), ..*attributes };
    if replaces {
        staged.finish(&attributes)?
    } else {
        staged.finish_new(&attributes)?
    }
    tell_refused(shared, path, &refused);
    Ok(())
}

/// Sets what belongs to an entry that is there. Extended attributes that its file system does not take are told: false where
/// there are any.
pub(super) fn set(shared: &Shared<'_>, path: &RelPath, attributes: &Attributes<'_>) -> Result<bool, FsError> {
    let (root, own) = shared.tree.place(path)?;
    let refused = Refused::default();
    root.set(&own, &Attributes { refused: Some(&refused), ..*attributes })?;
    tell_refused(shared, path, &refused);
    Ok(refused.is_empty())
}

/// What cannot be kept here is no reason to go without the contents. The next run finds that it differs, and tries again.
fn tell_refused(shared: &Shared<'_>, path: &RelPath, refused: &Refused) {
    if !refused.is_empty() {
        shared.problem(path, &format!("not all that belongs to it can be kept here: {refused}"));
    }
}

/// Makes a file of what another on our side holds. `replaces`: in place of something that is there.
pub(super) fn copy(shared: &Shared<'_>, from: &File, item: &Item, replaces: bool) -> Result<(), FsError> {
    let (root, own) = shared.tree.place(&item.path)?;
    root.claim(&own, item.meta.size, 0)?;
    let staged = root.stage(&own)?;
    copy_range(from, 0, staged.file(), 0, item.meta.size).map_err(|error| FsError::io(&own, error))?;
    handed_down(shared, &ACLS[..1], &item.xattrs).try_for_each(|name| staged.remove_xattr(name))?;
    let attributes = attributes(shared, &item.meta, &item.xattrs);
    settle(shared, (&item.path, staged), &attributes, replaces)
}

/// What a new entry is given, or one that is there.
pub(super) fn attributes<'a>(shared: &Shared<'_>, meta: &Meta, xattrs: &'a [Xattr]) -> Attributes<'a> {
    let (options, translation) = (shared.options, &shared.translation);
    let keeps_time = options.times && !(options.omit_dir_times && meta.kind == Kind::Directory);
    let given = Attributes {
        mode: Some(meta.mode),
        mtime: keeps_time.then_some(meta.mtime),
        uid: translation.user(options, meta),
        gid: translation.group(options, meta),
        xattrs,
        beside: translation.fakes.then_some(meta.mode),
        stand_in: None,
        without: &[],
        refused: None,
    };
    if translation.fakes { standing_in(shared, meta, given) } else { given }
}

/// The same for an account that may not set all of it: what it may not is kept beside.
fn standing_in<'a>(shared: &Shared<'_>, meta: &Meta, given: Attributes<'a>) -> Attributes<'a> {
    let translation = &shared.translation;
    let least = if meta.kind == Kind::Directory { 0o700 } else { 0o600 };
    let workable = meta.mode & 0o777 | least;
    let is_ours = given.uid.is_none_or(|uid| uid == translation.own_user)
        && given.gid.is_none_or(|gid| translation.own_groups.contains(&gid));
    let is_plain = match meta.kind {
        Kind::File | Kind::Directory => is_ours && given.mode.is_none_or(|mode| mode == workable),
        Kind::Symlink => is_ours,
        _ => false,
    };
    if is_plain {
        let stand_in = if meta.kind == Kind::Symlink { None } else { Some(None) };
        return Attributes { uid: None, stand_in, ..given };
    }
    let kept = StandIn {
        kind: meta.kind,
        mode: meta.mode,
        rdev: meta.device,
        uid: given.uid.unwrap_or(translation.own_user),
        gid: given.gid.or_else(|| translation.own_groups.last().copied()).unwrap_or_default(),
    };
    Attributes { mode: Some(workable), uid: None, gid: None, stand_in: Some(Some(kept)), ..given }
}
