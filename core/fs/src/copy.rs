//! Contents from one file to another without a way through this process, where the system can, and into memory.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::buffer::spare_capacity;
use rustix::io::Errno;

use crate::limits::COPY;

/// Copies `length` bytes at `from` of one file to `at` of another: the file system shares them where it can, the system copies
/// them where it can, and otherwise they go through memory.
///
/// # Errors
/// A read or write fails, or the first file ends before (`UnexpectedEof`).
pub fn copy_range(source: &File, from: u64, target: &File, at: u64, length: u64) -> io::Result<()> {
    let (mut from_offset, mut at_offset) = (from, at);
    let mut left = length;
    while left > 0 {
        let room = usize::try_from(left).unwrap_or(usize::MAX).min(1 << 30);
        match rustix::fs::copy_file_range(source, Some(&mut from_offset), target, Some(&mut at_offset), room) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => left -= n as u64,
            Err(Errno::INTR) => {}
            // Between two file systems, or one that cannot.
            Err(Errno::XDEV | Errno::NOSYS | Errno::OPNOTSUPP | Errno::INVAL) => {
                return through_memory(source, from_offset, target, at_offset, left);
            }
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

/// Makes one file share all contents of another, which costs nothing, where the file system can.
///
/// # Errors
/// It cannot; the file is as it was.
pub fn share(source: &File, target: &File) -> io::Result<()> {
    Ok(rustix::fs::ioctl_ficlone(target, source)?)
}

/// How much of a file is there before its first hole.
///
/// # Errors
/// What lseek(2) says; a file system that knows no holes has none.
pub fn unbroken(file: &File) -> io::Result<u64> {
    match rustix::fs::seek(file, rustix::fs::SeekFrom::Hole(0)) {
        // There is nothing at all.
        Err(Errno::NXIO) => Ok(0),
        found => Ok(found?),
    }
}

/// Appends the next `length` bytes of a file, or what there is of them.
///
/// # Errors
/// What read(2) says; what came before stays appended.
pub fn append(file: &File, length: usize, into: &mut Vec<u8>) -> io::Result<()> {
    let end = into.len() + length;
    into.reserve(length);
    while into.len() < end {
        // Into all the room that is there, which may be more: of most files that is one call.
        match rustix::io::read(file, spare_capacity(into)) {
            Ok(0) => break,
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    into.truncate(end);
    Ok(())
}

fn through_memory(source: &File, mut from: u64, target: &File, mut at: u64, mut left: u64) -> io::Result<()> {
    let mut buffer = vec![0; COPY];
    while left > 0 {
        let room = COPY.min(usize::try_from(left).unwrap_or(COPY));
        let n = source.read_at(&mut buffer[..room], from)?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        target.write_all_at(&buffer[..n], at)?;
        (from, at, left) = (from + n as u64, at + n as u64, left - n as u64);
    }
    Ok(())
}
