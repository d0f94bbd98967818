//! Bytes between the client, the gate and the server.
//!
//! One thread reads the client, the other the server. Each asks the gate what to pass on and writes it where it belongs, with
//! nothing locked but that place; so a client that does not read holds up its own session and no memory.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::process::ChildStdin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;
use xssh_cvs::{Gate, Refusal};

use super::server::Started;
use crate::serve::pace::{Meter, Paced};

/// What is read at once.
const CHUNK: usize = 64 << 10;
/// How long what the server has said waits for more of it.
const MOMENT: Duration = Duration::from_millis(1);
/// How long a refused client may go on sending before it reads why.
const PATIENCE: Duration = Duration::from_secs(60);
/// A refused client that says nothing for this long has read it.
const SILENCE: Duration = Duration::from_secs(1);
/// How long a server that is to end may clear up.
const GRACE: Duration = Duration::from_secs(5);

/// The client, on standard input and output.
#[derive(Debug)]
pub(super) struct Client {
    shared: Arc<Shared>,
    /// Says that the client has said all.
    end: Option<Receiver<()>>,
}

/// What both threads use.
#[derive(Debug)]
struct Shared {
    gate: Mutex<Gate>,
    output: Mutex<File>,
    /// How often something of the client's was read.
    heard: AtomicU64,
    /// What passes, to and from the client.
    meter: Meter,
    /// The server, as long as it is not waited for, and its directory. It leads a process group.
    running: Mutex<Option<(Pid, TempDir)>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Client {
    /// A client before its gate, held to so many bytes a second.
    pub(super) fn new(gate: Gate, rate: Option<u64>) -> io::Result<Self> {
        let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let shared = Shared {
            gate: Mutex::new(gate),
            output: Mutex::new(output),
            heard: AtomicU64::new(0),
            meter: Meter::new(rate),
            running: Mutex::new(None),
        };
        Ok(Self { shared: Arc::new(shared), end: None })
    }

    /// What another thread can watch.
    pub(super) fn watched(&self) -> Watched {
        Watched(self.shared.clone())
    }

    /// Its gate.
    pub(super) fn gate(&self) -> MutexGuard<'_, Gate> {
        locked(&self.shared.gate)
    }

    /// Reads until the client has named its root, and which of the grant's it is; nothing where it is refused, or is gone.
    pub(super) fn greet(&self) -> io::Result<Option<usize>> {
        let mut buffer = vec![0; CHUNK];
        let mut gate = self.gate();
        while gate.wanted().is_none() && !gate.is_closing() {
            match self.shared.read(&mut buffer)? {
                0 => return Ok(None),
                length => gate.from_client(&buffer[..length]),
            }
        }
        Ok(gate.wanted())
    }

    /// Carries everything until the server has said all.
    pub(super) fn carry(&mut self, started: Started) -> io::Result<()> {
        let Started { mut child, temporary, .. } = started;
        *locked(&self.shared.running) = Some((Pid::from_child(&child), temporary));
        let (said_all, end) = sync_channel(1);
        self.end = Some(end);
        let (input, shared) = (child.stdin.take(), self.shared.clone());
        thread::Builder::new().spawn(move || shared.read_client(input, &said_all))?;
        if let Some(mut answers) = child.stdout.take() {
            let mut buffer = vec![0; CHUNK];
            let mut bytes = Vec::new();
            while let Ok(length) = answers.read(&mut buffer)
                && length > 0
            {
                let mut gate = self.gate();
                gate.from_server(&buffer[..length]);
                bytes.extend(gate.take_for_client());
                drop(gate);
                if bytes.len() < CHUNK && is_going_on(&answers) {
                    continue;
                }
                if self.shared.tell(&std::mem::take(&mut bytes)).is_err() {
                    break;
                }
            }
            // Its last words came right before its end.
            let _ = self.shared.tell(&bytes);
        }
        let running = locked(&self.shared.running).take();
        let status = child.wait()?;
        ::log::debug!("cvs ended: {status}");
        drop(running);
        self.gate().server_ended();
        Ok(())
    }

    /// Tells the client what is left, and, where it is refused, lets it send to its end, so that it gets to read why; but not
    /// for ever.
    pub(super) fn finish(&mut self) {
        let bytes = self.gate().take_for_client();
        if self.shared.tell(&bytes).is_err() || !self.gate().is_closing() {
            return;
        }
        let end = self.end.take().or_else(|| {
            let (said_all, end) = sync_channel(1);
            let shared = self.shared.clone();
            thread::Builder::new().spawn(move || shared.read_client(None, &said_all)).ok().map(|_| end)
        });
        let (Some(end), begun) = (end, Instant::now()) else { return };
        let mut heard = self.shared.heard.load(Ordering::Relaxed);
        // A client that waits for more than it was told hears the end when this program ends.
        while end.recv_timeout(SILENCE) == Err(RecvTimeoutError::Timeout) && begun.elapsed() < PATIENCE {
            let now = self.shared.heard.load(Ordering::Relaxed);
            if now == heard {
                return;
            }
            heard = now;
        }
    }
}

/// Whether the server says more in a moment. It says each file apart, and each that is passed on alone wakes everybody on its way.
fn is_going_on(answers: &impl AsFd) -> bool {
    thread::sleep(MOMENT);
    poll(&mut [PollFd::new(answers, PollFlags::IN)], Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}

/// A client, as far as it is watched.
#[derive(Debug, Clone)]
pub(super) struct Watched(Arc<Shared>);

impl Watched {
    /// Watches until `stop` ends. Where nothing passes for so long, the server is stopped and `true` given: what waits for the client
    /// may wait for ever, so this process is to end then.
    pub(super) fn watch(&self, idle: Duration, stop: &Receiver<()>) -> bool {
        let tick = (idle / 4).min(SILENCE);
        while stop.recv_timeout(tick) == Err(RecvTimeoutError::Timeout) {
            if self.0.meter.idle() <= idle {
                continue;
            }
            self.0.signal(Signal::KILL);
            // Its directory goes with it.
            drop(locked(&self.0.running).take());
            return true;
        }
        false
    }

    /// Sends the client away, and has the server end. It clears its locks away; if it does not, until `until` ends, it is killed.
    pub(super) fn stop(&self, refusal: Refusal, until: &Receiver<()>) {
        locked(&self.0.gate).refuse(refusal);
        self.0.signal(Signal::TERM);
        if until.recv_timeout(GRACE) == Err(RecvTimeoutError::Timeout) {
            self.0.signal(Signal::KILL);
        }
    }
}

impl Shared {
    /// Reads the client until it ends, whatever becomes of the server.
    fn read_client(&self, mut server: Option<ChildStdin>, said_all: &SyncSender<()>) {
        let mut buffer = vec![0; CHUNK];
        loop {
            // What the client said behind its root is there before anything is read.
            let (for_server, for_client, is_closing) = {
                let mut gate = locked(&self.gate);
                (gate.take_for_server(), gate.take_for_client(), gate.is_closing())
            };
            let is_gone = server.as_mut().is_some_and(|input| input.write_all(&for_server).is_err());
            if is_gone || is_closing {
                server = None;
            }
            // Not even a lock is waited for where there is nothing to say: the client may read only when it has sent all.
            let _ = self.tell(&for_client);
            match self.read(&mut buffer) {
                Ok(length) if length > 0 => {
                    self.heard.fetch_add(1, Ordering::Relaxed);
                    locked(&self.gate).from_client(&buffer[..length]);
                }
                _ => break,
            }
        }
        drop(server);
        let _ = said_all.send(());
    }

    fn tell(&self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        Paced(&mut *locked(&self.output), &self.meter).write_all(bytes)
    }

    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Paced(io::stdin(), &self.meter).read(buffer)
    }

    /// Signals the server and all that it has started.
    fn signal(&self, signal: Signal) {
        if let Some((server, _)) = &*locked(&self.running) {
            // It has not been waited for, so its number is its own.
            let _ = kill_process_group(*server, signal);
        }
    }
}
