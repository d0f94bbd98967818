//! A folder for the time of one dialogue: xauth writes what it makes to a file, and only to a file.

use std::fs::{DirBuilder, remove_dir_all};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom, SystemRandom};

/// Nobody else can look into it, and it is gone when this is dropped.
pub(super) struct PrivateFolder(PathBuf);

impl PrivateFolder {
    pub(super) fn inside(folder: &Path) -> io::Result<Self> {
        let mut random = [0; 8];
        SystemRandom::new().fill(&mut random).map_err(|_| io::ErrorKind::Other)?;
        let path = folder.join(format!("xssh-x11-{:016x}", u64::from_ne_bytes(random)));
        // Fails where it is there already.
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        if let Err(error) = remove_dir_all(&self.0) {
            log::debug!("cannot remove {}: {error}", self.0.display());
        }
    }
}
