//! Other file systems inside a tree, where a run is to stay on one. Only root may mount; anybody else has nothing to test here.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::PoisonError;

use xssh_sync::Options;

use super::pair::{CHILDREN, Pair};
use super::traps::mounted::Mounted;

fn make(root: &Path, names: &[&str]) {
    for name in names {
        fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        fs::write(root.join(name), name).unwrap();
    }
}

fn there(root: &Path) -> Vec<String> {
    let names =
        ["mnt/home/precious", "mnt/old", "mnt/new", "gone", "extra/f", "extra/deep/mnt/precious", "extra/mnt/f"];
    names.into_iter().filter(|name| root.join(name).exists()).map(str::to_owned).collect()
}

/// What is mounted in a target is updated where the source has it, and never deleted; rsync is the judge.
#[test]
fn nothing_is_deleted_on_another_file_system() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let pair = Pair::new();
    let theirs = pair.beside("theirs");
    let mut mounts = Vec::new();
    make(&pair.source(), &["mnt/new"]);
    for target in [&pair.target(), &theirs] {
        for mount in ["mnt", "extra/deep/mnt", "extra/mnt"] {
            fs::create_dir_all(target.join(mount)).unwrap();
            mounts.push(Mounted::tmpfs(&target.join(mount), "1m"));
        }
        make(target, &["mnt/home/precious", "mnt/old", "gone", "extra/f", "extra/deep/mnt/precious", "extra/mnt/f"]);
    }
    let options = Options { delete: true, one_file_system: true, max_delete: Some(99), ..Options::default() };
    let trial = pair.push(&Options { dry_run: true, ..options.clone() });
    let run = pair.push(&options);
    run.ok();
    assert_eq!(run.changes, trial.changes);
    {
        let _no_runs = CHILDREN.write().unwrap_or_else(PoisonError::into_inner);
        let [from, to] = [pair.source(), theirs.clone()].map(|path| format!("{}/", path.display()));
        assert!(Command::new("rsync").args(["-ax", "--delete", &from, &to]).status().unwrap().success());
    }
    assert_eq!(there(&pair.target()), there(&theirs));
    assert_eq!(there(&theirs), ["mnt/home/precious", "mnt/old", "mnt/new", "extra/deep/mnt/precious", "extra/mnt/f"]);
    assert_eq!(pair.push(&options).changes, []);
}

/// What is mounted in a target is not moved out of there, though the source has the same file under another name.
#[test]
fn nothing_is_moved_from_another_file_system() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let pair = Pair::new();
    fs::create_dir_all(pair.target().join("extra/mnt")).unwrap();
    let _mounted = Mounted::tmpfs(&pair.target().join("extra/mnt"), "1m");
    let (old, new) = (pair.target().join("extra/mnt/deep/old"), pair.source().join("new"));
    fs::create_dir(old.parent().unwrap()).unwrap();
    let text = "precious".repeat(1000);
    [&old, &new].iter().for_each(|path| fs::write(path, &text).unwrap());
    fs::File::open(&old).unwrap().set_modified(fs::metadata(&new).unwrap().modified().unwrap()).unwrap();
    let options = Options { delete: true, one_file_system: true, ..Options::default() };
    pair.push(&options).ok();
    assert_eq!(fs::read_to_string(old).unwrap(), text);
    assert_eq!(fs::read_to_string(pair.target().join("new")).unwrap(), text);
    assert_eq!(pair.push(&options).changes, []);
}
