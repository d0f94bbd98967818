//! A file of which the target has something alike: only what differs is sent.

use std::fs::File;
use std::os::unix::fs::FileExt;

use bytes::Bytes;
use xssh_delta::{BasisSignature, DeltaError, Op, Search};

use super::Shared;
use super::content::data;
use crate::content::read_full;
use crate::digester::Digester;
use crate::limits::PIECE;
use crate::line::Gone;
use crate::watch::Note;
use crate::wire::message::{FileDigest, FileId, FromSource};

/// What is searched at a time.
const WINDOW: usize = 512 << 10;

/// Sends the operations that make the file of the basis that `signature` is of. Gives its digest.
pub(super) fn send(
    shared: &Shared<'_>,
    file: FileId,
    open: &File,
    size: u64,
    signature: &Bytes,
) -> Result<Result<FileDigest, DeltaError>, Gone> {
    let signature = match BasisSignature::parse(signature.to_vec()) {
        Ok(signature) => signature,
        Err(error) => return Ok(Err(error)),
    };
    let mut search = Search::new(signature);
    let mut digester = Digester::new(size);
    let mut ops = Vec::new();
    let mut way = Way { shared, file, open, at: 0 };
    let mut left = size;
    while left > 0 {
        let mut window = vec![0; WINDOW.min(usize::try_from(left).unwrap_or(WINDOW))];
        let n = match read_full(&mut &*open, &mut window) {
            Ok(0) => break,
            Ok(n) => n,
            Err(error) => return Ok(Err(DeltaError::Read(error))),
        };
        left -= n as u64;
        window.truncate(n);
        let window = Bytes::from(window);
        digester.update(&window);
        search.push(&window, &mut ops);
        way.pass_on(&search, &mut ops)?;
    }
    search.finish(&mut ops);
    way.pass_on(&search, &mut ops)?;
    Ok(Ok(digester.finish()))
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
    fn pass_on(&mut self, search: &Search, ops: &mut Vec<Op>) -> Result<(), Gone> {
        let (shared, file) = (self.shared, self.file);
        for op in ops.drain(..) {
            shared.watch.note(Note::Moved(op.len()));
            let at = self.at;
            self.at += op.len();
            match op {
                // What is written in place is no longer there to be copied from behind.
                Op::Copy { offset, len } if shared.options.inplace && offset < at => self.again(at, len)?,
                Op::Copy { offset, len } => {
                    shared.watch.note(Note::Reused(len));
                    shared.line.send(&FromSource::Copy { file, offset, length: len })?;
                }
                Op::Literal(range) => {
                    for piece in search.bytes(&range).unwrap_or_default().chunks(PIECE) {
                        shared.line.send(&data(file, Bytes::copy_from_slice(piece)))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Sends what was found in the basis all the same. Where the file ends early meanwhile, its digest tells.
    fn again(&self, mut at: u64, mut left: u64) -> Result<(), Gone> {
        while left > 0 {
            let mut piece = vec![0; PIECE.min(usize::try_from(left).unwrap_or(PIECE))];
            let n = self.open.read_at(&mut piece, at).unwrap_or(0);
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
