//! One case each: what is made, changed, kept and deleted.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use xssh_sync::{Change, Options};

use super::pair::{Pair, Run};

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn some_tree(root: &Path) {
    fs::create_dir_all(root.join("a/b/c")).unwrap();
    fs::write(root.join("a/b/c/file"), b"hello").unwrap();
    fs::write(root.join("a.txt"), b"").unwrap();
    fs::write(root.join("a/large"), noise(1, 3_000_000)).unwrap();
    fs::write(root.join("odd \n\x1b name"), b"x").unwrap();
    symlink("nowhere/at/all", root.join("a/link")).unwrap();
    fs::set_permissions(root.join("a/b/c/file"), fs::Permissions::from_mode(0o4751)).unwrap();
    fs::set_permissions(root.join("a/b"), fs::Permissions::from_mode(0o500)).unwrap();
}

fn delete() -> Options {
    Options { delete: true, ..Options::default() }
}

#[test]
fn an_empty_target_becomes_the_same() {
    for push in [true, false] {
        let pair = Pair::new();
        some_tree(&pair.source());
        let run = if push { pair.push(&Options::default()) } else { pair.pull(&Options::default()) };
        let summary = run.ok();
        pair.assert_alike();
        assert_eq!((summary.files, summary.entries), (4, 9), "{summary:?}");
        let again = pair.push(&Options::default());
        assert!(again.changes.is_empty(), "{:?}", again.changes);
        assert_eq!(again.ok().files, 0);
        assert!(again.bytes < 400, "{}", again.bytes);
    }
}

#[test]
fn a_change_in_a_large_file_travels_alone() {
    let pair = Pair::new();
    let mut bytes = noise(2, 20_000_000);
    fs::write(pair.target().join("file"), &bytes).unwrap();
    bytes.splice(10_000_000..10_000_000, *b"inserted");
    fs::write(pair.source().join("file"), &bytes).unwrap();
    let run = pair.push(&Options::default());
    let summary = run.ok();
    pair.assert_alike();
    assert!(summary.literal < 40_000 && summary.reused > 19_900_000, "{summary:?}");
    assert!(run.bytes < 120_000, "{}", run.bytes);
    assert!(run.changes.contains(&("file".to_owned(), Change::Contents)), "{:?}", run.changes);
}

#[test]
fn what_the_source_lacks_stays_unless_it_is_to_go() {
    let pair = Pair::new();
    some_tree(&pair.source());
    fs::create_dir_all(pair.target().join("old/deep")).unwrap();
    fs::write(pair.target().join("old/deep/file"), b"1").unwrap();
    fs::write(pair.target().join("z"), b"2").unwrap();
    pair.push(&Options::default()).ok();
    assert!(pair.target().join("old/deep/file").exists() && pair.target().join("z").exists());
    let dry = pair.push(&Options { dry_run: true, ..delete() });
    assert!(pair.target().join("old/deep/file").exists());
    let run = pair.push(&delete());
    assert_eq!(run.ok().deleted, 4);
    assert_eq!(run.changes, dry.changes);
    pair.assert_alike();
}

/// How many entries were not deleted because they were too many, and how many might have been.
fn withheld(run: &Run) -> (u64, u64) {
    let summary = run.result.as_ref().unwrap();
    assert_eq!(summary.deleted, 0);
    (summary.withheld, summary.allowed)
}

#[test]
fn too_many_deletions_are_none() {
    let pair = Pair::new();
    fs::write(pair.source().join("a"), b"a").unwrap();
    for name in ["b", "c", "d"] {
        fs::write(pair.target().join(name), b"x").unwrap();
    }
    let run = pair.push(&Options { max_delete: Some(2), ..delete() });
    assert_eq!(withheld(&run), (3, 2));
    assert!(pair.target().join("b").exists() && pair.target().join("d").exists());
    let run = pair.pull(&Options { max_delete: Some(2), ..delete() });
    assert_eq!(withheld(&run), (3, 2));
    pair.pull(&Options { max_delete: Some(3), ..delete() }).ok();
    pair.assert_alike();
}

#[test]
fn most_of_a_tree_is_not_deleted_by_mistake() {
    let pair = Pair::new();
    for number in 0..40 {
        fs::write(pair.target().join(format!("{number}")), b"x").unwrap();
        fs::write(pair.source().join(format!("s{number}")), b"x").unwrap();
    }
    let run = pair.pull(&delete());
    assert_eq!(withheld(&run), (40, 20));
    assert!(pair.target().join("7").exists());
    pair.pull(&Options { max_delete: Some(40), ..delete() }).ok();
    pair.assert_alike();
}

#[test]
fn kinds_change_into_each_other() {
    let make = |root: &Path, kind: usize, name: &str| match kind {
        0 => fs::write(root.join(name), b"file").unwrap(),
        1 => {
            fs::create_dir(root.join(name)).unwrap();
            fs::write(root.join(name).join("inside"), b"inside").unwrap();
        }
        _ => symlink("target", root.join(name)).unwrap(),
    };
    let pair = Pair::new();
    for before in 0..3 {
        for after in 0..3 {
            let name = format!("{before}{after}");
            make(&pair.target(), before, &name);
            make(&pair.source(), after, &name);
        }
    }
    // Without leave to delete, a directory that holds something stays, and is named.
    let run = pair.push(&Options::default());
    assert_eq!(run.problems.len(), 2, "{:?}", run.problems);
    assert!(pair.target().join("10/inside").exists());
    pair.push(&delete()).ok();
    pair.assert_alike();
}

#[test]
fn contents_can_be_compared_where_times_lie() {
    let pair = Pair::new();
    fs::write(pair.source().join("file"), b"one").unwrap();
    fs::write(pair.target().join("file"), b"two").unwrap();
    let time = fs::metadata(pair.source().join("file")).unwrap().modified().unwrap();
    fs::File::options().write(true).open(pair.target().join("file")).unwrap().set_modified(time).unwrap();
    let times_of_directories_differ = pair.push(&Options::default()).ok();
    assert_eq!(times_of_directories_differ.files, 0);
    assert_eq!(pair.push(&Options { checksum: true, ..Options::default() }).ok().files, 1);
    pair.assert_alike();
}

#[test]
fn a_second_run_on_one_target_is_refused() {
    let pair = Pair::new();
    let root = xssh_fs::Root::open(&pair.target()).unwrap();
    let held = root.lock().unwrap();
    let other = xssh_fs::Root::open(&pair.target()).unwrap();
    assert!(matches!(other.lock(), Err(xssh_fs::FsError::Held)));
    drop(held);
    other.lock().unwrap();
}
