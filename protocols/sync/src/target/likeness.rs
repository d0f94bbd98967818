//! What is here that is like a file of the source, and the contents that the source may name parts of.
//!
//! What a run that was cut has left of a file begins with the new contents. So it takes the place of the old file's beginning,
//! where the source looks first; that beginning is appended, because parts of it may belong elsewhere.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;

use xssh_delta::Blocks;
use xssh_fs::{FsError, RelPath, unbroken};

use super::Shared;
use crate::limits::PIECE;

/// What is like a file of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// An old file.
    Old(Old),
    /// What a run that was cut has left, and an old file where there is one.
    Left(Option<Old>),
}

/// Where an old file of that name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Old {
    /// In its place.
    Own,
    /// In another directory.
    Reference(usize),
}

impl Likeness {
    /// Opens it.
    pub(super) fn open(self, shared: &Shared<'_>, path: &RelPath) -> Result<Contents, FsError> {
        let io = |error| FsError::io(path, error);
        let (root, own) = shared.tree.place(path)?;
        let open = |old| match old {
            Old::Own => root.open_file(&own).map(|(file, _)| file),
            Old::Reference(at) => {
                let reference = shared.tree.references().get(at).ok_or_else(|| io(ErrorKind::NotFound.into()))?;
                reference.open(path).map(|(file, _)| file)
            }
        };
        match self {
            Self::Old(old) => Contents::of(open(old)?).map_err(io),
            Self::Left(None) => Contents::left(root.partial(&own)?.0).map_err(io),
            Self::Left(Some(old)) => {
                Contents::both(root.partial(&own)?.0, open(old)?, shared.options.sparse).map_err(io)
            }
        }
    }
}

/// The contents of a basis, in one part or several.
pub(super) struct Contents {
    parts: Vec<Part>,
    /// So much at the beginning is where it is in its file.
    pub(super) in_place: u64,
    /// So much of that was left by a run that was cut.
    pub(super) left: u64,
}

struct Part {
    file: File,
    from: u64,
    length: u64,
}

impl Contents {
    pub(super) fn of(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { parts: vec![Part { file, from: 0, length }], in_place: length, left: 0 })
    }

    fn left(file: File) -> io::Result<Self> {
        let contents = Self::of(file)?;
        Ok(Self { left: contents.in_place, ..contents })
    }

    /// What was left, the old file from there on, and its beginning.
    fn both(left: File, old: File, sparse: bool) -> io::Result<Self> {
        // What the cut run wrote ahead is the old file's, and ends with a hole. Holes that were meant are new.
        let written = if sparse { left.metadata()?.len() } else { unbroken(&left)? };
        let new = new_part(&left, &old, written)?;
        let length = old.metadata()?.len();
        let in_place = new.max(length);
        let mut parts = vec![
            Part { file: left, from: 0, length: new },
            Part { file: old.try_clone()?, from: new, length: in_place - new },
            Part { file: old, from: 0, length: new.min(length) },
        ];
        if Blocks::of_basis(in_place + new.min(length)).is_err() {
            parts.truncate(2);
        }
        Ok(Self { parts, in_place, left: new })
    }

    pub(super) fn length(&self) -> u64 {
        self.parts.iter().map(|part| part.length).sum()
    }

    /// The file, where it is one.
    pub(super) fn single(&self) -> Option<&File> {
        if let [part] = &self.parts[..] { Some(&part.file) } else { None }
    }

    pub(super) fn read_exact_at(&self, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
        for part in &self.parts {
            if at >= part.length {
                at -= part.length;
                continue;
            }
            let room = usize::try_from(part.length - at).unwrap_or(usize::MAX).min(bytes.len());
            let (now, later) = bytes.split_at_mut(room);
            part.file.read_exact_at(now, part.from + at)?;
            (bytes, at) = (later, 0);
        }
        if bytes.is_empty() { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
    }
}

/// How much at the beginning of what was left is not the old file's at the same place.
fn new_part(left: &File, old: &File, written: u64) -> io::Result<u64> {
    if written > old.metadata()?.len() {
        return Ok(written);
    }
    let mut buffers = [vec![0; PIECE], vec![0; PIECE]];
    let mut end = written;
    while end > 0 {
        let start = (end - 1) / PIECE as u64 * PIECE as u64;
        let [new, same] = buffers.each_mut().map(|buffer| &mut buffer[..(end - start) as usize]);
        left.read_exact_at(new, start)?;
        old.read_exact_at(same, start)?;
        if *new != *same {
            let at = new.iter().zip(same).rposition(|(new, same)| new != same);
            return Ok(at.map_or(start, |at| start + at as u64 + 1));
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn all(contents: &Contents) -> Vec<u8> {
        let mut bytes = vec![0; contents.length() as usize];
        contents.read_exact_at(&mut bytes, 0).unwrap();
        for at in 0..bytes.len() {
            for end in at..=bytes.len() {
                let mut some = vec![0; end - at];
                contents.read_exact_at(&mut some, at as u64).unwrap();
                assert_eq!(some, bytes[at..end]);
            }
        }
        assert!(contents.read_exact_at(&mut [0; 2], bytes.len() as u64 - 1).is_err());
        bytes
    }

    #[test]
    fn both_are_the_new_beginning_and_all_that_is_old() {
        for (left, old, both) in [
            ("NEWer", "older", "NEWerold"),
            ("NEW", "older", "NEWerold"),
            ("LONGER", "old", "LONGERold"),
            ("EVEN", "even", "EVENeven"),
            ("", "old", "old"),
        ] {
            let contents = Contents::both(file(left.as_bytes()), file(old.as_bytes()), false).unwrap();
            assert_eq!(all(&contents), both.as_bytes());
            // What was written ahead is none of the new.
            let new = left.trim_end_matches(char::is_lowercase).len() as u64;
            assert_eq!((contents.left, contents.in_place), (new, left.len().max(old.len()) as u64));
        }
    }

    #[test]
    fn what_is_new_ends_with_the_last_byte_that_differs() {
        let old = vec![7; 3 * PIECE + 5];
        for at in [0, 1, PIECE - 1, PIECE, 2 * PIECE + 1, 3 * PIECE + 4] {
            let mut left = old.clone();
            left[at] = 8;
            assert_eq!(new_part(&file(&left), &file(&old), left.len() as u64).unwrap(), at as u64 + 1);
        }
        assert_eq!(new_part(&file(&old), &file(&old), old.len() as u64).unwrap(), 0);
        // Behind the end of the old one all is new.
        assert_eq!(new_part(&file(&old), &file(&old[1..]), old.len() as u64).unwrap(), old.len() as u64);
    }

    #[test]
    fn a_hole_ends_what_is_new_unless_holes_are_wanted() {
        let left = file(&[1; 65536]);
        left.set_len(3 << 20).unwrap();
        let at_hole = unbroken(&left).unwrap();
        let both = |sparse| Contents::both(left.try_clone().unwrap(), file(b"old"), sparse).unwrap().left;
        assert_eq!((both(false), both(true)), (at_hole, 3 << 20));
        assert!((65536..=3 << 20).contains(&at_hole), "{at_hole}");
    }
}
