//! The process of a ProxyCommand, from its start to its end.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::pin::{Pin, pin};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::HopError;
use crate::terminal::visible::visible;

/// A command that was started. Dropping it hangs up; the runtime reaps it.
#[derive(Debug)]
pub(super) struct Process {
    child: Mutex<Child>,
    command: OsString,
    /// It closed its output, so it went of its own accord.
    finished: AtomicBool,
    /// We hung up while it was at work, so how it ends is our doing.
    cut_off: AtomicBool,
    /// It may live on when nobody knows of it any more.
    spared: AtomicBool,
}

impl Process {
    /// Starts `SHELL -c 'exec COMMAND'`.
    pub(super) fn start(shell: &Path, command: &OsStr, input: Stdio, output: Stdio) -> Result<Arc<Self>, HopError> {
        let shell = match shell.as_os_str().is_empty() {
            true => Path::new("/bin/sh"),
            false => shell,
        };
        let mut line = OsString::from("exec ");
        line.push(command);
        let spawned = Command::new(shell).arg("-c").arg(&line).stdin(input).stdout(output).spawn();
        let child = spawned.map_err(|source| HopError::Local {
            what: format!("start the proxy command with {}", visible(shell.as_os_str().as_encoded_bytes())),
            source,
        })?;
        Ok(Arc::new(Self {
            child: Mutex::new(child),
            command: command.to_owned(),
            finished: AtomicBool::new(false),
            cut_off: AtomicBool::new(false),
            spared: AtomicBool::new(false),
        }))
    }

    /// Our ends of its pipes, the first time.
    pub(super) fn pipes(&self) -> Option<(ChildStdin, ChildStdout)> {
        let mut child = self.child();
        Some((child.stdin.take()?, child.stdout.take()?))
    }

    /// Waits for its end, and never holds the lock while it does.
    pub(super) async fn exit_status(&self) -> io::Result<ExitStatus> {
        std::future::poll_fn(|cx| {
            let mut child = self.child();
            let waiting = pin!(child.wait());
            waiting.poll(cx)
        })
        .await
    }

    /// Lets it live.
    pub(super) fn spare(&self) {
        self.spared.store(true, Ordering::Relaxed);
    }

    /// Whether we hung up before it was done.
    pub(super) fn was_cut_off(&self) -> bool {
        self.cut_off.load(Ordering::Relaxed)
    }

    /// The error that names it.
    pub(super) fn failed(&self, how: String) -> HopError {
        HopError::CommandEnded { command: visible(self.command.as_encoded_bytes()), how }
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends SIGHUP, as OpenSSH does when the connection is over, to a command that still runs.
    fn hang_up(&self) {
        let mut child = self.child();
        let id = match child.try_wait() {
            Ok(Some(_)) => None,
            _ => child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw),
        };
        if let Some(id) = id {
            // It may just have ended.
            let _ = kill_process(id, Signal::HUP);
            self.cut_off.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.spared.load(Ordering::Relaxed) {
            self.hang_up();
        }
    }
}

/// How a command ended.
pub(super) fn exit_words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(127), _) => "exited with status 127 (command not found)".to_owned(),
        (Some(code), _) => format!("exited with status {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

/// Hangs up when dropped, unless the command is about to go anyway: then it may do so by itself, and say why, for as long
/// as somebody watches it.
pub(super) struct HangUp(pub(super) Arc<Process>);

impl Drop for HangUp {
    fn drop(&mut self) {
        if !self.0.finished.load(Ordering::Relaxed) {
            self.0.hang_up();
        }
    }
}

/// A command's output, which notes its end.
pub(super) struct Output {
    pub(super) pipe: ChildStdout,
    pub(super) process: Arc<Process>,
}

impl AsyncRead for Output {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.pipe).poll_read(cx, buf))?;
        if buf.filled().len() == before && buf.remaining() > 0 {
            self.process.finished.store(true, Ordering::Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}
