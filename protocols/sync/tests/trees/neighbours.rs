//! Runs on directories that are in one another: each holds its own, and what one has staged is nobody else's.

use std::fs;
use std::path::Path;

use xssh_fs::Root;
use xssh_sync::{Options, Role};

use super::dice::Dice;
use super::line::{Faults, Line};
use super::pair::Pair;

/// Of a run on the tree itself, of one on a directory in it, and of one on a directory that it is in.
const OWN: [&str; 3] = [".xssh-staged-1-7-8-9", "d/.xssh-staged-part-2-00", "d/e/.xssh-staged-3-7-8-9"];
const BELOW: [&str; 3] = ["d/.xssh-staged-part-1-00", "d/.xssh-staged-1-7-8-9", "d/e/.xssh-staged-part-2-00"];
const ABOVE: [&str; 2] = [".xssh-staged-part-2-00", "d/.xssh-staged-4-7-8-9"];

fn pair() -> Pair {
    let pair = Pair::new();
    for tree in [pair.source(), pair.target()] {
        fs::create_dir_all(tree.join("d/e")).unwrap();
        fs::write(tree.join("d/e/f"), "f").unwrap();
    }
    for name in OWN.iter().chain(&BELOW).chain(&ABOVE) {
        fs::write(pair.target().join(name), "left").unwrap();
    }
    pair
}

fn are_there(root: &Path, names: &[&str], there: bool) {
    for name in names {
        assert_eq!(root.join(name).exists(), there, "{name}");
    }
}

#[test]
fn what_other_runs_have_staged_stays() {
    let pair = pair();
    pair.push(&Options::default()).ok();
    are_there(&pair.target(), &OWN, false);
    are_there(&pair.target(), &BELOW, true);
    are_there(&pair.target(), &ABOVE, true);
}

#[test]
fn what_a_cut_run_has_staged_goes_where_things_are_deleted_and_nobody_goes_on_with_it() {
    let pair = pair();
    let delete = Options { delete: true, max_delete: Some(9), ..Options::default() };
    let held = Root::open(&pair.target().join("d")).unwrap().lock().unwrap();
    pair.push(&Options { dry_run: true, ..delete.clone() }).ok();
    are_there(&pair.target(), &OWN, true);
    pair.push(&delete).ok();
    are_there(&pair.target(), &OWN, false);
    are_there(&pair.target(), &BELOW, true);
    drop(held);
    pair.push(&delete).ok();
    are_there(&pair.target(), &BELOW, false);
    are_there(&pair.target(), &ABOVE, true);
    // With the directory that it is in, too.
    fs::write(pair.target().join("d/.xssh-staged-part-1-00"), "left").unwrap();
    fs::remove_file(pair.target().join(".xssh-staged-part-2-00")).unwrap();
    fs::remove_file(pair.target().join("d/.xssh-staged-4-7-8-9")).unwrap();
    fs::remove_dir_all(pair.source().join("d")).unwrap();
    pair.push(&delete).ok();
    pair.assert_alike();
}

/// A run on a directory is cut; one on the directory that it is in leaves what came, and uses a name of its own.
#[test]
fn a_cut_run_is_gone_on_with_after_a_run_on_a_directory_above() {
    const LENGTH: usize = 32 << 20;
    let (old, new) = (Dice::new(41).bytes(LENGTH), Dice::new(42).bytes(LENGTH));
    let above = Pair::in_memory();
    let pair = Pair::below(&above.target());
    fs::write(pair.target().join("f"), &old).unwrap();
    fs::write(pair.source().join("f"), &new).unwrap();
    let options = Options { compress: Some(false), ..Options::default() };
    let run = pair.run(Role::Target, &options, &Line::new(Faults { seed: None, cut: Some(LENGTH as u64 / 2) }));
    assert!(run.result.is_err(), "{run:?}");
    fs::write(above.source().join("other"), "1").unwrap();
    above.push(&options).ok();
    let run = pair.push(&options);
    run.ok();
    assert!(run.bytes < LENGTH as u64 * 3 / 4, "{} bytes", run.bytes);
    assert_eq!(fs::read(pair.target().join("f")).unwrap(), new);
    assert_eq!(fs::read_dir(pair.target()).unwrap().count(), 1);
}
