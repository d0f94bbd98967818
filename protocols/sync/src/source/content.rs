//! Files that the target wants: small ones many to a message, large ones in pieces or as what differs from a basis.

use std::fs::File;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};

use bytes::Bytes;
use xssh_fs::{FsError, RelPath};

use super::alike::Arriving;
use super::steady::{self, Steady};
use super::{Shared, difference};
use crate::content::{hash, is_zero, read_full};
use crate::digester::Digester;
use crate::limits::{BATCH, DIGESTS, PIECE, SMALL_FILE};
use crate::line::Gone;
use crate::tree::Meta;
use crate::watch::Note;
use crate::wire::message::{FileDigest, FileId, FromSource, Parcel};

/// What the target asks for.
pub(super) enum Wish {
    Whole(FileId),
    /// It does not ask: it is given what small files there are in a range.
    Given(u32, Vec<(u32, RelPath)>),
    Delta(FileId, Arriving),
    Digest(FileId),
}

pub(super) fn run(shared: &Shared<'_>, wishes: &Receiver<Wish>) {
    let mut desk = Desk { shared, parcel: Parcel::default(), bytes: 0, digests: Vec::new() };
    // An error means that the target is gone: the reader of this side knows why.
    let _ = desk.serve(wishes);
}

struct Desk<'a> {
    shared: &'a Shared<'a>,
    /// Small files.
    parcel: Parcel,
    /// The contents in it.
    bytes: u64,
    /// Digests that were asked for.
    digests: Vec<(FileId, FileDigest)>,
}

impl Desk<'_> {
    fn serve(&mut self, wishes: &Receiver<Wish>) -> Result<(), Gone> {
        loop {
            let wish = match wishes.try_recv() {
                Ok(wish) => wish,
                Err(TryRecvError::Disconnected) => return Ok(()),
                Err(TryRecvError::Empty) => {
                    self.flush()?;
                    match wishes.recv() {
                        Ok(wish) => wish,
                        Err(_) => return Ok(()),
                    }
                }
            };
            if self.shared.over.load(Ordering::Relaxed) {
                return Err(Gone);
            }
            if !matches!(wish, Wish::Given(..)) {
                self.shared.wishes.fetch_sub(1, Ordering::Relaxed);
            }
            match wish {
                Wish::Given(range, files) => {
                    for (index, path) in files {
                        let file = FileId { range, index };
                        if let Some(opened) = self.open_at(file, &path)? {
                            self.whole(file, opened)?;
                        }
                    }
                }
                Wish::Whole(file) => {
                    if let Some(opened) = self.open(file)? {
                        self.whole(file, opened)?;
                    }
                }
                Wish::Delta(file, alike) => self.delta(file, alike)?,
                Wish::Digest(file) => self.digest(file)?,
            }
        }
    }

    fn whole(&mut self, file: FileId, (mut open, meta, steady): (File, Meta, Steady)) -> Result<(), Gone> {
        if meta.size <= SMALL_FILE {
            return match self.parcel.add(file, &meta, |payload| steady::read(&open, steady, payload)) {
                Ok(bytes) => self.added(bytes),
                Err(error) => self.missing(file, &error),
            };
        }
        self.flush()?;
        self.shared.line.send(&FromSource::Begin { file, meta })?;
        let mut digester = Digester::new(meta.size);
        let mut left = meta.size;
        while left > 0 {
            let mut piece = vec![0; PIECE.min(usize::try_from(left).unwrap_or(PIECE))];
            match read_full(&mut open, &mut piece) {
                Ok(0) => break,
                Ok(n) => {
                    piece.truncate(n);
                    left -= n as u64;
                    let piece = Bytes::from(piece);
                    digester.update(&piece);
                    self.shared.watch.note(Note::Moved(n as u64));
                    self.shared.line.send(&data(file, piece))?;
                }
                Err(error) => return self.missing(file, &error),
            }
        }
        self.end(file, &open, steady, digester.finish())
    }

    /// What was sent is proved, if it was ever there.
    fn end(&mut self, file: FileId, open: &File, steady: Steady, digest: FileDigest) -> Result<(), Gone> {
        match steady.proves(open, &digest) {
            Ok(()) => {
                self.shared.watch.note(Note::Done);
                self.shared.line.send(&FromSource::End { file, digest })
            }
            Err(error) => self.missing(file, &error),
        }
    }

    fn delta(&mut self, file: FileId, alike: Arriving) -> Result<(), Gone> {
        let Some((open, meta, steady)) = self.open(file)? else { return Ok(()) };
        self.flush()?;
        self.shared.line.send(&FromSource::Begin { file, meta })?;
        match difference::send(self.shared, file, &open, meta.size, alike)? {
            Ok(digest) => self.end(file, &open, steady, digest),
            Err(error) => self.tell_missing(file, false, error.to_string()),
        }
    }

    fn digest(&mut self, file: FileId) -> Result<(), Gone> {
        let Some((open, ..)) = self.open(file)? else { return Ok(()) };
        match hash(Wanted { open, over: &self.shared.over }) {
            Ok(digest) => {
                self.digests.push((file, digest));
                if self.digests.len() >= DIGESTS { self.flush() } else { Ok(()) }
            }
            Err(error) => self.tell_missing(file, false, error.to_string()),
        }
    }

    /// The parcel has one file more.
    fn added(&mut self, bytes: u64) -> Result<(), Gone> {
        self.bytes += bytes;
        self.shared.watch.note(Note::Done);
        if self.parcel.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Gone> {
        if !self.digests.is_empty() {
            self.shared.line.send(&FromSource::Digests(std::mem::take(&mut self.digests)))?;
        }
        if self.parcel.is_empty() {
            return Ok(());
        }
        self.shared.watch.note(Note::Moved(std::mem::take(&mut self.bytes)));
        self.parcel = self.shared.line.send_parcel(std::mem::take(&mut self.parcel))?;
        Ok(())
    }

    /// The file as it is now, or word to the target that it cannot be had. The metadata is older than the content: what
    /// changes while it is read has another time then, and the next run sends it again.
    fn open(&mut self, file: FileId) -> Result<Option<(File, Meta, Steady)>, Gone> {
        let Some(name) = self.shared.shown.name(file) else {
            self.missing(file, &io::Error::other("it was never listed"))?;
            return Ok(None);
        };
        self.open_at(file, &name)
    }

    fn open_at(&mut self, file: FileId, name: &RelPath) -> Result<Option<(File, Meta, Steady)>, Gone> {
        let opened = self.shared.tree.open_entry(name).and_then(|(open, entry, mut meta)| {
            let steady = Steady::new(&open, &entry, &mut meta).map_err(|error| FsError::io(name, error))?;
            Ok((open, meta, steady))
        });
        match opened {
            Ok(opened) => {
                self.shared.watch.note(Note::Begun(name));
                Ok(Some(opened))
            }
            Err(error) => {
                let vanished = error.is_missing();
                self.tell_missing(file, vanished, error.to_string())?;
                Ok(None)
            }
        }
    }

    fn missing(&mut self, file: FileId, error: &io::Error) -> Result<(), Gone> {
        self.tell_missing(file, error.kind() == io::ErrorKind::NotFound, error.to_string())
    }

    fn tell_missing(&mut self, file: FileId, vanished: bool, why: String) -> Result<(), Gone> {
        if !vanished && let Some(path) = self.shared.shown.name(file) {
            self.shared.watch.note(Note::Problem { path: &path, why: &why, remote: false });
        }
        // The target counts it.
        self.shared.line.send(&FromSource::Missing { file, vanished, why })
    }
}

/// A file that is read for as long as anybody listens.
struct Wanted<'a> {
    open: File,
    over: &'a AtomicBool,
}

impl Read for Wanted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.over.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.open.read(buffer)
    }
}

/// A piece of a file; a run of zeros is only said to be one.
pub(super) fn data(file: FileId, bytes: Bytes) -> FromSource {
    if is_zero(&bytes) {
        return FromSource::Zeros { file, length: bytes.len() as u64 };
    }
    FromSource::Data { file, bytes }
}
