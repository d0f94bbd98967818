//! The rows of sharing: `true` over a master, each client over its own program's; and what a master answers by itself.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::BenchError;
use crate::lab::Lab;
use crate::measure::Run;
use crate::workload::Client;

/// What is asked of the master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// A session in which `true` runs.
    True,
    /// `-O check`: no server takes part, so all of the time is the client's.
    Check,
}

/// A call over a shared connection.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    call: Call,
    config: PathBuf,
    scratch: PathBuf,
    xssh: PathBuf,
    masters: Arc<Mutex<Vec<Child>>>,
}

impl Shared {
    pub(crate) fn new(call: Call, lab: &Lab, xssh: &std::path::Path) -> Self {
        let (config, scratch) = (lab.config.clone(), lab.scratch.clone());
        Self { call, config, scratch, xssh: xssh.to_path_buf(), masters: Arc::default() }
    }

    fn socket(&self, is_ours: bool) -> PathBuf {
        self.scratch.join(if is_ours { "master-xssh" } else { "master-ssh" })
    }

    /// Starts both masters.
    pub(crate) fn make(&self) -> Result<(), BenchError> {
        for (is_ours, program) in [(true, self.xssh.clone()), (false, "ssh".into())] {
            let socket = self.socket(is_ours);
            let mut master = Command::new(program);
            master.arg("-F").arg(&self.config).args(["-M", "-N", "-S"]).arg(&socket).arg("near");
            let master = master.stdin(Stdio::null()).spawn().map_err(BenchError::io("a master"))?;
            self.masters.lock().unwrap_or_else(PoisonError::into_inner).push(master);
            let begun = Instant::now();
            while !socket.exists() {
                if begun.elapsed() > Duration::from_secs(30) {
                    return Err(BenchError::io("a control socket")(std::io::ErrorKind::TimedOut.into()));
                }
                thread::sleep(Duration::from_millis(5));
            }
        }
        Ok(())
    }

    /// Ends them.
    pub(crate) fn clear(&self) -> Result<(), BenchError> {
        for is_ours in [true, false] {
            let mut exit = Command::new("ssh");
            let exit =
                exit.arg("-F").arg(&self.config).args(["-q", "-O", "exit", "-S"]).arg(self.socket(is_ours)).arg("near");
            exit.status().map_err(BenchError::io("the end of a master"))?;
        }
        for mut master in self.masters.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            master.wait().map_err(BenchError::io("the end of a master"))?;
        }
        Ok(())
    }

    pub(crate) fn run(&self, client: &Client) -> Run {
        let is_ours = client.program == self.xssh;
        let run = Run::new(&client.program)
            .args(client.args.clone())
            .args(["-S".into(), self.socket(is_ours).into_os_string()]);
        match self.call {
            Call::True => run.args(["near", "true"]),
            Call::Check => run.args(["-q", "-O", "check", "near"]),
        }
    }
}
