//! Contents, into staged files, and from there under their names.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt;
use std::sync::mpsc::{Receiver, SyncSender};

use bytes::Bytes;
use xssh_fs::{Attributes, FsError, Staged};

use super::ledger::Wanted;
use super::{Event, Shared};
use crate::limits::PIECE;
use crate::tree::Meta;
use crate::watch::{Change, Note};
use crate::wire::message::{FileDigest, FileId, Small};

/// What a writer is given. Between `Begin` and its end all is of one file.
pub(super) enum Work {
    Small(Vec<(Wanted, Small)>),
    Begin { file: FileId, wanted: Wanted, meta: Meta },
    Data(Bytes),
    Copy { offset: u64, length: u64 },
    End(FileDigest),
    Missing(String),
}

/// A large file as it grows.
struct Growing {
    file: FileId,
    wanted: Wanted,
    meta: Meta,
    staged: Staged,
    basis: Option<File>,
    hasher: blake3::Hasher,
    written: u64,
    literal: u64,
    buffer: Vec<u8>,
}

/// What happens to the file that is under way.
enum State {
    Idle,
    Growing(Box<Growing>),
    /// It failed here already: what still comes of it is dropped.
    Failed(FileId),
}

pub(super) fn run(shared: &Shared<'_>, queue: &Receiver<Work>, events: &SyncSender<Event>) {
    let mut writer = Writer { shared, events, state: State::Idle };
    while let Ok(work) = queue.recv() {
        writer.take(work);
    }
    // The line broke in the middle of a file: the next run goes on from what came of it.
    if let State::Growing(growing) = writer.state {
        growing.staged.keep();
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
                self.grow(|growing| growing.data(&bytes));
            }
            Work::Copy { offset, length } => {
                self.shared.watch.note(Note::Moved(length));
                self.grow(|growing| growing.copy(offset, length));
            }
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
        if *blake3::hash(&small.bytes).as_bytes() != small.digest {
            return self.shared.problem(path, "its contents were damaged on the way");
        }
        let done = (|| {
            let (root, own) = self.shared.tree.place(path)?;
            let staged = root.stage(&own)?;
            staged.file().write_all(&small.bytes).map_err(|error| FsError::io(&own, error))?;
            staged.finish(&attributes(self.shared, &small.meta, wanted.replaces))
        })();
        match done {
            Ok(()) => self.written(wanted, small.bytes.len() as u64, small.bytes.len() as u64),
            Err(error) => self.shared.problem(path, &error.to_string()),
        }
    }

    fn written(&self, wanted: &Wanted, size: u64, literal: u64) {
        self.shared.ledger.file(size);
        self.shared.ledger.content(literal, size - literal.min(size));
        self.shared.change(&wanted.item.path, if wanted.replaces { Change::Contents } else { Change::NewFile });
    }

    fn begin(&self, file: FileId, wanted: &Wanted, meta: Meta) -> Result<Growing, FsError> {
        let path = &wanted.item.path;
        // Before the staged file takes the name of what is left of an earlier one.
        let basis = wanted.basis.map(|kind| kind.open(self.shared.tree, path)).transpose()?;
        let (root, own) = self.shared.tree.place(path)?;
        let staged = root.stage_partial(&own)?;
        Ok(Growing {
            file,
            wanted: wanted.clone(),
            meta,
            staged,
            basis,
            hasher: blake3::Hasher::new(),
            written: 0,
            literal: 0,
            buffer: Vec::new(),
        })
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
        let Growing { file, wanted, meta, staged, hasher, written, literal, .. } = growing;
        let path = &wanted.item.path;
        if hasher.finalize().as_bytes() != digest {
            drop(staged);
            if wanted.again {
                self.shared.problem(path, "its contents were damaged on the way, twice");
                return self.settle(file);
            }
            self.shared.ledger.want(file, Wanted { again: true, basis: None, ..wanted });
            let _ = self.events.send(Event::Again(file));
            return;
        }
        match staged.finish(&attributes(self.shared, &meta, wanted.replaces)) {
            Ok(()) => self.written(&wanted, written, literal),
            Err(error) => self.shared.problem(path, &error.to_string()),
        }
        self.settle(file);
    }
}

impl Growing {
    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.staged.file().write_all(bytes)?;
        self.written += bytes.len() as u64;
        self.literal += bytes.len() as u64;
        Ok(())
    }

    /// From the basis, through memory: the digest needs the bytes anyway.
    fn copy(&mut self, mut offset: u64, mut length: u64) -> io::Result<()> {
        let Some(basis) = &self.basis else {
            return Err(io::Error::other("the other side named parts of a file that is not here"));
        };
        self.buffer.resize(PIECE, 0);
        while length > 0 {
            let room = PIECE.min(usize::try_from(length).unwrap_or(PIECE));
            let n = basis.read_at(&mut self.buffer[..room], offset)?;
            if n == 0 {
                return Err(io::Error::other("the file changed here while it was compared"));
            }
            let bytes = &self.buffer[..n];
            self.hasher.update(bytes);
            self.staged.file().write_all(bytes)?;
            (offset, length) = (offset.saturating_add(n as u64), length - n as u64);
            self.written += n as u64;
        }
        Ok(())
    }
}

/// What a new file is given.
pub(super) fn attributes(shared: &Shared<'_>, meta: &Meta, replaces: bool) -> Attributes {
    let options = shared.options;
    Attributes {
        mode: (options.modes || !replaces).then_some(meta.mode),
        mtime: options.times.then_some(meta.mtime),
        owner: options.owners.then_some((meta.uid, meta.gid)),
    }
}
