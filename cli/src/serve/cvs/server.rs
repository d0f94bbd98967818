//! The system's cvs, started for one root in a Landlock domain, with an environment of a few variables.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use xssh_gate::{Bound, Confined, Domain, Right};

use super::repository;
use crate::environment;
use crate::serve::own::Files;

/// Where a system has its cvs.
const PROGRAMS: [&str; 3] = ["/usr/bin/cvs", "/usr/local/bin/cvs", "/bin/cvs"];
/// What cvs and the programs of a repository may read.
const READABLE: [&str; 5] = ["/usr", "/lib", "/lib64", "/etc", "/bin"];
/// What programs of a repository may run.
const RUNNABLE: [&str; 5] = ["/usr", "/lib", "/lib64", "/bin", "/sbin"];

/// A server that is to be started.
#[derive(Debug)]
pub(super) struct Server<'a> {
    pub(super) root: &'a Path,
    /// What nobody may write to.
    pub(super) files: &'a Files,
    pub(super) may_write: bool,
    /// There are programs of the repository's, and they may run.
    pub(super) runs_hooks: bool,
    /// The largest file that it may write.
    pub(super) largest: Option<u64>,
}

/// One that runs.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) child: Child,
    pub(super) confined: Confined,
    /// What runs, for the log.
    pub(super) words: String,
    /// Its directory for temporary files, which goes with this.
    pub(super) temporary: TempDir,
}

impl Server<'_> {
    /// Starts it. `author` is who cvs takes the account for; with a login it is told later, by that.
    pub(super) fn start(&self, author: &str, with_login: bool, required: bool) -> Result<Started, String> {
        let program = PROGRAMS.iter().map(Path::new).find(|path| path.is_file()).ok_or("this host has no cvs")?;
        let temporary = tempfile::Builder::new().prefix("xssh-cvs-").tempdir();
        let temporary = temporary.map_err(|error| format!("no directory for temporary files: {error}"))?;
        let domain = self.domain(program, temporary.path(), required)?;
        let command = self.command(program, temporary.path(), author, with_login);
        let words = std::iter::once(command.get_program()).chain(command.get_args()).map(|word| word.to_string_lossy());
        let words = words.collect::<Vec<_>>().join(" ");
        xssh_os::signals::ignore_too_large();
        let (child, confined) =
            domain.bounded(self.largest.map(Bound::FileSize)).spawn(command).map_err(|error| error.to_string())?;
        if confined == Confined::Not {
            ::log::warn!("Landlock is not to be had; the gate's reading of requests is all that keeps cvs in its root");
        }
        Ok(Started { child, confined, words, temporary })
    }

    fn command(&self, program: &Path, temporary: &Path, author: &str, with_login: bool) -> Command {
        let mut command = Command::new(program);
        // What TmpDir in CVSROOT/config names is not open to it, and this goes before (the CVS manual, "Global options").
        command.arg("-f").arg("-T").arg(temporary);
        if !self.may_write {
            command.arg("-R");
        }
        let mut allowed = std::ffi::OsString::from("--allow-root=");
        allowed.push(self.root);
        command.arg(allowed).arg(if with_login { "pserver" } else { "server" });
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .env("SHELL", "/bin/sh");
        // Who may read and change what is made in a repository (the CVS manual, "All environment variables which affect CVS").
        command.envs(environment::variable("CVSUMASK").map(|mask| ("CVSUMASK", mask)));
        command.env("HOME", temporary).env("TMPDIR", temporary).env("LOGNAME", author).env("USER", author);
        // What it starts can be ended with it.
        command.current_dir(temporary).process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }

    fn domain(&self, program: &Path, temporary: &Path, required: bool) -> Result<Domain, String> {
        let mut domain = Domain::new(required).allow_system().allow_names();
        let mut rules = vec![(program.to_owned(), Right::Run), (temporary.to_owned(), Right::Write)];
        rules.extend(READABLE.map(|path| (PathBuf::from(path), Right::Read)));
        rules.push((self.root.to_owned(), if self.may_write { Right::Write } else { Right::Read }));
        if self.may_write {
            rules.extend(self.locks()?.map(|locks| (locks, Right::Write)));
        }
        if self.runs_hooks {
            domain = domain.open_to_network();
            rules.extend(RUNNABLE.map(|path| (PathBuf::from(path), Right::Run)));
            // They may be in CVSROOT, and many do not ask where temporary files are to be.
            rules.extend([(self.root.to_owned(), Right::Run), (PathBuf::from("/tmp"), Right::Write)]);
        }
        for (path, right) in rules.into_iter().filter(|(path, _)| path.exists()) {
            domain = domain.allow_path(&path, right).map_err(|error| error.to_string())?;
        }
        Ok(domain)
    }

    /// Where the repository's locks are, where that is outside. Whoever may change `CVSROOT/config` chooses it, so it is never a
    /// directory that holds what no tree may.
    fn locks(&self) -> Result<Option<PathBuf>, String> {
        let unusable = |error: std::io::Error| format!("CVSROOT/config cannot be read: {error}");
        let Some(named) = repository::lock_directory(self.root).map_err(unusable)? else { return Ok(None) };
        let refuse = |why: &str| Err(format!("LockDir={} in CVSROOT/config {why}", named.display()));
        let Ok(locks) = fs::canonicalize(&named) else { return refuse("is not there") };
        if self.files.held_by(&locks, true).is_some() {
            return refuse("holds files of the account's own");
        }
        Ok(Some(locks))
    }
}
