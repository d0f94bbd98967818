//! Large files that are here already, whose way to us is cut: the next run goes on from what has come.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use xssh_sync::{Options, References, Reuse, Role};

use super::dice::Dice;
use super::line::{Faults, Line};
use super::pair::{Pair, Run};

const LENGTH: usize = 64 << 20;

fn options() -> Options {
    Options { compress: Some(false), ..Options::default() }
}

/// A pair whose target has an old file of another day.
fn pair(old: &[u8], new: &[u8]) -> Pair {
    let pair = Pair::in_memory();
    let path = pair.target().join("f");
    fs::write(&path, old).unwrap();
    let day = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    File::options().write(true).open(&path).unwrap().set_modified(day).unwrap();
    fs::write(pair.source().join("f"), new).unwrap();
    pair
}

/// A run whose line breaks after so many bytes. The old file is as it was.
fn cut(pair: &Pair, options: &Options, old: &[u8], after: usize) -> Run {
    let run = pair.run(Role::Target, options, &Line::new(Faults { seed: None, cut: Some(after as u64) }));
    assert!(run.result.is_err(), "{run:?}");
    assert!(fs::read(pair.target().join("f")).unwrap() == old, "the old file changed");
    run
}

/// The run that gets through. Gives the bytes that travelled.
fn through(pair: &Pair, options: &Options) -> usize {
    let run = pair.push(options);
    run.ok();
    pair.assert_alike();
    assert_eq!(names(&pair.target()), ["f"], "something is left");
    usize::try_from(run.bytes).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Sums of what is compared, and the words of a run.
fn beside(basis: usize) -> usize {
    basis / (4 << 10) * 10 + 20_000
}

#[test]
fn half_of_what_is_all_new_is_not_sent_again() {
    let (old, new) = (Dice::new(1).bytes(LENGTH), Dice::new(2).bytes(LENGTH));
    let pair = pair(&old, &new);
    cut(&pair, &options(), &old, LENGTH / 2);
    let bytes = through(&pair, &options());
    // What was on its way when the line broke comes again.
    assert!(bytes >= LENGTH / 2 - beside(LENGTH) && bytes <= LENGTH / 2 + (4 << 20) + beside(2 * LENGTH), "{bytes}");
}

/// Each run brings a quarter; one that is cut at its beginning loses nothing of what the others brought.
#[test]
fn one_cut_after_another() {
    let (old, new) = (Dice::new(3).bytes(LENGTH), Dice::new(4).bytes(LENGTH));
    let pair = pair(&old, &new);
    for after in [LENGTH / 4, 1 << 10, LENGTH / 4, 100 << 10, LENGTH / 4] {
        cut(&pair, &options(), &old, after);
    }
    let bytes = through(&pair, &options());
    assert!(bytes <= LENGTH / 4 + 3 * (2 << 20) + 4 * beside(2 * LENGTH), "{bytes}");
}

/// What is read of the old file is written ahead of what comes: that is no progress, and hides none.
#[test]
fn what_was_written_ahead_does_not_count() {
    let (old, new) = (Dice::new(13).bytes(LENGTH), Dice::new(14).bytes(LENGTH));
    let pair = pair(&old, &new);
    for after in [LENGTH / 4, 1 << 10, LENGTH / 4] {
        cut(&pair, &options(), &old, after);
        let left = names(&pair.target()).into_iter().find(|name| name.starts_with(".xssh-staged-part-")).unwrap();
        let left = File::options().write(true).open(pair.target().join(left)).unwrap();
        let end = left.metadata().unwrap().len();
        left.write_all_at(&old[usize::try_from(end).unwrap()..], end).unwrap();
    }
    let bytes = through(&pair, &options());
    assert!(bytes <= LENGTH / 2 + 2 * (2 << 20) + 3 * beside(2 * LENGTH), "{bytes}");
}

/// What has moved to the end is copied from the old file, of which the beginning that has come took the place.
#[test]
fn nothing_of_the_old_file_is_lost() {
    let old = Dice::new(5).bytes(LENGTH);
    let mut new = [&Dice::new(6).bytes(LENGTH / 4), &old[..]].concat();
    new[LENGTH / 2] ^= 1;
    let pair = pair(&old, &new);
    // A quarter that is new, and a copy.
    cut(&pair, &options(), &old, LENGTH / 4 - (1 << 20));
    let bytes = through(&pair, &options());
    assert!(bytes <= (6 << 20) + beside(3 * LENGTH), "{bytes}");
}

/// A snapshot whose old file is in another directory.
#[test]
fn what_a_reference_has_is_used_beside_what_was_left() {
    let old = Dice::new(11).bytes(LENGTH);
    let new = [&Dice::new(12).bytes(LENGTH / 2), &old[LENGTH / 2..]].concat();
    let pair = Pair::in_memory();
    let prev = pair.beside("prev");
    fs::create_dir(&prev).unwrap();
    fs::write(prev.join("f"), &old).unwrap();
    File::open(prev.join("f")).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    fs::write(pair.source().join("f"), &new).unwrap();
    let references = Some(References { reuse: Reuse::Link, directories: vec![b"../prev".to_vec()] });
    let options = Options { references, ..options() };
    let run = pair.run(Role::Target, &options, &Line::new(Faults { seed: None, cut: Some(LENGTH as u64 / 4) }));
    assert!(run.result.is_err(), "{run:?}");
    let bytes = through(&pair, &options);
    assert!(bytes >= LENGTH / 4 - beside(LENGTH) && bytes <= LENGTH / 4 + (4 << 20) + beside(2 * LENGTH), "{bytes}");
    assert!(fs::read(prev.join("f")).unwrap() == old, "the reference changed");
}

/// With holes, and of a source that is another again by then.
#[test]
fn what_was_left_may_be_of_any_use_or_none() {
    let old = Dice::new(7).bytes(LENGTH / 4);
    let mut new = Dice::new(8).bytes(LENGTH / 4);
    new[1 << 20..3 << 20].fill(0);
    for sparse in [false, true] {
        let pair = pair(&old, &new);
        let options = Options { sparse, ..options() };
        cut(&pair, &options, &old, LENGTH / 8);
        let bytes = through(&pair, &options);
        assert!(bytes <= LENGTH / 8 + (2 << 20) + beside(LENGTH / 2), "{bytes}");
        let mut third = old.clone();
        third[..5].fill(0);
        third[LENGTH / 8..LENGTH / 8 + 100].fill(1);
        let pair = self::pair(&old, &new);
        cut(&pair, &options, &old, LENGTH / 8);
        fs::write(pair.source().join("f"), &third).unwrap();
        let bytes = through(&pair, &options);
        assert!(bytes <= beside(LENGTH / 2), "{bytes}");
    }
}

/// A file of less than what was left, a whole file, and one in place: what was left is only swept.
#[test]
fn what_was_left_is_swept() {
    let (old, new) = (Dice::new(9).bytes(LENGTH / 8), Dice::new(10).bytes(LENGTH / 8));
    for (whole_file, inplace, length) in [(true, false, new.len()), (false, true, new.len()), (false, false, 70_000)] {
        let pair = pair(&old, &new);
        cut(&pair, &options(), &old, LENGTH / 16);
        assert_eq!(names(&pair.target()).len(), 2, "something is left");
        fs::write(pair.source().join("f"), &new[..length]).unwrap();
        through(&pair, &Options { whole_file, inplace, ..options() });
    }
}
