//! What a program may take, set in its own process before its first instruction: what comes later can come too late.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Has `command` start with at most `most` of each resource, and no way to more (setrlimit(2)). Where we may take less ourselves, it is
/// that.
pub fn bound(command: &mut Command, most: impl IntoIterator<Item = (Resource, u64)>) {
    let most: Vec<_> = most.into_iter().collect();
    if most.is_empty() {
        return;
    }
    let set = move || -> io::Result<()> {
        for &(resource, most) in &most {
            let most = getrlimit(resource).maximum.map_or(most, |own| own.min(most));
            setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
        }
        Ok(())
    };
    // SAFETY: between fork and exec it makes nothing but system calls: it takes no lock and no memory, and frees none.
    unsafe { command.pre_exec(set) };
}
