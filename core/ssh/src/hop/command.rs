//! ProxyCommand: a child whose standard input and output are the connection (ssh_config(5)).
//!
//! The command runs as `SHELL -c 'exec COMMAND'`. Its standard error is ours; SIGPIPE has its default action in it and no
//! signal is blocked, which is what std sees to when it starts a child. Descriptors that are not meant for it are closed
//! when it starts.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use log::debug;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::timeout;

pub use super::command_fdpass::{Passed, dial};
use super::halves::Halves;
use super::{BoxedWire, HopError};
use crate::terminal::visible::visible;

/// How long a command that closed its output may take to exit.
const FAREWELL: Duration = Duration::from_secs(1);

/// Starts the command. Dropping the wire closes its pipes and sends it SIGHUP; it is reaped when it ends.
///
/// `shell` is the user's (SHELL), or empty for `/bin/sh`; `command` has its tokens expanded. Must be called inside a tokio
/// runtime.
///
/// # Errors
/// [`HopError::Local`] where the shell cannot be started.
pub fn spawn(shell: &Path, command: &OsStr) -> Result<(BoxedWire, Watch), HopError> {
    debug!("Executing proxy command: exec {}", visible(command.as_encoded_bytes()));
    let mut child = start(shell, command, Stdio::piped(), Stdio::piped())?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(not_started(shell, io::ErrorKind::NotFound.into()));
    };
    let watch = Watch { child: Arc::new(Mutex::new(child)), command: command.to_owned() };
    let hang_up = HangUp(Some(Arc::clone(&watch.child)));
    Ok((Box::new(Halves::new(output, input, hang_up)), watch))
}

/// A proxy command's process, to ask it why it is silent.
#[derive(Debug)]
pub struct Watch {
    child: Arc<Mutex<Child>>,
    command: OsString,
}

impl Watch {
    /// How the command ended, for a wire that ended before the peer said anything: waits a second for it. None where it
    /// still runs.
    pub async fn ended(&self) -> Option<HopError> {
        let status = timeout(FAREWELL, exit_status(&self.child)).await.ok()?;
        let how = status.map_or_else(|error| format!("was lost: {error}"), exit_words);
        Some(command_ended(&self.command, how))
    }
}

pub(super) fn start(shell: &Path, command: &OsStr, input: Stdio, output: Stdio) -> Result<Child, HopError> {
    let shell = match shell.as_os_str().is_empty() {
        true => Path::new("/bin/sh"),
        false => shell,
    };
    let mut line = OsString::from("exec ");
    line.push(command);
    let spawned = Command::new(shell).arg("-c").arg(&line).stdin(input).stdout(output).spawn();
    spawned.map_err(|error| not_started(shell, error))
}

fn not_started(shell: &Path, source: io::Error) -> HopError {
    HopError::Local {
        what: format!("start the proxy command with {}", visible(shell.as_os_str().as_encoded_bytes())),
        source,
    }
}

pub(super) fn command_ended(command: &OsStr, how: String) -> HopError {
    HopError::CommandEnded { command: visible(command.as_encoded_bytes()), how }
}

pub(super) fn exit_words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(127), _) => "exited with status 127 (command not found)".to_owned(),
        (Some(code), _) => format!("exited with status {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

/// Waits for the child, and never holds the lock while it does.
async fn exit_status(child: &Mutex<Child>) -> io::Result<ExitStatus> {
    std::future::poll_fn(|cx| {
        let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = pin!(child.wait());
        match waiting.poll(cx) {
            Poll::Ready(status) => Poll::Ready(status),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Sends SIGHUP when dropped, as OpenSSH does when the connection is over. The runtime reaps the child.
pub(super) struct HangUp(Option<Arc<Mutex<Child>>>);

impl HangUp {
    pub(super) fn of(child: Arc<Mutex<Child>>) -> Self {
        Self(Some(child))
    }

    /// Lets the child live.
    pub(super) fn spare(mut self) {
        self.0 = None;
    }

    pub(super) async fn exit_status(&self) -> io::Result<ExitStatus> {
        match &self.0 {
            Some(child) => exit_status(child).await,
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

impl Drop for HangUp {
    fn drop(&mut self) {
        let Some(child) = &self.0 else { return };
        let child = child.lock().unwrap_or_else(PoisonError::into_inner);
        // Without an id it was reaped already, and its number may be somebody else's.
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(id) = id {
            // It may just have ended.
            let _ = kill_process(id, Signal::HUP);
        }
    }
}
