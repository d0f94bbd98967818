//! Runs over a line that splits, delays and is cut at any byte, again and again, each decided by a seed: none hangs, what is
//! there is old or new and whole at any time, and over a good line the next run ends what the others began.
//!
//! A seed that fails is named; `XSSH_SYNC_SEED=123` runs it alone, `XSSH_SYNC_TIMES=20` twenty times as many.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use xssh_sync::{Options, Role};

use super::dice::Dice;
use super::forest::{make, of_seed, times, trees, ways};
use super::line::{Faults, Line};
use super::oracle::{Look, differences, look, neither};
use super::pair::Pair;

/// Seeds of one test.
const SEEDS: u64 = 300;
/// Runs that are cut before one is not.
const CUTS: u64 = 3;

fn every_seed(role: Role) {
    if let Ok(seed) = std::env::var("XSSH_SYNC_SEED") {
        return one_seed(role, seed.parse().unwrap());
    }
    for seed in 0..SEEDS * u64::from(times()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| one_seed(role, seed))) {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "the seed was XSSH_SYNC_SEED={seed}, the helper a {role:?}");
            resume_unwind(panic);
        }
    }
}

fn one_seed(role: Role, seed: u64) {
    let mut dice = Dice::new(seed);
    let [source, target, shared] = of_seed(dice.next(), trees());
    let options = of_seed(dice.next(), ways());
    let mut pair = Pair::in_memory();
    for (root, forest) in [(0, &source), (1, &target), (0, &shared), (1, &shared)] {
        make(&[pair.source(), pair.target()][root], forest);
    }
    let how = Look { names_of_one_file: options.hard_links, xattrs: options.xattrs };
    let (before, goal) = (look(&pair.target(), how), look(&pair.source(), how));
    for _ in 0..dice.below(CUTS + 1) {
        let size = 1 + dice.below(20);
        pair.faults = Faults { seed: Some(dice.next()), cut: Some(dice.below(1 << size)) };
        let run = pair.run(role, &options, &Line::new(pair.faults));
        let wrong = neither(&before, &goal, &look(&pair.target(), how));
        assert!(wrong.is_empty() || options.inplace, "after {:?}: {wrong:#?}", pair.faults);
        if let (Ok(summary), true) = (&run.result, run.served.is_ok()) {
            assert_eq!(summary.failed, 0, "{:?}", run.problems);
        }
    }
    // Slow and in pieces, but whole.
    pair.faults = Faults { seed: Some(dice.next()), cut: None };
    let run = pair.run(role, &options, &Line::new(pair.faults));
    run.ok();
    let differing = differences(&goal, &look(&pair.target(), how));
    assert!(differing.is_empty(), "{differing:#?}");
    pair.faults = Faults::default();
    let again = pair.run(role, &Options { checksum: true, ..options }, &Line::new(pair.faults));
    again.ok();
    assert!(again.changes.is_empty(), "{:?}", again.changes);
}

#[test]
fn a_push_over_a_faulty_line() {
    every_seed(Role::Target);
}

#[test]
fn a_pull_over_a_faulty_line() {
    every_seed(Role::Source);
}
