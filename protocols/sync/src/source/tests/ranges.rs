//! Which ranges are asked for, how many, and what is in them.

use std::fs;
use std::path::Path;

use xssh_filter::Builder;
use xssh_fs::RelPath;

use super::{against, broke, file, flood, meet, path, start, with_tree};
use crate::limits::{GIVEN, KEPT_RANGES, LISTS};
use crate::options::Options;
use crate::wire::message::{FromSource, FromTarget};
use crate::wire::start::Start;

/// Listing begins and ends where it is told to, be that a place that is not there, hidden, or outside.
#[test]
fn nothing_is_listed_but_what_takes_part() {
    let mut rules = Builder::new(xssh_filter::Options::default());
    rules.exclude(b"/hidden").unwrap();
    let rules = rules.finish();
    let more = |root: &Path| {
        fs::create_dir_all(root.join("hidden/deep")).unwrap();
        fs::write(root.join("hidden/deep/file"), "secret").unwrap();
        fs::write(root.join("d/.xssh-staged-1-2"), "secret").unwrap();
    };
    let done = with_tree(Start { rules, ..start(Options::default()) }, more, |target| {
        let shown = ["", "d", "d/f", "large", "link", "pipe"].map(path);
        let places =
            ["", "d", "d/e", "d/f", "hidden", "hidden/deep", "hidden/deep/file", "link", "link/s", "zzz", "d/.xssh"];
        let mut range = 0;
        for from in places {
            for until in places.iter().map(|until| Some(*until)).chain([None]) {
                let items = target.listed(range, from, until);
                let due = shown
                    .iter()
                    .filter(|shown| **shown >= path(from) && until.is_none_or(|until| **shown < path(until)));
                assert_eq!(
                    items.iter().map(|item| &item.path).collect::<Vec<_>>(),
                    due.collect::<Vec<_>>(),
                    "{from} to {until:?}"
                );
                target.say(&FromTarget::Whole((0..items.len() as u32).map(|index| file(range, index)).collect()));
                target.say(&FromTarget::Release { range });
                range += 1;
            }
        }
        target.finish();
    });
    assert!(done.is_ok(), "{done:?}");
}

#[test]
fn ranges_without_end_are_refused() {
    let list = |range| FromTarget::List { range, from: RelPath::root(), until: None, have: vec![[0; 8]; 1000] };
    let done = against(start(Options::default()), move |target| {
        let said = flood(target, list);
        assert!(said <= LISTS + 64, "{said}");
    });
    assert!(broke(&done), "{done:?}");
}

/// One after the other, never released.
#[test]
fn more_ranges_than_are_kept_are_refused() {
    let done = against(start(Options::default()), |target| {
        for range in 0..(KEPT_RANGES + LISTS) as u32 {
            target.listed(range, &format!("zz{range:05}"), Some(&format!("zz{:05}", range + 1)));
        }
        target.list(u32::MAX, "", Some("zz"));
        while target.hear().is_some() {}
    });
    assert!(broke(&done), "{done:?}");
}

/// Each would hold all names of the tree once more.
#[test]
fn ranges_that_overlap_are_refused() {
    for (one, other) in [(("", None), ("d", None)), (("d", None), ("", None)), (("", Some("e")), ("d", Some("f")))] {
        let done = against(start(Options::default()), move |target| {
            target.listed(0, one.0, one.1);
            target.list(1, other.0, other.1);
            while target.hear().is_some() {}
        });
        assert!(broke(&done), "{one:?} and {other:?}: {done:?}");
    }
    let done = against(start(Options::default()), |target| {
        target.listed(0, "", Some("d"));
        target.list(0, "e", None);
        while target.hear().is_some() {}
    });
    assert!(broke(&done), "a number twice: {done:?}");
}

/// One that is given the tree has nothing to ask for but what it was given, and the walk does not go on without it.
#[test]
fn a_target_that_is_given_all() {
    let many = |root: &Path| {
        for number in 0..40_000 {
            fs::File::create(root.join(format!("d/{number}"))).unwrap();
        }
    };
    let done = meet(start(Options::default()), true, many, |target| {
        let mut ranges = 0;
        // It releases nothing, so it is not given more.
        while let Some(message) = target.hear() {
            if let FromSource::RangeEnd { .. } = message {
                ranges += 1;
            }
            if ranges == GIVEN {
                break;
            }
        }
        target.say(&FromTarget::Whole(vec![file(u32::MAX, 0), file(0, u32::MAX)]));
        let mut missing = 0;
        while missing < 2 {
            match target.hear().expect("an answer") {
                FromSource::Missing { .. } => missing += 1,
                FromSource::Entries { range, .. } => panic!("range {range} came too"),
                _ => {}
            }
        }
        assert!(target.list(0, "", None));
        while target.hear().is_some() {}
    });
    assert!(broke(&done), "{done:?}");
}
