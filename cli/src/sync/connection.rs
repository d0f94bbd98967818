//! The one connection of a run: the remote shell that starts the helper carries further lanes on it, which log in no more.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;

use ::log::debug;
use xssh_sync::lanes::meeting_place;

use crate::environment;

/// Where the calls of a run meet. They do so only where the user shares no connections otherwise.
pub(super) struct Connection {
    path: PathBuf,
}

impl Connection {
    /// For the run with this key, which makes a name that nobody guesses; `None` where others could put something else in its place.
    pub(super) fn of(key: &[u8; 32]) -> Option<Self> {
        let folder = environment::temporary();
        let is_safe = |mode: u32| mode & 0o1000 != 0 || mode & 0o022 == 0;
        if !fs::metadata(&folder).is_ok_and(|found| is_safe(found.mode())) {
            debug!("each lane has a connection of its own: others can change what is in {}", folder.display());
            return None;
        }
        Some(Self { path: folder.join(meeting_place(key)) })
    }

    /// Has a remote shell meet the others.
    pub(super) fn tell(&self, command: &mut Command) {
        command.envs([environment::one_connection(&self.path)]);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Whoever made it removes it, unless it was killed.
        let _ = fs::remove_file(&self.path);
    }
}
