//! A file of which the target has something alike: only what differs is sent.
//!
//! Blocks at the same offset are compared first, as the sums of the target's arrive; the chaining values that are made for that
//! are the inner nodes of the file's own digest. Where the two go apart, the rest is searched for what has moved.

use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;

use bytes::Bytes;
use xssh_delta::{Aligned, Blocks, Chaining, DeltaError, Op, Search, Sums, Tree, chain};

use super::Shared;
use super::alike::Arriving;
use super::content::data;
use crate::content::read_full_at;
use crate::limits::PIECE;
use crate::line::Gone;
use crate::spans::in_order;
use crate::watch::Note;
use crate::wire::message::{FileDigest, FileId, FromSource};

/// What is searched at a time.
const WINDOW: usize = 1 << 20;

/// Why a file is not sent to its end.
enum Stop {
    Gone,
    Failed(DeltaError),
}

impl From<Gone> for Stop {
    fn from(Gone: Gone) -> Self {
        Self::Gone
    }
}

impl From<DeltaError> for Stop {
    fn from(error: DeltaError) -> Self {
        Self::Failed(error)
    }
}

/// Sends the operations that make the file of what the target has. Gives its digest.
pub(super) fn send(
    shared: &Shared<'_>,
    file: FileId,
    open: &File,
    size: u64,
    alike: Arriving,
) -> Result<Result<FileDigest, DeltaError>, Gone> {
    let mut way = Way { shared, file, open, at: 0 };
    match way.send(size, alike) {
        Ok(digest) => Ok(Ok(digest)),
        Err(Stop::Failed(error)) => Ok(Err(error)),
        Err(Stop::Gone) => Err(Gone),
    }
}

/// The operations on their way to the target.
struct Way<'a> {
    shared: &'a Shared<'a>,
    file: FileId,
    open: &'a File,
    /// Where in the new file the next operation begins.
    at: u64,
}

impl Way<'_> {
    fn send(&mut self, size: u64, mut alike: Arriving) -> Result<FileDigest, Stop> {
        let own = alike.sums().blocks().in_file(size);
        let mut tree = Tree::new(own);
        // The chaining value of an only block is no inner node.
        let from = if own.count() > 1 { self.compare(&own, &mut alike, &mut tree)? } else { 0 };
        if from < size {
            self.shared.line.send(&FromSource::Apart { file: self.file })?;
            self.search(from, size, alike, &mut tree)?;
        }
        Ok(*tree.finish().as_bytes())
    }

    /// Sends what is alike at the same offset. Says from where on nothing is decided.
    fn compare(&mut self, own: &Blocks, alike: &mut Arriving, tree: &mut Tree) -> Result<u64, Stop> {
        let open = self.open;
        let mut aligned = Aligned::new(own.file_len(), alike.sums());
        let (mut ops, mut sent) = (Vec::new(), Ok::<_, Stop>(()));
        let chained = |buffer: &mut Vec<u8>, span| {
            let range = own.span(span);
            let bytes = &mut buffer[..(range.end - range.start) as usize];
            open.read_exact_at(bytes, range.start).map(|()| chain(bytes, range.start, own))
        };
        let mut take = |chained: Vec<Chaining>| {
            chained.iter().for_each(|chaining| tree.push(*chaining));
            alike.wait_for(tree.at().div_ceil(own.block_len()))?;
            aligned.push(&chained, alike.sums(), &mut ops);
            self.pass_on(None, &mut ops)?;
            Ok::<_, Stop>(aligned.is_apart())
        };
        in_order(
            own.spans(),
            || vec![0; own.span_len()],
            chained,
            |chained: io::Result<_>| {
                // What cannot be read is left to the search, which tells why, or where the file ends now.
                let Ok(chained) = chained else { return ControlFlow::Break(()) };
                match take(chained) {
                    Ok(false) => return ControlFlow::Continue(()),
                    Ok(true) => {}
                    Err(stop) => sent = Err(stop),
                }
                ControlFlow::Break(())
            },
        );
        sent?;
        aligned.finish(alike.sums(), &mut ops);
        self.pass_on(None, &mut ops)?;
        Ok(aligned.differs_from())
    }

    /// Sends the rest, with what of it is in the basis at any offset.
    fn search(&mut self, from: u64, size: u64, alike: Arriving, tree: &mut Tree) -> Result<(), Stop> {
        let open = self.open;
        let mut search = Search::new(alike, from);
        if self.shared.options.inplace {
            search = search.onward();
        }
        let (mut ops, mut at) = (Vec::new(), from);
        while at < size {
            let most = WINDOW.min(usize::try_from(size - at).unwrap_or(WINDOW));
            let read = search.push(most, |room| read_full_at(open, room, at), &mut ops)?;
            if read == 0 {
                break;
            }
            let unseen = at.max(tree.at())..at + read as u64;
            at = unseen.end;
            if !unseen.is_empty() {
                tree.update(search.bytes(&unseen).unwrap_or_default());
            }
            self.pass_on(Some(&search), &mut ops)?;
        }
        search.finish(&mut ops)?;
        self.pass_on(Some(&search), &mut ops)
    }

    /// Sends operations, with bytes that the search holds or, without one, that are read again.
    fn pass_on(&mut self, search: Option<&Search<Arriving>>, ops: &mut Vec<Op>) -> Result<(), Stop> {
        let (shared, file) = (self.shared, self.file);
        for op in ops.drain(..) {
            shared.watch.note(Note::Moved(op.len()));
            let at = self.at;
            self.at += op.len();
            match (op, search) {
                // What is written in place is no longer there to be copied from behind.
                (Op::Copy { offset, len }, _) if shared.options.inplace && offset < at => self.read(at, len)?,
                (Op::Copy { offset, len }, _) => {
                    shared.watch.note(Note::Reused(len));
                    shared.line.send(&FromSource::Copy { file, offset, length: len })?;
                }
                (Op::Literal(range), None) => self.read(range.start, range.end - range.start)?,
                (Op::Literal(range), Some(search)) => {
                    for piece in search.bytes(&range).unwrap_or_default().chunks(PIECE) {
                        shared.line.send(&data(file, Bytes::copy_from_slice(piece)))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Sends a part of the file. Where it ends early meanwhile, its digest tells.
    fn read(&self, mut at: u64, mut left: u64) -> Result<(), Gone> {
        while left > 0 {
            let mut piece = vec![0; PIECE.min(usize::try_from(left).unwrap_or(PIECE))];
            let n = read_full_at(self.open, &mut piece, at).unwrap_or(0);
            if n == 0 {
                break;
            }
            piece.truncate(n);
            (at, left) = (at + n as u64, left - n as u64);
            self.shared.line.send(&data(self.file, piece.into()))?;
        }
        Ok(())
    }
}
