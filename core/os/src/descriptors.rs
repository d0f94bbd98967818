//! The descriptors that a process starts with.

use std::os::fd::AsRawFd;

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

/// Closes every descriptor from `first` on. Call it before this program has opened any of its own.
pub fn close_from(first: u32) {
    // SAFETY: nothing in this process owns a descriptor yet but the standard ones, which are below `first`.
    unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) };
}

/// Forbids core dumps, and that other processes of the same user read our memory: it will hold secrets.
pub fn forbid_core_dumps() {
    // Where the system refuses, there is nothing better to be had.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}
