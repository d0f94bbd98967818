//! Held directories for either side of a sync.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use xssh_fs::{FsError, Kind, Lock, RelPath, Root};
use xssh_sync::{Opened, Role, Start, Tree};

use super::path_of;

/// How a refusal ends where another run holds the target.
pub(crate) const HELD: &str = "another run is changing it; --wait waits for it";
/// How long a run waits for another.
const PATIENCE: Duration = Duration::from_secs(3600);
/// How often it asks.
const PAUSE: Duration = Duration::from_millis(200);

/// What is to be copied: the content of one directory, or files and directories under their names.
pub(crate) fn source(paths: &[PathBuf], start: &Start) -> Result<Opened, String> {
    if let [path] = paths
        && path.is_dir()
    {
        let tree = Tree::whole(root(path)?).seen(start, Role::Source);
        return Ok(Opened { tree, lock: None, names: Vec::new() });
    }
    let mut places = Vec::new();
    let mut names = Vec::new();
    for path in paths {
        let (parent, own) = split(path)?;
        let root = root(&parent)?;
        // Before anything is asked of the other side.
        root.stat(&own).map_err(|error| format!("{}: {error}", path.display()))?;
        if names.iter().any(|name| name == own.as_bytes()) {
            return Err(format!("two sources are called {own}"));
        }
        names.push(own.as_bytes().to_vec());
        places.push((own.clone(), root, own));
    }
    let tree = Tree::of(places).seen(start, Role::Source);
    Ok(Opened { tree, lock: None, names })
}

/// What is to be made alike: a directory, or what has these names in it. One name alone may be the new name of a file.
pub(crate) fn target(path: &Path, names: &[Vec<u8>], start: &Start, wait: bool) -> Result<Opened, String> {
    let shown = names.iter().map(|name| RelPath::parse(name).map_err(|error| error.to_string()));
    let shown: Vec<RelPath> = shown.collect::<Result<_, _>>()?;
    let is_new_name = shown.len() == 1 && !path.is_dir() && !path.as_os_str().as_bytes().ends_with(b"/");
    let (folder, own) = if is_new_name { split(path)? } else { (path.to_owned(), RelPath::root()) };
    if start.options.dry_run && !folder.exists() {
        return Ok(Opened { tree: Tree::of(Vec::new()), lock: None, names: Vec::new() });
    }
    if let (Some(name), [], Ok(root)) = (&start.own_name, shown.as_slice(), Root::open(&folder)) {
        refuse_inside(&root, name, path)?;
    }
    let open = || Root::create(&folder).map_err(|error| error.to_string());
    let lock = if start.options.dry_run { None } else { Some(hold(&open()?, wait)?) };
    let tree = match shown.as_slice() {
        [] => Tree::whole(open()?),
        [one] if is_new_name => Tree::of(vec![(one.clone(), open()?, own)]),
        several => {
            let place = |name: &RelPath| Ok((name.clone(), open()?, name.clone()));
            Tree::of(several.iter().map(place).collect::<Result<_, String>>()?)
        }
    };
    Ok(Opened { tree: tree.seen(start, Role::Target), lock, names: Vec::new() })
}

/// Whoever is used to rsync means the directory in the target when they name no slash behind the source.
fn refuse_inside(root: &Root, name: &[u8], path: &Path) -> Result<(), String> {
    let own = RelPath::parse(name).map_err(|error| error.to_string())?;
    if !root.stat(&own).is_ok_and(|entry| entry.kind == Kind::Directory) {
        return Ok(());
    }
    let inside = path.join(path_of(name));
    Err(format!(
        "{0} holds a directory {own}, as the source is called: rsync would have copied into {1}. Name {1} if that is meant; with \
         --contents {0} itself becomes like the source. Nothing was changed",
        path.display(),
        inside.display()
    ))
}

fn root(path: &Path) -> Result<Root, String> {
    Root::open(path).map_err(|error| error.to_string())
}

/// The directory that something is in, and its name there.
fn split(path: &Path) -> Result<(PathBuf, RelPath), String> {
    let unnamed = || format!("{}: it has no name of its own", path.display());
    let name = path.file_name().ok_or_else(unnamed)?;
    let own = RelPath::parse(name.as_bytes()).map_err(|error| format!("{}: {error}", path.display()))?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    Ok((parent.unwrap_or(Path::new(".")).to_owned(), own))
}

fn hold(root: &Root, wait: bool) -> Result<Lock, String> {
    let begun = Instant::now();
    loop {
        match root.lock() {
            Err(FsError::Held) if wait && begun.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            Err(FsError::Held) => return Err(format!("{}: {HELD}", root.named().display())),
            held => return held.map_err(|error| format!("{}: {error}", root.named().display())),
        }
    }
}
