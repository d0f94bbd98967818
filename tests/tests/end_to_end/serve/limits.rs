//! How much a key may take.

use std::fs;
use std::io::Read as _;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::over_both_servers;
use crate::served::{Front, Served, plant};
use crate::sync::{assert_alike, text, wait_until};

over_both_servers!(
    what_is_too_large_is_named_to_the_client_and_in_the_log,
    a_sync_takes_no_byte_more_than_its_quota,
    a_backup_makes_no_room,
    a_sync_takes_no_more_entries_and_no_larger_files_than_it_may,
    an_rsync_writes_no_larger_file_than_there_is_room_for_and_is_ended_over_its_quota,
    an_rsync_makes_room_in_a_tree_that_is_over_its_quota_and_adds_nothing,
    a_session_in_which_nothing_passes_is_ended,
    no_more_sessions_at_once_than_a_key_may_have,
    what_passes_is_held_to_its_rate,
);

/// The sizes of all files of the tree. Some may go meanwhile.
pub(super) fn size<F: Front>(served: &Served<F>) -> u64 {
    let mut folders = vec![served.root()];
    let mut size = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            let Ok(stat) = fs::symlink_metadata(&path) else { continue };
            if stat.is_dir() {
                folders.push(path);
            } else if stat.is_file() {
                size += stat.len();
            }
        }
    }
    size
}

fn a_sync_takes_no_byte_more_than_its_quota<F: Front>() {
    let served = Served::<F>::with("--quota 100k");
    let here = served.here("here");
    fs::create_dir(&here).expect("a folder");
    for number in 0..20 {
        fs::write(here.join(format!("f{number:02}")), vec![b'x'; 9_000]).expect("a file");
    }
    fs::write(here.join("large"), vec![b'y'; 900_000]).expect("a file");
    let outcome = served.sync(&[text(&here), "target:there"]).run().ends(23);
    assert!(outcome.errors().contains("no room for this much"), "{outcome}");
    assert_eq!(size(&served), 11 * 9_000);
    // What replaces as much fits; more does not.
    fs::write(here.join("f00"), vec![b'z'; 9_000]).expect("a file");
    let _ = served.sync(&[&format!("{}/f00", text(&here)), "target:there/"]).run().ok();
    let _ = served.sync(&["--inplace", &format!("{}/large", text(&here)), "target:there/f01"]).run().ends(23);
    assert_eq!(size(&served), 11 * 9_000);
    // What is deleted makes room.
    fs::remove_file(here.join("large")).expect("a file");
    for number in 0..11 {
        fs::remove_file(here.join(format!("f{number:02}"))).expect("a file");
    }
    let _ = served.sync(&["--delete", "--max-delete=99", text(&here), "target:there"]).run();
    let _ = served.sync(&["--delete", "--max-delete=99", text(&here), "target:there"]).run().ok();
    assert_alike(&here, &served.root().join("there"));
}

/// What is replaced stays under another name.
fn a_backup_makes_no_room<F: Front>() {
    for (options, beside) in [(&["--backup", "--suffix"][..], "."), (&["--backup-dir"], "kept/")] {
        let served = Served::<F>::with("--quota 10k");
        let here = served.here("here");
        fs::create_dir(&here).expect("a folder");
        for turn in 0..4 {
            let kept = format!("{beside}{turn}");
            for number in 0..3 {
                fs::write(here.join(format!("f{number}")), vec![b'a' + turn; 1_900 + usize::from(turn)])
                    .expect("a file");
            }
            let outcome = served.sync(&[options, &[&kept, text(&here), "target:there"]].concat()).run();
            assert!(size(&served) <= 10 << 10, "{} bytes, turn {turn}: {outcome}", size(&served));
            if turn > 0 {
                let outcome = outcome.ends(23);
                assert!(outcome.errors().contains("no room for this much"), "{outcome}");
            }
        }
        // The backups of an earlier run under the same name go, and that is room.
        let served = Served::<F>::with("--quota 10k");
        for turn in 0..4 {
            fs::write(here.join("f0"), vec![b'a' + turn; 2_500]).expect("a file");
            let _ = served.sync(&[options, &[beside, &format!("{}/f0", text(&here)), "target:"]].concat()).run().ok();
        }
        assert_eq!(size(&served), 5_000);
    }
}

fn a_sync_takes_no_more_entries_and_no_larger_files_than_it_may<F: Front>() {
    let served = Served::<F>::with("--max-files 4 --max-file-size 100");
    let here = served.here("here");
    plant(&here);
    let outcome = served.sync(&[text(&here), "target:there"]).run().ends(23);
    assert!(outcome.errors().contains("no room for files of this size"), "{outcome}");
    assert!(outcome.errors().contains("no room for more entries"), "{outcome}");
    let entries = walk(&served.root());
    assert!(entries <= 4, "{entries} entries");
    assert!(size(&served) < 20);
}

fn what_is_too_large_is_named_to_the_client_and_in_the_log<F: Front>() {
    let served = Served::<F>::with("--max-file-size 2m --quota 5m");
    let here = served.here("here");
    plant(&here);
    let sparse = fs::File::create(here.join("sparse")).expect("a file");
    sparse.set_len(100_000_000).expect("a file");
    let source = format!("{}/", text(&here));
    let words =
        "1 files were not taken, the first of them 'sparse': this key may write none of more than 2097152 bytes now";
    for options in [&["-aS"][..], &["-a", "--inplace"], &["-az"], &["-rlptgoD", "-v", "-i"]] {
        let outcome = served.rsync(&[options, &[&source, "target:there"]].concat()).run().ends(23);
        let errors = outcome.errors();
        let told: Vec<&str> = errors.lines().filter(|line| line.contains(words)).collect();
        assert_eq!(told.len(), 1, "{outcome}");
        let last = served.journal().pop().expect("a line");
        assert!(last["reason"].as_str().is_some_and(|reason| reason.starts_with(words)), "{last}");
        // All others have come.
        assert_eq!(fs::read_to_string(served.root().join("there/sub/deep/e")).expect("a file"), "4444");
        assert!(!served.root().join("there/sparse").exists());
    }
    let _ = served.sync(&[text(&here), "target:other"]).run().ends(23);
    let last = served.journal().pop().expect("a line");
    let why = last["reason"].as_str().unwrap_or_default();
    assert!(
        last["verdict"] == "failed" && why.starts_with("1 could not be done, the first of them sparse: "),
        "{last}"
    );
}

fn walk(folder: &std::path::Path) -> usize {
    fs::read_dir(folder).map_or(0, |entries| entries.map(|entry| 1 + walk(&entry.expect("an entry").path())).sum())
}

fn an_rsync_writes_no_larger_file_than_there_is_room_for_and_is_ended_over_its_quota<F: Front>() {
    let served = Served::<F>::with("--quota 1m");
    let here = served.here("here");
    fs::create_dir(&here).expect("a folder");
    fs::write(here.join("large"), vec![b'y'; 3_000_000]).expect("a file");
    let source = format!("{}/", text(&here));
    let outcome = served.rsync(&["-a", &source, "target:there"]).run();
    assert_ne!(outcome.code(), Some(0), "{outcome}");
    // The client may have heard of it before the server has cleared up.
    wait_until(|| size(&served) <= 1 << 20);
    // Many small ones: what is held back makes the session long enough to be looked at.
    fs::remove_file(here.join("large")).expect("a file");
    for number in 0..200 {
        fs::write(here.join(format!("f{number:03}")), vec![b'x'; 40_000]).expect("a file");
    }
    let outcome = served.rsync(&["-a", "--bwlimit=400", "-W", &source, "target:there"]).run();
    assert_ne!(outcome.code(), Some(0), "{outcome}");
    // How much comes between two looks depends on how busy the host is; all of it would take twenty seconds.
    assert!(size(&served) < 200 * 40_000, "{}", size(&served));
    let last = served.journal().pop().expect("a line");
    assert_eq!(last["verdict"], "failed", "{last}");
    assert!(last["reason"].as_str().is_some_and(|reason| reason.contains("this key may have 1048576")), "{last}");
    // The next one is not even begun.
    let outcome = served.rsync(&["-a", &source, "target:there"]).run();
    served.assert_refused(&outcome, "this key may have 1048576");
    served.grant("--max-file-size 1000");
    fs::create_dir(served.root().join("other")).expect("a folder");
    let outcome = served.rsync(&["-a", &source, "target:other"]).run();
    assert_ne!(outcome.code(), Some(0), "{outcome}");
    assert_eq!(fs::read_dir(served.root().join("other")).expect("a folder").count(), 0);
}

fn an_rsync_makes_room_in_a_tree_that_is_over_its_quota_and_adds_nothing<F: Front>() {
    let served = Served::<F>::with("");
    let (here, there) = (served.here("here"), served.root().join("there"));
    plant(&there);
    fs::remove_file(there.join("large")).expect("a file");
    let _ = served.rsync(&["-a", "target:there/", &format!("{}/", text(&here))]).run().ok();
    for number in 0..8 {
        fs::write(there.join(format!("old{number}")), vec![b'x'; 9_000]).expect("a file");
    }
    fs::write(here.join("a"), "other words").expect("a file");
    fs::write(here.join("new"), "new words").expect("a file");
    fs::write(here.join("nothing"), "").expect("a file");
    fs::create_dir(here.join("folder")).expect("a folder");
    fs::hard_link(here.join("b c"), here.join("linked")).expect("a link");
    std::os::unix::fs::symlink("a", here.join("pointer")).expect("a link");
    let source = format!("{}/", text(&here));
    let before = fs::read(there.join("a")).expect("a file");
    for (grant, words, dry) in [
        ("--max-files 12", "this key may have 12", true),
        ("--quota 20k", "this key may have 20480", true),
        ("--quota 20k", "this key may have 20480", false),
    ] {
        served.grant(grant);
        let held = walk(&served.root());
        // One that would not make room is not begun.
        let outcome = served.rsync(&["-a", &source, "target:there"]).run();
        served.assert_refused(&outcome, words);
        let options: &[&str] = if dry { &["-aHn", "--delete"] } else { &["-aH", "--delete"] };
        let outcome = served.rsync(&[options, &[&source, "target:there"]].concat()).run();
        assert!(outcome.errors().contains(&format!("{words}: this session can delete, and adds nothing")), "{outcome}");
        assert_eq!(outcome.code(), Some(if dry { 0 } else { 23 }), "{outcome}");
        assert_eq!(walk(&served.root()), if dry { held } else { held - 8 }, "{outcome}");
    }
    // Of all that was to come, nothing has; and now it does.
    for name in ["new", "nothing", "folder", "linked", "pointer"] {
        assert!(fs::symlink_metadata(there.join(name)).is_err(), "{name}");
    }
    assert_eq!(fs::read(there.join("a")).expect("a file"), before);
    let last = served.journal().pop().expect("a line");
    assert_eq!(last["verdict"], "failed", "{last}");
    let _ = served.rsync(&["-aH", "--delete", &source, "target:there"]).run().ok();
    assert_alike(&here, &there);
    // Whoever brings more with what goes, again and again, adds no byte and no name.
    served.grant("--max-files 3");
    let held = walk(&served.root());
    for round in 0..3 {
        fs::write(here.join(format!("more{round}")), "").expect("a file");
        fs::write(here.join(format!("less{round}")), "more words").expect("a file");
        let outcome = served.rsync(&["-a", "--delete", "--inplace", "--max-size=9", &source, "target:there"]).run();
        assert_eq!(outcome.code(), Some(23), "{outcome}");
        assert_eq!(walk(&served.root()), held, "{outcome}");
    }
    served.assert_unharmed();
}

fn a_session_in_which_nothing_passes_is_ended<F: Front>() {
    let served = Served::<F>::with("--idle-timeout 1");
    plant(&served.root().join("there"));
    for command in
        ["xssh serve --sync", "rsync --server -logDtpre.iLsfxCIvu . x", "rsync --server --sender -re.iLs . there"]
    {
        let began = Instant::now();
        // It opens a session and says nothing.
        let session = served.ask(command).stdin(std::process::Stdio::piped()).limit(Duration::from_secs(40)).start();
        let outcome = session.finish();
        assert_ne!(outcome.code(), Some(0), "{command}: {outcome}");
        assert!(began.elapsed() < Duration::from_secs(30), "{command}");
        assert_eq!(served.journal().pop().expect("a line")["verdict"], "failed", "{command}");
    }
}

fn no_more_sessions_at_once_than_a_key_may_have<F: Front>() {
    let served = Served::<F>::with("--max-sessions 2");
    let here = served.here("here");
    plant(&here);
    let held: Vec<_> = (0..2)
        .map(|_| {
            let mut session = served.ask("xssh serve --sync").stdin(std::process::Stdio::piped()).start();
            // Its first words: it is there.
            session.stdout.as_mut().expect("a pipe").read_exact(&mut [0; 8]).expect("an opening");
            session
        })
        .collect();
    let outcome = served.rsync(&["-a", text(&here), "target:x"]).run();
    assert!(outcome.errors().contains("this key has 2 sessions already"), "{outcome}");
    let outcome = served.sync(&[text(&here), "target:y"]).run().ends(3);
    assert!(outcome.errors().contains("this key has 2 sessions already"), "{outcome}");
    for session in held {
        session.signal(Signal::KILL);
        let _ = session.wait();
    }
    wait_until(|| served.rsync(&["-a", text(&here), "target:z"]).run().code() == Some(0));
}

fn what_passes_is_held_to_its_rate<F: Front>() {
    let served = Served::<F>::with("--rate 500k");
    let here = served.here("here");
    fs::create_dir(&here).expect("a folder");
    fs::write(here.join("f"), xssh_tests::noise::Noise { seed: 9, length: 1_500_000 }.bytes()).expect("a file");
    fs::create_dir(served.root().join("there")).expect("a folder");
    fs::copy(here.join("f"), served.root().join("there/f")).expect("a file");
    let took = |call: xssh_tests::call::Call| {
        let began = Instant::now();
        let _ = call.run().ok();
        began.elapsed()
    };
    let least = Duration::from_millis(2200);
    assert!(took(served.sync(&[text(&here), "target:new"])) > least);
    assert!(took(served.sync(&["target:there", text(&served.here("back"))])) > least);
    assert!(took(served.rsync(&["-a", "target:there/", text(&served.here("back2"))])) > least);
}
