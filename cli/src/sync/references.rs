//! Other directories on the target's side that may have what the source has: `--link-dest` and its kin.

use std::path::{Component, Path, PathBuf};

use xssh_fs::Root;
use xssh_sync::{Start, Tree};

use super::path_of;
use crate::words;

/// Opens a tree of the target's shape in another directory.
pub(super) type Shape<'a> = dyn Fn(&dyn Fn() -> Result<Root, String>) -> Result<Tree, String> + 'a;

/// Holds the directories that are there; paths begin at the target. One that is missing is said to be, and is no error: the
/// first of a row of snapshots has none before it.
pub(super) fn open(folder: &Path, start: &Start, shape: &Shape<'_>) -> Result<Vec<Tree>, String> {
    let mut trees = Vec::new();
    for directory in start.options.references.iter().flat_map(|references| &references.directories) {
        let path = from(folder, path_of(directory));
        match Root::open(&path) {
            Ok(_) => trees.push(shape(&|| Root::open(&path).map_err(|error| error.to_string()))?),
            Err(error) if error.is_missing() => {
                words::say(&format_args!("xssh: {} is not there to be looked into", path.display()));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(trees)
}

/// A path as seen from a directory, which a dry run may not have made.
fn from(folder: &Path, path: &Path) -> PathBuf {
    if folder.exists() {
        return folder.join(path);
    }
    path.components().fold(folder.to_owned(), |mut at, part| {
        match part {
            Component::ParentDir => drop(at.pop()),
            part => at.push(part),
        }
        at
    })
}
