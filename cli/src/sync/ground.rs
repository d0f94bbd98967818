//! Where the paths of a run are looked up: anywhere on this machine, with the account's own rights, or below one held directory.

use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use xssh_fs::{FsError, Kind, RelPath, Root};

use super::path_of;

/// What a helper or a client may look at.
pub(crate) enum Ground {
    /// What the account may.
    Account,
    /// What is below this root. Paths are seen from it, and it is `/`.
    Below(Root),
}

impl Ground {
    /// A path as its user wrote it. What leads out is refused.
    pub(crate) fn path(&self, written: &[u8]) -> Result<PathBuf, String> {
        match self {
            Self::Account => Ok(path_of(written).to_owned()),
            Self::Below(root) => {
                let path = below(root, &RelPath::root(), written)?;
                // A slash at the end says that a directory is meant.
                let slash = if written.ends_with(b"/") && !path.is_root() { "/" } else { "" };
                Ok(path_of(&[path.as_bytes(), slash.as_bytes()].concat()).to_owned())
            }
        }
    }

    /// A path that begins at a directory, which a dry run may not have made.
    pub(super) fn seen_from(&self, folder: &Path, written: &[u8]) -> Result<PathBuf, String> {
        let path = path_of(written);
        match self {
            Self::Below(root) => {
                let path = below(root, &below(root, &RelPath::root(), folder.as_os_str().as_bytes())?, written)?;
                Ok(path_of(path.as_bytes()).to_owned())
            }
            Self::Account if folder.exists() => Ok(folder.join(path)),
            Self::Account => Ok(path.components().fold(folder.to_owned(), |mut at, part| {
                match part {
                    Component::ParentDir => drop(at.pop()),
                    part => at.push(part),
                }
                at
            })),
        }
    }

    /// Holds a directory.
    pub(super) fn open(&self, path: &Path) -> Result<Root, FsError> {
        match self {
            Self::Account => Root::open(path),
            Self::Below(root) => root.beneath(&relative(path)?),
        }
    }

    /// The same, made where it is missing.
    pub(super) fn create(&self, path: &Path) -> Result<Root, FsError> {
        match self {
            Self::Account => Root::create(path),
            Self::Below(root) => {
                let path = relative(path)?;
                match root.beneath(&path) {
                    Err(error) if error.is_missing() => {}
                    found => return found,
                }
                root.make_directories(&path, 0o777)?;
                root.beneath(&path)
            }
        }
    }

    /// Whether something is there, be it a link that leads nowhere.
    pub(super) fn has(&self, path: &Path) -> Result<bool, String> {
        let looked = match self {
            Self::Account => match path.symlink_metadata() {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
                looked => looked.map(drop).map_err(|error| error.to_string()),
            },
            Self::Below(root) => match relative(path).and_then(|path| root.stat(&path)) {
                Err(error) if error.is_missing() => return Ok(false),
                looked => looked.map(drop).map_err(|error| error.to_string()),
            },
        };
        looked.map(|()| true).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Whether a directory is there. The account's own links are followed.
    pub(super) fn is_directory(&self, path: &Path) -> bool {
        match self {
            Self::Account => path.is_dir(),
            Self::Below(root) => {
                relative(path).is_ok_and(|path| root.stat(&path).is_ok_and(|entry| entry.kind == Kind::Directory))
            }
        }
    }
}

/// A path that was resolved below a root before; a slash may stand at its end.
fn relative(path: &Path) -> Result<RelPath, FsError> {
    Ok(RelPath::resolve(b"", &RelPath::root(), path.as_os_str().as_bytes())?)
}

fn below(root: &Root, from: &RelPath, written: &[u8]) -> Result<RelPath, String> {
    let named = root.named().as_os_str().as_bytes();
    RelPath::resolve(named, from, written).map_err(|error| format!("{}: {error}", path_of(written).display()))
}
