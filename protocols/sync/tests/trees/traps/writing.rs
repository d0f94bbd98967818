//! Traps of the side that writes: names that are not final, disks that are full or others, holes, and what lies there before.

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt};
use std::path::Path;
use std::thread;

use xssh_sync::{Backup, Options, Role};

use super::mounted::Mounted;
use crate::dice::Dice;
use crate::line::{Faults, Line};
use crate::pair::{Pair, shape};

fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}

/// What runs of any process have left behind is removed, and no name of it is in the way of this run.
#[test]
fn trap_08_names_that_are_not_final() {
    let pair = Pair::new();
    fs::create_dir_all(pair.source().join("d/e")).unwrap();
    fs::create_dir_all(pair.target().join("d/e")).unwrap();
    for name in ["d/e/f", "d/g", "h"] {
        fs::write(pair.source().join(name), name).unwrap();
    }
    // What a process of our own number may have left, in a container say.
    for (folder, depth) in [("", 1), ("d", 2), ("d/e", 3)] {
        for number in 0..2000 {
            let name = format!(".xssh-staged-{depth}-{}-{number}", std::process::id());
            fs::write(pair.target().join(folder).join(name), "left").unwrap();
        }
    }
    pair.push(&Options::default()).ok();
    pair.assert_alike();
    // Of the source's side they are no files.
    fs::write(pair.source().join(".xssh-staged-1-1"), "left").unwrap();
    pair.push(&Options { delete: true, ..Options::default() }).ok();
    assert!(!pair.target().join(".xssh-staged-1-1").exists());
}

/// A run sweeps what others have left, and not what it stages itself meanwhile.
#[test]
fn trap_08_a_run_does_not_sweep_its_own() {
    let pair = Pair::new();
    let backup = Backup {
        suffix: b"~".to_vec(),
        place: xssh_sync::BackupPlace::Inside(xssh_fs::RelPath::parse(b"zz").unwrap()),
    };
    // Long enough that the target's walk goes on while the first files come.
    for folder in 0..30 {
        for root in [pair.source(), pair.target()] {
            fs::create_dir_all(root.join(format!("{folder:02}"))).unwrap();
            for file in 0..60 {
                fs::write(
                    root.join(format!("{folder:02}/{file}")),
                    root.display().to_string().replace("target", "the old target"),
                )
                .unwrap();
            }
        }
    }
    fs::create_dir(pair.target().join("zz")).unwrap();
    let options = Options { backup: Some(backup), ..Options::default() };
    let run = pair.push(&options);
    assert!(run.problems.is_empty(), "{:?}", run.problems);
    let kept: usize =
        (0..30).map(|folder| fs::read_dir(pair.target().join(format!("zz/{folder:02}"))).unwrap().count()).sum();
    assert_eq!(kept, 30 * 60);
}

/// A file system inside the target: files, moved files, other names of a file and backups get there.
#[test]
fn trap_09_another_file_system_inside() {
    let pair = Pair::new();
    let (source, target) = (pair.source(), pair.target());
    for root in [&source, &target] {
        fs::create_dir(root.join("m")).unwrap();
        fs::create_dir(root.join("kept")).unwrap();
    }
    let mounted = Mounted::tmpfs(&target.join("m"), "30m");
    let kept = Mounted::tmpfs(&target.join("kept"), "30m");
    // From here to there, and back, with the time it had.
    for (from, to) in [("one", "m/one"), ("m/two", "two")] {
        fs::write(target.join(from), Dice::new(5).bytes(100_000)).unwrap();
        fs::write(source.join(to), Dice::new(5).bytes(100_000)).unwrap();
        let time = fs::metadata(target.join(from)).unwrap().modified().unwrap();
        File::options().write(true).open(source.join(to)).unwrap().set_modified(time).unwrap();
    }
    fs::write(source.join("a"), "linked").unwrap();
    fs::hard_link(source.join("a"), source.join("m/a")).unwrap();
    fs::write(source.join("changed"), "new").unwrap();
    fs::write(target.join("changed"), "the old one").unwrap();
    fs::write(target.join("gone"), "gone").unwrap();
    let backup =
        Backup { suffix: Vec::new(), place: xssh_sync::BackupPlace::Inside(xssh_fs::RelPath::parse(b"kept").unwrap()) };
    let options = Options { delete: true, hard_links: true, backup: Some(backup), ..Options::default() };
    let run = pair.push(&options);
    assert!(run.problems.is_empty(), "{:?}", run.problems);
    for name in ["m/one", "two", "a", "m/a", "changed"] {
        assert_eq!(fs::read(target.join(name)).unwrap(), fs::read(source.join(name)).unwrap(), "{name}");
    }
    assert_eq!(fs::read(target.join("kept/changed")).unwrap(), b"the old one");
    assert_eq!(fs::read(target.join("kept/gone")).unwrap(), b"gone");
    assert!(!target.join("one").exists() && !target.join("m/two").exists());
    let again = pair.pull(&options);
    assert!(again.problems.is_empty() && again.changes.is_empty(), "{again:?}");
    drop((mounted, kept));
}

/// A full disk: what does not fit is told, what stood there stays, what fits comes, and with more room all comes.
#[test]
fn trap_10_a_full_disk() {
    for inplace in [false, true] {
        let pair = Pair::new();
        let mounted = Mounted::tmpfs(&pair.target(), "4m");
        fs::write(pair.target().join("b"), "the old one").unwrap();
        fs::write(pair.source().join("a"), "small").unwrap();
        fs::write(pair.source().join("b"), Dice::new(6).bytes(9_000_000)).unwrap();
        for number in 0..200 {
            fs::write(pair.source().join(format!("c{number}")), Dice::new(number).bytes(30_000)).unwrap();
        }
        let run = pair.push(&Options { inplace, ..Options::default() });
        assert!(run.problems.iter().any(|problem| problem.contains("No space left")), "{:?}", run.problems);
        let summary = run.result.unwrap();
        assert!(summary.failed > 0);
        if !inplace {
            assert_eq!(fs::read(pair.target().join("b")).unwrap(), b"the old one");
        }
        for entry in fs::read_dir(pair.target()).unwrap().map(Result::unwrap).filter(|entry| entry.file_name() != "b") {
            assert_eq!(fs::read(entry.path()).unwrap(), fs::read(pair.source().join(entry.file_name())).unwrap());
        }
        drop(mounted);
        pair.push(&Options { inplace, ..Options::default() }).ok();
        pair.assert_alike();
    }
}

/// Holes at the beginning, in the middle of what is copied from the old file, and at the end, which is longer than all.
#[test]
fn trap_15_holes() {
    let write = |path: &Path, parts: &[(u64, &[u8])], length: u64| {
        let file = File::create(path).unwrap();
        parts.iter().for_each(|(at, bytes)| file.write_all_at(bytes, *at).unwrap());
        file.set_len(length).unwrap();
    };
    let noise = Dice::new(8).bytes(1 << 20);
    for (sparse, inplace) in [(true, false), (false, false), (true, true)] {
        let pair = Pair::new();
        write(&pair.target().join("f"), &[(1 << 20, &noise), (6 << 20, &noise)], 9 << 20);
        write(&pair.source().join("f"), &[(2 << 20, &noise), (7 << 20, &noise[..1000])], 15 << 20);
        // All holes, with a trailing one in the old file where there is something now, and the other way round.
        write(&pair.source().join("hollow"), &[], 3 << 20);
        write(&pair.target().join("hollow"), &[(2 << 20, &noise)], 3 << 20);
        // Of the same size: the time tells.
        File::open(pair.target().join("hollow")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        write(&pair.source().join("filled"), &[((2 << 20) + 7, &noise)], (3 << 20) + 7);
        write(&pair.target().join("filled"), &[(0, &noise)], 3 << 20);
        pair.push(&Options { sparse, inplace, ..Options::default() }).ok();
        pair.assert_alike();
        let taken = fs::metadata(pair.target().join("f")).unwrap().blocks() * 512;
        assert!(!sparse || inplace || taken < 2 << 20, "{taken} bytes are taken");
    }
}

/// A file of more than 4 GiB, nearly all of it a hole, and a change behind that.
#[test]
fn trap_16_more_than_4_gib() {
    let pair = Pair::new();
    let length = (4_u64 << 30) + 12_345;
    let options = Options { sparse: true, ..Options::default() };
    let mut file = File::create(pair.source().join("f")).unwrap();
    file.set_len(length).unwrap();
    file.seek(SeekFrom::End(-5)).unwrap();
    file.write_all(b"end 1").unwrap();
    let run = pair.push(&options);
    assert_eq!(run.ok().bytes, length);
    assert!(run.bytes < 4 << 20, "{}", run.bytes);
    let there = File::open(pair.target().join("f")).unwrap();
    let mut end = [0; 6];
    there.read_exact_at(&mut end, length - 6).unwrap();
    assert_eq!((there.metadata().unwrap().len(), &end), (length, b"\0end 1"));
    assert!(there.metadata().unwrap().blocks() * 512 < 1 << 20);
}

/// In place, what is copied must not come from what was overwritten: blocks that move to the front, to the back, and in circles.
#[test]
fn trap_17_in_place_deltas() {
    for seed in 0..12 {
        let mut dice = Dice::new(seed);
        let pair = Pair::new();
        let block = 30_000 + dice.below(50_000) as usize;
        let old = dice.bytes(block * 12);
        let mut new = Vec::new();
        for _ in 0..4 + dice.below(14) {
            let at = dice.below(old.len() as u64 - block as u64) as usize;
            new.extend_from_slice(&old[at..at + block]);
            if dice.below(3) == 0 {
                new.extend(dice.bytes(777));
            }
        }
        fs::write(pair.target().join("f"), &old).unwrap();
        fs::write(pair.source().join("f"), &new).unwrap();
        let before = inode(&pair.target().join("f"));
        pair.push(&Options { inplace: true, sparse: seed % 2 == 0, ..Options::default() }).ok();
        pair.assert_alike();
        assert_eq!(inode(&pair.target().join("f")), before);
    }
}

/// What a run that was cut has left is of use to the next one, but what lies there under such a name may be anything.
#[test]
fn trap_25_a_partial_file_of_another_version() {
    let options = Options { compress: Some(false), ..Options::default() };
    for case in 0..5 {
        let pair = Pair::new();
        let first = Dice::new(20).bytes(8_000_000);
        fs::write(pair.source().join("f"), &first).unwrap();
        let cut = Faults { seed: None, cut: Some(4_000_000) };
        assert!(pair.run(Role::Target, &options, &Line::new(cut)).result.is_err());
        let staged = fs::read_dir(pair.target()).unwrap().map(|entry| entry.unwrap().path()).next().unwrap();
        let partial = fs::read(&staged).unwrap();
        assert!(partial.len() > 1_000_000 && first.starts_with(&partial));
        let second = match case {
            // The same version, another one, a shorter one, one that only begins alike.
            0 => first.clone(),
            1 => Dice::new(21).bytes(8_000_000),
            2 => first[..500_000].to_vec(),
            3 => [&first[..2_000_000], &Dice::new(22).bytes(3_000_000)].concat(),
            _ => {
                // Garbage of the right size in its place.
                fs::write(&staged, vec![b'?'; 8_000_000]).unwrap();
                first.clone()
            }
        };
        fs::write(pair.source().join("f"), &second).unwrap();
        let run = pair.push(&options);
        let summary = run.ok();
        pair.assert_alike();
        assert!(case != 0 || summary.reused > 1_000_000, "{summary:?}");
        assert_eq!(fs::read_dir(pair.target()).unwrap().count(), 1);
    }
}

/// Readers of the target see the old file or the new one, whole, as often as they look.
#[test]
fn trap_10_readers_see_one_version_or_the_other() {
    let pair = Pair::new();
    let path = pair.target().join("f");
    let stop = std::sync::atomic::AtomicBool::new(false);
    fs::write(&path, vec![b'0'; 300_000]).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let bytes = fs::read(&path).unwrap();
                assert!(bytes.len() == 300_000 && bytes.iter().all(|byte| *byte == bytes[0]), "half of a file");
            }
        });
        for digit in b"123456789" {
            fs::write(pair.source().join("f"), vec![*digit; 300_000]).unwrap();
            pair.push(&Options::default()).ok();
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(shape(&pair.source()), shape(&pair.target()));
}
