//! What a run is to do, as both ends know it.

/// How the target is made like the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Remove from the target what the source does not have, after a scan without errors.
    pub delete: bool,
    /// Refuse to delete more than this many entries.
    pub max_delete: Option<u64>,
    /// Change nothing, and say what would be changed.
    pub dry_run: bool,
    /// Compare the contents of all files, not only their sizes and times.
    pub checksum: bool,
    /// Leave files alone that are newer on the target.
    pub update: bool,
    /// Make no new files.
    pub existing: bool,
    /// Leave files alone that the target has.
    pub ignore_existing: bool,
    /// Send changed files whole.
    pub whole_file: bool,
    /// Keep permissions.
    pub modes: bool,
    /// Keep times.
    pub times: bool,
    /// Keep owners and groups, where the target may set them.
    pub owners: bool,
    /// Make device nodes.
    pub devices: bool,
    /// Make FIFOs and sockets.
    pub specials: bool,
    /// Stay on the file system of the source's root.
    pub one_file_system: bool,
    /// Times that differ by no more than so many seconds are the same.
    pub modify_window: u32,
    /// Write everything to the disk before it is claimed to be there.
    pub fsync: bool,
    /// Compress: `Some(false)` never, `Some(true)` always, `None` where the line is the slower part.
    pub compress: Option<bool>,
    /// Tell of each change.
    pub itemize: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            delete: false,
            max_delete: None,
            dry_run: false,
            checksum: false,
            update: false,
            existing: false,
            ignore_existing: false,
            whole_file: false,
            modes: true,
            times: true,
            owners: true,
            devices: false,
            specials: false,
            one_file_system: false,
            modify_window: 0,
            fsync: false,
            compress: None,
            itemize: false,
        }
    }
}

impl Options {
    /// Whether two times count as the same.
    pub(crate) fn same_time(&self, one: (i64, u32), other: (i64, u32)) -> bool {
        if self.modify_window == 0 {
            return one == other;
        }
        one.0.abs_diff(other.0) <= u64::from(self.modify_window)
    }
}
