//! A throw-away sshd on loopback, the same one 50 ms away, and keys and a configuration that belong to nobody.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tempfile::TempDir;
use xssh_tests::delay_line::DelayLine;
use xssh_tests::key::Key;
use xssh_tests::sshd::Sshd;

use crate::error::BenchError;

/// The round trip time of the host `far`.
pub(crate) const ROUND_TRIP: Duration = Duration::from_millis(50);

/// Lives as long as the measurements; its folder and its server go with it.
pub(crate) struct Lab {
    /// Where files are moved from and to.
    pub(crate) scratch: PathBuf,
    /// For `-F`: knows the hosts `near`, `far` and `counted`.
    pub(crate) config: PathBuf,
    _sshd: Sshd,
    /// Bytes that went to and from the host `counted`.
    pub(crate) carried: Arc<AtomicU64>,
    _lines: [DelayLine; 2],
    _folder: TempDir,
}

impl Lab {
    pub(crate) fn start(scratch: &Path) -> Result<Self, BenchError> {
        let folder = tempfile::Builder::new()
            .prefix("xssh-bench-")
            .tempdir_in(scratch)
            .map_err(BenchError::io(format!("a folder in {}", scratch.display())))?;
        let root = folder.path();
        let sshd = Sshd::plan().with("LogLevel ERROR").start();
        let key = Key::new(root.join("key"), "ed25519");
        sshd.authorize(&key.public());
        let near = SocketAddr::from((Ipv4Addr::LOCALHOST, sshd.port()));
        let line = DelayLine::start(near, ROUND_TRIP).map_err(BenchError::io("the delay line"))?;
        let counted = DelayLine::start(near, Duration::ZERO).map_err(BenchError::io("the counting line"))?;
        let known = root.join("known_hosts");
        fs::write(&known, sshd.known_as("bench")).map_err(BenchError::io("known_hosts"))?;
        let config = root.join("config");
        let lines = format!(
            "Host near\n Port {}\nHost far\n Port {}\nHost counted\n Port {}\nHost *\n HostName 127.0.0.1\n HostKeyAlias bench\n \
             IdentityFile {}\n IdentitiesOnly yes\n IdentityAgent none\n UserKnownHostsFile {}\n \
             GlobalKnownHostsFile none\n StrictHostKeyChecking yes\n BatchMode yes\n ControlPath none\n",
            near.port(),
            line.address().port(),
            counted.address().port(),
            key.path.display(),
            known.display()
        );
        fs::write(&config, lines).map_err(BenchError::io("the client's configuration"))?;
        let (scratch, carried) = (root.to_path_buf(), counted.carried());
        Ok(Self { scratch, config, carried, _sshd: sshd, _lines: [line, counted], _folder: folder })
    }
}

/// Runs a tool to its end; what it said on stderr is the error where it failed. Returns its stdout.
pub(crate) fn succeed(command: &mut Command) -> Result<Vec<u8>, BenchError> {
    let what = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(BenchError::io(&what))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(BenchError::Failed { what, status: output.status, said: String::from_utf8_lossy(&output.stderr).trim().into() })
}
