//! Servers for the tests: each on a free port of the loopback, ready when it lets one connect, gone when dropped.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::net::TcpSocket;

/// What the target says before it echoes.
pub(crate) const BANNER: &[u8] = b"SSH-2.0-target\r\n";

const PATIENCE: Duration = Duration::from_secs(20);

/// A running program.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    _held: Port,
    _directory: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port of the loopback at which nobody listens. As long as this is held the system gives it to nobody, and only a server that is
/// told of it and takes addresses that are in use (socket(7), SO_REUSEADDR) can listen there.
pub(crate) struct Port {
    pub(crate) number: u16,
    _held: TcpSocket,
}

impl Port {
    pub(crate) fn free() -> Self {
        let held = TcpSocket::new_v4().unwrap();
        held.set_reuseaddr(true).unwrap();
        held.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        Self { number: held.local_addr().unwrap().port(), _held: held }
    }
}

/// Starts what `command` makes of a port and a scratch folder.
fn start(package: &str, command: impl Fn(u16, &Path) -> Command) -> Server {
    let (directory, held) = (tempfile::tempdir().unwrap(), Port::free());
    let port = held.number;
    let mut command = command(port, directory.path());
    let program = command.get_program().to_owned();
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let child = spawned.unwrap_or_else(|error| panic!("{program:?} of the package {package} is needed: {error}"));
    let mut server = Server { child, port, _held: held, _directory: directory };
    assert!(is_ready(&mut server), "{package} does not start");
    server
}

fn is_ready(server: &mut Server) -> bool {
    let start = Instant::now();
    while start.elapsed() < PATIENCE && server.child.try_wait().unwrap().is_none() {
        if TcpStream::connect(("127.0.0.1", server.port)).is_ok() {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
    }
    false
}

/// tinyproxy with more lines of configuration.
pub(crate) fn tinyproxy(lines: &str) -> Server {
    start("tinyproxy", |port, directory| {
        let configuration = directory.join("tinyproxy.conf");
        let common = "Listen 127.0.0.1\nTimeout 60\nAllow 127.0.0.1\nMaxClients 20";
        fs::write(&configuration, format!("Port {port}\n{common}\n{lines}\n")).unwrap();
        let mut command = Command::new("tinyproxy");
        command.arg("-d").arg("-c").arg(configuration);
        command
    })
}

/// microsocks with more arguments.
pub(crate) fn microsocks(arguments: &[&str]) -> Server {
    start("microsocks", |port, _| {
        let mut command = Command::new("microsocks");
        command.args(["-i", "127.0.0.1", "-p", &port.to_string()]).args(arguments);
        command
    })
}

/// socat that takes TLS off with `certificate` (and key, PEM) and goes on to `behind`.
pub(crate) fn tls_front(certificate: &Path, key: &Path, behind: u16) -> Server {
    start("socat", |port, _| {
        let mut command = Command::new("socat");
        command.arg(format!(
            "OPENSSL-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,verify=0,cert={},key={}",
            certificate.display(),
            key.display()
        ));
        command.arg(format!("TCP:127.0.0.1:{behind}"));
        command
    })
}

/// An OpenSSH server that lets in whoever runs the tests with the key `key`.
pub(crate) fn sshd(key: &Path) -> Server {
    start("openssh-server", |port, directory| {
        let host_key = directory.join("host_key");
        keygen(&host_key);
        let configuration = directory.join("sshd_config");
        let lines = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}.pub\nStrictModes no\nUsePAM no\n\
             PidFile none\nPermitRootLogin yes\n",
            host_key.display(),
            key.display()
        );
        fs::write(&configuration, lines).unwrap();
        // sshd of the system account wants this folder; as another user it is not looked at.
        let _ = fs::create_dir_all("/run/sshd");
        let mut command = Command::new("/usr/sbin/sshd");
        command.args(["-D", "-e", "-f"]).arg(configuration);
        command
    })
}

/// `ssh -D` to an sshd: OpenSSH's SOCKS server, which knows versions 4, 4a and 5.
pub(crate) fn dynamic_forward(key: &Path, sshd: &Server) -> Server {
    start("openssh-client", |port, _| {
        let mut command = Command::new("ssh");
        command.args([
            "-F",
            "none",
            "-N",
            "-oBatchMode=yes",
            "-oStrictHostKeyChecking=no",
            "-oExitOnForwardFailure=yes",
        ]);
        command.args(["-oUserKnownHostsFile=/dev/null", "-oIdentityAgent=none", "-oIdentitiesOnly=yes", "-i"]).arg(key);
        command.args(["-D", &format!("127.0.0.1:{port}"), "-p", &sshd.port.to_string(), "127.0.0.1"]);
        command
    })
}

/// Makes a key without passphrase.
pub(crate) fn keygen(path: &Path) {
    run("openssh-client", Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path));
}

/// Runs a program to its end, which has to be a good one.
pub(crate) fn run(package: &str, command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} of the package {package}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A host to be reached: it says [`BANNER`] to everyone at once, and then echoes. Its port.
pub(crate) fn target() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || echo(stream.unwrap()));
        }
    });
    port
}

fn echo(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(BANNER)?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            count => stream.write_all(&buffer[..count])?,
        }
    }
}
