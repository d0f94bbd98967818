//! Directories that were used lately, held: most changes come in the directory of the one before.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

use crate::RelPath;

/// Directories that are held at a time.
const HELD: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct Parents(Mutex<Vec<(RelPath, Arc<OwnedFd>)>>);

impl Parents {
    fn with<T>(&self, work: impl FnOnce(&mut Vec<(RelPath, Arc<OwnedFd>)>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn find(&self, path: &RelPath) -> Option<Arc<OwnedFd>> {
        self.with(|held| {
            let at = held.iter().position(|(own, _)| own == path)?;
            let found = held.remove(at);
            let directory = Arc::clone(&found.1);
            held.push(found);
            Some(directory)
        })
    }

    pub(crate) fn keep(&self, path: &RelPath, directory: &Arc<OwnedFd>) {
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
