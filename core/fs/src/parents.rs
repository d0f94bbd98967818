//! Directories that were used lately, held: most changes come in the directory of the one before.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::RelPath;

/// Directories that are held at a time.
const HELD: usize = 16;

/// A directory that is held.
#[derive(Debug)]
pub(crate) struct Held {
    directory: OwnedFd,
    /// What a new file in it is: as the system and the directory say, so it is seen by the first one.
    made: OnceLock<Made>,
}

/// What becomes of a new file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Made {
    /// Whose it is.
    pub(crate) owner: (u32, u32),
    /// The permissions that it was made with, where it has got all of them.
    pub(crate) mode: Option<u32>,
}

impl Held {
    pub(crate) fn new(directory: OwnedFd) -> Self {
        Self { directory, made: OnceLock::new() }
    }

    pub(crate) fn made(&self) -> Option<Made> {
        self.made.get().copied()
    }

    pub(crate) fn note(&self, made: Made) -> Made {
        *self.made.get_or_init(|| made)
    }
}

impl AsFd for Held {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Parents(Mutex<Vec<(RelPath, Arc<Held>)>>);

impl Parents {
    fn with<T>(&self, work: impl FnOnce(&mut Vec<(RelPath, Arc<Held>)>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn find(&self, path: &RelPath) -> Option<Arc<Held>> {
        self.with(|held| {
            let at = held.iter().position(|(own, _)| own == path)?;
            let found = held.remove(at);
            let directory = Arc::clone(&found.1);
            held.push(found);
            Some(directory)
        })
    }

    pub(crate) fn keep(&self, path: &RelPath, directory: &Arc<Held>) {
        self.with(|held| {
            if held.len() == HELD {
                held.remove(0);
            }
            held.push((path.clone(), Arc::clone(directory)));
        });
    }

    /// Lets go of a directory and of everything in it.
    pub(crate) fn forget(&self, path: &RelPath) {
        self.with(|held| held.retain(|(own, _)| own != path && !own.is_below(path)));
    }
}
