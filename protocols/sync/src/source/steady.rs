//! Files that change while they are read: what is sent of a file stood in it at one moment, or is not claimed to.
//!
//! A file that was left alone for a while, and whose version is the same before and after, was read as it was. Any other is
//! read once more: where that gives the same bytes, as with a log that only grew, they stood there between the two; where
//! not, it is not to be had now.

use std::fs::File;
use std::io::{self, Read as _, Seek, SeekFrom};

use xssh_fs::{Entry, Version, append};

use crate::tree::Meta;
use crate::wire::message::FileDigest;

/// How often a small file is read until two readings agree.
const READINGS: usize = 8;

/// A file as it was before it was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steady {
    version: Version,
    /// Nobody is about to change it, as far as can be seen.
    is_quiet: bool,
}

impl Steady {
    /// Of a file of which nothing was read yet, with its properties as it was opened. What changed within the same tick of the
    /// clock is waited for, so that a later change shows.
    pub(super) fn new(open: &File, entry: &Entry, meta: &mut Meta) -> io::Result<Self> {
        let version = Version::settled(open, entry)?;
        (meta.size, meta.mtime) = (version.size, version.mtime);
        Ok(Self { version, is_quiet: version.is_quiet() })
    }

    fn holds(&self, open: &File) -> io::Result<bool> {
        Ok(self.is_quiet && Version::of(open)? == self.version)
    }

    /// Whether what has this digest stood in the file.
    pub(super) fn proves(&self, mut open: &File, digest: &FileDigest) -> io::Result<()> {
        if self.holds(open)? {
            return Ok(());
        }
        Version::await_writer(open);
        open.seek(SeekFrom::Start(0))?;
        let (again, _) = xssh_delta::hash_reader(open.take(self.version.size)).map_err(io::Error::other)?;
        if again.as_bytes() == digest { Ok(()) } else { Err(restless()) }
    }
}

/// Appends all of a small file. One that grows meanwhile is as long as it was.
pub(super) fn read(mut open: &File, steady: Steady, into: &mut Vec<u8>) -> io::Result<()> {
    let (size, from) = (steady.version.size as usize, into.len());
    let mut last: Option<Vec<u8>> = None;
    for _ in 0..READINGS {
        append(open, size, into)?;
        if last.as_deref() == Some(&into[from..]) || last.is_none() && steady.holds(open)? {
            return Ok(());
        }
        last = Some(into.split_off(from));
        Version::await_writer(open);
        open.seek(SeekFrom::Start(0))?;
    }
    Err(restless())
}

fn restless() -> io::Error {
    io::Error::other("it changes while it is read; the next run takes it")
}
