//! The rules beside the real rsync: what is transferred, and what is deleted.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail so")]

mod tree;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tree::{Files, NAMES, build};
use xssh_filter::{Builder, Options, Rules, Scope};

type Names = BTreeSet<String>;

/// What rsync says, or None where it refuses the rules. What it sends is asked with an empty target, where nothing is up
/// to date. Of what it deletes the files count: a dry run also names directories that are not going to be empty.
fn rsync(dir: &Path, args: &[String]) -> Option<(Names, Names)> {
    let run = |extra: &[&str], verb: &str| {
        let mut command = Command::new("rsync");
        command.env_remove("CVSIGNORE").env("HOME", dir).current_dir(dir);
        command.args(["-n", "-r", "--out-format=%o %n"]).args(args).args(extra);
        let output = command.output().expect("rsync is needed for this test");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let names = text.lines().filter_map(|line| line.strip_prefix(verb)).filter(|name| *name != "./");
        output.status.success().then(|| names.map(|name| name.replace("\\#134", "\\")).collect::<Names>())
    };
    let sent = run(&["src/", "empty/"], "send ")?;
    let deleted = run(&["--delete", "src/", "dst/"], "del. ")?;
    Some((sent, deleted.into_iter().filter(|name| !name.ends_with('/')).collect()))
}

fn rules(args: &[String], dir: &Path) -> Option<Rules> {
    let delete_excluded = args.iter().any(|arg| arg == "--delete-excluded");
    let mut builder =
        Builder::new(Options { from0: args.iter().any(|arg| arg == "--from0"), delete_excluded, ..Options::default() });
    for arg in args {
        let (option, value) = arg.split_once('=').unwrap_or((arg, ""));
        let text = || std::fs::read(dir.join(value)).unwrap();
        match option {
            "--include" => builder.include(value.as_bytes()),
            "--exclude" => builder.exclude(value.as_bytes()),
            "--include-from" => builder.include_from(&text()),
            "--exclude-from" => builder.exclude_from(&text()),
            "--filter" => builder.filter(value.as_bytes(), &Files(dir.to_owned())),
            _ => Ok(()),
        }
        .ok()?;
    }
    let rules = builder.finish();
    let other = Rules::from_bytes(&rules.to_bytes()).unwrap();
    assert_eq!(other, rules);
    Some(other)
}

fn entries(dir: &Path) -> Vec<(String, bool)> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let entries = entries.map(Result::unwrap);
    entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.file_type().unwrap().is_dir())).collect()
}

fn shown(scope: &Scope, name: &str, is_dir: bool) -> String {
    let path = String::from_utf8_lossy(scope.path()).into_owned();
    let path = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
    if is_dir { path + "/" } else { path }
}

fn sent(root: &Path, scope: &Scope, names: &mut Names) -> Option<()> {
    let dir = root.join(String::from_utf8_lossy(scope.path()).as_ref());
    for (name, is_dir) in entries(&dir) {
        if !scope.hidden(name.as_bytes(), is_dir) {
            names.insert(shown(scope, &name, is_dir));
            if is_dir {
                sent(root, &scope.enter(name.as_bytes(), &Files(root.to_owned())).ok()?, names)?;
            }
        }
    }
    Some(())
}

/// What goes from a directory; whether all of it does.
fn deleted(root: &Path, scope: &Scope, sent: &Names, doomed: bool, names: &mut Names) -> Option<bool> {
    let mut all = true;
    let dir = root.join(String::from_utf8_lossy(scope.path()).as_ref());
    for (name, is_dir) in entries(&dir) {
        let shown = shown(scope, &name, is_dir);
        let enter = || scope.enter(name.as_bytes(), &Files(root.to_owned())).ok();
        let protected = match doomed {
            true => scope.protected_in_deleted(name.as_bytes(), is_dir),
            false => scope.protected(name.as_bytes(), is_dir),
        };
        if sent.contains(&shown) {
            if is_dir {
                deleted(root, &enter()?, sent, false, names)?;
            }
        } else if protected {
            all = false;
        } else if !is_dir || deleted(root, &enter()?, sent, true, names)? {
            names.insert(shown);
        } else {
            all = false;
        }
    }
    Some(all)
}

fn ours(dir: &Path, args: &[String]) -> Option<(Names, Names)> {
    let rules = rules(args, dir)?;
    let scope = |side: &str| {
        let root = dir.join(side);
        rules.scope(root.to_str().unwrap().as_bytes(), &Files(root.clone())).ok()
    };
    let (mut out, mut gone) = (Names::new(), Names::new());
    sent(&dir.join("src"), &scope("src")?, &mut out)?;
    deleted(&dir.join("dst"), &scope("dst")?, &out, false, &mut gone)?;
    gone.retain(|name| !name.ends_with('/'));
    Some((out, gone))
}

fn compare(dir: &Path, args: &[&str]) -> Result<(), String> {
    let args: Vec<String> = args.iter().map(ToString::to_string).collect();
    let (theirs, ours) = (rsync(dir, &args), ours(dir, &args));
    if theirs == ours {
        return Ok(());
    }
    let difference = match (&theirs, &ours) {
        (Some(theirs), Some(ours)) => format!(
            "sent {:?}, deleted {:?}",
            theirs.0.symmetric_difference(&ours.0).collect::<Vec<_>>(),
            theirs.1.symmetric_difference(&ours.1).collect::<Vec<_>>()
        ),
        _ => format!("rsync takes them: {}, we: {}", theirs.is_some(), ours.is_some()),
    };
    Err(format!("{args:?}: {difference}"))
}

const CORPUS: &str = include_str!("rsync.corpus");

#[test]
fn corpus() {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path());
    let cases: Vec<Vec<&str>> =
        CORPUS.lines().filter(|line| !line.is_empty()).map(|line| line.split(" | ").collect()).collect();
    assert!(cases.len() >= 60, "{}", cases.len());
    let wrong: Vec<String> = cases.iter().filter_map(|args| compare(dir.path(), args).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn random_rules() {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path());
    let atoms = ["a", "b", "c", "*", "**", "***", "?", "/", "[ab]", "[!a]", "x.o", ".o", "\\", "foo", "deep"];
    let rule = proptest::sample::select(vec!["-", "+", "H", "S", "P", "R", "-!", "-p", "-/", "-s", "+r"]);
    let pattern = proptest::collection::vec(proptest::sample::select(atoms.to_vec()), 1..6);
    let list = proptest::collection::vec((rule, pattern), 1..5);
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let run = runner.run(&list, |list| {
        let args: Vec<String> =
            list.iter().map(|(rule, parts)| format!("--filter={rule} {}", parts.concat())).collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        compare(dir.path(), &args).map_err(proptest::test_runner::TestCaseError::fail)
    });
    assert!(run.is_ok(), "{run:?} {NAMES:?}");
}
