//! An agent that does not keep to PROTOCOL.agent.

use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// An agent that follows a script.
pub struct Agent {
    path: PathBuf,
}

impl Agent {
    /// Listens in `folder` and runs `script` for each connection.
    pub fn start<F>(folder: &Path, script: F) -> io::Result<Self>
    where
        F: Fn(&mut UnixStream) -> io::Result<()> + Send + Sync + 'static,
    {
        let path = folder.join("agent");
        let listener = UnixListener::bind(&path)?;
        let script = Arc::new(script);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let script = script.clone();
                thread::spawn(move || {
                    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
                    stream.set_write_timeout(Some(Duration::from_secs(60)))?;
                    script(&mut stream)
                });
            }
        });
        Ok(Self { path })
    }

    /// Its socket.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}
