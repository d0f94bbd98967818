//! The client under watch: run with limits of time and memory, everything it says kept, up to a point.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::algorithm::HostKey;
use crate::subject::Subject;

/// The most resident memory that any peer may drive a client to.
pub const MEMORY: u64 = 48 << 20;
/// After this a client is taken to hang, and killed.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// How often a client's memory is looked at.
const GLANCE: Duration = Duration::from_millis(10);
/// Of each stream so much is kept; the rest is counted.
const KEPT: usize = 1 << 20;

/// The client under test, its configuration and its folder. It knows the host `hostile`, on the port it is given, whose key it knows.
pub struct Victim {
    folder: TempDir,
    program: PathBuf,
    config: String,
    environment: Vec<(OsString, OsString)>,
    stdin: Option<Vec<u8>>,
    stalled: Duration,
    patience: Duration,
    memory: u64,
}

/// What one stream carried.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// Its beginning.
    pub bytes: Vec<u8>,
    /// All of its length.
    pub length: u64,
}

/// What became of a client.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Its exit status; none if a signal ended it.
    pub code: Option<i32>,
    /// Whether it had to be killed.
    pub hung: bool,
    /// Its standard output.
    pub stdout: Said,
    /// Its standard error.
    pub stderr: Said,
    /// From start to exit.
    pub wall: Duration,
    /// Its largest resident set, bytes.
    pub peak: u64,
    /// The largest it may have, bytes.
    pub allowed: u64,
}

impl Victim {
    /// A client for a server on `port` of loopback.
    pub fn facing(port: u16) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let known = folder.path().join("known_hosts");
        fs::write(&known, format!("hostile {}\n", HostKey::numbered(1)?.line()))?;
        let config = format!(
            "Host *\n HostName 127.0.0.1\n Port {port}\n User someone\n HostKeyAlias hostile\n UserKnownHostsFile {}\n \
             GlobalKnownHostsFile none\n StrictHostKeyChecking yes\n IdentityFile none\n IdentityAgent none\n BatchMode yes\n",
            known.display()
        );
        Ok(Self {
            folder,
            program: Subject::get().path.clone(),
            config,
            environment: Vec::new(),
            stdin: None,
            stalled: Duration::ZERO,
            patience: PATIENCE,
            memory: MEMORY,
        })
    }

    /// Its folder, for keys and sockets.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Puts lines ahead of its configuration: the first value wins.
    #[must_use]
    pub fn with(mut self, lines: &str) -> Self {
        self.config = format!("{lines}\n{}", self.config);
        self
    }

    /// Sets an environment variable; otherwise there are only HOME and PATH.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Gives it something to read; otherwise its standard input is empty.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Reads nothing from its standard output for so long.
    #[must_use]
    pub fn stalled(mut self, time: Duration) -> Self {
        self.stalled = time;
        self
    }

    /// Gives it a key of its own, in the file `key` of its folder.
    pub fn with_key(self) -> io::Result<Self> {
        let path = self.folder.path().join("key");
        let mut keygen = Command::new("ssh-keygen");
        let made = keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(&path).status()?;
        if !made.success() {
            return Err(io::Error::other("ssh-keygen failed"));
        }
        Ok(self.with(&format!("IdentityFile {}", path.display())))
    }

    /// Has its questions answered with `answer`, and counts them: [`Victim::questions`].
    pub fn answering(self, answer: &str) -> io::Result<Self> {
        let folder = self.folder.path().to_path_buf();
        let script = folder.join("askpass");
        let lines = format!("#!/bin/sh\nprintf '%s\\0' \"$1\" >>{}/questions\necho {answer}\n", folder.display());
        fs::write(&script, lines)?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
        let answering = self.with("BatchMode no").env("SSH_ASKPASS", script).env("DISPLAY", ":0");
        Ok(answering.env("SSH_ASKPASS_REQUIRE", "force"))
    }

    /// The questions it asked, in their order.
    #[must_use]
    pub fn questions(&self) -> Vec<Vec<u8>> {
        let asked = fs::read(self.folder.path().join("questions")).unwrap_or_default();
        let mut questions: Vec<_> = asked.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
        questions.pop();
        questions
    }

    /// Has it killed sooner or later than after [`PATIENCE`].
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Allows it more memory than [`MEMORY`], bytes.
    #[must_use]
    pub fn memory(mut self, most: u64) -> Self {
        self.memory = most;
        self
    }

    /// Runs `client -F config hostile command`.
    pub fn run(&self) -> io::Result<Outcome> {
        let config = self.folder.path().join("config");
        fs::write(&config, &self.config)?;
        self.run_with(&["-F".as_ref(), config.as_ref(), "hostile".as_ref(), "command".as_ref()])
    }

    /// Runs it with these arguments and nothing else.
    pub fn run_with(&self, args: &[&Path]) -> io::Result<Outcome> {
        let mut command = Command::new(&self.program);
        command.args(args).env_clear().env("HOME", self.folder.path());
        command.env("PATH", "/usr/bin:/bin").envs(self.environment.iter().cloned());
        command.stdin(self.open_stdin()?).stdout(Stdio::piped()).stderr(Stdio::piped());
        let begun = Instant::now();
        let mut child = command.spawn()?;
        let stdout = keep(child.stdout.take(), self.stalled);
        let stderr = keep(child.stderr.take(), Duration::ZERO);
        let (done, waiting) = channel::<()>();
        let (pid, patience) = (Pid::from_child(&child), self.patience);
        let watching = thread::spawn(move || watch(pid, patience, &waiting));
        let status = child.wait()?;
        let wall = begun.elapsed();
        drop(done);
        let (hung, peak) = watching.join().unwrap_or_default();
        Ok(Outcome {
            code: status.code(),
            hung,
            stdout: stdout.join().unwrap_or_default(),
            stderr: stderr.join().unwrap_or_default(),
            wall,
            peak,
            allowed: self.memory,
        })
    }

    fn open_stdin(&self) -> io::Result<Stdio> {
        let Some(bytes) = &self.stdin else {
            return Ok(Stdio::null());
        };
        let path = self.folder.path().join("stdin");
        fs::write(&path, bytes)?;
        Ok(File::open(path)?.into())
    }
}

/// Kills a client that takes too long, and follows its peak memory. Gives whether it was killed, and that peak, bytes.
///
/// The peak is that of /proc: what wait4 tells of a child starts at the size its parent had. For a moment so does /proc,
/// until the child runs its own program.
fn watch(pid: Pid, patience: Duration, done: &Receiver<()>) -> (bool, u64) {
    let late = Instant::now() + patience;
    let process = PathBuf::from(format!("/proc/{}", pid.as_raw_nonzero()));
    let parents = fs::read_link("/proc/self/exe").unwrap_or_default();
    let mut peak = 0;
    loop {
        let own = fs::read_link(process.join("exe")).is_ok_and(|program| program != parents);
        let text = if own { fs::read_to_string(process.join("status")).unwrap_or_default() } else { String::new() };
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        peak = peak.max(kib.unwrap_or_default() << 10);
        if done.recv_timeout(GLANCE) != Err(RecvTimeoutError::Timeout) {
            return (false, peak);
        }
        if Instant::now() >= late {
            let _ = kill_process(pid, Signal::KILL);
            return (true, peak);
        }
    }
}

fn keep(stream: Option<impl Read + Send + 'static>, stalled: Duration) -> thread::JoinHandle<Said> {
    thread::spawn(move || {
        thread::sleep(stalled);
        let mut said = Said::default();
        let (Some(mut stream), mut buffer) = (stream, vec![0; 64 << 10]) else {
            return said;
        };
        while let Ok(read @ 1..) = stream.read(&mut buffer) {
            let room = KEPT.saturating_sub(said.bytes.len()).min(read);
            said.bytes.extend_from_slice(&buffer[..room]);
            said.length += read as u64;
        }
        said
    })
}

impl Said {
    /// As text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Outcome {
    /// What no peer may ever do to a client, whatever becomes of the connection.
    ///
    /// # Panics
    /// Says which of it happened.
    #[track_caller]
    pub fn assert_sound(&self) {
        assert!(!self.hung, "it hung: {self}");
        assert!(self.code.is_some(), "a signal ended it: {self}");
        assert!(self.peak <= self.allowed, "it used {} MiB: {self}", self.peak >> 20);
        assert!(!self.stderr.text().contains("panicked"), "it panicked: {self}");
        let plain = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..);
        assert!(self.stderr.bytes.iter().all(plain), "control bytes on stderr: {self}");
    }

    /// A sound end with status 255, nothing on stdout, and one error on stderr, which is returned: a line, or the two
    /// that OpenSSH has for some events and scripts read.
    ///
    /// # Panics
    /// Says what was not so.
    #[track_caller]
    pub fn assert_refused(&self) -> String {
        let lines = self.assert_failed();
        assert!(lines.len() <= 2, "{} lines where one error was due: {self}", lines.len());
        lines.join("\n")
    }

    /// The same with any number of lines, all of which are returned.
    ///
    /// # Panics
    /// Says what was not so.
    #[track_caller]
    pub fn assert_failed(&self) -> Vec<String> {
        self.assert_sound();
        assert!(self.code == Some(255), "it ended with {:?}: {self}", self.code);
        assert!(self.stdout.length == 0, "it printed: {self}");
        let text = self.stderr.text();
        let lines = text.lines().map(|line| line.trim().to_owned());
        let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
        assert!(!lines.is_empty(), "it said nothing: {self}");
        lines
    }

    /// Either end will do: as if nothing had been, or failed.
    ///
    /// # Panics
    /// Says what was not so.
    #[track_caller]
    pub fn assert_served_or_failed(&self) {
        if self.code == Some(0) {
            self.assert_served();
        } else {
            self.assert_failed();
        }
    }

    /// The end of [`super::Session::finish`]: the peer's tricks made no difference.
    ///
    /// # Panics
    /// Says what was not so.
    #[track_caller]
    pub fn assert_served(&self) {
        self.assert_sound();
        assert!(self.code == Some(0) && self.stdout.bytes == b"done\n", "not served: {self}");
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let start = |said: &Said| said.bytes[..said.bytes.len().min(2000)].escape_ascii().to_string();
        write!(
            f,
            "status {:?} after {:?}, {} MiB, stdout ({} bytes) `{}`, stderr ({} bytes) `{}`",
            self.code,
            self.wall,
            self.peak >> 20,
            self.stdout.length,
            start(&self.stdout),
            self.stderr.length,
            start(&self.stderr)
        )
    }
}
