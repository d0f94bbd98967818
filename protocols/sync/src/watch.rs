//! What a run tells of itself while it goes on.

use xssh_fs::RelPath;

/// Something that was done, or would be in a dry run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A file that was not there.
    NewFile,
    /// A file with other contents.
    Contents,
    /// A directory that was not there.
    NewDirectory,
    /// A link, device or the like.
    NewOther,
    /// Permissions, times or owner.
    Attributes,
    /// Deleted.
    Deleted,
    /// A file that was here under another name.
    Moved,
}

impl Change {
    const ALL: [Self; 7] = [
        Self::NewFile,
        Self::Contents,
        Self::NewDirectory,
        Self::NewOther,
        Self::Attributes,
        Self::Deleted,
        Self::Moved,
    ];

    pub(crate) fn number(self) -> u8 {
        Self::ALL.iter().position(|change| *change == self).unwrap_or_default() as u8
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// What the target has found out of what is still to come, since it last told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outlook {
    /// Files more whose contents are wanted.
    pub files: u64,
    /// Their sizes together.
    pub bytes: u64,
    /// Bytes more that need not travel, because a file is there under another name.
    pub saved: u64,
    /// All names are compared: but for what turns out to be damaged on the way, nothing more will come.
    pub complete: bool,
}

/// What happened.
#[derive(Debug, Clone, Copy)]
pub enum Note<'a> {
    /// The source's walk found so many entries and bytes more.
    Scanned {
        /// Entries.
        entries: u64,
        /// Sizes of files.
        bytes: u64,
    },
    /// Contents went by: bytes of a file that were sent, received or found to be there.
    Moved(u64),
    /// So much of what went by was there already.
    Reused(u64),
    /// A file's contents are next.
    Begun(&'a RelPath),
    /// A file's contents are done with.
    Done,
    /// What is to come. Only where `Options::progress` asks for it.
    Outlook(Outlook),
    /// A change was made. Only where `Options::itemize` asks for it.
    Change(&'a RelPath, Change),
    /// Something could not be done.
    Problem {
        /// With what.
        path: &'a RelPath,
        /// What the system or the other side said.
        why: &'a str,
        /// On the other side.
        remote: bool,
    },
}

/// Who listens. Called from several threads.
pub trait Watch: Sync {
    /// Takes note.
    fn note(&self, note: Note<'_>);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy)]
pub struct Nobody;

impl Watch for Nobody {
    fn note(&self, _: Note<'_>) {}
}
