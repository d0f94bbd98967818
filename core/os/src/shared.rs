//! What several processes have in common by one file: two numbers at its beginning, and marks that each of them holds on it for
//! as long as it lives.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::AtomicU64;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// How much of the file is mapped; the kernel makes whole pages of it.
const LENGTH: usize = 4096;

/// Two numbers that every process sees which has mapped the same file.
#[derive(Debug)]
pub struct Counters(NonNull<[AtomicU64; 2]>);

// SAFETY: it is an address of atomic numbers, which any thread may use.
unsafe impl Send for Counters {}
// SAFETY: as above.
unsafe impl Sync for Counters {}

impl Counters {
    /// Maps the beginning of a file, which is open for reading and writing. It must be one that nobody makes shorter.
    ///
    /// # Errors
    /// The disk is full, or its file system maps nothing.
    pub fn map(file: &File) -> io::Result<Self> {
        // Room is taken now: a page that finds none when it is written to would end the process.
        fallocate(file, FallocateFlags::empty(), 0, LENGTH as u64)?;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the kernel chooses a place where nothing is.
        let start = unsafe { mmap(null_mut(), LENGTH, access, MapFlags::SHARED, file, 0) }?;
        let first = NonNull::new(start.cast()).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self(first))
    }
}

impl Deref for Counters {
    type Target = [AtomicU64; 2];

    fn deref(&self) -> &Self::Target {
        // SAFETY: a page is aligned and holds both, any bytes are numbers, and it stays mapped as long as this lives. Other
        // processes change them by atomic means alone.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Counters {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this length, and nobody has an address of it any more. Where it fails it stays mapped.
        let _ = unsafe { munmap(self.0.as_ptr().cast(), LENGTH) };
    }
}

/// How a mark is held (fcntl(2), open file description locks: they go with the process, and change without a gap).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// By several at once.
    Shared,
    /// By one alone.
    Alone,
}

/// Takes a mark, waiting for it. What this file holds of it already becomes this.
///
/// # Errors
/// What fcntl(2) says.
pub fn mark(file: &File, place: u32, mark: Mark) -> io::Result<()> {
    loop {
        match fcntl(file, FcntlArg::F_OFD_SETLKW(&range(place, mark))) {
            Err(Errno::EINTR) => {}
            done => return Ok(done.map(drop)?),
        }
    }
}

/// The same without waiting; says whether it was to be had.
///
/// # Errors
/// What fcntl(2) says.
pub fn try_mark(file: &File, place: u32, mark: Mark) -> io::Result<bool> {
    match fcntl(file, FcntlArg::F_OFD_SETLK(&range(place, mark))) {
        Ok(_) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// Whether anybody else holds a mark.
///
/// # Errors
/// What fcntl(2) says.
pub fn is_marked(file: &File, place: u32) -> io::Result<bool> {
    let mut found = range(place, Mark::Alone);
    fcntl(file, FcntlArg::F_OFD_GETLK(&mut found))?;
    Ok(found.l_type != libc::F_UNLCK as libc::c_short)
}

fn range(place: u32, mark: Mark) -> libc::flock {
    let kind = match mark {
        Mark::Shared => libc::F_RDLCK,
        Mark::Alone => libc::F_WRLCK,
    };
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: place.into(),
        l_len: 1,
        l_pid: 0,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::sync::atomic::Ordering;

    use super::*;

    fn open(path: &std::path::Path) -> File {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).unwrap()
    }

    /// A file that nobody else has, and its name, which goes at the end.
    fn place() -> std::path::PathBuf {
        std::env::temp_dir().join(format!("xssh-os-shared-{}-{:?}", std::process::id(), std::thread::current().id()))
    }

    #[test]
    fn what_one_adds_the_other_sees() {
        let path = place();
        let (one, other) = (Counters::map(&open(&path)).unwrap(), Counters::map(&open(&path)).unwrap());
        std::thread::scope(|scope| {
            for counters in [&one, &other] {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        counters[1].fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        drop(one);
        assert_eq!((other[0].load(Ordering::Relaxed), other[1].load(Ordering::Relaxed)), (0, 2000));
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_mark_is_held_until_its_file_is_closed() {
        let path = place();
        let (one, other) = (open(&path), open(&path));
        assert!(try_mark(&one, 0, Mark::Alone).unwrap());
        assert!(!try_mark(&other, 0, Mark::Shared).unwrap() && is_marked(&other, 0).unwrap());
        assert!(!is_marked(&one, 0).unwrap() && !is_marked(&other, 1).unwrap());
        mark(&one, 0, Mark::Shared).unwrap();
        assert!(try_mark(&other, 0, Mark::Shared).unwrap() && !try_mark(&other, 0, Mark::Alone).unwrap());
        drop(one);
        assert!(try_mark(&other, 0, Mark::Alone).unwrap());
        std::fs::remove_file(path).unwrap();
    }
}
