//! Permissions that are not kept: rsync is the judge of what things get then.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::PoisonError;
use std::time::{Duration, SystemTime};

use xssh_sync::Options;

use super::pair::{CHILDREN, Pair, shape};

fn file(path: &Path, mode: u32, length: usize) {
    fs::write(path, vec![b'x'; length]).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(length as u64);
    fs::File::open(path).unwrap().set_modified(time).unwrap();
}

fn directory(path: &Path, mode: u32) {
    fs::create_dir(path).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn modes(root: &Path) -> BTreeMap<PathBuf, String> {
    let all = shape(root).into_keys().map(|path| (fs::symlink_metadata(root.join(&path)).unwrap().mode(), path));
    all.map(|(mode, path)| (path, format!("{mode:o}"))).collect()
}

fn fill(target: &Path) {
    directory(&target.join("shared"), 0o2775);
    directory(&target.join("old"), 0o770);
    file(&target.join("old/small"), 0o664, 1);
    file(&target.join("old/large"), 0o604, 300_000);
    file(&target.join("old/same"), 0o666, 7);
    file(&target.join("old/plain"), 0o640, 3);
}

#[test]
fn what_is_there_keeps_its_own_and_what_is_new_gets_what_the_account_gives() {
    let pair = Pair::new();
    let theirs = pair.beside("theirs");
    fs::create_dir(&theirs).unwrap();
    fill(&pair.target());
    fill(&theirs);
    let source = pair.source();
    for name in ["shared", "old", "new", "shared/new"] {
        directory(&source.join(name), 0o777);
    }
    for (name, mode, length) in [
        ("old/small", 0o640, 2),
        ("old/large", 0o755, 400_000),
        ("old/same", 0o600, 7),
        ("new/small", 0o4777, 5),
        ("new/large", 0o666, 200_000),
        ("new/own", 0o600, 5),
        ("shared/new/f", 0o2666, 5),
    ] {
        file(&source.join(name), mode, length);
    }
    {
        let _no_runs = CHILDREN.write().unwrap_or_else(PoisonError::into_inner);
        let [from, to] = [source, theirs.clone()].map(|path| format!("{}/", path.display()));
        assert!(Command::new("rsync").args(["-rlt", &from, &to]).status().unwrap().success());
    }
    let options = Options { modes: false, owners: false, groups: false, ..Options::default() };
    let changes = pair.push(&Options { dry_run: true, ..options.clone() }).changes;
    let run = pair.push(&options);
    run.ok();
    assert_eq!(run.changes, changes);
    assert_eq!(modes(&pair.target()), modes(&theirs));
    assert_eq!(pair.pull(&options).changes, []);
}
