//! The descriptors that a process starts with.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::{fs, io};

use nix::libc;
use rustix::fs::{Mode, OFlags, open};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

/// Opens /dev/null in the place of each standard descriptor that the caller closed, so that no file opened later can be
/// mistaken for one. Call it before anything else is opened.
pub fn open_standard() {
    while let Ok(fd) = open("/dev/null", OFlags::RDWR, Mode::empty()) {
        if fd.as_raw_fd() > 2 {
            return;
        }
        // It is a standard descriptor now, and stays.
        std::mem::forget(fd);
    }
}

/// Closes every descriptor from `first` on. Call it before this program has opened any of its own, or started a thread.
///
/// Where the system has no close_range(2) (Linux before 5.9, or a filter that does not know it), those that /proc lists
/// are closed one by one.
pub fn close_from(first: u32) {
    // SAFETY: nothing in this process owns a descriptor yet but the standard ones, which are below `first`.
    if unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) } != 0 {
        close_each(first);
    }
}

fn close_each(first: u32) {
    for fd in listed().unwrap_or_default() {
        if u32::try_from(fd).is_ok_and(|number| number >= first) {
            // SAFETY: as above. The one that read the list is closed already, and closing it again does no harm.
            unsafe { libc::close(fd) };
        }
    }
}

/// What is open, and what was open while this was found out.
fn listed() -> io::Result<Vec<RawFd>> {
    let names = fs::read_dir("/proc/self/fd")?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.filter_map(|name| name.parse().ok()).collect())
}

/// Closes a file, and says what became of what was written to it: a disk on the network, or a quota, may refuse it only now.
///
/// # Errors
/// What close(2) says. It is closed all the same.
pub fn close(file: impl Into<OwnedFd>) -> io::Result<()> {
    match nix::unistd::close(file.into()) {
        // On Linux it is closed by then.
        Ok(()) | Err(nix::errno::Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Forbids core dumps, and that other processes of the same user read our memory: it will hold secrets.
pub fn forbid_core_dumps() {
    // Where the system refuses, there is nothing better to be had.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::fd::IntoRawFd;
    use std::process::Command;

    use super::{close, close_each, close_from, listed};

    #[test]
    fn a_file_is_closed_once() {
        let mut file = std::fs::File::create("/dev/null").unwrap();
        file.write_all(b"x").unwrap();
        close(file).unwrap();
    }

    const CHILD: &str = "XSSH_OS_TEST_CLOSES";

    /// This test runs itself once more for each way: only a process of its own may lose its descriptors.
    #[test]
    fn what_was_left_open_is_closed_and_nothing_below() {
        let Some(way) = std::env::var_os(CHILD) else {
            for way in ["range", "each"] {
                let test = "descriptors::tests::what_was_left_open_is_closed_and_nothing_below";
                let mut child = Command::new(std::env::current_exe().unwrap());
                let output = child.args(["--exact", test]).env(CHILD, way).output().unwrap();
                assert_eq!(output.status.code(), Some(7), "{way}: {}", String::from_utf8_lossy(&output.stderr));
            }
            return;
        };
        let last = (0..20).map(|_| std::fs::File::open("/dev/null").unwrap().into_raw_fd()).max().unwrap();
        assert!(listed().unwrap().contains(&last));
        let first = u32::try_from(last).unwrap();
        if way == "range" {
            close_from(first)
        } else {
            close_each(first)
        }
        let open = listed().unwrap();
        assert!(!open.contains(&(last)) || !is_null(last), "{open:?}");
        assert!(open.contains(&(last - 1)) && open.contains(&2), "{open:?}");
        // Not through the harness: what it holds open may be gone.
        std::process::exit(7);
    }

    /// The list is read through a descriptor, which may have got the number that was just closed.
    fn is_null(fd: i32) -> bool {
        std::fs::read_link(format!("/proc/self/fd/{fd}")).is_ok_and(|target| target.ends_with("null"))
    }
}
