//! A key that may only write learns nothing of what is there: no name that it does not name itself, and nothing of contents, whatever
//! it asks for and however loud it has its programs be.

use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use xssh_tests::call::Outcome;
use xssh_tests::hostile::rsync::{Client, DIRECTORY, FILE, LETTERS, VERSION, entry};

use crate::over_every_front;
use crate::served::{Front, Served, plant};
use crate::sync::{assert_alike, text};

mod pushes {
    crate::over_both_servers!(what_is_pushed_arrives_and_is_replaced);

    use super::what_is_pushed_arrives_and_is_replaced;
}

over_every_front!(
    a_stock_rsync_at_its_loudest_learns_nothing,
    what_tells_is_refused_by_name,
    a_hostile_rsync_learns_nothing,
    a_sync_at_its_loudest_learns_nothing,
);

/// Names and contents that nobody is to learn. A guess at the name of the first is near enough for a search of names that are alike.
const NAMES: [&str; 3] = ["guarded-0.txt", "hushed", "veiled"];
const WORDS: &str = "Quetzalcoatl";

/// A tree with something in it, behind a key that may only write.
fn guarded<F: Front>(options: &str) -> Served<F> {
    let served = Served::<F>::with(&format!("--write-only {options}"));
    let root = served.root();
    fs::create_dir_all(root.join("sub/veiled")).expect("a folder");
    for name in ["guarded-0.txt", "sub/guarded-0.txt", "sub/hushed", "sub/known", "sub/veiled/guarded-0.txt"] {
        fs::write(root.join(name), WORDS).expect("a file");
    }
    fs::write(root.join("known"), WORDS.repeat(500)).expect("a file");
    let old = fs::FileTimes::new().set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000_000));
    for name in ["known", "guarded-0.txt", "sub/hushed"] {
        fs::File::open(root.join(name)).and_then(|file| file.set_times(old)).expect("a time");
    }
    served.server.give(&root);
    served
}

/// Neither a name came, nor a word, nor a sum of a byte of one.
#[track_caller]
fn assert_silent(outcome: &Outcome) {
    let all = [outcome.stdout.as_slice(), b"\n", outcome.stderr.as_slice()].concat();
    let has = |words: &[u8]| all.windows(words.len()).any(|window| window == words);
    for words in NAMES.iter().chain(&[WORDS, "chunk["]) {
        assert!(!has(words.as_bytes()), "{words} came: {outcome}");
    }
    for long in WORDS.as_bytes().windows(6) {
        assert!(!has(long), "{outcome}");
    }
}

fn a_stock_rsync_at_its_loudest_learns_nothing<F: Front>() {
    let served = guarded::<F>("");
    let here = served.here("here");
    fs::create_dir(&here).expect("a folder");
    fs::write(here.join("guarded-1.txt"), "x").expect("a file");
    fs::write(here.join("known"), "x").expect("a file");
    let source = format!("{}/", text(&here));
    let loud =
        ["-rlt", "-I", "-vvvv", "-i", "--debug=all4", "--info=all4", "--stats", "--no-whole-file", "--block-size=1"];
    let all: [&[&str]; 12] = [
        &[],
        &["-n"],
        &["--fuzzy"],
        &["--fuzzy", "--fuzzy", "--compare-dest=/sub"],
        &["--link-dest=/sub", "--fuzzy", "--fuzzy"],
        &["--checksum", "--msgs2stderr"],
        &["-H", "-X", "--partial-dir=sub", "--delay-updates"],
        &["--backup", "--backup-dir=kept"],
        &["--inplace", "--stderr=all"],
        &["--prune-empty-dirs", "--filter=dir-merge known", "--size-only"],
        &["--out-format=%i %n%L %C %l %M", "--update"],
        &["--relative", "--mkpath", "--existing"],
    ];
    for options in all {
        for target in ["target:", "target:sub", "target:new/"] {
            let outcome = served.rsync(&[&loud, options, &[&source, target]].concat()).run();
            // The options that it does not take are no answer.
            assert!(!outcome.errors().contains("refused: "), "{options:?}: {outcome}");
            assert_silent(&outcome);
        }
    }
    served.assert_unharmed();
}

fn what_tells_is_refused_by_name<F: Front>() {
    let served = guarded::<F>("");
    let empty = served.here("empty");
    fs::create_dir(&empty).expect("a folder");
    fs::write(empty.join("known"), "x").expect("a file");
    let source = format!("{}/", text(&empty));
    for options in [
        &["--delete"][..],
        &["-n", "--delete"],
        &["--delete-after"],
        &["--delete-excluded", "--delete"],
        &["--force"],
        &["--copy-dest=/"],
        &["--append"],
        &["--append-verify"],
    ] {
        let outcome = served.rsync(&[&["-avvvv"], options, &[&source, "target:"]].concat()).run();
        served.assert_refused(&outcome, "this key may not read: it is write-only, and --");
        assert_silent(&outcome);
    }
    for options in [&["--delete", "--contents"][..], &["-n", "--delete", "--contents", "--itemize"]] {
        let outcome = served.sync(&[options, &[text(&empty), "target:"]].concat()).run();
        assert_ne!(outcome.code(), Some(0), "{outcome}");
        assert!(outcome.errors().contains("this key may not read, and --delete tells what is there"), "{outcome}");
        assert_silent(&outcome);
    }
    assert!(served.root().join("sub/hushed").exists());
}

/// It speaks the protocol itself: rules that name files to be read, a directory's name for a file and a file's for a directory, and
/// letters that no client of ours would send.
fn a_hostile_rsync_learns_nothing<F: Front>() {
    let served = guarded::<F>("");
    let session = |command: &str, client: Client| {
        let outcome = served.ask(command).input(client.bytes()).limit(Duration::from_secs(120)).run();
        assert_silent(&outcome);
    };
    let rule = |text: &[u8]| [&i32::try_from(text.len()).expect("a short rule").to_le_bytes()[..], text].concat();
    for text in [&b". known"[..], b". sub/known", b": known", b"dir-merge,- known", b"merge,e known"] {
        let rules = [rule(text), vec![0; 4]].concat();
        let list = [entry(b"new", FILE | 0o644, 5), vec![0]].concat();
        session(
            &format!("rsync --server -m{} . .", &LETTERS[1..]),
            Client::new(VERSION).data(&rules).data(&list).ends(),
        );
    }
    for (letters, options) in [("vvvvvy", "--no-W --block-size=1"), ("yyc", "--debug=ALL4 --info=ALL4"), ("y", "-B1")] {
        for (name, kind) in [(&b"known"[..], FILE | 0o644), (b"sub", FILE | 0o644), (b"known", DIRECTORY | 0o755)] {
            let command = format!("rsync --server -{letters}{} {options} . .", &LETTERS[1..]);
            let list = [entry(name, kind, 5), entry(b"z-new", FILE | 0o644, 5)];
            session(&command, Client::pushing(&list).gives_all(0, b"hello").gives_all(1, b"hello").ends());
        }
    }
    served.assert_unharmed();
}

fn a_sync_at_its_loudest_learns_nothing<F: Front>() {
    let served = guarded::<F>("");
    let here = served.here("here");
    fs::create_dir_all(here.join("sub")).expect("a folder");
    fs::write(here.join("guarded-1.txt"), "x").expect("a file");
    fs::write(here.join("known"), WORDS.repeat(499).replace(WORDS, "another word")).expect("a file");
    for options in
        [&["-n"][..], &["--checksum"], &["--inplace"], &["--link-dest=/sub"], &["--backup", "--dry-run"], &["--update"]]
    {
        for target in ["target:", "target:sub"] {
            let loud = ["-vvv", "--itemize", "--contents"];
            let outcome = served.sync(&[&loud, options, &[text(&here), target]].concat()).run();
            assert!(!outcome.errors().contains("may not"), "{outcome}");
            assert_silent(&outcome);
        }
    }
}

fn what_is_pushed_arrives_and_is_replaced<F: Front>() {
    for options in ["--write-only", "--write-only --append-only", "--write-only --no-delete"] {
        let served = Served::<F>::with(options);
        let here = served.here("here");
        plant(&here);
        let source = format!("{}/", text(&here));
        let root = served.root();
        let _ = served.rsync(&["-aHP", &source, "target:1"]).run().ok();
        assert_alike(&here, &root.join("1"));
        let _ = served.rsync(&["-aH", "--link-dest=../1", &source, "target:2"]).run().ok();
        assert_alike(&here, &root.join("2"));
        let _ = served.sync(&[text(&here), "target:3"]).run().ok();
        if !options.contains("append") {
            fs::write(here.join("a"), "changed").expect("a file");
            fs::write(here.join("large"), vec![b'x'; 800_000]).expect("a file");
            let _ = served.rsync(&["-aHz", &source, "target:1"]).run().ok();
            let _ = served.sync(&[text(&here), "target:3"]).run().ok();
            assert_alike(&here, &root.join("1"));
        }
        assert_alike(&here, &root.join("3"));
        // Nothing of a session is left.
        assert_eq!(fs::read_dir(&root).expect("the root").count(), 3, "{options}");
    }
}
