//! Large files of which the target has something alike: what is sent of them, and what must not go wrong.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use xssh_sync::{Options, Role, Summary};

use super::dice::Dice;
use super::line::{Faults, Line};
use super::pair::Pair;

/// The length of the files. Their blocks have 2 KiB, and what differs for more than 256 KiB is searched.
const LENGTH: usize = 4 << 20;
const BLOCK: u64 = 2 << 10;

fn options(inplace: bool) -> Options {
    Options { inplace, compress: Some(false), ..Options::default() }
}

/// Of another day than what is to come.
fn old_file(path: &Path, bytes: &[u8]) -> File {
    fs::write(path, bytes).unwrap();
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
    file
}

/// Makes the old file the new one. What was sent of it is told by the summary, and seen on the line.
fn update(old: &[u8], new: &[u8], options: &Options) -> Summary {
    let pair = Pair::new();
    old_file(&pair.target().join("f"), old);
    fs::write(pair.source().join("f"), new).unwrap();
    let run = pair.push(options);
    let summary = run.ok();
    pair.assert_alike();
    assert_eq!(summary.literal + summary.reused, new.len() as u64);
    // Ten bytes a block, and little else.
    let sums = old.len() as u64 / BLOCK * 10;
    assert!(run.bytes <= summary.literal + sums + 20_000, "{} bytes for {summary:?}", run.bytes);
    summary
}

fn noise() -> Vec<u8> {
    Dice::new(1).bytes(LENGTH)
}

#[test]
fn scattered_changes_cost_their_blocks() {
    let old = noise();
    let mut new = old.clone();
    let mut dice = Dice::new(2);
    for _ in 0..20 {
        let at = dice.below(LENGTH as u64 - 2000) as usize;
        new[at..at + 2000].copy_from_slice(&dice.bytes(2000));
    }
    for inplace in [false, true] {
        let literal = update(&old, &new, &options(inplace)).literal;
        assert!((30_000..=20 * 2 * BLOCK).contains(&literal), "{literal}");
    }
}

#[test]
fn what_is_inserted_costs_itself_and_a_block_or_two() {
    let old = noise();
    let mut new = old.clone();
    for (number, at) in [0, 700_001, 1_500_000, LENGTH - 300_000].into_iter().enumerate() {
        new.splice(at + number * 100..at + number * 100, Dice::new(9).bytes(100));
    }
    let literal = update(&old, &new, &options(false)).literal;
    assert!((300..=4 * (2 * BLOCK + 100)).contains(&literal), "{literal}");
    // What lies behind is overwritten before it is needed.
    let literal = update(&old, &new, &options(true)).literal;
    assert!(literal > LENGTH as u64 - BLOCK, "{literal}");
}

#[test]
fn what_is_deleted_costs_a_block_or_two() {
    let old = noise();
    let mut new = old.clone();
    new.drain(2_000_000..2_012_345);
    new.drain(100_000..100_001);
    for inplace in [false, true] {
        let literal = update(&old, &new, &options(inplace)).literal;
        assert!(literal <= 4 * BLOCK, "{literal}");
    }
}

#[test]
fn ends_that_come_and_go() {
    let old = noise();
    for inplace in [false, true] {
        for length in [LENGTH - 1, LENGTH - 100_000, 1_234_567, 70_000] {
            let literal = update(&old, &old[..length], &options(inplace)).literal;
            assert!(literal < BLOCK, "{literal} of {length}");
        }
        for more in [1, 100_000, 3_000_000] {
            let new = [&old[..], &Dice::new(3).bytes(more)].concat();
            let literal = update(&old, &new, &options(inplace)).literal;
            assert_eq!(literal, more as u64);
        }
        let short = &old[..LENGTH - 777];
        let new = [short, &Dice::new(4).bytes(5000)].concat();
        assert!(update(short, &new, &options(inplace)).literal <= 5000 + BLOCK);
    }
}

#[test]
fn what_moved_is_found() {
    let old = noise();
    let new = [&old[2_500_001..], &old[..2_500_001]].concat();
    let literal = update(&old, &new, &options(false)).literal;
    assert!(literal <= 4 * BLOCK, "{literal}");
}

#[test]
fn zeros_and_holes_on_both_sides() {
    let mut old = noise();
    old[1_000_000..2_000_000].fill(0);
    let mut new = old.clone();
    new[500_000..800_000].fill(0);
    new[1_500_000] = 1;
    for (inplace, sparse) in [(false, false), (false, true), (true, false), (true, true)] {
        update(&old, &new, &Options { sparse, ..options(inplace) });
        update(&new, &old, &Options { sparse, ..options(inplace) });
    }
}

#[test]
fn what_is_unrelated_is_sent_whole() {
    let summary = update(&noise(), &Dice::new(5).bytes(LENGTH), &options(false));
    assert_eq!(summary.literal, LENGTH as u64);
}

/// Small edits of small and middling files, each from what the one before has left.
#[test]
fn one_edit_after_another() {
    let mut dice = Dice::new(6);
    let pair = Pair::new();
    let mut content = dice.bytes(100_000);
    fs::write(pair.target().join("f"), &content).unwrap();
    for round in 0..40 {
        let at = dice.below(content.len() as u64) as usize;
        let length = dice.below(30_000) as usize;
        match dice.below(4) {
            0 => drop(content.splice(at..at, dice.bytes(length))),
            1 if content.len() > 100_000 => drop(content.drain(at..(at + length).min(content.len()))),
            2 => content.truncate(at.max(70_000)),
            _ => content.extend(dice.bytes(length)),
        }
        fs::write(pair.source().join("f"), &content).unwrap();
        let options = Options { checksum: true, sparse: round % 3 == 0, ..options(round % 2 == 0) };
        if round % 5 == 0 {
            pair.pull(&options).ok()
        } else {
            pair.push(&options).ok()
        };
        pair.assert_alike();
    }
}

/// Somebody writes to the old file while it is compared: what comes is the new one all the same.
#[test]
fn a_basis_that_changes_while_it_is_compared() {
    let old = noise();
    let mut new = old.clone();
    new[10] ^= 1;
    new.splice(3_000_000..3_000_000, [1, 2, 3]);
    for carried in [500, 3000, 8000, 12_000, 20_000, 25_000] {
        for sparse in [false, true] {
            let pair = Pair::new();
            let file = old_file(&pair.target().join("f"), &old);
            fs::write(pair.source().join("f"), &new).unwrap();
            let line = Line::new(Faults::default());
            line.when(
                carried,
                Box::new(move || {
                    file.write_all_at(&[7; 5000], 1_000_000).unwrap();
                    file.write_all_at(&[7; 5000], 3_500_000).unwrap();
                    if carried % 3 == 0 {
                        file.set_len(3_900_000).unwrap();
                    }
                }),
            );
            let run = pair.run(Role::Target, &Options { sparse, ..options(false) }, &line);
            if run.problems.is_empty() {
                run.result.unwrap();
                pair.assert_alike();
            } else {
                // It could not be read as it was: then nothing is claimed, and the next run does it.
                assert!(run.problems.iter().all(|problem| problem.contains("changed here")), "{:?}", run.problems);
                pair.push(&options(false)).ok();
                pair.assert_alike();
            }
        }
    }
}

/// More files than may be compared at a time.
#[test]
fn many_files_that_differ_a_little() {
    let pair = Pair::new();
    let mut dice = Dice::new(8);
    for number in 0..150 {
        let mut content = dice.bytes(70_000 + number * 100);
        fs::write(pair.target().join(format!("f{number}")), &content).unwrap();
        content[number * 400] ^= 1;
        fs::write(pair.source().join(format!("f{number}")), &content).unwrap();
    }
    let summary = pair.push(&Options { checksum: true, ..options(false) }).ok();
    pair.assert_alike();
    assert!(summary.literal <= 150 * BLOCK, "{summary:?}");
}

/// What a cut run has left of a new file is no reason to take it for what is in the file itself.
#[test]
fn in_place_of_a_small_file_with_something_left_of_a_large_one() {
    let pair = Pair::new();
    let new = noise();
    fs::write(pair.source().join("f"), &new).unwrap();
    let cut = Line::new(Faults { seed: None, cut: Some(2_000_000) });
    assert!(pair.run(Role::Target, &options(false), &cut).result.is_err());
    assert_eq!(fs::read_dir(pair.target()).unwrap().count(), 1, "something is left");
    fs::write(pair.target().join("f"), "small").unwrap();
    let summary = pair.push(&options(true)).ok();
    pair.assert_alike();
    assert!(summary.reused > 500_000, "{summary:?}");
}
