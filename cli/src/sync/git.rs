//! What git's rules say of a source from outside of it: where they are looked for, and whose word counts.
//!
//! A helper below a granted root looks nowhere else; the account's own is looked for up to the root directory, and has the account's
//! own `core.excludesFile`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use xssh_filter::excludes_file;
use xssh_fs::{RelPath, Root};
use xssh_sync::{FoundAbove, GitAbove, Role, Start, Tree};

use super::ground::Ground;
use crate::environment;

/// The longest configuration or ignore file of the user's that is read, bytes.
const LONGEST: u64 = 1 << 20;

/// What was found.
#[derive(Default)]
pub(super) struct Above {
    found: Option<FoundAbove>,
    told: Option<GitAbove>,
}

impl Above {
    /// The tree of a source, in what was found. What would be left out as a whole is refused: its user has named it.
    pub(super) fn seen(&self, tree: Tree, start: &Start) -> Result<Tree, String> {
        let mut start = start.clone();
        start.options.git_above = self.told();
        let tree = match &self.found {
            Some(found) => tree.inside(found),
            None => tree,
        };
        let tree = tree.seen(&start, Role::Source);
        match tree.left_out_by_git().filter(|_| start.options.gitignore) {
            Some(path) if path.is_root() => Err("git ignores all of SRC: leave out --gitignore to copy it".to_owned()),
            Some(path) => Err(format!("git ignores {path}: leave out --gitignore to copy it")),
            None => Ok(tree),
        }
    }

    /// What the other side is to hear, if anything.
    pub(super) fn told(&self) -> Option<GitAbove> {
        self.told.clone()
    }
}

/// What there is for a directory. `of_places`: for names in it.
pub(super) fn above(ground: &Ground, directory: &Path, start: &Start, of_places: bool) -> Result<Above, String> {
    if !start.options.gitignore || !start.hears_above {
        return Ok(Above::default());
    }
    let in_words = |error: &dyn std::fmt::Display| format!("{}: {error}", directory.display());
    let found = match ground {
        Ground::Account => {
            let path = directory.canonicalize().map_err(|error| in_words(&error))?;
            let path = RelPath::resolve(b"", &RelPath::root(), path.as_os_str().as_bytes());
            let root = Root::open(Path::new("/")).map_err(|error| in_words(&error))?;
            find(&root, &path.map_err(|error| in_words(&error))?, of_places)
        }
        Ground::Below(root) => {
            let path = RelPath::resolve(b"", &RelPath::root(), directory.as_os_str().as_bytes());
            find(root, &path.map_err(|error| in_words(&error))?, of_places)
        }
    };
    let found = found.map_err(|error| in_words(&error))?;
    let excludes_file = match ground {
        Ground::Account => users(found.as_ref().map_or(&[][..], |found| &found.config)),
        Ground::Below(_) => Vec::new(),
    };
    let above = found.as_ref().map_or_else(GitAbove::none, |found| found.above.clone());
    let told = Some(GitAbove { excludes_file, ..above }).filter(|told| *told != GitAbove::none());
    Ok(Above { found, told })
}

fn find(root: &Root, path: &RelPath, of_places: bool) -> Result<Option<FoundAbove>, xssh_sync::AboveError> {
    FoundAbove::find(root, path, rustix::process::geteuid().as_raw(), of_places)
}

/// The text of the file that `core.excludesFile` names, or of the one that git has for it otherwise (git-config(1), FILES).
fn users(own_config: &[u8]) -> Vec<u8> {
    // git goes by the variable, not by what the system knows of the account.
    let Some(home) = environment::variable("HOME").filter(|home| !home.is_empty()).map(PathBuf::from) else {
        return Vec::new();
    };
    let folder = environment::variable("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty());
    let folder = folder.map_or_else(|| home.join(".config"), PathBuf::from).join("git");
    let configs = [PathBuf::from("/etc/gitconfig"), folder.join("config"), home.join(".gitconfig")];
    let texts = configs.iter().map(|path| read(path)).chain([own_config.to_vec()]);
    let named = texts.filter_map(|text| excludes_file(&text)).next_back();
    let path = named.map_or_else(
        || folder.join("ignore"),
        |named| match named.strip_prefix(b"~/") {
            Some(rest) => home.join(OsStr::from_bytes(rest)),
            None => PathBuf::from(OsStr::from_bytes(&named)),
        },
    );
    if path.is_absolute() { read(&path) } else { Vec::new() }
}

/// The text of a file, empty where there is none.
fn read(path: &Path) -> Vec<u8> {
    use std::io::Read;
    let mut text = Vec::new();
    let is_file = path.metadata().is_ok_and(|found| found.is_file());
    if let Some(file) = std::fs::File::open(path).ok().filter(|_| is_file) {
        // What cannot be read to its end ignores less, and so nothing is lost.
        let _ = file.take(LONGEST).read_to_end(&mut text);
    }
    text
}
