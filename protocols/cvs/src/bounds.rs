//! How much a client may send and add. What a command may add is known before the server has it: a client sends the contents of
//! files first, and then what is to be done with them.

use std::fmt::Debug;
use std::sync::Arc;

use crate::command::Command;
use crate::refusal::{Refusal, shown};
use crate::wire::request::Request;

/// What a command may add to a repository at the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Bytes.
    pub bytes: u64,
    /// Files and directories.
    pub entries: u64,
}

/// A repository with so much room and no more.
pub trait Room: Debug + Send + Sync {
    /// Takes room for a command that is about to reach the server.
    ///
    /// # Errors
    /// There is not so much left: why, for the client.
    fn take(&self, load: Load) -> Result<(), String>;
}

/// What a key may send and add.
#[derive(Debug, Clone, Default)]
pub struct Bounds {
    /// The largest file that it may send.
    pub largest: Option<u64>,
    /// What it may send in one connection.
    pub total: Option<u64>,
    /// What bounds the repository.
    pub room: Option<Arc<dyn Room>>,
}

/// What a client has sent in its connection. The server keeps it to the end, so every command may make use of all of it.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    pub(crate) bytes: u64,
    pub(crate) files: u64,
    /// Files that the repository does not have yet.
    added: u64,
    directories: u64,
}

impl Bounds {
    /// Whether a file that is announced may come, behind all that has come.
    pub(crate) fn admit(&self, sent: &Sent, file: &[u8], size: u64) -> Result<(), Refusal> {
        if let Some(most) = self.largest.filter(|most| size > *most) {
            return Err(Refusal::Large { file: shown(file), size, most });
        }
        let total = sent.bytes.saturating_add(size);
        match self.total.filter(|most| total > *most) {
            Some(most) => Err(Refusal::Limit { what: "more in its files than there could ever be room for", most }),
            None => Ok(()),
        }
    }

    /// Takes room for a command.
    pub(crate) fn take(&self, load: Option<Load>) -> Result<(), Refusal> {
        match (&self.room, load) {
            (Some(room), Some(load)) => room.take(load).map_err(Refusal::Full),
            _ => Ok(()),
        }
    }
}

impl Sent {
    /// Notes a request.
    pub(crate) fn note(&mut self, request: &Request) {
        match request {
            Request::Modified { size, .. } => {
                self.bytes = self.bytes.saturating_add(*size);
                self.files += 1;
            }
            // The version of a file that was added and is in no repository yet (the CVS manual, "Working directory storage").
            Request::Entry(line) if line.split(|byte| *byte == b'/').nth(2) == Some(b"0") => self.added += 1,
            Request::Directory { .. } => self.directories += 1,
            _ => {}
        }
    }

    /// What a command may add with it, where it adds anything. `words`: the size of its arguments, which may be a log message for
    /// each of the files; `names`: how many of them are names.
    pub(crate) fn load(&self, command: Command, words: u64, names: u64) -> Option<Load> {
        let contents = self.bytes.saturating_add(words.saturating_mul(self.files.max(1)));
        Some(match command {
            Command::Commit => Load { bytes: contents, entries: self.added },
            Command::Import => Load { bytes: contents, entries: self.files.saturating_add(self.directories) },
            Command::Add => Load { bytes: words, entries: names },
            Command::Tag | Command::Rtag => Load { bytes: words, entries: 0 },
            _ => return None,
        })
    }
}
