//! Landlock around whoever acts on a tree (landlock(7)), no new privileges, and limits of what a process takes.
//!
//! A domain is entered by one thread and by everything that it starts afterwards. It covers opening, making, linking, renaming and
//! removing; changes of modes, owners and times, and what stat(2) tells, it does not cover: that is what held directories are for.
//! What cannot be entered is an error wherever Landlock exists; where it does not, [`Confined::Not`] says so, and the caller decides.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, Scope,
};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::process::Resource;
use thiserror::Error;
use xssh_os::bounds::bound;
use xssh_os::removal;

/// What Landlock is to know at least: truncating (Linux 6.2) and moving between directories.
const LEAST: ABI = ABI::V3;
/// What is used of it where it is there: network, devices' ioctls, signals and abstract sockets.
const MOST: ABI = ABI::V6;

/// Where the programs of a system and what they are linked with are.
const SYSTEM: [&str; 6] = ["/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/etc/ld.so.cache"];
/// Where a system keeps the names of accounts and groups.
const NAMES: [&str; 5] = ["/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/var/lib/sss/mc", "/run/systemd/userdb"];
/// What every program may use.
const DEVICES: [&str; 3] = ["/dev/null", "/dev/zero", "/dev/urandom"];

/// What may be done below a directory, or with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Read a file and run it.
    Run,
    /// Read.
    Read,
    /// Read and change. Device nodes, FIFOs and sockets are made only with [`Right::WriteDevices`].
    Write,
    /// The same, with device nodes, FIFOs and sockets.
    WriteDevices,
    /// Read, and make new names: write nothing, truncate nothing, remove nothing, replace nothing.
    Add,
    /// Read, and remove: write nothing, truncate nothing, make no name.
    Remove,
    /// Read and write what is there, as with `/dev/null`.
    Use,
}

impl Right {
    fn flags(self) -> BitFlags<AccessFs> {
        let read = AccessFs::ReadFile | AccessFs::ReadDir;
        let special = AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::MakeFifo | AccessFs::MakeSock;
        match self {
            Self::Run => AccessFs::Execute | AccessFs::ReadFile,
            Self::Read => read,
            Self::Write => AccessFs::from_all(LEAST) & !(special | AccessFs::Execute),
            Self::WriteDevices => AccessFs::from_all(LEAST) & !AccessFs::Execute,
            Self::Add => read | AccessFs::MakeReg | AccessFs::MakeDir | AccessFs::MakeSym | AccessFs::Refer,
            Self::Remove => read | AccessFs::RemoveFile | AccessFs::RemoveDir,
            Self::Use => AccessFs::ReadFile | AccessFs::WriteFile,
        }
    }
}

/// What a [`Right`] is had without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Less {
    /// Contents of files and names in directories are not read.
    Reading,
    /// No directory goes, and none gets another name.
    Directories,
}

impl Less {
    fn flags(self) -> BitFlags<AccessFs> {
        match self {
            Self::Reading => AccessFs::ReadFile | AccessFs::ReadDir,
            Self::Directories => AccessFs::RemoveDir.into(),
        }
    }
}

/// What a program may take, and what it starts (setrlimit(2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The size of each file that it writes, in bytes.
    FileSize(u64),
    /// What it maps, in bytes.
    Memory(u64),
}

impl Bound {
    fn parts(self) -> (Resource, u64) {
        match self {
            Self::FileSize(most) => (Resource::Fsize, most),
            Self::Memory(most) => (Resource::As, most),
        }
    }
}

/// What took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confined {
    /// Everything that was asked for.
    Whole,
    /// All about files; this kernel knows less of network, signals and devices.
    Files,
    /// Nothing: this kernel has no Landlock that is enough, or something forbids it.
    Not,
}

impl Confined {
    /// In a word, for logs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Files => "files",
            Self::Not => "none",
        }
    }
}

/// Why a domain was not entered.
#[derive(Debug, Error)]
pub enum ConfineError {
    /// There is none to be had, and it is required.
    #[error("Landlock is not to be had on this host, and --require-landlock says to serve nothing without it")]
    Unavailable,
    /// The kernel did not take it.
    #[error("Landlock failed: {0}")]
    Landlock(#[from] RulesetError),
    /// Something about it could not be opened, or a program not be started.
    #[error("{what}: {source}")]
    Io {
        /// What.
        what: String,
        /// Why.
        source: io::Error,
    },
}

/// What may be touched at all. Nothing else may.
#[derive(Debug, Default)]
pub struct Domain {
    rules: Vec<(File, BitFlags<AccessFs>)>,
    required: bool,
    open_to_others: bool,
    open_to_network: bool,
    bounds: Vec<Bound>,
    removes_nothing: bool,
}

impl Domain {
    /// Nothing may be touched. `required`: it is an error where Landlock is not to be had.
    pub fn new(required: bool) -> Self {
        Self { required, ..Self::default() }
    }

    /// Talks to other processes of this machine are not cut off, for a program of ours that takes part in them.
    #[must_use]
    pub fn open_to_others(self) -> Self {
        Self { open_to_others: true, ..self }
    }

    /// Connections by TCP are not cut off, for a program that sends mail.
    #[must_use]
    pub fn open_to_network(self) -> Self {
        Self { open_to_network: true, ..self }
    }

    /// Bounds what a program that is [started](Self::spawn) may take.
    #[must_use]
    pub fn bounded(mut self, bounds: impl IntoIterator<Item = Bound>) -> Self {
        self.bounds.extend(bounds);
        self
    }

    /// A program that is [started](Self::spawn) removes no name, wherever that is: not even one that it may rename others over.
    #[must_use]
    pub fn without_removal(self) -> Self {
        Self { removes_nothing: true, ..self }
    }

    /// Grants a right on a held file or directory.
    ///
    /// # Errors
    /// It cannot be held once more.
    pub fn allow(self, held: impl AsFd, right: Right) -> Result<Self, ConfineError> {
        self.allow_without(held, right, &[])
    }

    /// Grants what is left of a right on a held file or directory.
    ///
    /// # Errors
    /// It cannot be held once more.
    pub fn allow_without(mut self, held: impl AsFd, right: Right, less: &[Less]) -> Result<Self, ConfineError> {
        let held = held.as_fd().try_clone_to_owned();
        let held = held.map_err(|source| ConfineError::Io { what: "a directory".to_owned(), source })?;
        let flags = less.iter().fold(right.flags(), |flags, less| flags & !less.flags());
        self.rules.push((File::from(held), flags));
        Ok(self)
    }

    /// Grants a right on a path of the administrator's.
    ///
    /// # Errors
    /// It is not there.
    pub fn allow_path(mut self, path: &Path, right: Right) -> Result<Self, ConfineError> {
        let held = rustix::fs::openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
        let held = held.map_err(|errno| ConfineError::Io { what: path.display().to_string(), source: errno.into() })?;
        self.rules.push((File::from(held), right.flags()));
        Ok(self)
    }

    /// Grants what a program needs to run at all, as far as it is there.
    #[must_use]
    pub fn allow_system(mut self) -> Self {
        let libraries = SYSTEM.iter().map(|path| (path, Right::Run));
        let devices = DEVICES.iter().map(|path| (path, Right::Use));
        for (path, right) in libraries.chain(devices) {
            self = self.allow_if_there(path, right);
        }
        self
    }

    /// Grants the names of accounts and groups, as far as they are there.
    #[must_use]
    pub fn allow_names(mut self) -> Self {
        for path in NAMES {
            self = self.allow_if_there(path, Right::Read);
        }
        self
    }

    fn allow_if_there(mut self, path: &str, right: Right) -> Self {
        let held = rustix::fs::openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
        self.rules.extend(held.ok().map(|held| (File::from(held), right.flags())));
        self
    }

    /// Whether this kernel has enough of Landlock, and nothing forbids it.
    pub fn is_to_be_had(&self) -> bool {
        least().is_ok()
    }

    /// Enters: from now on this thread, what it starts and what those start are held to it.
    ///
    /// # Errors
    /// It did not take effect, and must.
    pub fn enter(self) -> Result<Confined, ConfineError> {
        rustix::thread::set_no_new_privs(true)
            .map_err(|errno| ConfineError::Io { what: "no_new_privs".to_owned(), source: errno.into() })?;
        let Ok(least) = least() else {
            return if self.required { Err(ConfineError::Unavailable) } else { Ok(Confined::Not) };
        };
        let is_whole = Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessFs::from_all(MOST))
            .and_then(|rules| rules.scope(Scope::from_all(MOST)))
            .is_ok();
        let mut rules = least.set_compatibility(CompatLevel::BestEffort).handle_access(AccessFs::from_all(MOST))?;
        if !self.open_to_network {
            rules = rules.handle_access(AccessNet::from_all(MOST))?;
        }
        if !self.open_to_others {
            rules = rules.scope(Scope::from_all(MOST))?;
        }
        let mut rules = rules.create()?;
        for (held, flags) in &self.rules {
            let is_directory = held
                .metadata()
                .map_err(|source| ConfineError::Io { what: "a granted path".to_owned(), source })?
                .is_dir();
            let mut flags = *flags;
            if !is_directory {
                flags &= AccessFs::from_file(LEAST);
            }
            rules = rules.add_rule(PathBeneath::new(held, flags))?;
        }
        rules.restrict_self()?;
        Ok(if is_whole { Confined::Whole } else { Confined::Files })
    }

    /// Starts a program inside. A thread enters and starts it, so that this one stays outside.
    ///
    /// # Errors
    /// The domain did not take effect, and must; or there is no such program.
    pub fn spawn(self, mut command: Command) -> Result<(Child, Confined), ConfineError> {
        let program = PathBuf::from(command.get_program()).display().to_string();
        bound(&mut command, self.bounds.iter().map(|bound| bound.parts()));
        if self.removes_nothing {
            let failed = |source| ConfineError::Io { what: "the calls that remove".to_owned(), source };
            removal::forbid(&mut command).map_err(failed)?;
        }
        let inside = move || {
            let confined = self.enter()?;
            let child = command.spawn().map_err(|source| ConfineError::Io { what: program, source })?;
            Ok((child, confined))
        };
        let failed = |source| ConfineError::Io { what: "a thread".to_owned(), source };
        let thread = thread::Builder::new().spawn(inside).map_err(failed)?;
        thread.join().unwrap_or_else(|_| Err(failed(io::ErrorKind::Other.into())))
    }
}

/// Rules about files that have all that is needed, or none.
fn least() -> Result<Ruleset, RulesetError> {
    let files = AccessFs::from_all(LEAST);
    Ruleset::default().set_compatibility(CompatLevel::HardRequirement).handle_access(files)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Stdio;

    use rustix::process::getrlimit;

    use super::*;

    #[test]
    fn a_program_and_what_it_starts_have_bounds_and_we_have_none() {
        // A program that has them a moment late shows it only now and then.
        for _ in 0..20 {
            bounds_of_a_program();
        }
    }

    fn bounds_of_a_program() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("/usr/bin/dash");
        command.args(["-c", "ulimit -f; ulimit -v; /usr/bin/dash -c 'ulimit -f; ulimit -Hf'"]);
        command.stdout(Stdio::piped()).stderr(Stdio::null()).current_dir(folder.path());
        let before = (getrlimit(Resource::Fsize).current, getrlimit(Resource::As).current);
        let domain = Domain::new(true).allow_system().bounded([Bound::FileSize(512 * 2000), Bound::Memory(1 << 30)]);
        let domain = domain.allow_path(Path::new("/usr/bin"), Right::Run).unwrap();
        let (child, _) = domain.spawn(command).unwrap();
        let said = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        // In blocks of 512 bytes, and in KiB.
        assert_eq!(said, "2000\n1048576\n2000\n2000\n");
        assert_eq!((getrlimit(Resource::Fsize).current, getrlimit(Resource::As).current), before);
    }

    /// Runs a shell line in a domain that has `/usr/bin` and one directory.
    fn shell(directory: &Path, right: Right, line: &str) -> bool {
        let domain = Domain::new(true).allow_system();
        let domain = domain.allow_path(Path::new("/usr/bin"), Right::Run).unwrap();
        let domain = domain.allow_path(directory, right).unwrap();
        let mut command = Command::new("/usr/bin/dash");
        command.args(["-c", line]).current_dir(directory).stderr(Stdio::null());
        let (mut child, confined) = domain.spawn(command).unwrap();
        assert_ne!(confined, Confined::Not, "this kernel has no Landlock");
        child.wait().unwrap().success()
    }

    #[test]
    fn nothing_outside_is_read_or_written() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let canary = outside.path().join("canary");
        fs::write(&canary, "x").unwrap();
        assert!(shell(inside.path(), Right::Write, "echo a > b && cat b > c && mv c d && rm b d"));
        for line in ["cat CANARY", "echo y > CANARY", "rm CANARY", "ln CANARY .", "ls DIR", "ln -s CANARY l && cat l"] {
            let line = line.replace("CANARY", &canary.to_string_lossy());
            let line = line.replace("DIR", &outside.path().to_string_lossy());
            assert!(!shell(inside.path(), Right::Write, &line), "{line}");
        }
        assert_eq!(fs::read(&canary).unwrap(), b"x");
        assert!(!shell(inside.path(), Right::Write, "cat /etc/passwd"));
    }

    #[test]
    fn what_may_be_read_only_is_not_changed() {
        let inside = tempfile::tempdir().unwrap();
        fs::write(inside.path().join("a"), "x").unwrap();
        assert!(shell(inside.path(), Right::Read, "cat a && ls ."));
        for line in ["echo y > a", "echo y >> a", "rm a", "mv a b", "mkdir d", "ln a b", "ln -s a b", "mkfifo f"] {
            assert!(!shell(inside.path(), Right::Read, line), "{line}");
        }
    }

    #[test]
    fn what_may_be_added_to_only_is_not_changed() {
        let inside = tempfile::tempdir().unwrap();
        fs::write(inside.path().join("a"), "x").unwrap();
        fs::create_dir(inside.path().join("d")).unwrap();
        assert!(shell(inside.path(), Right::Add, "mkdir e && ln -s a l && ln a e/b && cat a"));
        for line in
            ["echo y > a", "echo y >> a", ": > a", "rm a", "mv a b", "mv d f", "rmdir d", "ln -f e/b d/n; mv d/n a"]
        {
            assert!(!shell(inside.path(), Right::Add, line), "{line}");
        }
        assert_eq!(fs::read(inside.path().join("a")).unwrap(), b"x");
    }

    /// As an rsync has it that was brought to do its worst in a tree that only grows: a place of its own to write in, beside it.
    #[test]
    fn a_place_to_stage_files_in_is_no_way_to_change_what_is_there() {
        let inside = tempfile::tempdir().unwrap();
        let (tree, stage) = (inside.path(), inside.path().join("stage"));
        fs::write(tree.join("a"), "x").unwrap();
        fs::create_dir_all(tree.join("d/e")).unwrap();
        fs::create_dir(&stage).unwrap();
        let shell = |line: &str| {
            let domain = Domain::new(true).allow_system();
            let domain = domain.allow_path(Path::new("/usr/bin"), Right::Run).unwrap();
            let domain = domain.allow_path(tree, Right::Add).unwrap().allow_path(&stage, Right::Write).unwrap();
            let mut command = Command::new("/usr/bin/dash");
            command.args(["-c", line]).current_dir(tree).stderr(Stdio::null());
            domain.spawn(command).unwrap().0.wait().unwrap().success()
        };
        assert!(shell("echo new > stage/f && mv stage/f f && cat f"));
        assert!(shell("mkdir stage/g && mv stage/g g"));
        for line in [
            "echo y > stage/h; mv -f stage/h a",
            "echo y > stage/i; ln -f stage/i a",
            "ln a stage/j",
            "ln a stage/k && cat stage/k",
            "mv a stage/l",
            "mv d stage/m",
            "mv d/e stage/n",
            "mv f a",
            "echo y >> f",
            "cp stage/h o",
            "rm f",
            "rmdir g",
            "rmdir stage",
            "mv stage p",
        ] {
            assert!(!shell(line), "{line}");
        }
        assert_eq!(fs::read(tree.join("a")).unwrap(), b"x");
        assert_eq!(fs::read(tree.join("f")).unwrap(), b"new\n");
        assert!(tree.join("d/e").is_dir() && tree.join("g").is_dir());
    }

    #[test]
    fn devices_are_made_only_where_they_may_be() {
        let inside = tempfile::tempdir().unwrap();
        assert!(!shell(inside.path(), Right::Write, "mkfifo f"));
        assert!(shell(inside.path(), Right::WriteDevices, "mkfifo f"));
    }

    #[test]
    fn no_new_privileges_are_to_be_had_inside_and_the_parent_stays_as_it_was() {
        let inside = tempfile::tempdir().unwrap();
        let before = rustix::thread::no_new_privs().unwrap();
        let domain = Domain::new(true).allow_system().allow_path(Path::new("/usr/bin"), Right::Run).unwrap();
        let domain = domain.allow_path(Path::new("/proc"), Right::Read).unwrap();
        let mut command = Command::new("/usr/bin/grep");
        command.args(["-q", "NoNewPrivs:.*1", "/proc/self/status"]).current_dir(inside.path());
        assert!(domain.spawn(command).unwrap().0.wait().unwrap().success());
        assert_eq!(rustix::thread::no_new_privs().unwrap(), before);
    }
}
