//! One run of one command: how long it took, what CPU it and its own children used, and its peak memory.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use serde::Serialize;
use wait4::Wait4 as _;

use crate::error::BenchError;

/// Where a run's standard input comes from.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    Nothing,
    File(PathBuf),
    /// `cat FILE |`
    Pipe(PathBuf),
}

/// A command that can be run again and again.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    pub(crate) input: Input,
}

/// What one run took.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Sample {
    /// From start to exit.
    pub(crate) wall_seconds: f64,
    /// User and system time, with that of children it waited for.
    pub(crate) cpu_seconds: f64,
    /// The largest resident set.
    pub(crate) peak_bytes: u64,
    /// Bytes on the line both ways, where they are counted.
    pub(crate) wire_bytes: u64,
}

impl Run {
    pub(crate) fn new(program: impl AsRef<Path>) -> Self {
        Self { program: program.as_ref().to_path_buf(), args: Vec::new(), input: Input::Nothing }
    }

    pub(crate) fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    pub(crate) fn input(mut self, input: Input) -> Self {
        self.input = input;
        self
    }

    /// The command as a person would type it.
    pub(crate) fn line(&self) -> String {
        let mut line = match &self.input {
            Input::Pipe(path) => format!("cat {} | ", path.display()),
            _ => String::new(),
        };
        line.push_str(&self.program.to_string_lossy());
        for arg in &self.args {
            let arg = arg.to_string_lossy();
            let quote = if arg.contains([' ', '>', '$', '|']) { "'" } else { "" };
            line.push_str(&format!(" {quote}{arg}{quote}"));
        }
        if let Input::File(path) = &self.input {
            line.push_str(&format!(" < {}", path.display()));
        }
        line
    }

    /// Runs it once with its standard output thrown away.
    pub(crate) fn measure(&self) -> Result<Sample, BenchError> {
        self.measure_into(Stdio::null())
    }

    /// Runs it once with its standard output in a file.
    pub(crate) fn measure_into_file(&self, path: &Path) -> Result<Sample, BenchError> {
        let file = File::create(path).map_err(BenchError::io(path.display().to_string()))?;
        self.measure_into(file.into())
    }

    fn measure_into(&self, stdout: Stdio) -> Result<Sample, BenchError> {
        let (stdin, feeder) = self.open_input()?;
        let mut command = Command::new(&self.program);
        command.args(&self.args).stdin(stdin).stdout(stdout).stderr(Stdio::piped());
        command.env_remove("SSH_AUTH_SOCK").env_remove("RSYNC_RSH");
        let begun = Instant::now();
        let mut child = command.spawn().map_err(BenchError::io(self.program.display().to_string()))?;
        // Closes our end of the pipes; without that a reader which ends early would never be noticed by `cat`.
        drop(command);
        let said = child.stderr.take().map(read_all);
        let used = child.wait4().map_err(BenchError::io("wait4"))?;
        let wall = begun.elapsed();
        if let Some(mut feeder) = feeder {
            let _ = feeder.wait();
        }
        self.check(used.status, said)?;
        let cpu = used.rusage.utime + used.rusage.stime;
        Ok(Sample {
            wall_seconds: wall.as_secs_f64(),
            cpu_seconds: cpu.as_secs_f64(),
            peak_bytes: used.rusage.maxrss,
            wire_bytes: 0,
        })
    }

    fn open_input(&self) -> Result<(Stdio, Option<Child>), BenchError> {
        match &self.input {
            Input::Nothing => Ok((Stdio::null(), None)),
            Input::File(path) => {
                let file = File::open(path).map_err(BenchError::io(path.display().to_string()))?;
                Ok((file.into(), None))
            }
            Input::Pipe(path) => {
                let mut cat =
                    Command::new("cat").arg(path).stdout(Stdio::piped()).spawn().map_err(BenchError::io("cat"))?;
                let pipe = cat.stdout.take().map_or_else(Stdio::null, Stdio::from);
                Ok((pipe, Some(cat)))
            }
        }
    }

    fn check(&self, status: ExitStatus, said: Option<String>) -> Result<(), BenchError> {
        if status.success() {
            return Ok(());
        }
        Err(BenchError::Failed { what: self.line(), status, said: said.unwrap_or_default().trim().into() })
    }
}

/// Reads what a child says until it, and all that inherited its stderr, has closed it.
fn read_all(mut from: impl Read) -> String {
    let mut said = Vec::new();
    let _ = from.read_to_end(&mut said);
    String::from_utf8_lossy(&said).into_owned()
}
