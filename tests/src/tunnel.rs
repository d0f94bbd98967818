//! A remote shell that forwards, for as long as a test needs it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::ChildStdout;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::call::{Call, Outcome, Running};
use crate::home::Home;
use crate::world::{HOST, World};

/// What it runs there: it says when it is up, and ends when its input does.
const COMMAND: &str = "echo up; cat";

/// A running remote shell whose forwards stand.
pub struct Tunnel {
    running: Running,
    _rest: BufReader<ChildStdout>,
}

impl Tunnel {
    /// Starts one to [`HOST`] with these options.
    ///
    /// # Panics
    /// If it does not come up.
    #[track_caller]
    #[must_use]
    pub fn up(world: &World, options: &[&str]) -> Self {
        let args = [&["-o", "ExitOnForwardFailure=yes"], options, &[HOST, COMMAND]].concat();
        Self::start(world.home.xssh(&args))
    }

    /// Starts what `call` says, which runs `echo up; cat` there.
    ///
    /// # Panics
    /// If it does not come up.
    #[track_caller]
    #[must_use]
    pub fn start(call: Call) -> Self {
        let mut running = call.limit(Duration::from_secs(300)).start();
        let mut out = BufReader::new(running.stdout.take().expect("its standard output"));
        let mut line = String::new();
        out.read_line(&mut line).expect("its standard output");
        if line != "up\n" {
            panic!("it is not up: {}", running.wait());
        }
        Self { running, _rest: out }
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// Waits for its end, whose reason is elsewhere.
    #[track_caller]
    pub fn wait(self) -> Outcome {
        self.running.end_by_itself()
    }

    /// Ends its session. It waits for the forwarded connections that are open.
    #[track_caller]
    pub fn down(mut self) -> Outcome {
        drop(self.running.stdin.take());
        self.running.wait()
    }
}

/// The remote shells of this client that run, but for zombies: those in the background are nobody's child.
#[must_use]
pub fn running(home: &Home) -> Vec<Pid> {
    let config = home.config();
    let named = |pid: &str| {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        words.split(|byte| *byte == 0).any(|word| word == config.as_os_str().as_encoded_bytes())
    };
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let found = names.filter(|name| name.parse::<i32>().is_ok() && named(name));
    found.filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
}

/// Ends the remote shells of a client that went into the background.
pub struct Backgrounds<'a>(pub &'a Home);

impl Backgrounds<'_> {
    /// Waits until none runs.
    ///
    /// # Panics
    /// If that takes too long.
    #[track_caller]
    pub fn wait_for_end(&self) {
        let late = Instant::now() + Duration::from_secs(60);
        while !running(self.0).is_empty() {
            assert!(Instant::now() < late, "still there: {:?}", running(self.0));
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Backgrounds<'_> {
    fn drop(&mut self) {
        for pid in running(self.0) {
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}
