use rustix::fs::FsWord;

use crate::{FsError, RelPath, Root};

/// File systems whose free bytes hold as many bytes of files (statfs(2)): ext2 to ext4, tmpfs, XFS, FAT, exFAT.
const PLAIN: [FsWord; 5] = [0xef53, 0x0102_1994, XFS, 0x4d44, 0x2011_bab0];
/// It lets files share what they have in common.
const XFS: FsWord = 0x5846_5342;

/// How much room a file system has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Free bytes, those that are kept for root among them.
    pub free: u64,
    /// They hold as many bytes of files: nothing is compressed, and nobody else counts.
    pub certain: bool,
    /// A file may share blocks with the one that it is copied from.
    pub shares: bool,
    /// The device that it is: what is on another one takes nothing from it.
    pub device: u64,
}

impl Root {
    /// The room where a directory is.
    ///
    /// # Errors
    /// It is not there, or the system does not say.
    pub fn space(&self, directory: &RelPath) -> Result<Space, FsError> {
        let held = self.directory(directory)?;
        let stat = rustix::fs::fstatfs(&held).map_err(FsError::of(directory))?;
        let device = rustix::fs::fstat(&held).map_err(FsError::of(directory))?.st_dev;
        let free = stat.f_bfree.saturating_mul(u64::try_from(stat.f_bsize).unwrap_or(0));
        Ok(Space { free, certain: PLAIN.contains(&stat.f_type), shares: stat.f_type == XFS, device })
    }
}
