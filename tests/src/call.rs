//! One run of a program: its arguments, what it reads, and how long it may take.
//!
//! The environment is empty but for what is set here, so that nobody's configuration is found. The program is a process
//! group of its own; when its time is up the whole group is killed, and the test fails with the command's name.

use std::ffi::OsStr;
use std::io::{Read, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::peer;

/// What a call may take if nothing else is said. A connection takes 0.1 s; a busy machine takes longer.
pub const LIMIT: Duration = Duration::from_secs(60);

/// A call to be made.
pub struct Call {
    command: Command,
    input: Vec<u8>,
    limit: Duration,
    own_group: bool,
    stdio: [Option<Stdio>; 3],
}

impl Call {
    /// A call of `program`, with an empty environment but for PATH and the C.UTF-8 locale.
    #[must_use]
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", peer::PATH).env("LC_ALL", "C.UTF-8");
        Self { command, input: Vec::new(), limit: LIMIT, own_group: true, stdio: [None, None, None] }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it in this folder.
    #[must_use]
    pub fn dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Gives it something to read; otherwise its standard input is empty.
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = bytes.into();
        self
    }

    /// Lets it take longer, or not so long.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Gives it this as its standard input, in place of a pipe.
    #[must_use]
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.stdio[0] = Some(stdin.into());
        self
    }

    /// Gives it this as its standard output, in place of a pipe.
    #[must_use]
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.stdio[1] = Some(stdout.into());
        self
    }

    /// Gives it this as its standard error, in place of a pipe.
    #[must_use]
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.stdio[2] = Some(stderr.into());
        self
    }

    /// Leaves it to the program (setsid) to become a process group of its own.
    #[must_use]
    pub fn makes_own_group(mut self) -> Self {
        self.own_group = false;
        self
    }

    /// The program and its arguments, for a program that runs another.
    #[must_use]
    pub fn words(&self) -> Vec<std::ffi::OsString> {
        std::iter::once(self.command.get_program()).chain(self.command.get_args()).map(OsStr::to_owned).collect()
    }

    /// The command line, for people.
    #[must_use]
    pub fn line(&self) -> String {
        let words = std::iter::once(self.command.get_program()).chain(self.command.get_args());
        let words: Vec<_> = words.map(|word| format!("{word:?}")).collect();
        words.join(" ")
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// If it does not start or takes too long.
    #[track_caller]
    pub fn run(mut self) -> Outcome {
        let input = std::mem::take(&mut self.input);
        let mut running = self.start();
        let stdin = running.stdin.take();
        let writer = thread::spawn(move || {
            // A program may end before it has read everything.
            let _ = stdin.map(|mut stdin| stdin.write_all(&input));
        });
        let outcome = running.finish();
        writer.join().expect("the writer of standard input");
        outcome
    }

    /// Starts it; the caller reads and writes.
    ///
    /// # Panics
    /// If it does not start.
    #[track_caller]
    #[must_use]
    pub fn start(mut self) -> Running {
        use std::os::unix::process::CommandExt as _;

        let line = self.line();
        let [stdin, stdout, stderr] = self.stdio.map(|stdio| stdio.unwrap_or_else(Stdio::piped));
        self.command.stdin(stdin).stdout(stdout).stderr(stderr);
        if self.own_group {
            self.command.process_group(0);
        }
        let begun = Instant::now();
        let spawned = self.command.spawn();
        // Drops our copies of the descriptors that it was given.
        drop(self.command);
        let mut child = spawned.unwrap_or_else(|error| panic!("{line}: {error}"));
        let stderr = child.stderr.take().map(|mut stderr| {
            thread::spawn(move || {
                let mut said = Vec::new();
                let _ = stderr.read_to_end(&mut said);
                said
            })
        });
        Running {
            line,
            begun,
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            stderr,
            watch: Watch::over(&child, self.limit),
            child,
        }
    }
}

/// A program that runs. Dropping it kills its process group.
pub struct Running {
    line: String,
    begun: Instant,
    child: Child,
    watch: Watch,
    stderr: Option<JoinHandle<Vec<u8>>>,
    /// Its standard input, unless it was given one.
    pub stdin: Option<ChildStdin>,
    /// Its standard output, unless it was given one.
    pub stdout: Option<ChildStdout>,
}

impl Running {
    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it, and nobody else, a signal.
    ///
    /// # Panics
    /// If it is gone.
    pub fn signal(&self, signal: Signal) {
        rustix::process::kill_process(Pid::from_child(&self.child), signal).expect("a running program");
    }

    /// Ends its standard input, reads the rest of its output, and waits for its end.
    ///
    /// # Panics
    /// If it takes too long.
    #[track_caller]
    pub fn finish(mut self) -> Outcome {
        drop(self.stdin.take());
        let mut stdout = Vec::new();
        if let Some(mut rest) = self.stdout.take() {
            rest.read_to_end(&mut stdout).expect("its standard output");
        }
        self.end(stdout)
    }

    /// Waits for its end without a look at its output.
    ///
    /// # Panics
    /// If it takes too long.
    #[track_caller]
    pub fn wait(mut self) -> Outcome {
        self.end(Vec::new())
    }

    /// Waits for its end without ending its standard input.
    ///
    /// # Panics
    /// If it takes too long.
    #[track_caller]
    pub fn end_by_itself(mut self) -> Outcome {
        self.end(Vec::new())
    }

    #[track_caller]
    fn end(&mut self, stdout: Vec<u8>) -> Outcome {
        let stderr = self.stderr.take();
        let status = self.watch.reap(&mut self.child);
        let took = self.begun.elapsed();
        // Whoever still holds its standard error would hold us up too.
        let stderr = stderr.map(|reader| reader.join().expect("the reader of standard error"));
        let outcome = Outcome { line: self.line.clone(), status, stdout, stderr: stderr.unwrap_or_default(), took };
        assert!(!self.watch.expired(), "killed, for it took too long: {outcome}");
        outcome
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.watch.kill();
        self.watch.reap(&mut self.child);
    }
}

/// Kills a process group when its time is up, and never after its leader was reaped: the number may be another's then.
struct Watch {
    group: Pid,
    reaped: Arc<Mutex<bool>>,
    expired: Arc<AtomicBool>,
    stop: Option<Sender<()>>,
}

impl Watch {
    fn over(child: &Child, limit: Duration) -> Self {
        let (stop, stopped) = channel();
        let watch =
            Self { group: Pid::from_child(child), reaped: Arc::default(), expired: Arc::default(), stop: Some(stop) };
        let (group, reaped, expired) = (watch.group, watch.reaped.clone(), watch.expired.clone());
        thread::spawn(move || {
            if waited(&stopped, limit) {
                expired.store(true, Ordering::Release);
                kill_unless_reaped(group, &reaped);
            }
        });
        watch
    }

    fn expired(&self) -> bool {
        self.expired.load(Ordering::Acquire)
    }

    fn kill(&self) {
        kill_unless_reaped(self.group, &self.reaped);
    }

    fn reap(&mut self, child: &mut Child) -> ExitStatus {
        if self.stop.is_none() {
            return child.wait().expect("the status of a child");
        }
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while waitid(WaitId::Pid(self.group), ended).is_err_and(|error| error == rustix::io::Errno::INTR) {}
        let mut reaped = self.reaped.lock().unwrap_or_else(PoisonError::into_inner);
        *reaped = true;
        self.stop = None;
        child.wait().expect("the status of a child")
    }
}

/// Whether the whole limit went by.
fn waited(stopped: &Receiver<()>, limit: Duration) -> bool {
    stopped.recv_timeout(limit) == Err(RecvTimeoutError::Timeout)
}

fn kill_unless_reaped(group: Pid, reaped: &Mutex<bool>) {
    let reaped = reaped.lock().unwrap_or_else(PoisonError::into_inner);
    if !*reaped {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// What became of a call.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The command line.
    pub line: String,
    /// How it ended.
    pub status: ExitStatus,
    /// All of its standard output that nobody else read.
    pub stdout: Vec<u8>,
    /// All of its standard error.
    pub stderr: Vec<u8>,
    /// From start to end.
    pub took: Duration,
}

impl Outcome {
    /// Its exit status; none if a signal ended it.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Itself, if it succeeded.
    ///
    /// # Panics
    /// If it did not.
    #[track_caller]
    #[must_use]
    pub fn ok(self) -> Self {
        self.ends(0)
    }

    /// Itself, if it ended with this status.
    ///
    /// # Panics
    /// If it did not.
    #[track_caller]
    #[must_use]
    pub fn ends(self, code: i32) -> Self {
        assert!(self.code() == Some(code), "{code} was due: {self}");
        self
    }

    /// Itself, if standard error holds `words`.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    #[must_use]
    pub fn says(self, words: &str) -> Self {
        assert!(self.errors().contains(words), "{words:?} was due on stderr: {self}");
        self
    }

    /// Itself, if standard error does not hold `words`.
    ///
    /// # Panics
    /// If it does.
    #[track_caller]
    #[must_use]
    pub fn does_not_say(self, words: &str) -> Self {
        assert!(!self.errors().contains(words), "{words:?} was not due on stderr: {self}");
        self
    }

    /// Standard output as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    #[must_use]
    pub fn errors(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} after {:.1?}\n$ {}", self.status, self.took, self.line)?;
        for (name, bytes) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            // The end says more than the beginning, and a transfer's bytes say nothing.
            let end = &bytes[bytes.len().saturating_sub(4000)..];
            write!(f, "\n--- {name}, {} bytes ---\n{}", bytes.len(), String::from_utf8_lossy(end))?;
        }
        Ok(())
    }
}
