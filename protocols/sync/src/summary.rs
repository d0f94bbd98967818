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
    /// A digest of the source's tree: names, kinds, sizes, times and permissions.
    pub root: [u8; 32],
}

impl Summary {
    /// All numbers, in the order in which they travel.
    pub(crate) fn numbers(&self) -> [u64; 13] {
        [
            self.entries,
            self.files,
            self.bytes,
            self.literal,
            self.reused,
            self.made,
            self.touched,
            self.moved,
            self.skipped,
            self.owners_dropped,
            self.deleted,
            self.failed,
            self.vanished,
        ]
    }

    /// The same from numbers in that order.
    pub(crate) fn of(numbers: [u64; 13], root: [u8; 32]) -> Self {
        let [
            entries,
            files,
            bytes,
            literal,
            reused,
            made,
            touched,
            moved,
            skipped,
            owners_dropped,
            deleted,
            failed,
            vanished,
        ] = numbers;
        Self {
            entries,
            files,
            bytes,
            literal,
            reused,
            made,
            touched,
            moved,
            skipped,
            owners_dropped,
            deleted,
            failed,
            vanished,
            root,
        }
    }
}
