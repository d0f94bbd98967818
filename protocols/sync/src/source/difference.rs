//! A file of which the target has something alike: only what differs is sent.

use std::fs::File;

use bytes::Bytes;
use xssh_delta::{BasisSignature, DeltaError, Op, Search};

use super::Shared;
use crate::content::read_full;
use crate::limits::PIECE;
use crate::line::Gone;
use crate::watch::Note;
use crate::wire::message::{FileDigest, FileId, FromSource};

/// What is searched at a time.
const WINDOW: usize = 2 << 20;

/// Sends the operations that make the file of the basis that `signature` is of. Gives its digest.
pub(super) fn send(
    shared: &Shared<'_>,
    file: FileId,
    mut open: File,
    size: u64,
    signature: &Bytes,
) -> Result<Result<FileDigest, DeltaError>, Gone> {
    let signature = match BasisSignature::parse(signature.to_vec()) {
        Ok(signature) => signature,
        Err(error) => return Ok(Err(error)),
    };
    let mut search = Search::new(signature);
    let mut hasher = blake3::Hasher::new();
    let mut ops = Vec::new();
    let mut window = vec![0; WINDOW];
    let mut left = size;
    while left > 0 {
        let room = WINDOW.min(usize::try_from(left).unwrap_or(WINDOW));
        let n = match read_full(&mut open, &mut window[..room]) {
            Ok(0) => break,
            Ok(n) => n,
            Err(error) => return Ok(Err(DeltaError::Read(error))),
        };
        left -= n as u64;
        hasher.update(&window[..n]);
        search.push(&window[..n], &mut ops);
        pass_on(shared, file, &search, &mut ops)?;
    }
    search.finish(&mut ops);
    pass_on(shared, file, &search, &mut ops)?;
    Ok(Ok(*hasher.finalize().as_bytes()))
}

fn pass_on(shared: &Shared<'_>, file: FileId, search: &Search, ops: &mut Vec<Op>) -> Result<(), Gone> {
    for op in ops.drain(..) {
        shared.watch.note(Note::Moved(op.len()));
        match op {
            Op::Copy { offset, len } => shared.line.send(&FromSource::Copy { file, offset, length: len })?,
            Op::Literal(range) => {
                for piece in search.bytes(&range).unwrap_or_default().chunks(PIECE) {
                    let bytes = Bytes::copy_from_slice(piece);
                    shared.line.send(&FromSource::Data { file, bytes })?;
                }
            }
        }
    }
    Ok(())
}
