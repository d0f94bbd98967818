//! What a run is to do, as both ends know it.

use xssh_fs::{Follow, RelPath, is_beside};

use crate::above::GitAbove;
use crate::chmod::Chmod;
use crate::mapping::Mapping;

/// What becomes of a file that is replaced or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// What is put behind its name.
    pub suffix: Vec<u8>,
    /// Where it goes.
    pub place: BackupPlace,
}

/// Where a backup goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackupPlace {
    /// Where the file was.
    Beside,
    /// Into a directory of the target, under its path there.
    Inside(RelPath),
    /// The same with a directory elsewhere: bytes of its path on the target's side, from the target on. Whoever opens the target
    /// holds it.
    Outside(Vec<u8>),
}

impl Backup {
    /// Whether an entry is, or leads to, what earlier runs have kept.
    pub(crate) fn holds(&self, path: &RelPath) -> bool {
        match &self.place {
            BackupPlace::Inside(directory) => path == directory || path.is_below(directory) || directory.is_below(path),
            BackupPlace::Beside => path.name().ends_with(&self.suffix),
            BackupPlace::Outside(_) => false,
        }
    }

    /// Whether an entry only leads to what they have kept.
    pub(crate) fn is_led_to_by(&self, path: &RelPath) -> bool {
        matches!(&self.place, BackupPlace::Inside(directory) if directory.is_below(path))
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
    /// Do not keep times of directories.
    pub omit_dir_times: bool,
    /// Leave out directories that hold nothing but directories.
    pub prune_empty_dirs: bool,
    /// What was named and is not there is no error.
    pub ignore_missing_args: bool,
    /// Owners and groups become others.
    pub mapping: Option<Mapping>,
    /// Keep owners, where the target may set them.
    pub owners: bool,
    /// Keep groups, where the target may set them.
    pub groups: bool,
    /// Owners and groups are numbers, whatever their names.
    pub numeric_ids: bool,
    /// What only root could set is kept beside the files of a target that is not root's, and read from beside those of a source.
    pub fake_super: bool,
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
    /// Symbolic links are what they lead to: whoever opens the source grants that, or refuses.
    pub copy_links: bool,
    /// Those that lead out of the tree are.
    pub copy_unsafe_links: bool,
    /// Those that lead to directories are.
    pub copy_dirlinks: bool,
    /// Leave out what git ignores.
    pub gitignore: bool,
    /// What git's rules say of the source from outside of it, as the source has found it.
    pub git_above: Option<GitAbove>,
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
            omit_dir_times: false,
            prune_empty_dirs: false,
            ignore_missing_args: false,
            mapping: None,
            fake_super: false,
            hard_links: false,
            sparse: false,
            xattrs: false,
            acls: false,
            safe_links: false,
            copy_links: false,
            copy_unsafe_links: false,
            copy_dirlinks: false,
            gitignore: false,
            git_above: None,
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
    /// Which links the source is to follow.
    pub fn follow(&self) -> Follow {
        Follow { all: self.copy_links, directories: self.copy_dirlinks, outside: self.copy_unsafe_links }
    }

    /// What becomes of what references have.
    pub(crate) fn reuse(&self) -> Option<Reuse> {
        self.references.as_ref().map(|references| references.reuse)
    }

    /// Whether a target that has nothing takes all that a source has.
    pub fn take_all(&self) -> bool {
        !self.dry_run && !self.existing && self.references.is_none()
    }

    /// Whether a file of this size takes part.
    pub(crate) fn takes_size(&self, size: u64) -> bool {
        self.min_size.is_none_or(|least| size >= least) && self.max_size.is_none_or(|most| size <= most)
    }

    /// Whether an extended attribute is kept. Only root may read and set most of them: it is to be root on both sides, unless they
    /// are kept beside.
    pub(crate) fn keeps_xattr(&self, name: &[u8], privileged: bool) -> bool {
        if self.fake_super && is_beside(name) {
            return false;
        }
        if name.starts_with(b"system.") {
            return self.acls && name.starts_with(b"system.posix_acl_");
        }
        self.xattrs && (privileged || self.fake_super || name.starts_with(b"user."))
    }

    /// Whether two times count as the same.
    pub(crate) fn same_time(&self, one: (i64, u32), other: (i64, u32)) -> bool {
        if self.modify_window == 0 {
            return one == other;
        }
        one.0.abs_diff(other.0) <= u64::from(self.modify_window)
    }
}
