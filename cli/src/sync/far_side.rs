//! The other side: this program once more, as a remote shell or as the helper itself.

use std::io::{self, IsTerminal, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::connection::Connection;
use super::ending::LOST;
use super::lanes::Connections;
use super::remote::{self, Copy};
use crate::args::sync::Sync;
use crate::environment;

/// A child that leads to the other side.
pub(super) struct FarSide {
    child: Child,
    clock: Arc<Clock>,
    patience: Option<Duration>,
    silent: Arc<AtomicBool>,
    /// Dropped when the run is over.
    watched: Option<Sender<()>>,
}

/// One direction of the line; notes when something passes.
pub(super) struct Stream<T> {
    inner: T,
    clock: Arc<Clock>,
}

/// When something passed last, in milliseconds since the start.
pub(super) struct Clock {
    start: Instant,
    last: AtomicU64,
}

impl Clock {
    /// A stream whose bytes it notes.
    pub(super) fn over<T>(self: &Arc<Self>, inner: T) -> Stream<T> {
        Stream { inner, clock: self.clone() }
    }

    fn note(&self) {
        self.last.store(u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn idle(&self) -> Duration {
        self.start.elapsed().saturating_sub(Duration::from_millis(self.last.load(Ordering::Relaxed)))
    }
}

impl<T: Read> Read for Stream<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.clock.note();
        Ok(n)
    }
}

impl<T: Write> Write for Stream<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.clock.note();
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl FarSide {
    /// Starts the helper: on a host, or here.
    pub(super) fn start(
        call: &Sync,
        host: Option<&str>,
        copy: Option<&Copy>,
        connection: Option<&Connection>,
    ) -> Result<Self, String> {
        let mut command = match host {
            Some(host) => {
                // Behind what the user said about it: the first value counts.
                let batch: &[&str] = if is_attended() { &[] } else { &["-o", "BatchMode=yes"] };
                let mut command = on_host(call, [&[], batch], host, &remote::command(call, copy, "serve --sync"))?;
                command.env(environment::LOST, LOST.to_string());
                if let Some(connection) = connection {
                    connection.tell(&mut command);
                }
                command
            }
            None => {
                let mut command = Command::new(environment::own_program()?);
                command.args(["serve", "--sync"]);
                command
            }
        };
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let child = child.map_err(|error| format!("cannot start {}: {error}", command.get_program().display()))?;
        let patience = call.timeout.map(Duration::from_secs);
        let clock = Arc::new(Clock { start: Instant::now(), last: AtomicU64::new(0) });
        Ok(Self { child, clock, patience, silent: Arc::default(), watched: None })
    }

    /// What it says, and what it is told. Where nothing passes for as long as our patience lasts, the child is ended.
    pub(super) fn streams(&mut self) -> Result<(Stream<ChildStdout>, Stream<ChildStdin>), String> {
        let pipes = self.child.stdout.take().zip(self.child.stdin.take());
        let (output, input) = pipes.ok_or_else(|| "the helper has no pipes".to_owned())?;
        let clock = self.clock.clone();
        if let Some(patience) = self.patience {
            let (watched, over) = channel();
            let (child, silent, clock) = (Pid::from_child(&self.child), self.silent.clone(), clock.clone());
            let watch = move || watch(child, patience, &clock, &silent, &over);
            thread::Builder::new().spawn(watch).map_err(|error| format!("cannot start a thread: {error}"))?;
            self.watched = Some(watched);
        }
        Ok((clock.over(output), clock.over(input)))
    }

    /// Further lanes to the host, where the user lets us have some.
    pub(super) fn more(
        &self,
        call: &Sync,
        host: Option<&str>,
        connection: Option<&Connection>,
    ) -> Result<Option<Connections>, String> {
        let Some((host, most)) = host.zip(call.connections.checked_sub(1)) else { return Ok(None) };
        let mut command = on_host(
            call,
            [&["-q", "-o", "BatchMode=yes"], &[]],
            host,
            &remote::command(call, None, "serve --sync-join"),
        )?;
        if let Some(connection) = connection {
            connection.tell(&mut command);
        }
        Ok(Some(Connections::new(command, most, self.clock.clone())))
    }

    /// Waits for its end and gives how it ended.
    pub(super) fn end(mut self) -> Ended {
        // Before the child is waited for: its number may be another's afterwards.
        drop(self.watched.take());
        let code = self.child.wait().ok().and_then(|status| status.code()).and_then(|code| u8::try_from(code).ok());
        Ended { code, silent: self.silent.load(Ordering::Relaxed) }
    }
}

/// Whether somebody is there who can be asked.
pub(super) fn is_attended() -> bool {
    io::stdin().is_terminal() || io::stderr().is_terminal()
}

/// What the configuration may give to shells on the host and a sync has no use for, as scp has it.
const NOTHING_LENT: [&str; 3] = ["-a", "-x", "-oClearAllForwardings=yes"];

/// This program as the remote shell that runs this on a host, with options before and behind the user's.
fn on_host(call: &Sync, [before, behind]: [&[&str]; 2], host: &str, remote: &str) -> Result<Command, String> {
    let mut command = Command::new(environment::own_program()?);
    command.args(NOTHING_LENT).args(before).args(&call.shell).args(behind).arg("--").arg(host).arg(remote);
    Ok(command)
}

/// How the other side ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    /// The exit code; none where a signal ended it.
    pub(super) code: Option<u8>,
    /// It was ended because nothing passed.
    pub(super) silent: bool,
}

/// Ends the child when nothing has passed for too long.
fn watch(child: Pid, patience: Duration, clock: &Clock, silent: &AtomicBool, over: &Receiver<()>) {
    loop {
        let left = patience.saturating_sub(clock.idle());
        if left.is_zero() {
            silent.store(true, Ordering::Relaxed);
            // It has not been waited for yet, so the number is still its own.
            let _ = kill_process(child, Signal::KILL);
            return;
        }
        if over.recv_timeout(left) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}
