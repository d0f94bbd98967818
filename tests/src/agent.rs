//! An ssh-agent with keys of the test's.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::call::Call;
use crate::daemon::Daemon;
use crate::key::Key;
use crate::peer;

/// An agent that runs until it is dropped.
pub struct Agent {
    _daemon: Daemon,
    socket: PathBuf,
    _folder: TempDir,
}

impl Agent {
    /// An agent that holds these keys, in this order.
    ///
    /// # Panics
    /// If ssh-agent or ssh-add is missing or fails.
    #[must_use]
    pub fn holding(keys: &[&Key]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for an agent");
        let socket = folder.path().join("socket");
        let args = ["-D", "-a", socket.to_str().expect("a path in UTF-8")];
        let mut daemon = Daemon::start("ssh-agent", &args, &folder.path().join("log"));
        daemon.await_ready(|| UnixStream::connect(&socket).is_ok());
        for key in keys {
            let add = Call::new(peer::require("ssh-add")).env("SSH_AUTH_SOCK", &socket);
            let _ = add.arg("-q").arg(&key.path).run().ok();
        }
        Self { _daemon: daemon, socket, _folder: folder }
    }

    /// For `SSH_AUTH_SOCK`.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }
}
