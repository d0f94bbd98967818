//! What takes part: named paths, git's ignore files, sizes, links that lead out.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use xssh_fs::RelPath;
use xssh_sync::{Options, Selection};

use super::pair::{Pair, shape};

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
    pair.push(&Options { delete: true, ..Options::default() }).ok();
    assert_eq!(names(&pair.target()), ["a/b/c", "a/old", "g", "z"]);
    assert!(pair.target().join("e").is_dir());
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
