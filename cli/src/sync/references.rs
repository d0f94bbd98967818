//! Other directories on the target's side that may have what the source has: `--link-dest` and its kin.

use std::path::Path;

use xssh_fs::Root;
use xssh_sync::{Start, Tree};

use super::ground::Ground;
use crate::words;

/// Opens a tree of the target's shape in another directory.
pub(super) type Shape<'a> = dyn Fn(&dyn Fn() -> Result<Root, String>) -> Result<Tree, String> + 'a;

/// Holds the directories that are there; paths begin at the target. One that is missing is said to be, and is no error: the
/// first of a row of snapshots has none before it.
pub(super) fn open(ground: &Ground, folder: &Path, start: &Start, shape: &Shape<'_>) -> Result<Vec<Tree>, String> {
    let mut trees = Vec::new();
    for directory in start.options.references.iter().flat_map(|references| &references.directories) {
        let path = ground.seen_from(folder, directory)?;
        match ground.open(&path) {
            Ok(_) => trees.push(shape(&|| ground.open(&path).map_err(|error| error.to_string()))?),
            Err(error) if error.is_missing() => {
                words::say(&format_args!("xssh: {} is not there to be looked into", path.display()));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(trees)
}
