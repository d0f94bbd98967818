//! What a run is to do, as both ends know it.

use xssh_fs::RelPath;

use crate::chmod::Chmod;

/// What becomes of a file that is replaced or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// What is put behind its name.
    pub suffix: Vec<u8>,
    /// Where it goes, under its path in the target; `None` is where it was.
    pub directory: Option<RelPath>,
}

impl Backup {
    /// Whether an entry is, or leads to, what earlier runs have kept.
    pub(crate) fn holds(&self, path: &RelPath) -> bool {
        match &self.directory {
            Some(directory) => path == directory || path.is_below(directory) || directory.is_below(path),
            None => path.name().ends_with(&self.suffix),
        }
    }
}

/// What becomes of what another directory on the target's side has as the source has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// It gets its name in the target too.
    Link,
    /// It is copied.
    Copy,
    /// Nothing: the target gets only what differs.
    Leave,
}

/// Other directories on the target's side that may have what the source has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct References {
    /// What becomes of what they have.
    pub reuse: Reuse,
    /// Bytes of paths on the target's side, from the target on; the first that has something counts.
    pub directories: Vec<Vec<u8>>,
}

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
    /// Keep owners, where the target may set them.
    pub owners: bool,
    /// Keep groups, where the target may set them.
    pub groups: bool,
    /// Owners and groups are numbers, whatever their names.
    pub numeric_ids: bool,
    /// Names of one file stay names of one file.
    pub hard_links: bool,
    /// Long runs of zeros become holes.
    pub sparse: bool,
    /// Keep extended attributes.
    pub xattrs: bool,
    /// Keep POSIX ACLs.
    pub acls: bool,
    /// Leave out symbolic links that lead out of the tree.
    pub safe_links: bool,
    /// Leave out what git ignores.
    pub gitignore: bool,
    /// Write into files that are there, instead of beside them.
    pub inplace: bool,
    /// Leave smaller files alone, bytes.
    pub min_size: Option<u64>,
    /// Leave larger files alone, bytes.
    pub max_size: Option<u64>,
    /// Change permissions on the way.
    pub chmod: Option<Chmod>,
    /// Keep what is replaced or deleted.
    pub backup: Option<Backup>,
    /// Directories that are looked into for what the target has not.
    pub references: Option<References>,
    /// Send no more than so many bytes a second.
    pub bandwidth: Option<u64>,
    /// How hard is compressed, as zstd counts; 0 is its default.
    pub compress_level: Option<i32>,
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
    /// Wait for another run that is changing the target.
    pub wait: bool,
    /// Tell of what is to come.
    pub progress: bool,
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
            groups: true,
            numeric_ids: false,
            hard_links: false,
            sparse: false,
            xattrs: false,
            acls: false,
            safe_links: false,
            gitignore: false,
            inplace: false,
            min_size: None,
            max_size: None,
            chmod: None,
            backup: None,
            references: None,
            bandwidth: None,
            compress_level: None,
            devices: false,
            specials: false,
            one_file_system: false,
            modify_window: 0,
            fsync: false,
            compress: None,
            itemize: false,
            wait: false,
            progress: false,
        }
    }
}

impl Options {
    /// What becomes of what references have.
    pub(crate) fn reuse(&self) -> Option<Reuse> {
        self.references.as_ref().map(|references| references.reuse)
    }

    /// Whether a file of this size takes part.
    pub(crate) fn takes_size(&self, size: u64) -> bool {
        self.min_size.is_none_or(|least| size >= least) && self.max_size.is_none_or(|most| size <= most)
    }

    /// Whether an extended attribute is kept. Only root may read and set most of them: it is to be root on both sides.
    pub(crate) fn keeps_xattr(&self, name: &[u8], privileged: bool) -> bool {
        if name.starts_with(b"system.") {
            return self.acls && name.starts_with(b"system.posix_acl_");
        }
        self.xattrs && (privileged || name.starts_with(b"user."))
    }

    /// Whether two times count as the same.
    pub(crate) fn same_time(&self, one: (i64, u32), other: (i64, u32)) -> bool {
        if self.modify_window == 0 {
            return one == other;
        }
        one.0.abs_diff(other.0) <= u64::from(self.modify_window)
    }
}
