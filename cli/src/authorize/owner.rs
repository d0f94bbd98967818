//! Whose authorized_keys and its directory are: what root changes for an account stays that account's, since sshd reads it as that.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

use rustix::process::geteuid;

use crate::environment;
use crate::serve::trusted;

/// Bits by which somebody may read.
const READERS: u32 = 0o044;

/// Who a file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    uid: u32,
    gid: u32,
}

impl Owner {
    /// Whose it is.
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { uid: metadata.uid(), gid: metadata.gid() }
    }

    /// Whose something new in this directory is. What is ours anyway has the group that the system gives it.
    pub(super) fn within(folder: &File) -> io::Result<Self> {
        let folder = Self::of(&folder.metadata()?);
        let is_ours = folder.uid == geteuid().as_raw();
        Ok(if is_ours { Self { gid: rustix::process::getegid().as_raw(), ..folder } } else { folder })
    }

    /// Gives him a file that was just made.
    pub(super) fn take(self, file: &File) -> io::Result<()> {
        if Self::of(&file.metadata()?) == self {
            return Ok(());
        }
        fchown(file, Some(self.uid), Some(self.gid)).map_err(|error| {
            let Self { uid, gid } = self;
            let whose =
                format!("it belongs to uid {uid} and gid {gid}, and what takes its place cannot be given to them");
            io::Error::new(error.kind(), format!("nothing was changed: {whose}: {error}"))
        })
    }
}

/// What sshd does not like about the file and the directories that it is in, up to the account's own home (sshd_config(5), StrictModes).
/// The account is who has the home, or the directory, that the file is in; where that is root, who has the file.
pub(super) fn modes(path: &Path) -> Option<String> {
    let file = fs::metadata(path).ok()?;
    let real = path.canonicalize().ok()?;
    let home = environment::home().canonicalize().ok().filter(|home| real.starts_with(home));
    let folder = real.parent()?;
    let home = home.or_else(|| folder.ends_with(".ssh").then(|| folder.parent().map(Path::to_owned)).flatten());
    let holder = fs::metadata(home.as_deref().unwrap_or(folder)).ok()?.uid();
    let account = if holder == 0 { file.uid() } else { holder };
    let unreadable = account != 0 && file.uid() == 0 && file.mode() & READERS == 0;
    let why = match trusted::is_of(account, path, home.as_deref().unwrap_or(Path::new("/"))) {
        Err(why) => why,
        Ok(()) if unreadable => {
            let (path, mode) = (path.display(), file.mode() & 0o7777);
            format!("{path} belongs to root (mode {mode:o}), and it is read as uid {account}: chown {account} it")
        }
        Ok(()) => return None,
    };
    Some(format!("sshd may pass it over (StrictModes): {why}"))
}
