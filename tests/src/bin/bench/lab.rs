//! A throw-away sshd on loopback, the same one 50 ms away, and keys and a configuration that belong to nobody.

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use xssh_tests::delay_line::DelayLine;

use crate::error::BenchError;

/// The round trip time of the host `far`.
pub(crate) const ROUND_TRIP: Duration = Duration::from_millis(50);

/// Lives as long as the measurements; its folder and its server go with it.
pub(crate) struct Lab {
    /// Where files are moved from and to.
    pub(crate) scratch: PathBuf,
    /// For `-F`: knows the hosts `near` and `far`.
    pub(crate) config: PathBuf,
    sshd: Child,
    _line: DelayLine,
    _folder: TempDir,
}

impl Lab {
    pub(crate) fn start(scratch: &Path) -> Result<Self, BenchError> {
        let folder = tempfile::Builder::new()
            .prefix("xssh-bench-")
            .tempdir_in(scratch)
            .map_err(BenchError::io(format!("a folder in {}", scratch.display())))?;
        let root = folder.path();
        for key in ["host", "user"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(root.join(key));
            succeed(&mut keygen)?;
        }
        let port = free_port()?;
        let sshd = serve(root, port)?;
        let line = DelayLine::start(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), ROUND_TRIP)
            .map_err(BenchError::io("the delay line"))?;
        let config = configure(root, port, line.address().port())?;
        Ok(Self { scratch: root.to_path_buf(), config, sshd, _line: line, _folder: folder })
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.sshd.kill();
        let _ = self.sshd.wait();
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

fn free_port() -> Result<u16, BenchError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    Ok(listener.map_err(BenchError::io("a free port"))?.port())
}

fn serve(root: &Path, port: u16) -> Result<Child, BenchError> {
    if rustix::process::geteuid().is_root() {
        // Where sshd's child without privileges lives; a package makes it when the service starts.
        fs::create_dir_all("/run/sshd").map_err(BenchError::io("/run/sshd"))?;
    }
    let log = root.join("sshd.log");
    let config = root.join("sshd_config");
    let at = root.display();
    let lines = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {at}/host\nAuthorizedKeysFile {at}/user.pub\nPidFile none\n\
         StrictModes no\nUsePAM no\nUseDNS no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
         PermitRootLogin prohibit-password\nPrintMotd no\nMaxStartups 100\n"
    );
    fs::write(&config, lines).map_err(BenchError::io("sshd_config"))?;
    let sshd = Command::new("/usr/sbin/sshd")
        .args(["-D", "-f"])
        .arg(&config)
        .arg("-E")
        .arg(&log)
        .stdin(Stdio::null())
        .spawn()
        .map_err(BenchError::io("/usr/sbin/sshd"))?;
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        if answers(port) {
            return Ok(sshd);
        }
        thread::sleep(Duration::from_millis(20));
    }
    let log = fs::read_to_string(&log).unwrap_or_default();
    Err(BenchError::NoServer { port, log })
}

fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else {
        return false;
    };
    let mut greeting = [0; 4];
    stream.read_exact(&mut greeting).is_ok() && &greeting == b"SSH-"
}

fn configure(root: &Path, port: u16, far_port: u16) -> Result<PathBuf, BenchError> {
    let host = fs::read_to_string(root.join("host.pub")).map_err(BenchError::io("the host key"))?;
    fs::write(root.join("known_hosts"), format!("bench {host}")).map_err(BenchError::io("known_hosts"))?;
    let at = root.display();
    let config = root.join("config");
    let lines = format!(
        "Host near\n Port {port}\nHost far\n Port {far_port}\nHost *\n HostName 127.0.0.1\n HostKeyAlias bench\n \
         IdentityFile {at}/user\n IdentitiesOnly yes\n IdentityAgent none\n UserKnownHostsFile {at}/known_hosts\n \
         GlobalKnownHostsFile none\n StrictHostKeyChecking yes\n BatchMode yes\n ControlPath none\n"
    );
    fs::write(&config, lines).map_err(BenchError::io("the client's configuration"))?;
    Ok(config)
}
