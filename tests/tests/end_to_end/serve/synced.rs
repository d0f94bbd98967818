//! `xssh sync` under a grant.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use crate::served::{Front, Served, plant};
use crate::sync::{assert_alike, text};
use crate::{by_an_ordinary_account, over_both_servers};

by_an_ordinary_account!(
    snapshots_with_link_dest_beside_the_target,
    paths_and_links_that_lead_out_are_refused,
    what_is_not_granted_is_refused_in_the_clients_words,
    set_id_bits_are_left_out_unless_they_are_granted,
);

over_both_servers!(
    a_tree_there_and_back,
    snapshots_with_link_dest_beside_the_target,
    paths_and_links_that_lead_out_are_refused,
    what_is_not_granted_is_refused_in_the_clients_words,
    set_id_bits_are_left_out_unless_they_are_granted,
);

fn a_tree_there_and_back<F: Front>() {
    let served = Served::<F>::with("");
    let here = served.here("here");
    plant(&here);
    let _ = served.sync(&[text(&here), "target:deep/there"]).run().ok();
    assert_alike(&here, &served.root().join("deep/there"));
    fs::write(here.join("a"), "changed").expect("a file");
    fs::remove_file(here.join("b c")).expect("a file");
    let target = format!("target:{}/deep/there", text(&served.root()));
    let _ = served.sync(&["--delete", text(&here), &target]).run().ok();
    let _ = served.sync(&["target:/deep/there", text(&served.here("back"))]).run().ok();
    assert_alike(&here, &served.here("back"));
    let _ =
        served.sync(&["target:deep/there/a", "target:deep/../deep/there/sub", text(&served.here("few"))]).run().ok();
    assert_eq!(fs::read_to_string(served.here("few/sub/deep/e")).expect("a file"), "4444");
    served.assert_unharmed();
    let lines = served.journal();
    assert_eq!(lines.len(), 4);
    assert_eq!((&lines[0]["kind"], &lines[0]["landlock"]), (&"sync".into(), &"whole".into()));
    assert_eq!((&lines[1]["files"], &lines[1]["bytes"]), (&1.into(), &7.into()), "{}", lines[1]);
}

fn snapshots_with_link_dest_beside_the_target<F: Front>() {
    let served = Served::<F>::with("");
    let here = served.here("here");
    plant(&here);
    let _ = served.sync(&[text(&here), "target:1"]).run().ok();
    let _ = served.sync(&["--link-dest=../1", text(&here), "target:2"]).run().ok();
    let inode = |name: &str| fs::metadata(served.root().join(name)).expect("a file").ino();
    assert_eq!(inode("1/sub/d"), inode("2/sub/d"));
    let out = served.sync(&["--link-dest=../../outside", text(&here), "target:3"]).run().ends(3);
    assert!(out.errors().contains("leads out of the tree"), "{out}");
    served.assert_unharmed();
}

fn paths_and_links_that_lead_out_are_refused<F: Front>() {
    let served = Served::<F>::with("");
    let here = served.here("here");
    plant(&here);
    symlink("../outside", served.root().join("up")).expect("a link");
    symlink(served.folder().join("outside"), served.root().join("far")).expect("a link");
    let back = text(&served.here("back")).to_owned();
    fs::create_dir(&back).expect("a folder");
    for path in
        ["../outside", "/../outside", "a/../../outside", "up", "far", "up/canary", "far/new/deep", "up/", "../.."]
    {
        let there = format!("target:{path}");
        for args in [&["--delete", "--contents", text(&here), &there][..], &["--contents", &there, &back]] {
            let outcome = served.sync(args).run();
            served.assert_unlearned(&outcome);
            served.assert_unharmed();
        }
    }
    let outcome = served.sync(&["--contents", text(&here), "target:far/new"]).run().ends(3);
    assert!(outcome.errors().contains("a symbolic link, and none is followed here"), "{outcome}");
    for option in ["--copy-links", "--copy-unsafe-links", "--copy-dirlinks"] {
        let outcome = served.sync(&[option, "target:", &back]).run().ends(3);
        served.assert_unlearned(&outcome);
    }
    let backup = served.sync(&["--backup-dir=../../outside", text(&here), "target:there"]).run();
    assert_ne!(backup.code(), Some(0), "{backup}");
    served.assert_unharmed();
}

fn what_is_not_granted_is_refused_in_the_clients_words<F: Front>() {
    let served = Served::<F>::with("--read-only");
    let here = served.here("here");
    plant(&here);
    plant(&served.root().join("there"));
    let refused = |options: &str, args: &[&str], words: &str| {
        served.grant(options);
        let outcome = served.sync(args).run().ends(3);
        assert!(outcome.errors().contains(words), "{words:?} was due in {outcome}");
        let last = served.journal().pop().expect("a line");
        assert_eq!(last["verdict"], "refused", "{last}");
    };
    let here = text(&here);
    let back = text(&served.here("back")).to_owned();
    refused("--read-only", &[here, "target:new"], "may not write");
    refused("--write-only", &["target:there", &back], "may not read");
    refused("--no-delete", &["--delete", here, "target:there"], "may not delete");
    refused("--append-only", &["--delete", here, "target:there"], "may not delete");
    refused("--append-only", &["--inplace", here, "target:there"], "may only add");
    refused("--append-only", &["--backup", here, "target:there"], "may only add");
    refused("", &["--devices", here, "target:there"], "may not make devices");
    refused("--allow rsync", &[here, "target:there"], "sync is not granted to this key; it serves rsync");
    assert!(!served.here("back").exists() && !served.root().join("new").exists());
}

fn set_id_bits_are_left_out_unless_they_are_granted<F: Front>() {
    let served = Served::<F>::with("");
    let here = served.here("here");
    fs::create_dir(&here).expect("a folder");
    fs::write(here.join("runs"), "x").expect("a file");
    fs::set_permissions(here.join("runs"), fs::Permissions::from_mode(0o6755)).expect("a mode");
    let mode = |name: &str| fs::metadata(served.root().join(name)).expect("a file").mode() & 0o7777;
    let _ = served.sync(&[text(&here), "target:one"]).run().ok();
    assert_eq!(mode("one/runs"), 0o755);
    // Nothing is left to do the next time.
    let again = served.sync(&["--itemize", text(&here), "target:one"]).run().ok();
    assert_eq!(again.text().lines().count(), 1, "{again}");
    served.grant("--allow-set-id");
    let _ = served.sync(&[text(&here), "target:two"]).run().ok();
    assert_eq!(mode("two/runs"), 0o6755);
}
