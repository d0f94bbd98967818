//! Traps of names: what they stand for, how long they are, and which are the same to somebody.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use xssh_filter::{Builder, Options as RuleOptions};
use xssh_sync::Options;

use super::deep;
use super::mounted::Mounted;
use crate::pair::Pair;

fn delete() -> Options {
    Options { delete: true, ..Options::default() }
}

/// File, directory, link and FIFO, each in place of each, with contents and without.
#[test]
fn trap_04_changes_of_type() {
    let make = |path: &Path, kind: usize| match kind {
        0 => fs::write(path, vec![b'x'; 70_000]).unwrap(),
        1 => {
            fs::create_dir_all(path.join("deep/er")).unwrap();
            fs::write(path.join("deep/er/f"), "inside").unwrap();
        }
        2 => symlink("target", path).unwrap(),
        3 => symlink("/", path).unwrap(),
        _ => {
            let fifo = rustix::fs::FileType::Fifo;
            rustix::fs::mknodat(rustix::fs::CWD, path, fifo, rustix::fs::Mode::RUSR, 0).unwrap();
        }
    };
    for push in [true, false] {
        let pair = Pair::new();
        for before in 0..5 {
            for after in 0..5 {
                let name = format!("{before}{after}");
                make(&pair.target().join(&name), before);
                make(&pair.source().join(&name), after);
            }
        }
        let options = Options { specials: true, max_delete: Some(1000), ..delete() };
        let run = if push { pair.push(&options) } else { pair.pull(&options) };
        run.ok();
        pair.assert_alike();
        assert!(pair.push(&options).changes.is_empty());
    }
}

/// Any bytes but `/` and NUL. How they are shown is in the tests of the whole program.
#[test]
fn trap_12_names_of_any_bytes() {
    let pair = Pair::new();
    for byte in (1..=255_u8).filter(|byte| *byte != b'/') {
        let names = [vec![byte, b'x'], vec![b'x', byte], vec![byte, byte, byte]];
        for name in names.into_iter().map(OsString::from_vec).filter(|name| name != "..." || byte == b'.') {
            fs::write(pair.source().join(&name), name.as_bytes()).unwrap();
        }
    }
    for name in [&b"\x1b]0;title\x07"[..], b"\xe2\x80\xaetxt.exe", b"a\nb\rc", b"-rf", b"~", b"*", b"$(x)"] {
        fs::create_dir(pair.source().join(OsStr::from_bytes(name))).unwrap();
        fs::write(pair.source().join(OsStr::from_bytes(name)).join("in"), name).unwrap();
    }
    pair.push(&Options::default()).ok();
    pair.assert_alike();
    assert!(pair.pull(&delete()).changes.is_empty());
}

/// Where the target takes two names for one, the first that came stays, and the other is told: none is lost silently, and no
/// run overwrites what the run before has written.
#[test]
fn trap_13_names_that_fold_into_one() {
    let pair = Pair::new();
    let image = pair.source().with_file_name("image");
    let mounted = Mounted::folding(&pair.target(), &image);
    for name in ["readme", "README", "Readme"] {
        fs::write(pair.source().join(name), name).unwrap();
    }
    fs::create_dir(pair.source().join("dir")).unwrap();
    fs::create_dir(pair.source().join("DIR")).unwrap();
    fs::write(pair.source().join("dir/x"), "of dir").unwrap();
    fs::write(pair.source().join("DIR/x"), "of DIR").unwrap();
    symlink("nowhere", pair.source().join("link")).unwrap();
    fs::write(pair.source().join("LINK"), "no link").unwrap();
    // This file system has neither owners nor permissions.
    let options = Options { modes: false, owners: false, groups: false, modify_window: 2, ..Options::default() };
    let mut before = None;
    for _ in 0..3 {
        let run = pair.push(&options);
        let told = |name: &str| run.problems.iter().filter(|problem| problem.to_lowercase().contains(name)).count();
        assert!(told("readme") == 2 && told("dir") >= 1 && told("link") >= 1, "{:?}", run.problems);
        let now = (fs::read(pair.target().join("readme")).unwrap(), fs::read(pair.target().join("dir/x")).unwrap());
        assert_eq!(before.get_or_insert(now.clone()), &now);
    }
    drop(mounted);
}

/// The longest names and paths travel, staged names beside them too; what is longer is told, and the rest travels.
#[test]
fn trap_14_the_longest_names_and_paths() {
    let pair = Pair::new();
    fs::write(pair.source().join("n".repeat(255)), vec![b'n'; 100_000]).unwrap();
    fs::write(pair.source().join("é".repeat(127)), "é").unwrap();
    // 15 directories of 255 bytes and one of 254: a path of 4095 bytes is the longest.
    let mut deep = pair.source();
    let mut chain = vec!["d".repeat(255); 15];
    chain.push("e".repeat(253));
    for name in &chain {
        deep.push(name);
        deep::make(&deep);
    }
    deep::touch(&deep.join("f"));
    deep::make(&deep.join("ff"));
    let run = pair.push(&Options::default());
    let summary = run.result.unwrap();
    assert_eq!((summary.failed, run.problems.len()), (1, 1));
    assert!(run.problems[0].ends_with("too long"));
    assert_eq!(summary.files, 3);
    assert_eq!(fs::read(pair.target().join("n".repeat(255))).unwrap(), vec![b'n'; 100_000]);
    assert_eq!(fs::read_dir(pair.target()).unwrap().count(), 3);
}

fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}

/// Names of one file whose first name takes no part, or is gone: the others stay names of one file.
#[test]
fn trap_18_the_first_name_of_a_file_is_filtered_or_deleted() {
    let mut pair = Pair::new();
    let (source, target) = (pair.source(), pair.target());
    fs::write(source.join("a"), "same").unwrap();
    for name in ["b", "c", "d"] {
        fs::hard_link(source.join("a"), source.join(name)).unwrap();
    }
    let options = Options { hard_links: true, ..delete() };
    let mut builder = Builder::new(RuleOptions::default());
    builder.exclude(b"a").unwrap();
    pair.rules = builder.finish();
    pair.push(&options).ok();
    assert!(!target.join("a").exists());
    assert!(
        inode(&target.join("b")) == inode(&target.join("c")) && inode(&target.join("c")) == inode(&target.join("d"))
    );
    assert!(pair.pull(&options).changes.is_empty());
    // With it, and then without it: it was the file itself, and the others must not go with it.
    pair.rules = Builder::new(RuleOptions::default()).finish();
    pair.push(&options).ok();
    pair.assert_alike();
    assert_eq!(inode(&target.join("a")), inode(&target.join("d")));
    fs::remove_file(source.join("a")).unwrap();
    pair.push(&options).ok();
    pair.assert_alike();
    assert!(
        inode(&target.join("b")) == inode(&target.join("c")) && inode(&target.join("c")) == inode(&target.join("d"))
    );
    assert!(pair.push(&options).changes.is_empty());
    // The first name is another file now.
    fs::remove_file(source.join("b")).unwrap();
    fs::write(source.join("b"), "other").unwrap();
    pair.push(&options).ok();
    pair.assert_alike();
    assert!(
        inode(&target.join("b")) != inode(&target.join("c")) && inode(&target.join("c")) == inode(&target.join("d"))
    );
}
