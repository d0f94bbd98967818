//! A large file as its contents come.

use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::sync::Mutex;

use bytes::Bytes;
use xssh_delta::{Blocks, Chaining, OpChecker, Tree, chain};

use super::basis::{Basis, Held};
use super::ledger::Wanted;
use super::place::Place;
use crate::buffers::{Buffers, Lent};
use crate::content::is_zero;
use crate::digester::Digester;
use crate::limits::{HOLE, PIECE};
use crate::spans::in_order;
use crate::tree::Meta;
use crate::wire::message::{FileDigest, FileId};

pub(super) struct Growing {
    pub(super) file: FileId,
    pub(super) wanted: Wanted,
    pub(super) meta: Meta,
    pub(super) literal: u64,
    place: Place,
    basis: Option<Held>,
    checker: OpChecker,
    proof: Proof,
    sparse: bool,
    buffers: Buffers,
}

/// What makes the digest of what is written.
enum Proof {
    Whole(Digester),
    /// Of a file that is compared with what is here: the chaining values of much of it are known.
    Blocks(Box<Tree>),
}

impl Proof {
    fn update(&mut self, bytes: &Bytes) {
        match self {
            Self::Whole(digester) => digester.update(bytes),
            Self::Blocks(tree) => tree.update(bytes),
        }
    }
}

impl Growing {
    pub(super) fn new(
        file: FileId,
        wanted: Wanted,
        meta: Meta,
        place: Place,
        basis: Option<Held>,
        sparse: bool,
    ) -> Self {
        let blocks = basis.as_ref().map(|held| held.basis.blocks);
        let proof = match blocks {
            Some(blocks) => Proof::Blocks(Box::new(Tree::new(blocks.in_file(meta.size)))),
            None => Proof::Whole(Digester::new(meta.size)),
        };
        let checker = OpChecker::new(blocks.map_or(0, |blocks| blocks.file_len()), meta.size);
        let sparse = sparse && matches!(place, Place::Beside(_));
        let mut growing =
            Self { file, wanted, meta, literal: 0, place, basis, checker, proof, sparse, buffers: Buffers::default() };
        growing.reached();
        growing
    }

    pub(super) fn data(&mut self, bytes: &Bytes) -> io::Result<()> {
        let at = self.literal(bytes.len() as u64)?;
        self.proof.update(bytes);
        self.literal += bytes.len() as u64;
        put(&self.place, self.sparse, bytes, at)?;
        self.reached();
        Ok(())
    }

    pub(super) fn zeros(&mut self, length: u64) -> io::Result<()> {
        let mut at = self.literal(length)?;
        static ZEROS: [u8; PIECE] = [0; PIECE];
        let mut left = length;
        while left > 0 {
            let piece = Bytes::from_static(&ZEROS[..PIECE.min(usize::try_from(left).unwrap_or(PIECE))]);
            self.proof.update(&piece);
            put(&self.place, self.sparse, &piece, at)?;
            (at, left) = (at + piece.len() as u64, left - piece.len() as u64);
        }
        self.reached();
        Ok(())
    }

    /// Where so many bytes go that are none of the basis's.
    fn literal(&mut self, length: u64) -> io::Result<u64> {
        let at = self.checker.literal(length).map_err(io::Error::other)?;
        self.basis.as_ref().map_or(Ok(()), |held| held.basis.allows(at + length))?;
        Ok(at)
    }

    /// From the basis. What is at its place already has its chaining value; all else is read and written.
    pub(super) fn copy(&mut self, offset: u64, length: u64) -> io::Result<()> {
        let at = self.checker.copy(offset, length).map_err(io::Error::other)?;
        let (Some(held), Proof::Blocks(tree)) = (&self.basis, &mut self.proof) else {
            return Err(io::Error::other("the other side named parts of a file that is not here"));
        };
        held.basis.allows((at + length).max(offset + length))?;
        let (place, sparse, buffers) = (&self.place, self.sparse, &self.buffers);
        let mut copying = Copying {
            basis: &held.basis,
            place,
            sparse,
            new: held.basis.blocks.in_file(self.meta.size),
            tree,
            buffers,
        };
        let mut done = 0;
        while done < length {
            let (from, left) = (offset + done, length - done);
            done += match copying.known(from, left) {
                0 => match copying.blocks(from, left)? {
                    0 => copying.piece(from, left)?,
                    copied => copied,
                },
                known => known,
            };
        }
        self.reached();
        Ok(())
    }

    /// The source has found that next to nothing stays at its offset.
    pub(super) fn go_apart(&self) {
        if let Some(held) = &self.basis {
            held.basis.go_apart();
        }
    }

    fn reached(&mut self) {
        let made = self.checker.made();
        if let Some(due) = &self.wanted.due {
            due.reached(made);
        }
        if let Some(held) = &self.basis {
            held.basis.reached(made);
        }
        // Until then the next run has more of what an earlier one has left.
        if self.basis.as_ref().is_none_or(|held| made >= held.basis.contents.left) {
            self.place.outlast();
        }
    }

    /// What came of it: how many bytes, and their digest. Nobody else writes to the place any more.
    pub(super) fn finish(self) -> Grown {
        if let Some(held) = &self.basis {
            held.basis.stop();
        }
        let digest = match self.proof {
            Proof::Whole(digester) => digester.finish(),
            Proof::Blocks(tree) => *tree.finish().as_bytes(),
        };
        let Self { file, wanted, meta, literal, place, checker, .. } = self;
        Grown { file, wanted, meta, literal, place, digest, length: checker.made() }
    }

    /// Leaves what is there for the next run.
    pub(super) fn keep(self) {
        if let Place::Beside(staged) = self.place {
            staged.keep();
        }
    }
}

/// A part of the basis on its way to the end of what has come.
struct Copying<'a> {
    basis: &'a Basis,
    place: &'a Place,
    sparse: bool,
    /// The blocks of the new file.
    new: Blocks,
    tree: &'a mut Tree,
    buffers: &'a Buffers,
}

impl Copying<'_> {
    /// Takes a block that is at its place already. Gives its length, or 0.
    fn known(&mut self, from: u64, left: u64) -> u64 {
        let Some(number) = self.tree.next_block().filter(|_| from == self.tree.at()) else { return 0 };
        let range = self.new.range(number);
        let length = range.end - range.start;
        if range != self.basis.blocks.range(number) || length > left {
            return 0;
        }
        let Some(chaining) = self.basis.placed(number) else { return 0 };
        self.tree.push(chaining);
        length
    }

    /// Copies whole blocks by several threads, where there are enough. Gives how many bytes, or 0. Not in place: there,
    /// what one thread writes may be what another is still to read.
    fn blocks(&mut self, from: u64, left: u64) -> io::Result<u64> {
        let (new, at, span) = (self.new, self.tree.at(), self.new.span_len() as u64);
        let whole = left - left % new.block_len();
        if self.tree.next_block().is_none() || whole < span * 2 || matches!(self.place, Place::Within(_)) {
            return Ok(0);
        }
        let (basis, place, sparse, turn) = (self.basis, self.place, self.sparse, Mutex::new(()));
        let copied = |buffer: &mut Lent<&Buffers>, number: u64| {
            let start = number * span;
            let bytes = &mut buffer[..span.min(whole - start) as usize];
            read(basis, bytes, from + start)?;
            let chained = chain(bytes, at + start, &new);
            let _turn = turn.lock();
            put(place, sparse, bytes, at + start).map(|()| chained)
        };
        let mut done = Ok(whole);
        let (count, tree, buffers) = (whole.div_ceil(span), &mut self.tree, self.buffers);
        in_order(
            count,
            || buffers.lend(new.span_len()),
            copied,
            |chained: io::Result<Vec<Chaining>>| match chained {
                Ok(chained) => {
                    chained.into_iter().for_each(|chaining| tree.push(chaining));
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    done = Err(error);
                    ControlFlow::Break(())
                }
            },
        );
        done
    }

    /// Copies a piece, up to a border of blocks where it does not begin at one. Gives its length.
    fn piece(&mut self, from: u64, left: u64) -> io::Result<u64> {
        let (at, block) = (self.tree.at(), self.new.block_len());
        let most = if at.is_multiple_of(block) && from != at { PIECE as u64 } else { block - at % block };
        let length = left.min(most).min(PIECE as u64);
        let mut buffer = self.buffers.lend(length as usize);
        read(self.basis, &mut buffer, from)?;
        self.tree.update(&buffer);
        if !(self.basis.is_place && from == at) {
            put(self.place, self.sparse, &buffer, at)?;
        }
        Ok(length)
    }
}

fn read(basis: &Basis, bytes: &mut [u8], from: u64) -> io::Result<()> {
    basis.contents.read_exact_at(bytes, from).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => io::Error::other("the file changed here while it was compared"),
        _ => error,
    })
}

/// A file whose contents have come.
pub(super) struct Grown {
    pub(super) file: FileId,
    pub(super) wanted: Wanted,
    pub(super) meta: Meta,
    pub(super) literal: u64,
    pub(super) place: Place,
    pub(super) digest: FileDigest,
    pub(super) length: u64,
}

/// Writes, and leaves a hole where there is nothing but zeros, if holes are wanted.
fn put(place: &Place, sparse: bool, bytes: &[u8], mut at: u64) -> io::Result<()> {
    if !sparse {
        return place.file().write_all_at(bytes, at);
    }
    for block in blocks(bytes, at) {
        if !is_zero(block) {
            place.file().write_all_at(block, at)?;
        }
        at += block.len() as u64;
    }
    Ok(())
}

/// Pieces that end where blocks of a file end.
fn blocks(bytes: &[u8], at: u64) -> impl Iterator<Item = &[u8]> {
    let first = (HOLE - (at % HOLE as u64) as usize) % HOLE;
    let (head, rest) = bytes.split_at(first.min(bytes.len()));
    std::iter::once(head).filter(|head| !head.is_empty()).chain(rest.chunks(HOLE))
}
