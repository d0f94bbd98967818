//! Stock rsync pushes.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use crate::over_both_servers;
use crate::served::{Front, Served, plant};
use crate::sync::{assert_alike, text, wait_until};

over_both_servers!(
    what_was_moved_stands_in_the_log,
    a_client_that_is_killed_leaves_no_half_file,
    a_file_of_grants,
    a_tree_is_pushed_changed_and_pushed_again,
    paths_begin_at_the_root_however_they_are_written,
    one_named_file_is_pushed_over,
    snapshots_with_link_dest_beside_the_target,
    backups_and_partial_files_go_where_they_are_told_to_in_the_tree,
    set_id_bits_and_devices_are_left_out_unless_they_are_granted,
    several_sessions_at_once,
    a_key_that_may_not_delete_keeps_what_is_there,
    a_key_that_may_only_write_or_only_read,
    owners_travel_by_name_where_that_is_granted,
);

fn a_tree_is_pushed_changed_and_pushed_again<F: Front>() {
    let served = Served::<F>::with("");
    let here = served.here("here");
    plant(&here);
    let (source, target) = (format!("{}/", text(&here)), "target:there");
    let _ = served.rsync(&["-a", &source, target]).run().ok();
    assert_alike(&here, &served.root().join("there"));
    fs::write(here.join("a"), "changed").expect("a file");
    fs::remove_file(here.join("sub/d")).expect("a file");
    let _ = served.rsync(&["-az", "--delete", &source, target]).run().ok();
    assert_alike(&here, &served.root().join("there"));
    served.assert_unharmed();
    let lines = served.journal();
    assert_eq!(lines.len(), 2);
    for line in lines {
        assert_eq!(
            (&line["verdict"], &line["kind"], &line["name"]),
            (&"served".into(), &"rsync".into(), &"alice".into())
        );
        assert_eq!((&line["address"], &line["landlock"]), (&"127.0.0.1".into(), &"whole".into()));
        assert!(line["command"].as_str().is_some_and(|command| command.starts_with("rsync --server -")), "{line}");
    }
}

fn paths_begin_at_the_root_however_they_are_written<F: Front>() {
    let served = Served::<F>::with("");
    plant(&served.here("here"));
    let source = format!("{}/", text(&served.here("here")));
    let inside = format!("target:{}/named", text(&served.root()));
    for (target, there) in
        [("target:", ""), ("target:/absolute", "absolute"), ("target:a/../dots", "dots"), (inside.as_str(), "named")]
    {
        let _ = served.rsync(&["-a", &source, target]).run().ok();
        let there = served.root().join(there);
        assert_eq!(fs::read_to_string(there.join("sub/d")).expect("a file"), "333", "{target}");
    }
    let _ = served.rsync(&["-a", "--mkpath", &source, "target:x/y/z"]).run().ok();
    assert_alike(&served.here("here"), &served.root().join("x/y/z"));
}

/// rrsync 3.5.0 fails here.
fn one_named_file_is_pushed_over<F: Front>() {
    let served = Served::<F>::with("");
    let here = served.here("one");
    for content in ["first", "second, longer", "3"] {
        fs::write(&here, content).expect("a file");
        let _ = served.rsync(&["-aI", text(&here), "target:named"]).run().ok();
        assert_eq!(fs::read_to_string(served.root().join("named")).expect("a file"), content);
    }
    fs::create_dir(served.root().join("dir")).expect("a folder");
    let _ = served.rsync(&["-a", text(&here), "target:dir"]).run().ok();
    assert_eq!(fs::read_to_string(served.root().join("dir/one")).expect("a file"), "3");
}

/// rrsync refuses it.
fn snapshots_with_link_dest_beside_the_target<F: Front>() {
    let served = Served::<F>::with("");
    let here = served.here("here");
    plant(&here);
    let source = format!("{}/", text(&here));
    let _ = served.rsync(&["-a", &source, "target:host/1"]).run().ends(11);
    fs::create_dir(served.root().join("host")).expect("a folder");
    let _ = served.rsync(&["-a", "--link-dest=../0", &source, "target:host/1"]).run().ok();
    fs::write(here.join("a"), "changed").expect("a file");
    let _ = served.rsync(&["-a", "--link-dest=../1", &source, "target:host/2"]).run().ok();
    let last = served.root().join("latest");
    std::os::unix::fs::symlink("host/2", &last).expect("a link");
    let _ = served.rsync(&["-a", "--link-dest=/latest", &source, "target:host/3/"]).run().ok();
    let inode = |name: &str| fs::metadata(served.root().join("host").join(name)).expect("a file").ino();
    assert_eq!(inode("1/sub/d"), inode("2/sub/d"));
    assert_eq!(inode("1/large"), inode("3/large"));
    assert_ne!(inode("1/a"), inode("2/a"));
    assert_alike(&here, &served.root().join("host/3"));
    // What leads out is refused.
    let out = served.rsync(&["-a", "--link-dest=../../../outside", &source, "target:host/4"]).run();
    served.assert_refused(&out, "the path leads out of the tree");
    assert!(!served.root().join("host/4").exists());
}

fn backups_and_partial_files_go_where_they_are_told_to_in_the_tree<F: Front>() {
    let served = Served::<F>::with("");
    let here = served.here("here");
    plant(&here);
    let source = format!("{}/", text(&here));
    let options = ["-a", "--backup", "--backup-dir=../kept", "--suffix=.old", "--partial-dir=.part", "--temp-dir=/"];
    let push = || served.rsync(&[&options[..], &[&source, "target:there"]].concat()).run().ok();
    let _ = push();
    fs::write(here.join("a"), "changed").expect("a file");
    let _ = push();
    assert_eq!(fs::read_to_string(served.root().join("kept/a.old")).expect("a file"), "1");
    assert_eq!(fs::read_to_string(served.root().join("there/a")).expect("a file"), "changed");
}

fn set_id_bits_and_devices_are_left_out_unless_they_are_granted<F: Front>() {
    let served = Served::<F>::with("");
    let here = served.here("here");
    fs::create_dir(&here).expect("a folder");
    fs::write(here.join("runs"), "x").expect("a file");
    fs::set_permissions(here.join("runs"), fs::Permissions::from_mode(0o6755)).expect("a mode");
    rustix::fs::mknodat(rustix::fs::CWD, here.join("fifo"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .expect("a FIFO");
    let source = format!("{}/", text(&here));
    let push = |target: &str| served.rsync(&["-a", &source, target]).run().ok();
    let mode = |name: &str| fs::metadata(served.root().join(name)).expect("a file").mode() & 0o7777;
    let _ = push("target:one");
    assert_eq!(mode("one/runs"), 0o755);
    assert!(!served.root().join("one/fifo").exists());
    served.grant("--allow-set-id --allow-devices");
    let _ = push("target:two");
    assert_eq!(mode("two/runs"), 0o6755);
    assert!(served.root().join("two/fifo").exists());
}

fn several_sessions_at_once<F: Front>() {
    let served = Served::<F>::with("");
    let here = served.here("here");
    plant(&here);
    let source = format!("{}/", text(&here));
    let targets: Vec<String> = (0..6).map(|number| format!("target:{number}")).collect();
    let running: Vec<_> = targets.iter().map(|target| served.rsync(&["-a", &source, target]).start()).collect();
    for session in running {
        let _ = session.finish().ok();
    }
    for number in 0..6 {
        assert_alike(&here, &served.root().join(number.to_string()));
    }
    assert_eq!(served.journal().len(), 6);
}

fn a_key_that_may_not_delete_keeps_what_is_there<F: Front>() {
    let served = Served::<F>::with("--no-delete");
    let here = served.here("here");
    plant(&here);
    let source = format!("{}/", text(&here));
    let _ = served.rsync(&["-a", &source, "target:there"]).run().ok();
    fs::write(served.root().join("there/more"), "x").expect("a file");
    let out = served.rsync(&["-a", "--delete", &source, "target:there"]).run();
    served.assert_refused(&out, "this key may not delete");
    let _ = served.rsync(&["-a", &source, "target:there"]).run().ok();
    assert!(served.root().join("there/more").exists());
}

fn a_key_that_may_only_write_or_only_read<F: Front>() {
    let served = Served::<F>::with("--write-only");
    let here = served.here("here");
    plant(&here);
    let source = format!("{}/", text(&here));
    let _ = served.rsync(&["-a", &source, "target:there"]).run().ok();
    let out = served.rsync(&["-a", "target:there/", text(&served.here("back"))]).run();
    served.assert_refused(&out, "this key may not read");
    served.grant("--read-only");
    let out = served.rsync(&["-a", &source, "target:other"]).run();
    served.assert_refused(&out, "this key may not write");
    let _ = served.rsync(&["-a", "target:there/", text(&served.here("back"))]).run().ok();
    assert_alike(&here, &served.here("back"));
}

fn owners_travel_by_name_where_that_is_granted<F: Front>() {
    let served = Served::<F>::with("--owner-names");
    let here = served.here("here");
    plant(&here);
    let _ = served.rsync(&["-a", &format!("{}/", text(&here)), "target:there"]).run().ok();
    let listed = served.rsync(&["-a", "target:there/", text(&served.here("back"))]).run().ok();
    served.assert_unlearned(&listed);
    assert_alike(&here, &served.here("back"));
}

fn a_client_that_is_killed_leaves_no_half_file<F: Front>() {
    let served = Served::<F>::with("");
    let here = served.here("here");
    fs::create_dir(&here).expect("a folder");
    fs::write(here.join("large"), xssh_tests::noise::Noise { seed: 5, length: 4_000_000 }.bytes()).expect("a file");
    let there = served.root().join("there");
    let source = format!("{}/", text(&here));
    for (round, options) in ["", "--append-only"].into_iter().enumerate() {
        served.grant(options);
        for call in [
            served.rsync(&["-a", "--bwlimit=500", &source, "target:there"]),
            served.sync(&["--bwlimit=500", "--no-compress", text(&here), "target:there"]),
        ] {
            let sessions = served.journal().len();
            let session = call.start();
            let root = served.root();
            wait_until(move || staged(&root) > 100_000);
            session.signal(rustix::process::Signal::KILL);
            let _ = session.wait();
            wait_until(|| served.journal().len() > sessions);
            assert!(!there.join("large").exists(), "round {round}");
            let _ = fs::remove_dir_all(&there);
        }
    }
    let _ = served.rsync(&["-a", &source, "target:there"]).run().ok();
    assert_alike(&here, &there);
}

/// The size of the largest file anywhere in a folder.
fn staged(folder: &std::path::Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match fs::symlink_metadata(entry.path()) {
        Ok(stat) if stat.is_dir() => staged(&entry.path()),
        Ok(stat) => stat.len(),
        Err(_) => 0,
    });
    sizes.max().unwrap_or(0)
}

fn a_file_of_grants<F: Front>() {
    let served = Served::<F>::with("");
    let here = served.here("here");
    plant(&here);
    let file = served.folder().join("grants.toml");
    let grants = |text: &str| {
        fs::write(&file, text).expect("a file of grants");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("a mode");
    };
    let root = text(&served.root()).to_owned();
    let log = served.folder().join("journal");
    let program = text(&xssh_tests::subject::Subject::get().path);
    served.force(&format!("{program} serve --config {} --name alice --log {}", text(&file), text(&log)));
    grants(&format!("[alice]\nroot = '{root}'\nno-delete = true\n[bob]\nroot = '/'\n"));
    let source = format!("{}/", text(&here));
    let _ = served.rsync(&["-a", &source, "target:there"]).run().ok();
    assert_alike(&here, &served.root().join("there"));
    let outcome = served.rsync(&["-a", "--delete", &source, "target:there"]).run();
    served.assert_refused(&outcome, "this key may not delete");
    // What is wrong with the file is for the log.
    for (text, why) in [
        ("[bob]\nroot = '/'\n", "nothing is granted to alice"),
        ("[alice]\nroot = 7\n", "--root is to begin"),
        ("[", ""),
    ] {
        grants(text);
        let outcome = served.rsync(&["-a", &source, "target:there"]).run();
        assert_ne!(outcome.code(), Some(0), "{outcome}");
        let _ = outcome.says("refused: nothing is granted to this key, or its grant cannot be read");
        let last = served.journal().pop().expect("a line");
        assert!(last["reason"].as_str().is_some_and(|reason| reason.contains(why)), "{last}");
    }
}

fn what_was_moved_stands_in_the_log<F: Front>() {
    let served = Served::<F>::with("");
    let here = served.here("here");
    plant(&here);
    let source = format!("{}/", text(&here));
    let moved = |args: &[&str]| {
        let _ = served.rsync(args).run().ok();
        let last = served.journal().pop().expect("a line");
        (last["files"].as_u64(), last["bytes"].as_u64())
    };
    let (files, bytes) = (6, 700_000 + 1 + 2 + 3 + 4 + 1);
    assert_eq!(moved(&["-an", &source, "target:there"]), (None, None));
    assert_eq!(moved(&["-a", &source, "target:there"]), (Some(files), Some(bytes)));
    assert_eq!(moved(&["-a", &source, "target:there"]), (Some(0), Some(0)));
    fs::write(here.join("a"), "changed").expect("a file");
    fs::remove_file(here.join("b c")).expect("a file");
    assert_eq!(moved(&["-a", "--delete", &source, "target:there"]), (Some(1), Some(7)));
    assert_eq!(moved(&["-a", "target:there/", text(&served.here("back"))]), (Some(files - 1), Some(bytes - 2 + 6)));
    // Its own log is the client's, also where it is there already.
    for _ in 0..2 {
        let outcome = served.rsync(&["-aI", "-M--log-file=/log", &source, "target:there"]).run().ok();
        assert!(outcome.stderr.is_empty(), "{outcome}");
    }
    assert_eq!(fs::read_to_string(served.root().join("log")).expect("a log").matches("sub/deep/e").count(), 2);
    assert_eq!(served.journal().pop().expect("a line")["files"], serde_json::Value::Null);
}
