//! Directories whose paths are too long for one call of the system.

use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};

/// Makes a directory; the one above is there.
pub(crate) fn make(path: &Path) {
    mkdirat(held(path.parent().unwrap()), path.file_name().unwrap(), Mode::RWXU).unwrap();
}

/// Makes an empty file.
pub(super) fn touch(path: &Path) {
    let flags = OFlags::CREATE | OFlags::WRONLY;
    openat(held(path.parent().unwrap()), path.file_name().unwrap(), flags, Mode::RUSR).unwrap();
}

fn held(path: &Path) -> OwnedFd {
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    let root = openat(CWD, "/", flags, Mode::empty()).unwrap();
    let names = path.components().skip(1);
    names.fold(root, |held, name| openat(held.as_fd(), name.as_os_str(), flags, Mode::empty()).unwrap())
}
