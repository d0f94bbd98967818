//! What takes part: named paths, git's ignore files, sizes, links that lead out.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::PoisonError;
use std::time::{Duration, UNIX_EPOCH};

use xssh_fs::RelPath;
use xssh_sync::{Options, Selection};

use super::pair::{CHILDREN, Pair, shape};

fn write(root: &Path, names: &[&str]) {
    for name in names {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, *name).unwrap();
    }
}

fn names(root: &Path) -> Vec<String> {
    let paths = shape(root).into_keys().filter(|path| !root.join(path).is_dir());
    paths.map(|path: PathBuf| path.to_str().unwrap().to_owned()).collect()
}

fn select(names: &[&str], recursive: bool) -> Selection {
    Selection::new(names.iter().map(|name| RelPath::parse(name.as_bytes()).unwrap()).collect(), recursive)
}

#[test]
fn named_paths_and_nothing_else() {
    let mut pair = Pair::new();
    write(&pair.source(), &["a/b/c", "a/b/d", "a/x", "e/f", "g"]);
    write(&pair.target(), &["a/old", "z"]);
    pair.selection = Some(select(&["a/b/c", "e", "g", "not/there"], false));
    let options = Options { delete: true, ..Options::default() };
    let run = pair.push(&options);
    assert!(run.problems.iter().any(|why| why.starts_with("not/there: it was named")), "{:?}", run.problems);
    write(&pair.target(), &["not/there"]);
    pair.push(&Options { ignore_missing_args: true, ..options }).ok();
    assert!(!pair.target().join("not").join("there").exists());
    assert_eq!(names(&pair.target()), ["a/b/c", "a/old", "g", "z"]);
    assert!(pair.target().join("e").is_dir());
    // What a link would lead to is no part of the tree, and that is said.
    symlink("a", pair.source().join("link")).unwrap();
    pair.selection = Some(select(&["link/x"], false));
    let run = pair.push(&Options::default());
    assert!(run.problems.iter().any(|why| why.starts_with("link/x: it was named")), "{:?}", run.problems);
    pair.selection = Some(select(&["a/b", "e"], true));
    write(&pair.target(), &["a/b/gone"]);
    pair.pull(&Options { delete: true, ..Options::default() }).ok();
    assert_eq!(names(&pair.target()), ["a/b/c", "a/b/d", "a/old", "e/f", "g", "z"]);
}

#[test]
fn what_git_ignores_takes_no_part_and_is_not_deleted() {
    let pair = Pair::new();
    let options = Options { gitignore: true, delete: true, ..Options::default() };
    write(&pair.source(), &["src/main.c", "src/main.o", "build/out", ".git/config", "keep.o"]);
    fs::write(pair.source().join(".gitignore"), "*.o\n/build/\n!keep.o\n").unwrap();
    write(&pair.target(), &["src/other.o", "build/mine", "stray"]);
    pair.push(&options).ok();
    assert_eq!(
        names(&pair.target()),
        [".git/config", ".gitignore", "build/mine", "keep.o", "src/main.c", "src/other.o"]
    );
    // A rule that is new at the source counts at once.
    write(&pair.target(), &["log.txt"]);
    fs::write(pair.source().join(".gitignore"), "*.o\n/build/\n!keep.o\n*.txt\n").unwrap();
    pair.push(&options).ok();
    assert!(pair.target().join("log.txt").exists());
    assert!(pair.pull(&options).changes.is_empty());
}

#[test]
fn sizes_and_links_that_lead_out() {
    let pair = Pair::new();
    fs::write(pair.source().join("small"), "1").unwrap();
    fs::write(pair.source().join("right"), [0; 100]).unwrap();
    fs::write(pair.source().join("large"), [0; 1000]).unwrap();
    fs::write(pair.target().join("large"), "stays").unwrap();
    fs::create_dir(pair.source().join("d")).unwrap();
    for (target, name) in
        [("right", "in"), ("../x", "out"), ("/etc", "far"), ("../small", "d/in"), ("../../x", "d/out")]
    {
        symlink(target, pair.source().join(name)).unwrap();
    }
    let options =
        Options { min_size: Some(2), max_size: Some(999), safe_links: true, delete: true, ..Options::default() };
    let summary = pair.push(&options).ok();
    let there = |name: &str| fs::symlink_metadata(pair.target().join(name)).is_ok();
    assert_eq!(
        ["small", "right", "in", "out", "far", "d/in", "d/out"].map(there),
        [false, true, true, false, false, true, false]
    );
    assert_eq!(fs::read(pair.target().join("large")).unwrap(), b"stays");
    assert_eq!(summary.skipped, 3);
}

/// Directories that hold nothing but directories, more of them than a page holds entries, as rsync prunes them.
#[test]
fn empty_directories_are_pruned() {
    let pair = Pair::new();
    for number in 0..900 {
        let path = pair.source().join(format!("d{}/e{number}/deep/er", number % 30));
        fs::create_dir_all(&path).unwrap();
        if number % 4 == 0 || number % 30 == 7 {
            fs::write(path.join("f"), "x").unwrap();
        }
    }
    fs::create_dir_all(pair.target().join("d0/gone/too")).unwrap();
    let options = Options { prune_empty_dirs: true, delete: true, ..Options::default() };
    pair.push(&options).ok();
    let judge = pair.beside("rsync");
    {
        let _no_runs = CHILDREN.write().unwrap_or_else(PoisonError::into_inner);
        let source = format!("{}/", pair.source().display());
        let output = Command::new("rsync").args(["-am", &source]).arg(&judge).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let all = |root: &Path| shape(root).into_keys().collect::<Vec<_>>();
    assert_eq!(all(&pair.target()), all(&judge));
    assert!(pair.pull(&options).changes.is_empty());
}

#[test]
fn times_of_directories_may_stay() {
    let pair = Pair::new();
    write(&pair.source(), &["d/f"]);
    fs::File::open(pair.source().join("d")).unwrap().set_modified(UNIX_EPOCH + Duration::from_secs(1)).unwrap();
    let options = Options { omit_dir_times: true, ..Options::default() };
    pair.push(&options).ok();
    assert_ne!(fs::metadata(pair.target().join("d")).unwrap().mtime(), 1);
    assert!(pair.pull(&options).changes.is_empty());
    pair.pull(&Options::default()).ok();
    pair.assert_alike();
}
