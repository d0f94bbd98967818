//! What an rsync did, as it says itself: how many files it moves and what they have together, what it left as it was, and whether the
//! system refused it a file for its size. It writes that into a FIFO of ours, as its log; it would look for a pipe without a name by
//! that. The name goes as soon as rsync has it open, so that a session which is killed leaves none. An rsync that reads a list of files and keeps itself inside a root takes no log outside of it: there what it says on standard
//! error is listened to, and passed on but for what we have asked for.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, open};
use tempfile::TempDir;

use super::plan::Plan;
use super::said::{Said, of_log, of_words};

/// How long lines gather before they are read: each time wakes us.
const MOMENT: Duration = Duration::from_millis(10);
/// How long after its end the rest of an rsync's lines is waited for.
const REST: Duration = Duration::from_secs(1);
/// The longest line that is looked at: rsync cuts its own at 2 KiB.
const LINE: usize = 4096;
/// What it is to say where it has no log: of each file that it sends, its size, and no more on its usual ways.
const WORDS: [&str; 2] = ["--stderr=all", "--debug=deltasum2"];

/// How it is listened to.
pub(super) enum Count {
    /// By its log.
    Log {
        said: Receiver<Said>,
        /// Until this and rsync's own are closed, more may come.
        writer: OwnedFd,
        /// The FIFO's, which goes with this at the latest.
        _name: Name,
    },
    /// By its words.
    Words { say: Option<Sender<Said>>, said: Receiver<Said> },
}

impl Count {
    /// Has an rsync write to us. `skips`: it is to say what it leaves as it was or does not take, too.
    pub(super) fn begin(plan: &mut Plan, skips: bool) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("xssh-rsync-").tempdir()?;
        let path = folder.path().join("log");
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
        // Opened for both, it waits for nobody.
        let writer = open(&path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
        let reader = File::from(open(&path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?);
        let (say, said) = channel();
        let name = Name(Arc::new(Mutex::new(Some(folder))));
        let also = Name(Arc::clone(&name.0));
        thread::Builder::new().spawn(move || read(reader, &also, &say))?;
        plan.options.push([OsStr::new("--log-file="), path.as_os_str()].into_iter().collect());
        // The size of each file, and nothing about those that stay as they are.
        plan.options.push("--log-file-format=%l".into());
        if skips {
            // It stands in the log, and quiet keeps it from the client, who would be told of each file.
            plan.options.extend(["--info=skip2", "-q"].map(Into::into));
        }
        Ok(Self::Log { said, writer, _name: name })
    }

    /// Listens to what it says.
    pub(super) fn by_words(plan: &mut Plan, command: &mut Command) -> Self {
        let words = WORDS.map(Into::into);
        plan.options.extend(words);
        command.stderr(Stdio::piped());
        let (say, said) = channel();
        Self::Words { say: Some(say), said }
    }

    /// The FIFO, where there is one.
    pub(super) fn held(&self) -> Option<&OwnedFd> {
        match self {
            Self::Log { writer, .. } => Some(writer),
            Self::Words { .. } => None,
        }
    }

    /// It runs.
    pub(super) fn started(&mut self, child: &mut Child) -> io::Result<()> {
        if let Self::Words { say, .. } = self
            && let (Some(say), Some(words)) = (say.take(), child.stderr.take())
        {
            thread::Builder::new().spawn(move || pass(words, &say))?;
        }
        Ok(())
    }

    /// What it said, once it has ended.
    pub(super) fn ended(self) -> Said {
        let said = match self {
            Self::Log { said, writer, .. } => {
                drop(writer);
                said.recv_timeout(REST)
            }
            Self::Words { said, .. } => said.recv_timeout(REST),
        };
        said.unwrap_or_default()
    }
}

/// The folder that a FIFO has its name in, for whoever removes it first.
pub(super) struct Name(Arc<Mutex<Option<TempDir>>>);

impl Name {
    fn remove(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Reads a log to its end.
fn read(mut reader: File, name: &Name, say: &Sender<Said>) {
    let (mut buffer, mut line, mut said) = ([0; 8192], Vec::new(), Said::default());
    while let Ok(length @ 1..) = reader.read(&mut buffer) {
        // Whoever writes has opened it, once and for all.
        name.remove();
        for byte in &buffer[..length] {
            if let Some(line) = ended_line(*byte, &mut line) {
                of_log(&line, &mut said);
            }
        }
        if length < buffer.len() {
            thread::sleep(MOMENT);
        }
    }
    let _ = say.send(said);
}

/// Reads what it says, and passes on what is for the client.
fn pass(mut words: impl Read, say: &Sender<Said>) {
    let (mut buffer, mut line, mut said) = ([0; 8192], Vec::new(), Said::default());
    while let Ok(length @ 1..) = words.read(&mut buffer) {
        for byte in &buffer[..length] {
            if let Some(mut line) = ended_line(*byte, &mut line)
                && !of_words(&line, &mut said)
            {
                line.push(b'\n');
                // A client that is gone hears nothing.
                let _ = io::stderr().write_all(&line);
            }
        }
    }
    let _ = say.send(said);
}

/// Adds a byte to a line, and gives the line where that is its end. Of a longer one only the beginning is kept.
fn ended_line(byte: u8, line: &mut Vec<u8>) -> Option<Vec<u8>> {
    if byte == b'\n' {
        return Some(std::mem::take(line));
    }
    if line.len() < LINE {
        line.push(byte);
    }
    None
}
