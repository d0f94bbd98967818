//! Further lanes to the host of a run, where one channel's window is less than the line takes.
//!
//! Each is this program as a remote shell once more, for `xssh serve --sync-join` there: a channel of the run's connection, or a
//! connection of its own. Nobody is asked anything for them: what cannot log in by itself is done without.

use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use xssh_sync::lanes::{JOINED, Joining, Lanes};

use super::far_side::Clock;

/// Connections that are opened, and those that are open.
pub(super) struct Connections {
    /// How one is started.
    command: Mutex<Command>,
    most: u8,
    clock: Arc<Clock>,
    children: Mutex<Started>,
}

#[derive(Default)]
struct Started {
    children: Vec<Child>,
    /// The run is over.
    closed: bool,
}

impl Connections {
    /// `command` is the remote shell that joins a run on the host.
    pub(super) fn new(mut command: Command, most: u8, clock: Arc<Clock>) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        Self { command: Mutex::new(command), most, clock, children: Mutex::default() }
    }

    fn started(&self) -> MutexGuard<'_, Started> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self) -> io::Result<(impl Read + use<>, impl Write + Send + use<>)> {
        let mut started = self.started();
        if started.closed {
            return Err(io::ErrorKind::NotConnected.into());
        }
        let mut child = self.command.lock().unwrap_or_else(PoisonError::into_inner).spawn()?;
        let pipes = child.stdout.take().zip(child.stdin.take());
        started.children.push(child);
        pipes.ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }
}

impl Lanes for Connections {
    fn most(&self) -> u8 {
        self.most
    }

    fn open(&self, joining: Joining) -> io::Result<Box<dyn Write + Send>> {
        let (mut answer, mut input) = self.start()?;
        joining.write(&mut input)?;
        let mut joined = [0; JOINED.len()];
        answer.read_exact(&mut joined)?;
        // A login script that talks makes a lane useless, nothing else.
        if joined != *JOINED {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(Box::new(self.clock.over(input)))
    }

    fn close(&self) {
        let mut started = self.started();
        started.closed = true;
        for child in &mut started.children {
            // What has ended already needs no more than to be waited for.
            let _ = child.kill();
            let _ = child.wait();
        }
        started.children.clear();
    }
}
