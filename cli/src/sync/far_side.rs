//! The other side: this program once more, as a remote shell or as the helper itself.

use std::ffi::OsString;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::args::sync::Sync;

/// A child that leads to the other side.
pub(super) struct FarSide {
    child: Child,
}

impl FarSide {
    /// Starts the helper: on a host, or here.
    pub(super) fn start(call: &Sync, host: Option<&str>) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| format!("cannot find myself: {error}"))?;
        let mut command = Command::new(&program);
        match host {
            Some(host) => {
                command.args(&call.shell).arg("--").arg(host).arg(format!("{} serve --sync", call.remote));
            }
            None => {
                command.args(["serve", "--sync"].map(OsString::from));
            }
        }
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        Ok(Self { child: child.map_err(|error| format!("cannot start {}: {error}", program.display()))? })
    }

    /// What it says, and what it is told.
    pub(super) fn streams(&mut self) -> Result<(ChildStdout, ChildStdin), String> {
        self.child.stdout.take().zip(self.child.stdin.take()).ok_or_else(|| "the helper has no pipes".to_owned())
    }

    /// Waits for its end and gives its exit code; none where a signal ended it.
    pub(super) fn end(mut self) -> Option<u8> {
        let status = self.child.wait().ok()?;
        status.code().and_then(|code| u8::try_from(code).ok())
    }
}
