//! What two trees are like, by lstat and the bytes: no code of the program takes part.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Everything in a tree, by path.
pub(crate) type Seen = BTreeMap<PathBuf, Entry>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// What it is and what is in it.
    pub(crate) content: Content,
    pub(crate) mode: u32,
    pub(crate) owner: (u32, u32),
    time: (i64, i64),
    xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// The first name of the same file.
    same: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    File(u64, blake3::Hash),
    Link(PathBuf),
    Directory,
    Other(u32),
}

/// What is looked at beside contents, permissions, owners and times.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) names_of_one_file: bool,
    pub(crate) xattrs: bool,
}

pub(crate) fn look(root: &Path, how: Look) -> Seen {
    let mut seen = Seen::new();
    gather(root, Path::new(""), how, &mut seen, &mut HashMap::new());
    seen
}

/// The same where links are what they lead to, and the names of links that lead nowhere, or back to where they are.
pub(crate) fn look_through(root: &Path) -> (Seen, Vec<PathBuf>) {
    let (mut seen, mut lost) = (Seen::new(), Vec::new());
    gather_through(root, Path::new(""), &mut Vec::new(), &mut seen, &mut lost);
    (seen, lost)
}

fn gather_through(root: &Path, below: &Path, above: &mut Vec<u64>, seen: &mut Seen, lost: &mut Vec<PathBuf>) {
    let path = root.join(below);
    let Some(stat) = fs::metadata(&path).ok().filter(|stat| !above.contains(&stat.ino())) else {
        return lost.push(below.to_owned());
    };
    let content = match () {
        () if stat.is_file() => Content::File(stat.len(), blake3::hash(&fs::read(&path).unwrap())),
        () if stat.is_dir() => Content::Directory,
        () => Content::Other(stat.mode() & 0o170_000),
    };
    if stat.is_dir() {
        above.push(stat.ino());
        for entry in fs::read_dir(&path).unwrap() {
            gather_through(root, &below.join(entry.unwrap().file_name()), above, seen, lost);
        }
        above.pop();
    }
    let (mode, owner, time) = (stat.mode() & 0o7777, (stat.uid(), stat.gid()), (stat.mtime(), stat.mtime_nsec()));
    seen.insert(below.to_owned(), Entry { content, mode, owner, time, xattrs: Vec::new(), same: None });
}

fn gather(root: &Path, below: &Path, how: Look, seen: &mut Seen, first: &mut HashMap<u64, PathBuf>) {
    let path = root.join(below);
    let stat = fs::symlink_metadata(&path).unwrap();
    let kind = stat.file_type();
    let content = if kind.is_symlink() {
        Content::Link(fs::read_link(&path).unwrap())
    } else if kind.is_file() {
        Content::File(stat.len(), blake3::hash(&fs::read(&path).unwrap()))
    } else if kind.is_dir() {
        Content::Directory
    } else {
        Content::Other(stat.mode() & 0o170_000)
    };
    let mut names: Vec<PathBuf> = Vec::new();
    if kind.is_dir() {
        names.extend(fs::read_dir(&path).unwrap().map(|entry| below.join(entry.unwrap().file_name())));
        names.sort();
    }
    let is_link = kind.is_symlink();
    let leader = first.entry(stat.ino()).or_insert_with(|| below.to_owned());
    let same = (how.names_of_one_file && kind.is_file() && *leader != below).then(|| leader.clone());
    let entry = Entry {
        content,
        mode: if is_link { 0 } else { stat.mode() & 0o7777 },
        owner: (stat.uid(), stat.gid()),
        time: if is_link { (0, 0) } else { (stat.mtime(), stat.mtime_nsec()) },
        xattrs: if how.xattrs && (kind.is_file() || kind.is_dir()) { xattrs(&path) } else { Vec::new() },
        same,
    };
    seen.insert(below.to_owned(), entry);
    names.into_iter().for_each(|name| gather(root, &name, how, seen, first));
}

fn xattrs(path: &Path) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut names, mut value) = (vec![0; 65_536], vec![0; 65_536]);
    let n = rustix::fs::llistxattr(path, &mut names).unwrap();
    let names = names[..n].split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let mut all: Vec<_> = names
        .map(|name| {
            let n = rustix::fs::lgetxattr(path, name, &mut value).unwrap();
            (name.to_vec(), value[..n].to_vec())
        })
        .collect();
    all.sort();
    all
}

/// What differs between two, for people.
pub(crate) fn differences(want: &Seen, have: &Seen) -> Vec<String> {
    let paths: std::collections::BTreeSet<&PathBuf> = want.keys().chain(have.keys()).collect();
    let differing = paths.into_iter().filter(|path| want.get(*path) != have.get(*path));
    differing.map(|path| format!("{}: {:?}, not {:?}", path.display(), have.get(path), want.get(path))).collect()
}

/// What is neither as it was nor as it is to be, though the run may have been cut anywhere.
pub(crate) fn neither(before: &Seen, goal: &Seen, now: &Seen) -> Vec<String> {
    let is_staged =
        |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".xssh-staged-"));
    let content = |seen: &Seen, path: &Path| seen.get(path).map(|entry| entry.content.clone());
    let paths: std::collections::BTreeSet<&PathBuf> = before.keys().chain(goal.keys()).chain(now.keys()).collect();
    let mut wrong = Vec::new();
    for path in paths.into_iter().filter(|path| !is_staged(path)) {
        let [old, new, now] = [before, goal, now].map(|seen| content(seen, path));
        // What is to go may be gone. A directory goes before what takes its place comes.
        let may_lack =
            new.is_none() || old.is_none() || old != new && (old == Some(Content::Directory) || is_special(&new));
        let is_right = match &now {
            None => may_lack,
            now => *now == old || *now == new,
        };
        if !is_right {
            wrong.push(format!("{}: {now:?}, neither {old:?} nor {new:?}", path.display()));
        }
    }
    wrong
}

/// Directories and nodes are made where nothing stands.
fn is_special(content: &Option<Content>) -> bool {
    matches!(content, Some(Content::Directory | Content::Other(_)))
}
