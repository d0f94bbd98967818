//! A key that may not delete: whatever a stock rsync has for options, and whatever a hostile one says, each name stays, and what it is.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use xssh_tests::hostile::rsync::{Client, DIRECTORY, FILE, LETTERS, entry, link};

use crate::over_every_front;
use crate::served::{Front, Served};
use crate::sync::text;

over_every_front!(
    what_takes_a_name_away_is_refused_by_name,
    nothing_is_turned_into_something_else,
    a_hostile_rsync_removes_nothing,
    contents_are_replaced_and_nothing_else_is_lost,
);

/// A tree with files, directories and a link.
fn kept<F: Front>() -> Served<F> {
    let served = Served::<F>::with("--no-delete");
    let root = served.root();
    fs::create_dir_all(root.join("keep/empty")).expect("a folder");
    for name in ["f1", "keep/f1", "keep/f2"] {
        fs::write(root.join(name), "kept").expect("a file");
    }
    symlink("f1", root.join("link")).expect("a link");
    served.server.give(&root);
    served
}

#[track_caller]
fn assert_kept<F: Front>(served: &Served<F>) {
    let root = served.root();
    for name in ["f1", "keep/f1", "keep/f2"] {
        let stat = fs::symlink_metadata(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(stat.is_file(), "{name}");
    }
    assert_eq!(fs::read(root.join("keep/f1")).expect("a file"), b"kept");
    assert!(fs::symlink_metadata(root.join("keep/empty")).is_ok_and(|stat| stat.is_dir()));
    assert!(fs::symlink_metadata(root.join("link")).is_ok_and(|stat| !stat.is_dir()));
    served.assert_unharmed();
}

fn what_takes_a_name_away_is_refused_by_name<F: Front>() {
    let served = kept::<F>();
    let here = served.here("here");
    fs::create_dir(&here).expect("a folder");
    fs::write(here.join("f1"), "new").expect("a file");
    let source = format!("{}/", text(&here));
    for options in [
        &["--partial-dir=/keep"][..],
        &["--partial-dir=keep"],
        &["--delay-updates"],
        &["-b"],
        &["--backup-dir=/keep", "-b"],
        &["--backup-dir=/keep", "-b", "--suffix=x"],
        &["--delete"],
        &["--delete-missing-args"],
        &["--force"],
    ] {
        let outcome = served.rsync(&[&["-a"], options, &[&source, "target:"]].concat()).run();
        served.assert_refused(&outcome, "this key may not delete, and --");
        assert_kept(&served);
    }
    let back = text(&served.here("back")).to_owned();
    let outcome = served.rsync(&["-a", "--remove-source-files", "target:", &back]).run();
    served.assert_refused(&outcome, "this key may not delete, and --remove-source-files does");
    assert_kept(&served);
}

fn nothing_is_turned_into_something_else<F: Front>() {
    let served = kept::<F>();
    // A directory for a file, a file for an empty directory and for a link, and a link for a file.
    for (name, make) in [
        ("f1", (|path| fs::create_dir(path)) as fn(&std::path::Path) -> std::io::Result<()>),
        ("keep/empty", |path| fs::write(path, "x")),
        ("keep", |path| fs::write(path, "x")),
        ("link", |path| fs::write(path, "x")),
        ("keep/f1", |path| symlink("elsewhere", path)),
        ("link", |path| symlink("elsewhere", path)),
    ] {
        let here = served.here("here");
        let _ = fs::remove_dir_all(&here);
        fs::create_dir_all(here.join("keep")).expect("a folder");
        let _ = fs::remove_dir(here.join(name));
        make(&here.join(name)).expect("something");
        let source = format!("{}/", text(&here));
        for options in [&["-rl"][..], &["-rlI", "--inplace"], &["-rlH", "--partial"]] {
            let outcome = served.rsync(&[options, &[&source, "target:"]].concat()).run();
            assert_eq!(outcome.code(), Some(23), "{name}: {outcome}");
            let last = served.journal().pop().expect("a line");
            assert_eq!(last["verdict"], "failed", "{last}");
            assert_kept(&served);
            assert!(served.root().join("link").is_symlink());
        }
    }
}

/// It has none of the options by which the others are told, and says what no rsync would. What it sends unasked for a link becomes a
/// file, as contents are replaced; the name stays.
fn a_hostile_rsync_removes_nothing<F: Front>() {
    let served = kept::<F>();
    let lists = [
        vec![entry(b"f1", DIRECTORY | 0o755, 0)],
        vec![link(b"f1", b"keep/f1")],
        vec![entry(b"keep", FILE | 0o644, 5)],
        vec![entry(b"keep/empty", FILE | 0o644, 5)],
        vec![link(b"keep", b"elsewhere"), entry(b"keep/f1", FILE | 0o644, 5)],
        vec![entry(b"link", FILE | 0o644, 5)],
        vec![entry(b"link", DIRECTORY | 0o755, 0), entry(b"link/x", FILE | 0o644, 5)],
        // As `--delete-missing-args` has them.
        vec![entry(b"f1", 0, 0), entry(b"keep/f1", 0, 0)],
        vec![entry(b"keep", 0, 0)],
    ];
    for list in lists {
        for options in ["", "--inplace", "--partial", "--existing", "--size-only --preallocate"] {
            let command = format!("rsync --server {LETTERS} {options} . .");
            let client = Client::pushing(&list).gives_all(0, b"hello").gives_all(1, b"hello").ends();
            let _ = served.ask(&command).input(client.bytes()).limit(Duration::from_secs(120)).run();
            assert_kept(&served);
        }
    }
}

fn contents_are_replaced_and_nothing_else_is_lost<F: Front>() {
    let served = kept::<F>();
    let here = served.here("here");
    fs::create_dir_all(here.join("new/deep")).expect("a folder");
    let source = format!("{}/", text(&here));
    for (content, options) in [
        ("first", &["-rlt"][..]),
        ("second, longer", &["-rltz", "--partial"]),
        ("third", &["-rltI", "--inplace"]),
        ("fourth", &["-rltc", "--temp-dir=/keep"]),
    ] {
        fs::write(here.join("f1"), content).expect("a file");
        fs::write(here.join("new/deep/f"), content).expect("a file");
        let _ = served.rsync(&[options, &[&source, "target:"]].concat()).run().ok();
        for name in ["f1", "new/deep/f"] {
            assert_eq!(fs::read_to_string(served.root().join(name)).expect("a file"), content);
        }
        assert_kept(&served);
        // Nothing of a session is left.
        assert_eq!(fs::read_dir(served.root()).expect("the root").count(), 4);
    }
}
