//! The rows of `xssh serve` beside rrsync: what it takes to refuse a client, and a push of many small files by stock rsync, over the
//! same `ssh`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::BenchError;
use crate::lab::{Lab, succeed};
use crate::measure::Run;
use crate::workload::Client;

/// What is asked of a key with a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A command that is not served.
    Refusal,
    /// A push of a tree.
    Push,
}

/// A tree that a key has, by either gate.
#[derive(Debug, Clone)]
pub(crate) struct Serve {
    asked: Asked,
    folder: PathBuf,
    config: PathBuf,
    xssh: PathBuf,
    from: PathBuf,
}

impl Serve {
    pub(crate) fn new(asked: Asked, lab: &Lab, from: &Path, xssh: &Path) -> Self {
        let (folder, config) = (lab.scratch.join("serve"), lab.config.clone());
        // A program that was named from here is started elsewhere.
        let xssh = std::path::absolute(xssh).unwrap_or_else(|_| xssh.to_path_buf());
        Self { asked, folder, config, xssh, from: from.to_path_buf() }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn run(&self, client: &Client) -> Run {
        let gate = self.at(if client.is_ours { "xssh" } else { "rrsync" });
        match self.asked {
            // The shell is there for both; what it starts may end as it likes.
            Asked::Refusal => {
                let line = format!("SSH_ORIGINAL_COMMAND=id {} 2>/dev/null; true", self.gate(client.is_ours));
                Run::new("sh").args(["-c".into(), line])
            }
            Asked::Push => {
                let shell = format!("ssh -F {}", self.config.display());
                let gate = format!("--rsync-path={}", gate.display());
                let from = self.from.display().to_string();
                Run::new("rsync").args(["-a", "-e", &shell, &gate, &from, "near:there"])
            }
        }
    }

    /// What a line of authorized_keys would start.
    fn gate(&self, is_ours: bool) -> String {
        let tree = self.at("tree");
        match is_ours {
            true => format!("'{}' serve --root '{}'", self.xssh.display(), tree.display()),
            false => format!("rrsync '{}'", tree.display()),
        }
    }

    /// What is pushed.
    pub(crate) fn source(&self) -> Option<&Path> {
        (self.asked == Asked::Push).then_some(&*self.from)
    }

    /// Both gates, as sshd would start them for a forced command.
    pub(crate) fn make(&self) -> Result<(), BenchError> {
        let tree = self.at("tree");
        fs::create_dir_all(&tree).map_err(BenchError::io(tree.display().to_string()))?;
        for (name, is_ours) in [("xssh", true), ("rrsync", false)] {
            let path = self.at(name);
            let script = format!("#!/bin/sh\nexport SSH_ORIGINAL_COMMAND=\"rsync $*\"\nexec {}\n", self.gate(is_ours));
            fs::write(&path, script).map_err(BenchError::io(path.display().to_string()))?;
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(&path, mode).map_err(BenchError::io(path.display().to_string()))?;
        }
        Ok(())
    }

    /// Each push finds nothing.
    pub(crate) fn prepare(&self) -> Result<(), BenchError> {
        let there = self.at("tree/there");
        if !there.exists() {
            return Ok(());
        }
        fs::remove_dir_all(&there).map_err(BenchError::io(there.display().to_string()))
    }

    pub(crate) fn clear(&self) -> Result<(), BenchError> {
        fs::remove_dir_all(&self.folder).map_err(BenchError::io(self.folder.display().to_string()))
    }

    /// What was pushed is there, or nothing came of what was refused.
    pub(crate) fn is_right(&self) -> Result<bool, BenchError> {
        let there = self.at("tree/there");
        match self.asked {
            Asked::Refusal => Ok(!there.exists()),
            Asked::Push => {
                let compared = succeed(Command::new("diff").arg("-rq").arg(&self.from).arg(&there));
                Ok(compared.is_ok())
            }
        }
    }
}
