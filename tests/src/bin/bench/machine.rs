//! Where it was measured, and what.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Serialize;

use crate::error::BenchError;
use crate::lab::{Lab, succeed};

#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    /// UTC, as `2026-01-31T1259Z`.
    pub(crate) when: String,
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory: String,
    pub(crate) kernel: String,
    /// The file system files are moved from and to.
    pub(crate) scratch: String,
    pub(crate) ssh: String,
    pub(crate) rsync: String,
    pub(crate) xssh: String,
    /// The commit of the sources around this program, with `-dirty` where they were changed since.
    pub(crate) commit: String,
    /// The load averages of 1, 5 and 15 minutes when it began: what else ran here.
    pub(crate) load: String,
}

impl Machine {
    pub(crate) fn describe(xssh: &Path, lab: &Lab) -> Result<Self, BenchError> {
        let said = |program: &str, args: &[&str]| {
            let output = succeed(Command::new(program).args(args))?;
            Ok::<_, BenchError>(first_line(&String::from_utf8_lossy(&output)))
        };
        let here = env!("CARGO_MANIFEST_DIR");
        let scratch = lab.scratch.to_string_lossy();
        Ok(Self {
            when: said("date", &["-u", "+%Y-%m-%dT%H%MZ"])?,
            cpu: field("/proc/cpuinfo", "model name"),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory: field("/proc/meminfo", "MemTotal"),
            kernel: said("uname", &["-sr"])?,
            scratch: said("stat", &["-f", "-c", "%T", &scratch])?,
            ssh: version_on_stderr(Path::new("ssh"))?,
            rsync: said("rsync", &["--version"])?,
            xssh: version_on_stderr(xssh)?,
            commit: said("git", &["-C", here, "describe", "--always", "--dirty"]).unwrap_or_else(|_| "unknown".into()),
            load: load(),
        })
    }
}

/// `-V` speaks on stderr, ours as OpenSSH's.
fn version_on_stderr(program: &Path) -> Result<String, BenchError> {
    let output = Command::new(program).arg("-V").output().map_err(BenchError::io(program.display().to_string()))?;
    Ok(first_line(&String::from_utf8_lossy(&output.stderr)))
}

fn field(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.split_once(':')).map_or_else(|| "unknown".into(), |(_, value)| value.trim().to_owned())
}

fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}
