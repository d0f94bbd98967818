//! What a run did.

/// The numbers of a run, as the target counted them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Entries of the source.
    pub entries: u64,
    /// Files whose contents were made or changed.
    pub files: u64,
    /// Their sizes together.
    pub bytes: u64,
    /// Bytes of their contents that travelled.
    pub literal: u64,
    /// Bytes of their contents that the target had already.
    pub reused: u64,
    /// Entries made that are not files.
    pub made: u64,
    /// Entries of which only permissions, times or owners were set.
    pub touched: u64,
    /// Entries deleted.
    pub deleted: u64,
    /// Entries that could not be done.
    pub failed: u64,
    /// Files that vanished from the source between its walk and their turn.
    pub vanished: u64,
    /// A digest of the source's tree: names, kinds, sizes, times and permissions.
    pub root: [u8; 32],
}
