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
        let replaces = REPLACES.into_iter().find(|(name, letter)| self.has(name, *letter));
        match replaces {
            Some((name, _)) if !may.replace => Err(Denied::Replace(name)),
            _ => Ok(()),
        }
    }
}
