//! Rules of the target's side keep what the source has not. What it has is updated all the same, as rsync does, which is the judge.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::PoisonError;

use xssh_filter::{Builder, Options as RuleOptions};
use xssh_sync::{Options, Rules};

use super::pair::{CHILDREN, Pair, shape};
use super::rules::NoFiles;

fn rules(filters: &[&str]) -> Rules {
    let mut builder = Builder::new(RuleOptions::default());
    filters.iter().for_each(|filter| builder.filter(filter.as_bytes(), &NoFiles).unwrap());
    builder.finish()
}

fn make(root: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        fs::write(root.join(name), text).unwrap();
    }
}

fn rsync(args: &[&str], from: &Path, to: &Path) {
    let _no_runs = CHILDREN.write().unwrap_or_else(PoisonError::into_inner);
    let (from, to) = (format!("{}/", from.display()), format!("{}/", to.display()));
    let status = Command::new("rsync").arg("-a").args(args).args([from, to]).status().unwrap();
    assert!(status.success(), "{args:?}");
}

/// A trial, a run, and rsync: all three do the same. `args` are rsync's for `options`.
fn as_rsync(
    source: &[(&str, &str)],
    target: &[(&str, &str)],
    filters: &[&str],
    options: &Options,
    args: &[&str],
) -> Pair {
    let mut pair = Pair::new();
    let theirs = pair.beside("theirs");
    make(&pair.source(), source);
    make(&pair.target(), target);
    rsync(&[], &pair.target(), &theirs);
    pair.rules = rules(filters);
    let filters = filters.iter().map(|filter| format!("--filter={filter}")).collect::<Vec<_>>();
    rsync(&[&filters.iter().map(String::as_str).collect::<Vec<_>>(), args].concat(), &pair.source(), &theirs);
    let trial = pair.push(&Options { dry_run: true, ..options.clone() });
    let run = pair.push(options);
    run.ok();
    assert_eq!(run.changes, trial.changes, "{filters:?} {args:?}");
    let content = |root: &Path| -> Vec<String> {
        let all = shape(root).into_iter().filter(|(path, _)| root.join(path).is_file());
        all.map(|(path, what)| format!("{}: {what}", path.display())).collect()
    };
    assert_eq!(content(&pair.target()), content(&theirs), "{filters:?} {args:?}");
    assert_eq!(pair.pull(options).changes, [], "{filters:?} {args:?}");
    pair
}

const SOURCE: [(&str, &str); 6] = [
    ("x", "a new x"),
    ("keep/new", "new"),
    ("keep/both", "a new one"),
    ("keep/deep/both", "a new one"),
    ("plain/both", "a new one"),
    ("y.o", "an object"),
];
const TARGET: [(&str, &str); 10] = [
    ("x", "old"),
    ("keep/both", "old"),
    ("keep/extra", "1"),
    ("keep/deep/both", "old"),
    ("keep/deep/extra", "1"),
    ("plain/both", "old"),
    ("plain/extra", "1"),
    ("gone/f", "1"),
    ("gone/f.o", "1"),
    ("y.o", "old"),
];

const FILTERS: [&[&str]; 14] = [
    &["P *"],
    &["P /keep/"],
    &["P /keep/***"],
    &["P x"],
    &["-r x"],
    &["-,!r x"],
    &["-r extra"],
    &["P extra"],
    &["P f.o"],
    &["P /gone"],
    &["-p *.o"],
    &["- *.o"],
    &["H *.o", "P /keep/deep/"],
    &["R extra", "- extra", "P gone/f"],
];

#[test]
fn rules_of_the_target_s_side_hold_up_no_update() {
    let options = Options { max_delete: Some(99), ..Options::default() };
    for filters in FILTERS {
        let _ = as_rsync(&SOURCE, &TARGET, filters, &Options { delete: true, ..options.clone() }, &["--delete"]);
        let _ = as_rsync(&SOURCE, &TARGET, filters, &options, &[]);
    }
}

/// What is protected counts for nothing where too much would be deleted.
#[test]
fn what_stays_is_not_counted_as_deleted() {
    let mut pair = Pair::new();
    pair.rules = rules(&["P /state/"]);
    make(&pair.source(), &[("f", "1")]);
    for number in 0..100 {
        make(&pair.target(), &[(&format!("state/{number}"), "1")]);
    }
    let run = pair.push(&Options { delete: true, max_delete: Some(0), ..Options::default() });
    assert_eq!(run.ok().deleted, 0);
    assert_eq!(fs::read_dir(pair.target().join("state")).unwrap().count(), 100);
}

/// The source's own rules are newer than the target's: what they show is updated in the same run.
#[test]
fn what_a_file_of_rules_shows_anew_is_updated_at_once() {
    let source = [(".rsync-filter", "- other\n"), ("out/a", "a new one"), ("out/b", "b")];
    let target = [(".rsync-filter", "- out/\n"), ("out/a", "old"), ("d/f", "1")];
    let _ = as_rsync(&source, &target, &[": /.rsync-filter"], &Options::default(), &[]);
    let options = Options { delete: true, ..Options::default() };
    let _ = as_rsync(&source, &target, &[": /.rsync-filter"], &options, &["--delete-after"]);
    let mut pair = Pair::new();
    make(&pair.source(), &[(".gitignore", "# nothing\n"), ("out/a", "a new one")]);
    make(&pair.target(), &[(".gitignore", "out/\n"), ("out/a", "old")]);
    pair.rules = rules(&[]);
    pair.push(&Options { gitignore: true, ..options }).ok();
    pair.assert_alike();
}
