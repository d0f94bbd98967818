use thiserror::Error;

use crate::ServerCall;

/// What a key may ask of rsync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission {
    /// Contents and names may be read.
    pub read: bool,
    /// New names may appear.
    pub create: bool,
    /// What is there may be changed.
    pub replace: bool,
    /// What is there may go.
    pub delete: bool,
}

/// Why a call is more than a key may ask for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Denied {
    /// Reading.
    #[error("this key may not read: it is write-only")]
    Read,
    /// Writing.
    #[error("this key may not write: it is read-only")]
    Write,
    /// An option that removes.
    #[error("this key may not delete, and --{0} does")]
    Delete(&'static str),
    /// An option that takes what is there from its name.
    #[error("this key may not delete, and --{0} takes what is there away from its name")]
    Move(&'static str),
    /// An option that tells the client what is there.
    #[error("this key may not read: it is write-only, and --{0} tells what is there")]
    Tell(&'static str),
    /// An option that changes what is there.
    #[error("this key may only add, and --{0} changes what is there")]
    Replace(&'static str),
}

/// Options that remove something.
const DELETES: [&str; 10] = [
    "delete",
    "delete-after",
    "delete-before",
    "delete-delay",
    "delete-during",
    "delete-excluded",
    "delete-missing-args",
    "remove-sent-files",
    "remove-source-files",
    "force",
];

/// Options that change what is there, or need to later. `b` is the letter of --backup.
const REPLACES: [(&str, Option<u8>); 7] = [
    ("inplace", None),
    ("append", None),
    ("delay-updates", None),
    ("partial-dir", None),
    ("backup", Some(b'b')),
    ("backup-dir", None),
    ("log-file", None),
];

/// Options that take what is there from its name: a file under the name of another, of a copy that is kept, or of a part.
const MOVES: [(&str, Option<u8>); 4] =
    [("delay-updates", None), ("partial-dir", None), ("backup", Some(b'b')), ("backup-dir", None)];

/// Options of a receiver that need to read what is there, or tell of it. What removes tells the client each name that goes.
const TELLS: [&str; 3] = ["append", "copy-dest", "list-only"];

/// Options that a receiver which tells nothing goes without: what is sent is whole, and what it would say is of no use to anybody.
const TALK: [&str; 5] = ["block-size", "debug", "fuzzy", "info", "no-W"];

impl ServerCall {
    /// Checks that nothing is asked for that a key may not.
    ///
    /// # Errors
    /// Something is.
    pub fn check(&self, may: Permission) -> Result<(), Denied> {
        if self.sender && !may.read {
            return Err(Denied::Read);
        }
        let writes = may.create || may.replace || may.delete;
        let logs = self.has("log-file", None);
        if !writes && (!self.sender || logs) {
            return Err(Denied::Write);
        }
        // A list on the server's side is read, and what is in it told in errors.
        if !may.read && self.settings.iter().any(|setting| setting.path == Some(crate::PathUse::List)) {
            return Err(Denied::Read);
        }
        let deletes = DELETES.into_iter().find(|name| self.has(name, None));
        if let Some(name) = deletes.filter(|_| !may.delete) {
            return Err(Denied::Delete(name));
        }
        let told = deletes.or_else(|| TELLS.into_iter().find(|name| self.has(name, None)));
        if let Some(name) = told.filter(|_| !may.read) {
            return Err(Denied::Tell(name));
        }
        if let Some((name, _)) = self.first(&REPLACES).filter(|_| !may.replace) {
            return Err(Denied::Replace(name));
        }
        let moves = self.first(&MOVES).filter(|_| !self.sender && !may.delete);
        moves.map_or(Ok(()), |(name, _)| Err(Denied::Move(name)))
    }

    /// Whether a receiver is to delete what the client does not have.
    pub fn deletes(&self) -> bool {
        !self.sender && DELETES.into_iter().any(|name| name.starts_with("delete") && self.has(name, None))
    }

    fn first(&self, options: &[(&'static str, Option<u8>)]) -> Option<(&'static str, Option<u8>)> {
        options.iter().copied().find(|(name, letter)| self.has(name, *letter))
    }

    /// Has a receiver compare no contents, and say no more than it must: for a client that is not to read.
    pub fn tell_nothing(&mut self) {
        TALK.into_iter().for_each(|name| self.leave_out(name));
        let mut is_first = true;
        self.letters.retain(|letter| match letter {
            b'y' => false,
            // What the second and further ones say is of the directories that are looked into.
            b'v' => std::mem::take(&mut is_first),
            _ => true,
        });
        self.letters.extend(Some(b'W').filter(|letter| !self.letters.contains(letter)));
    }
}
