//! The row of CVS: a checkout of many files through the gate of `xssh serve`, beside the same from a plain `cvs server`, both with
//! stock cvs over the same `ssh`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::BenchError;
use crate::lab::{Lab, succeed};
use crate::material::Scale;
use crate::measure::Run;
use crate::workload::Client;

/// Files of the project.
const FILES: u64 = 5000;

/// A repository, and a working copy that is made of it.
#[derive(Debug, Clone)]
pub(crate) struct Checkout {
    folder: PathBuf,
    config: PathBuf,
    xssh: PathBuf,
    files: u64,
}

impl Checkout {
    pub(crate) fn new(lab: &Lab, scale: &Scale, xssh: &Path) -> Self {
        let (folder, config) = (lab.scratch.join("cvs"), lab.config.clone());
        // A program that was named from here is started elsewhere.
        let xssh = std::path::absolute(xssh).unwrap_or_else(|_| xssh.to_path_buf());
        Self { folder, config, xssh, files: FILES / scale.sync_divisor }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn run(&self, client: &Client) -> Run {
        let server = if client.is_ours { self.at("gated") } else { "cvs".into() };
        let root = format!(":ext:near:{}", self.at("repository").display());
        let variable = |name: &str, value: PathBuf| format!("{name}={}", value.display());
        let run = Run::new("env").args(["-C".into(), self.folder.clone().into_os_string()]);
        let run = run.args([variable("CVS_RSH", self.at("shell")), variable("CVS_SERVER", server)]);
        // After a checkout cvs sleeps until the next second begins, which would be most of what is measured.
        run.args(["cvs", "-Q", "-d", &root, "export", "-r", "HEAD", "-d", "copy", "project"])
    }

    /// The project, the repository that it is imported into, and the programs that stand between.
    pub(crate) fn make(&self) -> Result<(), BenchError> {
        let written =
            |path: PathBuf, text: String| fs::write(&path, text).map_err(BenchError::io(path.display().to_string()));
        for number in 0..self.files {
            let folder = self.at("project").join(format!("folder{}", number / 100));
            fs::create_dir_all(&folder).map_err(BenchError::io(folder.display().to_string()))?;
            written(folder.join(format!("file{number}")), format!("line of {number}\n").repeat(100))?;
        }
        let local = format!(":local:{}", self.at("repository").display());
        succeed(Command::new("cvs").args(["-d", &local, "init"]))?;
        let import = ["-Q", "-d", &local, "import", "-m", "x", "project", "vendor", "start"];
        succeed(Command::new("cvs").args(import).current_dir(self.at("project")))?;
        let shell = format!("exec ssh -F '{}' \"$@\"", self.config.display());
        let serve = format!("exec '{}' serve --cvs-root '{}'", self.xssh.display(), self.at("repository").display());
        // As sshd does for a forced command.
        let gated = format!("export SSH_ORIGINAL_COMMAND=\"cvs $*\"\n{serve}");
        for (name, line) in [("shell", shell), ("gated", gated)] {
            let path = self.at(name);
            written(path.clone(), format!("#!/bin/sh\n{line}\n"))?;
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(&path, mode).map_err(BenchError::io(path.display().to_string()))?;
        }
        Ok(())
    }

    /// Each run makes the copy anew.
    pub(crate) fn prepare(&self) -> Result<(), BenchError> {
        remove(&self.at("copy"))
    }

    pub(crate) fn clear(&self) -> Result<(), BenchError> {
        remove(&self.folder)
    }

    pub(crate) fn is_alike(&self) -> Result<bool, BenchError> {
        let compare =
            Command::new("diff").args(["-rq", "-x", "CVS"]).arg(self.at("project")).arg(self.at("copy")).status();
        Ok(compare.map_err(BenchError::io("diff"))?.success())
    }
}

fn remove(folder: &Path) -> Result<(), BenchError> {
    if !folder.exists() {
        return Ok(());
    }
    fs::remove_dir_all(folder).map_err(BenchError::io(folder.display().to_string()))
}
