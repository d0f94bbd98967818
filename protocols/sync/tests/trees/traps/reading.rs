//! Traps of the side that reads: files that change while they are read, and things that are no files.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{FileExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use xssh_sync::{Options, Role};

use super::deep;
use crate::dice::Dice;
use crate::line::{Faults, Line};
use crate::pair::{Pair, Run, shape};

/// Ends a thread that goes on until it is told, also where the test fails.
#[derive(Default)]
struct Stop(AtomicBool);

impl Stop {
    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Sets it at the end of a scope.
struct AtEnd<'a>(&'a Stop);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

fn delete() -> Options {
    Options { delete: true, ..Options::default() }
}

/// Pushes, and does something when so many bytes have passed.
fn push_and(pair: &Pair, options: &Options, carried: u64, action: impl FnOnce() + Send + 'static) -> Run {
    let line = Line::new(Faults::default());
    line.when(carried, Box::new(action));
    pair.run(Role::Target, options, &line)
}

/// A file that is written anew with the same size while it is read, and whose time is set back.
#[test]
fn trap_01_same_size_same_time_edited() {
    for length in [1000, 9_000_000] {
        let pair = Pair::new();
        let path = pair.source().join("f");
        fs::write(&path, vec![b'1'; length]).unwrap();
        let stop = Stop::default();
        thread::scope(|scope| {
            let _end = AtEnd(&stop);
            scope.spawn(|| {
                let file = File::options().write(true).open(&path).unwrap();
                let time = file.metadata().unwrap().modified().unwrap();
                for digit in b"23456789".iter().cycle() {
                    file.write_all_at(&vec![*digit; length], 0).unwrap();
                    file.set_modified(time).unwrap();
                    if stop.is_set() {
                        return;
                    }
                }
            });
            for _ in 0..5 {
                let run = pair.push(&Options { itemize: true, ..Options::default() });
                run.result.unwrap();
                if let Ok(bytes) = fs::read(pair.target().join("f")) {
                    assert_eq!(bytes.len(), length);
                    assert!(bytes.iter().all(|byte| *byte == bytes[0]), "two versions in one file");
                    fs::remove_file(pair.target().join("f")).unwrap();
                }
            }
        });
        pair.push(&Options::default()).ok();
        pair.assert_alike();
    }
}

/// An edit within the same tick of the clock as the one that was read is not taken for read.
#[test]
fn trap_01_edited_right_after_it_was_read() {
    let pair = Pair::new();
    let path = pair.source().join("f");
    for round in 0..40 {
        fs::write(&path, format!("{round:05} a")).unwrap();
        let other = path.clone();
        // Behind the contents, there are some hundred bytes.
        let run =
            push_and(&pair, &Options::default(), 200, move || fs::write(&other, format!("{round:05} b")).unwrap());
        run.result.unwrap();
        pair.push(&Options::default()).ok();
        pair.assert_alike();
    }
}

/// A large file that gets shorter, longer, or is gone while it is read: the run goes on, what stood there stays or becomes
/// whole, and the next run has it.
#[test]
fn trap_02_a_source_that_changes_while_it_is_read() {
    type Change = fn(&Path);
    let changes: [Change; 4] = [
        |path| File::options().write(true).open(path).unwrap().set_len(1_000_000).unwrap(),
        |path| File::options().append(true).open(path).unwrap().write_all(&[b'+'; 5_000_000]).unwrap(),
        |path| fs::remove_file(path).unwrap(),
        |path| {
            fs::write(path.with_extension("new"), vec![b'n'; 20_000_000]).unwrap();
            fs::rename(path.with_extension("new"), path).unwrap();
        },
    ];
    for (number, change) in changes.into_iter().enumerate() {
        for basis in [false, true] {
            let pair = Pair::new();
            let (path, there) = (pair.source().join("f"), pair.target().join("f"));
            let old = Dice::new(1).bytes(20_000_000);
            let new = Dice::new(2).bytes(20_000_000);
            fs::write(&path, &new).unwrap();
            fs::write(pair.source().join("z"), "z").unwrap();
            if basis {
                fs::write(&there, &old).unwrap();
                // Both were written within a tick of the clock, maybe.
                File::open(&there).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
            }
            let changed = path.clone();
            let run = push_and(&pair, &Options::default(), 2_000_000, move || change(&changed));
            run.result.as_ref().unwrap();
            let found = fs::read(&there).ok();
            let is_whole = found.as_ref().is_none_or(|found| *found == new || basis && *found == old);
            assert!(is_whole, "change {number} left a mixture; {:?}", run.problems);
            assert!(found.is_some() || !basis, "the old file is gone");
            pair.push(&delete()).ok();
            pair.assert_alike();
        }
    }
}

/// A log that only grows is copied as far as it went, whoever writes to it.
#[test]
fn trap_02_a_log_that_grows_is_copied() {
    let pair = Pair::new();
    let path = pair.source().join("log");
    for length in [10_000, 8_000_000] {
        fs::write(&path, vec![b'x'; length]).unwrap();
        let stop = Stop::default();
        thread::scope(|scope| {
            let _end = AtEnd(&stop);
            scope.spawn(|| {
                let mut log = File::options().append(true).open(&path).unwrap();
                while !stop.is_set() {
                    log.write_all(b"x").unwrap();
                    thread::sleep(Duration::from_micros(200));
                }
            });
            let run = pair.push(&Options::default());
            run.ok();
        });
        let copied = fs::read(pair.target().join("log")).unwrap();
        assert!(copied.len() >= length && copied.iter().all(|byte| *byte == b'x'), "{}", copied.len());
    }
}

/// What is mapped and gets shorter is a signal that ends the process: files are read by calls that say how much there was.
#[test]
fn trap_03_a_file_that_gets_shorter_is_no_signal() {
    let pair = Pair::new();
    let paths: Vec<PathBuf> = (0..4).map(|n| pair.source().join(format!("{n}"))).collect();
    let stop = Stop::default();
    for path in &paths {
        fs::write(path, Dice::new(3).bytes(1_500_000)).unwrap();
    }
    thread::scope(|scope| {
        let _end = AtEnd(&stop);
        scope.spawn(|| {
            while !stop.is_set() {
                for path in &paths {
                    let file = File::options().write(true).open(path).unwrap();
                    file.set_len(0).unwrap();
                    file.set_len(1_500_000).unwrap();
                }
            }
        });
        for _ in 0..10 {
            pair.push(&Options { checksum: true, ..Options::default() }).result.unwrap();
            pair.pull(&Options { inplace: true, ..Options::default() }).result.unwrap();
        }
    });
}

/// While runs go both ways, a directory of the source and one of the target are swapped for links to elsewhere, again and again.
#[test]
fn trap_05_a_parent_swapped_for_a_link() {
    let pair = Pair::new();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    let before = shape(outside.path());
    for root in [pair.source(), pair.target()] {
        fs::create_dir_all(root.join("dir/sub")).unwrap();
        for name in ["dir/a", "dir/secret", "dir/sub/b", "dir/z"] {
            fs::write(root.join(name), root.as_os_str().as_encoded_bytes()).unwrap();
        }
        symlink(outside.path(), root.join("way")).unwrap();
    }
    let stop = Stop::default();
    let swap = |root: PathBuf| {
        while !stop.is_set() {
            for (from, to) in [("dir", "spare"), ("way", "dir"), ("dir", "way"), ("spare", "dir")] {
                // A run may have removed or made one of them.
                let _ = fs::rename(root.join(from), root.join(to));
            }
        }
    };
    thread::scope(|scope| {
        let _end = AtEnd(&stop);
        scope.spawn(|| swap(pair.source()));
        scope.spawn(|| swap(pair.target()));
        for round in 0..60 {
            let options =
                Options { delete: true, max_delete: Some(1000), checksum: round % 2 == 0, ..Options::default() };
            // It may fail, but it may not reach outside.
            let _ = pair.run([Role::Target, Role::Source][round % 2], &options, &Line::new(Faults::default()));
        }
    });
    assert_eq!(shape(outside.path()), before);
    let told = shape(&pair.target()).into_iter().find(|(_, what)| what.contains(&secret()));
    assert_eq!(told, None, "what is outside was copied");
}

fn secret() -> String {
    blake3::hash(b"secret").to_string()
}

/// A directory that cannot be listed hides what is in it: nothing is deleted.
#[test]
fn trap_06_no_deletion_after_a_scan_with_errors() {
    let pair = Pair::new();
    // A path too long for any call is one that even root cannot read.
    let mut deep = pair.source();
    for _ in 0..17 {
        deep.push("d".repeat(250));
        deep::make(&deep);
    }
    fs::write(pair.target().join("old"), "old").unwrap();
    for push in [true, false] {
        let run = if push { pair.push(&delete()) } else { pair.pull(&delete()) };
        assert!(run.problems.iter().any(|problem| problem.contains("nothing was deleted")), "{:?}", run.problems);
        assert!(run.result.unwrap().failed > 0);
        assert!(pair.target().join("old").exists());
    }
}

/// A source that is not there ends the run; one that is empty does not empty a target without a word.
#[test]
fn trap_07_a_missing_or_empty_source() {
    let pair = Pair::new();
    for number in 0..30 {
        fs::write(pair.target().join(format!("{number}")), b"x").unwrap();
    }
    for push in [true, false] {
        let run = if push { pair.push(&delete()) } else { pair.pull(&delete()) };
        let summary = run.ok();
        assert_eq!((summary.withheld, summary.allowed, summary.deleted), (30, 15, 0));
    }
    fs::remove_dir(pair.source()).unwrap();
    assert!(xssh_fs::Root::open(&pair.source()).is_err());
    assert_eq!(fs::read_dir(pair.target()).unwrap().count(), 30);
}

/// A FIFO that nobody writes to is not waited for, whether it was always there or takes a file's place.
#[test]
fn trap_24_a_fifo_is_not_waited_for() {
    let make = |path: &Path| mknodat(CWD, path, FileType::Fifo, Mode::RUSR, 0).unwrap();
    let pair = Pair::new();
    make(&pair.source().join("fifo"));
    make(&pair.target().join("g"));
    fs::write(pair.source().join("f"), vec![b'f'; 100_000]).unwrap();
    fs::write(pair.source().join("g"), vec![b'g'; 100_000]).unwrap();
    make(&pair.target().join(".xssh-staged-part-0000000000000000"));
    let path = pair.source().join("f");
    let run = push_and(&pair, &Options { checksum: true, ..Options::default() }, 400, move || {
        fs::remove_file(&path).unwrap();
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR, 0).unwrap();
    });
    run.result.unwrap();
    pair.push(&Options { specials: true, delete: true, ..Options::default() }).ok();
    pair.assert_alike();
}

/// The time of a file that was just written, as it is compared, is not older than what is read of it.
#[test]
fn trap_01_a_future_time_is_no_reason_to_wait() {
    let pair = Pair::new();
    let path = pair.source().join("f");
    fs::write(&path, "x").unwrap();
    let later = SystemTime::now() + Duration::from_secs(1_000_000);
    File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
    let begun = std::time::Instant::now();
    pair.push(&Options::default()).ok();
    assert!(begun.elapsed() < Duration::from_secs(60));
    pair.assert_alike();
}
