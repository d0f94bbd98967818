//! Where rsync may write in a tree that only grows: a directory of this session's, from which finished files move to their names. In
//! the tree itself nothing may be written, truncated, removed or replaced, whatever rsync is brought to do.

use std::os::fd::OwnedFd;

use rustix::rand::{GetRandomFlags, getrandom};
use xssh_fs::{RelPath, Root};

use super::leftovers::{self, DEPTH, Record};
use crate::environment;

/// How its name begins: what a session has left that was killed says so.
const PREFIX: &str = ".xssh-staging-";

/// The directory, which goes with the session.
pub(super) struct Staging {
    root: Root,
    path: RelPath,
    held: OwnedFd,
    record: Option<Record>,
}

impl Staging {
    /// Makes it, and removes those of sessions that were killed.
    pub(super) fn make(root: &Root) -> Result<Self, String> {
        let state = environment::state();
        leftovers::sweep(&state, root);
        let words = |error: &dyn std::fmt::Display| format!("a place to stage files cannot be made: {error}");
        let mut chance = [0; 8];
        getrandom(&mut chance, GetRandomFlags::empty()).map_err(|errno| words(&errno))?;
        let name = format!("{PREFIX}{:016x}", u64::from_ne_bytes(chance));
        let path = RelPath::parse(name.as_bytes()).map_err(|error| words(&error))?;
        root.make_directory(&path, 0o700).map_err(|error| words(&error))?;
        let held = root.find(&path).map_err(|error| words(&error))?;
        let root = root.beneath(&RelPath::root()).map_err(|error| words(&error))?;
        let record = Record::make(&state, &root, &path);
        let record = record.inspect_err(|error| ::log::info!("{path}: it has no record: {error}")).ok();
        Ok(Self { root, path, held, record })
    }

    /// The directory itself.
    pub(super) fn held(&self) -> &OwnedFd {
        &self.held
    }

    /// Its path below the root.
    pub(super) fn path(&self) -> &RelPath {
        &self.path
    }

    /// Removes it, with what was not finished.
    pub(super) fn remove(self) {
        match leftovers::clear(&self.root, &self.path, DEPTH) {
            Ok(()) => self.record.into_iter().for_each(Record::remove),
            // It stays in the tree, where its name says what it is, for the next session.
            Err(error) => ::log::warn!("{}: {error}", self.path),
        }
    }
}
