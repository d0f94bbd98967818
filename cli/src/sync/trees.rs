//! Held directories for either side of a sync.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use xssh_fs::{Follow, FsError, Kind, Lock, RelPath, Root};
use xssh_sync::{BackupPlace, Opened, Reason, Refusal, Role, Shown, Start, Tree};

use super::ground::Ground;
use super::{git, guard, holder, references};
use crate::words;

/// How long a run waits for another.
const PATIENCE: Duration = Duration::from_secs(3600);
/// How often it asks.
const PAUSE: Duration = Duration::from_millis(200);

/// What is to be copied: the content of one directory, or files and directories under their names.
pub(crate) fn source(ground: &Ground, paths: &[PathBuf], start: &Start) -> Result<Opened, String> {
    // The account's own trees are read with the account's own rights: its links may lead anywhere. Nobody else's may.
    let follow = start.options.follow();
    let root = |path: &Path| {
        let root = ground.open(path).map_err(|error| in_words(path, &error))?;
        match ground {
            Ground::Account => Ok(root.following(follow)),
            Ground::Below(_) if follow == Follow::default() => Ok(root),
            Ground::Below(_) => {
                Err("links are not followed here: leave out the options that copy what they lead to".to_owned())
            }
        }
    };
    if let [path] = paths
        && ground.is_directory(path)
    {
        let above = git::above(ground, path, start, false)?;
        let tree = above.seen(Tree::whole(root(path)?), start)?;
        // Whoever has something of that name in there has said with the name what is meant.
        let own_name = path.file_name().filter(|name| !ground.has(&path.join(name)).unwrap_or(true));
        let own_name = own_name.map(|name| name.as_bytes().to_vec());
        return Ok(Opened { tree, lock: None, shown: Shown { names: Vec::new(), own_name, git_above: above.told() } });
    }
    let (mut places, mut names, mut parents) = (Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        // Before anything is asked of the other side.
        if !ground.has(path)? {
            if start.options.ignore_missing_args {
                continue;
            }
            return Err(format!("{}: {}", path.display(), io::Error::from(Errno::NOENT)));
        }
        let (parent, own) = split(path)?;
        let root = root(&parent)?;
        if names.iter().any(|name| name == own.as_bytes()) {
            return Err(format!("two sources are called {own}"));
        }
        names.push(own.as_bytes().to_vec());
        parents.push(parent);
        places.push((own.clone(), root, own));
    }
    if names.is_empty() {
        return Err("none of the sources is there".to_owned());
    }
    parents.dedup();
    let above = match &parents[..] {
        [parent] => git::above(ground, parent, start, true)?,
        // What is above one is not above the others.
        _ => git::Above::default(),
    };
    let tree = above.seen(Tree::of(places), start)?;
    Ok(Opened { tree, lock: None, shown: Shown { names, own_name: None, git_above: above.told() } })
}

/// What is to be made alike: a directory, or what has these names in it. One name alone may be the new name of a file.
pub(crate) fn target(
    ground: &Ground,
    path: &Path,
    names: &[Vec<u8>],
    own_name: Option<&[u8]>,
    start: &Start,
) -> Result<Opened, Refusal> {
    let shown = names.iter().map(|name| RelPath::parse(name).map_err(|error| error.to_string()));
    let shown: Vec<RelPath> = shown.collect::<Result<_, _>>()?;
    let is_new_name = shown.len() == 1 && !ground.is_directory(path) && !path.as_os_str().as_bytes().ends_with(b"/");
    let (folder, own) = if is_new_name { split(path)? } else { (path.to_owned(), RelPath::root()) };
    let shape = |open: &dyn Fn() -> Result<Root, String>| {
        let places: Vec<(RelPath, RelPath)> = match shown.as_slice() {
            [one] if is_new_name => vec![(one.clone(), own.clone())],
            [] => vec![(RelPath::root(), RelPath::root())],
            several => several.iter().map(|name| (name.clone(), name.clone())).collect(),
        };
        let places = places.into_iter().map(|(shown, own)| Ok((shown, open()?, own)));
        places.collect::<Result<Vec<_>, String>>().map(|places| Tree::of(places).seen(start, Role::Target))
    };
    if start.options.dry_run && !ground.is_directory(&folder) {
        let tree = Tree::of(Vec::new()).beside(references::open(ground, &folder, start, &shape)?);
        return Ok(Opened { tree, lock: None, shown: Shown::default() });
    }
    if let (Some(name), [], Ok(root)) = (own_name, shown.as_slice(), ground.open(&folder))
        && holds_directory(&root, name)
    {
        return Err(guard::own_name(&path.to_string_lossy(), name));
    }
    let open = || ground.create(&folder).map_err(|error| not_made(ground, &folder, &error));
    let lock = if start.options.dry_run { None } else { Some(hold(&open()?, start.options.wait)?) };
    let mut tree = shape(&open)?.beside(references::open(ground, &folder, start, &shape)?);
    match start.options.backup.as_ref().map(|backup| &backup.place) {
        Some(BackupPlace::Inside(place)) => holds_backups(&open()?, place)?,
        Some(BackupPlace::Outside(place)) if !start.options.dry_run => {
            tree = tree.keeping(backups(ground, &folder, place)?);
        }
        _ => {}
    }
    Ok(Opened { tree, lock, shown: Shown::default() })
}

/// Whether nothing is there, as far as that can be said before it is held.
pub(crate) fn is_vacant(path: &Path) -> bool {
    match Root::open(path) {
        Ok(root) => root.is_empty(),
        Err(_) => path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound),
    }
}

/// Whether backups can go into a directory of the target, which need not be there yet.
fn holds_backups(root: &Root, place: &RelPath) -> Result<(), String> {
    let leads = std::iter::successors(Some(place.clone()), RelPath::parent);
    let is_other = |path: &RelPath| root.stat(path).is_ok_and(|entry| entry.kind != Kind::Directory);
    match leads.into_iter().find(is_other) {
        Some(path) => Err(format!(
            "--backup-dir {place}: {path} in {} is no directory, and a link is not followed there",
            root.named().display()
        )),
        None => Ok(()),
    }
}

/// Where backups go outside the target. What is inside would be deleted as what the source does not have.
fn backups(ground: &Ground, folder: &Path, place: &[u8]) -> Result<Root, String> {
    let path = ground.seen_from(folder, place)?;
    let seen = |path: &Path| match ground {
        Ground::Account => real(path).map_err(|error| format!("{}: {error}", path.display())),
        Ground::Below(_) => Ok(path.to_owned()),
    };
    match seen(&path)?.strip_prefix(seen(folder)?) {
        Ok(inside) if inside.as_os_str().is_empty() => {
            Err("DST itself holds what is kept without --backup-dir".to_owned())
        }
        Ok(inside) => Err(format!("{} is in DST: say --backup-dir {}", path.display(), inside.display())),
        Err(_) => ground.create(&path).map_err(|error| in_words(&path, &error)),
    }
}

/// A path without links and dots, as far as it is there.
fn real(path: &Path) -> io::Result<PathBuf> {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Err(error), Some(parent), Some(name)) if error.kind() == io::ErrorKind::NotFound => {
            Ok(real(parent)?.join(name))
        }
        (found, ..) => found,
    }
}

fn holds_directory(root: &Root, name: &[u8]) -> bool {
    let own = RelPath::parse(name);
    own.is_ok_and(|own| root.stat(&own).is_ok_and(|entry| entry.kind == Kind::Directory))
}

/// An error about a path that somebody named. That of a root names it already.
fn in_words(path: &Path, error: &FsError) -> String {
    match error {
        FsError::Root { .. } => error.to_string(),
        FsError::Entry { source, .. } if source.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
            format!("{}: it is, or leads through, a symbolic link, and none is followed here", path.display())
        }
        error => format!("{}: {error}", path.display()),
    }
}

/// Why a directory could not be made: what is in its way, if that is so.
fn not_made(ground: &Ground, path: &Path, error: &FsError) -> String {
    let is_other = |path: &&Path| path.symlink_metadata().is_ok() && !path.is_dir();
    match path.ancestors().find(is_other).filter(|_| matches!(ground, Ground::Account)) {
        Some(other) if other.is_symlink() => {
            format!("{}: a directory is to be here, and this is a link that leads to none", other.display())
        }
        Some(other) => format!("{}: a directory is to be here, and something else is", other.display()),
        None => in_words(path, error),
    }
}

/// The directory that something is in, and its name there.
fn split(path: &Path) -> Result<(PathBuf, RelPath), String> {
    let unnamed = || format!("{}: it has no name of its own", path.display());
    let name = path.file_name().ok_or_else(unnamed)?;
    let own = RelPath::parse(name.as_bytes()).map_err(|error| format!("{}: {error}", path.display()))?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    Ok((parent.unwrap_or(Path::new(".")).to_owned(), own))
}

fn hold(root: &Root, wait: bool) -> Result<Lock, Refusal> {
    let begun = Instant::now();
    let named = root.named().display();
    let mut told = false;
    loop {
        match root.lock() {
            Err(FsError::Held) if wait && begun.elapsed() < PATIENCE => {
                if !std::mem::replace(&mut told, true) {
                    words::say(&format_args!(
                        "xssh: {named}: another run is changing it{}; waiting",
                        holder::words(root)
                    ));
                }
                std::thread::sleep(PAUSE);
            }
            Err(FsError::Held) => {
                let words = format!("{named}: another run is changing it{}; --wait waits for it", holder::words(root));
                return Err(Refusal { reason: Reason::Held, words });
            }
            held => return held.map_err(|error| format!("{named}: {error}").into()),
        }
    }
}
