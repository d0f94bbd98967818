//! Random trees and options: after a run both are alike, and a second run has nothing to do.
//!
//! `XSSH_SYNC_TIMES=20` makes it, and `simulation`, do twenty times as much.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use xssh_filter::{Builder, Options as RuleOptions};
use xssh_sync::{Backup, BackupPlace, Options, Rules};

use super::forest::{make, times, trees, ways};
use super::oracle::{Look, Seen, differences, look};
use super::pair::{Pair, Run};

pub(crate) fn plant([source, target, shared]: &[super::forest::Forest; 3]) -> Pair {
    let pair = Pair::in_memory();
    make(&pair.source(), source);
    make(&pair.target(), target);
    make(&pair.source(), shared);
    make(&pair.target(), shared);
    pair
}

pub(crate) fn run(pair: &Pair, push: bool, options: &Options) -> Run {
    if push { pair.push(options) } else { pair.pull(options) }
}

/// Which names take part, as the rules of the test say it and as the judge says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    None,
    Name,
    Anchored,
    Directory,
    Ending,
}

impl Rule {
    fn rules(self) -> Rules {
        let mut builder = Builder::new(RuleOptions::default());
        match self {
            Self::None => {}
            Self::Name => builder.exclude(b"b").unwrap(),
            Self::Anchored => builder.exclude(b"/a/c").unwrap(),
            Self::Directory => builder.exclude(b"d/").unwrap(),
            Self::Ending => builder.exclude(b"*a").unwrap(),
        }
        builder.finish()
    }

    /// Whether a name at `path` in a tree is left out, itself or by a directory above.
    fn leaves_out(self, root: &Path, path: &Path) -> bool {
        path.ancestors().filter(|above| *above != Path::new("")).any(|above| {
            let name = above.file_name().unwrap_or_default();
            match self {
                Self::None => false,
                Self::Name => name == "b",
                Self::Anchored => above == Path::new("a/c"),
                Self::Directory => name == "d" && root.join(above).symlink_metadata().is_ok_and(|stat| stat.is_dir()),
                Self::Ending => name.as_encoded_bytes().ends_with(b"a"),
            }
        })
    }
}

/// Options that leave something as it is.
fn parts() -> impl Strategy<Value = (Options, Rule)> {
    let rule = prop_oneof![
        Just(Rule::None),
        Just(Rule::Name),
        Just(Rule::Anchored),
        Just(Rule::Directory),
        Just(Rule::Ending)
    ];
    let size = || prop::option::of(prop_oneof![Just(0_u64), Just(50), Just(100), Just(65_000)]);
    (ways(), any::<[bool; 13]>(), size(), size(), rule).prop_map(
        |(
            ways,
            [
                delete,
                update,
                existing,
                ignore_existing,
                modes,
                times,
                owners,
                safe_links,
                gitignore,
                specials,
                kept,
                apart,
                most,
            ],
            min_size,
            max_size,
            rule,
        )| {
            let inside = || BackupPlace::Inside(xssh_fs::RelPath::parse(b"kept").unwrap());
            let place = if apart { inside() } else { BackupPlace::Beside };
            let backup = kept.then(|| Backup { suffix: b"~".to_vec(), place });
            let options = Options {
                delete,
                update,
                existing,
                ignore_existing,
                modes,
                times,
                owners,
                groups: owners,
                safe_links,
                gitignore,
                specials,
                backup,
                max_delete: if most { Some(1000) } else { None },
                min_size,
                max_size,
                ..ways
            };
            (options, rule)
        },
    )
}

pub(crate) fn cases(cases: u32) -> ProptestConfig {
    // A case that fails is shown as a whole: nothing is written beside the tests.
    ProptestConfig { max_shrink_iters: 400, failure_persistence: None, ..ProptestConfig::with_cases(cases * times()) }
}

proptest! {
    #![proptest_config(cases(1400))]

    #[test]
    fn a_run_makes_them_alike_and_a_second_has_nothing_to_do(trees in trees(), push: bool, options in ways()) {
        let pair = plant(&trees);
        let how = Look { names_of_one_file: options.hard_links, xattrs: options.xattrs };
        let goal = look(&pair.source(), how);
        run(&pair, push, &options).ok();
        let differing = differences(&goal, &look(&pair.target(), how));
        prop_assert!(differing.is_empty(), "{differing:#?}");
        prop_assert_eq!(goal, look(&pair.source(), how), "the source changed");
        let second = run(&pair, push, &options);
        let summary = second.ok();
        prop_assert!(second.changes.is_empty(), "{:?}", second.changes);
        prop_assert_eq!((summary.files, summary.literal, summary.moved, summary.made), (0, 0, 0, 0));
    }
}

fn sorted(run: &Run) -> Vec<&String> {
    let mut problems: Vec<_> = run.problems.iter().collect();
    problems.sort();
    problems
}

proptest! {
    #![proptest_config(cases(600))]

    /// Whatever is left out: a trial changes nothing and says what a run does, a second run has nothing to do, and what takes no
    /// part stays as it was.
    #[test]
    fn what_takes_no_part_stays(trees in trees(), push: bool, (options, rule) in parts()) {
        let mut pair = plant(&trees);
        pair.rules = rule.rules();
        let how = Look { names_of_one_file: true, xattrs: true };
        let (goal, before) = (look(&pair.source(), how), look(&pair.target(), how));
        let stays: Vec<PathBuf> = before.keys().filter(|path| rule.leaves_out(&pair.target(), path)).cloned().collect();
        let trial = run(&pair, push, &Options { dry_run: true, ..options.clone() });
        prop_assert_eq!(&before, &look(&pair.target(), how), "a trial changed something");
        let first = run(&pair, push, &options);
        let now = look(&pair.target(), how);
        let contents = |seen: &Seen, path: &Path| seen.get(path).map(|entry| entry.content.clone());
        for path in &stays {
            prop_assert_eq!(contents(&before, path), contents(&now, path), "{} takes no part", path.display());
        }
        prop_assert_eq!(&goal, &look(&pair.source(), how), "the source changed");
        // A trial does not see what takes no part and has a name of the source's.
        if first.problems.iter().all(|problem| !problem.contains("appeared here meanwhile")) {
            prop_assert_eq!(&trial.changes, &first.changes, "the trial said something else; problems {:?}", first.problems);
            prop_assert_eq!(sorted(&trial), sorted(&first), "the trial said something else");
        }
        // Where too much would go, what came may make it less than half.
        let is_whole = first.result.as_ref().is_ok_and(|summary| summary.withheld == 0);
        if first.problems.is_empty() && is_whole {
            let second = run(&pair, push, &options);
            prop_assert!(second.changes.is_empty(), "{:?} after {:?}", second.changes, first.changes);
            prop_assert!(second.problems.is_empty(), "{:?}", second.problems);
        }
    }
}
