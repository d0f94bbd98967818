//! Files that the target has under another name cost no transfer.

use std::fs;
use std::os::unix::fs::MetadataExt;

use xssh_filter::{Builder, Options as RuleOptions};
use xssh_fs::RelPath;
use xssh_sync::{Backup, BackupPlace, Change, Options};

use super::pair::Pair;
use super::rules::NoFiles;

fn noise(seed: u32, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// Ten directories of some files each, on both sides.
fn both() -> Pair {
    let pair = Pair::new();
    for directory in 0..10 {
        let path = pair.source().join(format!("d{directory}"));
        fs::create_dir(&path).unwrap();
        for file in 0..5 {
            fs::write(path.join(format!("f{file}")), noise(directory * 10 + file, 100_000)).unwrap();
        }
    }
    pair.push(&Options::default()).ok();
    pair
}

#[test]
fn renamed_directories_are_renamed() {
    let pair = both();
    for directory in 0..5 {
        fs::rename(pair.source().join(format!("d{directory}")), pair.source().join(format!("new{directory}"))).unwrap();
    }
    let before = fs::metadata(pair.target().join("d3/f2")).unwrap().ino();
    let run = pair.push(&Options { delete: true, ..Options::default() });
    let summary = run.ok();
    assert_eq!((summary.moved, summary.files, summary.deleted), (25, 0, 5), "{summary:?}");
    assert!(run.bytes < 10_000, "{}", run.bytes);
    assert_eq!(fs::metadata(pair.target().join("new3/f2")).unwrap().ino(), before);
    pair.assert_alike();
    assert!(pair.pull(&Options { delete: true, ..Options::default() }).changes.is_empty());
}

/// Where nothing is deleted, the old name keeps a file of its own.
#[test]
fn without_delete_it_is_copied_here() {
    let pair = both();
    fs::rename(pair.source().join("d1/f1"), pair.source().join("elsewhere")).unwrap();
    let run = pair.pull(&Options::default());
    assert_eq!((run.ok().moved, run.ok().files), (1, 0), "{:?}", run.changes);
    assert!(run.changes.contains(&("elsewhere".to_owned(), Change::Moved)));
    let inode = |name: &str| fs::metadata(pair.target().join(name)).unwrap().ino();
    assert_ne!(inode("elsewhere"), inode("d1/f1"));
    assert_eq!(fs::read(pair.target().join("elsewhere")).unwrap(), fs::read(pair.source().join("elsewhere")).unwrap());
}

/// Size and time are a hint, contents are the proof.
#[test]
fn what_only_looks_alike_is_sent() {
    let pair = both();
    let (old, new) = (pair.source().join("d1/f1"), pair.source().join("new"));
    let time = fs::metadata(&old).unwrap().modified().unwrap();
    fs::remove_file(&old).unwrap();
    fs::write(&new, noise(999, 100_000)).unwrap();
    fs::File::open(&new).unwrap().set_modified(time).unwrap();
    let summary = pair.push(&Options { delete: true, ..Options::default() }).ok();
    assert_eq!((summary.moved, summary.files, summary.deleted), (0, 1, 1));
    pair.assert_alike();
}

#[test]
fn a_dry_run_moves_nothing() {
    let pair = both();
    fs::rename(pair.source().join("d1"), pair.source().join("e1")).unwrap();
    let options = Options { delete: true, ..Options::default() };
    let would = pair.push(&Options { dry_run: true, ..options.clone() });
    assert!(pair.target().join("d1/f1").exists() && !pair.target().join("e1").exists());
    let mut did = pair.push(&options);
    did.changes.retain(|(path, _)| path != ".");
    let mut told = would.changes.clone();
    told.retain(|(path, change)| path != "." && (path.starts_with("d1") || *change != Change::Attributes));
    assert_eq!(did.changes, told);
    pair.assert_alike();
}

/// What the source's new rules keep from going keeps its name, also where the rules themselves only got another name.
#[test]
fn what_new_rules_protect_is_not_moved_away() {
    for filter in [false, true] {
        let mut pair = both();
        let (source, target) = (pair.source(), pair.target());
        let padding = "#".repeat(400);
        fs::rename(source.join("d1/f1"), source.join("new")).unwrap();
        let name = if filter { ".rsync-filter" } else { ".gitignore" };
        fs::write(source.join(name), format!("{padding}\n{}\n", if filter { "P f1" } else { "f1" })).unwrap();
        if filter {
            let mut rules = Builder::new(RuleOptions::default());
            rules.filter(b": .rsync-filter", &NoFiles).unwrap();
            pair.rules = rules.finish();
            // The target has the rules in another place.
            fs::create_dir(target.join("was")).unwrap();
            fs::copy(source.join(name), target.join("was").join(name)).unwrap();
            let time = fs::metadata(source.join(name)).unwrap().modified().unwrap();
            fs::File::open(target.join("was").join(name)).unwrap().set_modified(time).unwrap();
        }
        let summary = pair.push(&Options { delete: true, gitignore: !filter, ..Options::default() }).ok();
        assert_eq!(summary.moved, 1 + u64::from(filter), "{summary:?}");
        let inode = |name: &str| fs::metadata(target.join(name)).unwrap().ino();
        assert_ne!(inode("d1/f1"), inode("new"));
        assert_eq!(fs::read(target.join("d1/f1")).unwrap(), fs::read(source.join("new")).unwrap());
        assert!(!target.join("was").exists());
    }
}

/// A file of the target's alone, and one of the source's with the same contents and time.
fn renamed(pair: &Pair, old: &str, new: &str) {
    let (old, new) = (pair.target().join(old), pair.source().join(new));
    fs::create_dir_all(old.parent().unwrap()).unwrap();
    fs::write(&old, noise(777, 100_000)).unwrap();
    fs::write(&new, noise(777, 100_000)).unwrap();
    let time = fs::metadata(&new).unwrap().modified().unwrap();
    fs::File::open(&old).unwrap().set_modified(time).unwrap();
}

/// What is in a directory that stays is not moved out of it: a rule names the directory alone, and may be new itself.
#[test]
fn what_is_in_a_directory_that_stays_is_not_moved_away() {
    let backup = Some(Backup { suffix: b"~".to_vec(), place: BackupPlace::Beside });
    for (old, arrives, backup) in [
        ("keep/old", false, None),
        ("keep/old", true, None),
        ("keep/deep/old", false, backup.clone()),
        ("keep/deep/old", true, backup.clone()),
        ("gone/keep/deep/old", false, None),
        ("gone/keep/deep/old", true, None),
        ("gone/keep/old", true, backup),
    ] {
        let mut pair = both();
        renamed(&pair, old, "new");
        let mut rules = Builder::new(RuleOptions::default());
        if arrives {
            fs::write(pair.source().join(".rsync-filter"), "P keep/\n").unwrap();
        }
        rules.filter(if arrives { b": .rsync-filter" } else { b"P keep/" }, &NoFiles).unwrap();
        pair.rules = rules.finish();
        let options = Options { delete: true, backup, ..Options::default() };
        pair.push(&options).ok();
        for (root, name) in [(pair.target(), old), (pair.target(), "new")] {
            assert!(fs::read(root.join(name)).unwrap() == noise(777, 100_000), "{name}, where {old} stays");
        }
        assert_eq!(pair.pull(&options).changes, [], "{old}");
    }
}

/// A file whose old name goes is kept under it, as any other that is deleted.
#[test]
fn a_moved_file_is_backed_up() {
    let inside = BackupPlace::Inside(RelPath::parse(b"was").unwrap());
    for (suffix, place, kept) in
        [("~", BackupPlace::Beside, "un/old~"), ("", inside, "was/un/old"), ("", outside(), "../was/un/old")]
    {
        let pair = both();
        renamed(&pair, "un/old", "new");
        let options =
            Options { delete: true, backup: Some(Backup { suffix: suffix.into(), place }), ..Options::default() };
        let trial = pair.push(&Options { dry_run: true, ..options.clone() });
        assert!(pair.target().join("un/old").exists() && !pair.target().join("new").exists());
        let run = pair.push(&options);
        assert_eq!((run.ok().moved, run.ok().files), (1, 0), "{:?}", run.changes);
        assert_eq!(run.changes, trial.changes, "{kept}");
        assert!(!pair.target().join("un/old").exists());
        let (kept, new) = (pair.target().join(kept), pair.target().join("new"));
        assert!(fs::read(&kept).unwrap() == noise(777, 100_000) && fs::read(&new).unwrap() == noise(777, 100_000));
        // What becomes of one does not become of the other.
        assert_ne!(fs::metadata(kept).unwrap().ino(), fs::metadata(new).unwrap().ino());
        assert_eq!(pair.pull(&options).changes, []);
    }
}

fn outside() -> BackupPlace {
    BackupPlace::Outside(b"../was".to_vec())
}
