//! ProxyCommand: a child whose standard input and output are the connection (ssh_config(5)).
//!
//! The command runs as `SHELL -c 'exec COMMAND'`. Its standard error is ours; SIGPIPE has its default action in it and no
//! signal is blocked, which is what std sees to when it starts a child. Descriptors that are not meant for it are closed
//! when it starts.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use log::debug;
use tokio::time::timeout;

use super::command_child::{HangUp, Output, Process, exit_words};
pub use super::command_fdpass::{Passed, dial};
use super::halves::Halves;
use super::{BoxedWire, HopError};
use crate::terminal::visible::visible;

/// How long a command that closed its output may take to exit.
pub(super) const FAREWELL: Duration = Duration::from_secs(1);

/// Starts the command. Dropping the wire closes its pipes and sends it SIGHUP; it is reaped when it ends.
///
/// `shell` is the user's (SHELL), or empty for `/bin/sh`; `command` has its tokens expanded. Must be called inside a tokio
/// runtime.
///
/// # Errors
/// [`HopError::Local`] where the shell cannot be started.
pub fn spawn(shell: &Path, command: &OsStr) -> Result<(BoxedWire, Watch), HopError> {
    debug!("Executing proxy command: exec {}", visible(command.as_encoded_bytes()));
    let process = Process::start(shell, command, Stdio::piped(), Stdio::piped())?;
    let (input, pipe) = process.pipes().ok_or_else(|| HopError::Local {
        what: "talk to the proxy command".to_owned(),
        source: io::ErrorKind::BrokenPipe.into(),
    })?;
    let output = Output { pipe, process: Arc::clone(&process) };
    let wire = Halves::new(output, input, HangUp(Arc::clone(&process)));
    Ok((Box::new(wire), Watch { process }))
}

/// A proxy command's process, to ask it why its wire ended. Drop it when that is of no more interest.
#[derive(Debug)]
pub struct Watch {
    process: Arc<Process>,
}

impl Watch {
    /// How the command failed, if it ended before the wire was dropped: waits a second for that. None where it still
    /// runs, was at work until the wire was dropped, or ended well.
    pub async fn ended(&self) -> Option<HopError> {
        if self.process.was_cut_off() {
            return None;
        }
        let status = timeout(FAREWELL, self.process.exit_status()).await.ok()?.ok()?;
        (!status.success()).then(|| self.process.failed(exit_words(status)))
    }
}
