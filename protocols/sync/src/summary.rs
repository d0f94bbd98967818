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
    /// Files that were there under another name.
    pub moved: u64,
    /// Entries that another directory on the target's side had.
    pub found: u64,
    /// Devices, FIFOs, sockets and links that were left out, because they were not asked for.
    pub skipped: u64,
    /// Entries whose owner the target may not set.
    pub owners_dropped: u64,
    /// Entries deleted.
    pub deleted: u64,
    /// Entries that could not be done.
    pub failed: u64,
    /// Files that vanished from the source between its walk and their turn.
    pub vanished: u64,
    /// Entries that would have been deleted, but are more than may be: none was. 0 where nothing was refused.
    pub withheld: u64,
    /// So many might have been, where that was refused.
    pub allowed: u64,
    /// A digest of the source's tree: names, kinds, sizes, times and permissions.
    pub root: [u8; 32],
}

impl Summary {
    /// All numbers, in the order in which they travel.
    pub(crate) fn numbers(&mut self) -> [&mut u64; 16] {
        [
            &mut self.entries,
            &mut self.files,
            &mut self.bytes,
            &mut self.literal,
            &mut self.reused,
            &mut self.made,
            &mut self.touched,
            &mut self.moved,
            &mut self.found,
            &mut self.skipped,
            &mut self.owners_dropped,
            &mut self.deleted,
            &mut self.failed,
            &mut self.vanished,
            &mut self.withheld,
            &mut self.allowed,
        ]
    }
}
