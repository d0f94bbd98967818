//! What git tracks takes part, whatever patterns say: beside the real `git ls-files`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::PoisonError;

use xssh_sync::Options;

use super::dice::Dice;
use super::pair::{CHILDREN, Pair, shape};

fn git(dir: &Path, args: &[&str]) -> String {
    let _no_runs = CHILDREN.write().unwrap_or_else(PoisonError::into_inner);
    let mut command = Command::new("git");
    command.env("HOME", "/nonexistent").env("GIT_CONFIG_NOSYSTEM", "1").env_remove("XDG_CONFIG_HOME").current_dir(dir);
    command.args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always"]);
    let output = command.args(args).output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What git would have of a work tree, and of those in it, but for what is in `.git`.
fn truth(dir: &Path, below: &str, all: &mut BTreeSet<String>) {
    let listed = git(dir, &["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    for name in listed.split_terminator('\0') {
        let path = dir.join(name);
        match fs::symlink_metadata(&path) {
            // One that was not checked out is empty.
            Ok(found) if found.is_dir() && !path.join(".git").exists() => {}
            Ok(found) if found.is_dir() => truth(&path, &format!("{below}{}/", name.trim_end_matches('/')), all),
            Ok(_) => drop(all.insert(format!("{below}{name}"))),
            // What was tracked is gone.
            Err(_) => {}
        }
    }
    if dir.join(".git").is_file() {
        all.insert(format!("{below}.git"));
    }
}

/// What came of the source is what git has of it.
fn assert_as_git(pair: &Pair) {
    let mut theirs = BTreeSet::new();
    truth(&pair.source(), "", &mut theirs);
    let target = pair.target();
    let paths = shape(&target).into_keys().filter(|path| !target.join(path).is_dir());
    let paths = paths.map(|path| path.to_str().unwrap().to_owned());
    let is_gits = |path: &String| format!("/{path}").contains("/.git/");
    let ours: BTreeSet<String> = paths.filter(|path| !is_gits(path)).collect();
    assert_eq!(ours, theirs);
}

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn options() -> Options {
    Options { gitignore: true, delete: true, ..Options::default() }
}

/// Random names, patterns and indexes of all forms.
#[test]
fn random_trees_are_copied_as_git_has_them() {
    for seed in 0..12 {
        let mut dice = Dice::new(seed);
        let pair = Pair::in_memory();
        let source = pair.source();
        let format = if seed % 4 == 3 { "sha256" } else { "sha1" };
        git(&source, &["init", "-q", &format!("--object-format={format}")]);
        git(&source, &["config", "index.version", ["2", "3", "4"][dice.below(3) as usize]]);
        let parts = ["a", "b", "c.o", "d"];
        let mut part = || parts[dice.below(4) as usize];
        let names: BTreeSet<String> = (0..60).map(|_| format!("{}/{}/{}x", part(), part(), part())).collect();
        names.iter().for_each(|name| write(&source, name, name));
        let patterns = ["*.o", "a", "/b/", "b/**", "!c.o", "*x", "!ax", "d/a", "!d/a/", "/*\n!/a", "**/c.o/"];
        for place in ["", "a/", "b/d/"] {
            let lines: Vec<&str> = (0..3).map(|_| patterns[dice.below(11) as usize]).collect();
            write(&source, &format!("{place}.gitignore"), &lines.join("\n"));
        }
        let tracked: Vec<&str> = names.iter().map(String::as_str).filter(|_| dice.below(3) == 0).collect();
        git(&source, &[&["add", "-f", "--"], &tracked[..]].concat());
        if seed % 3 == 0 {
            git(&source, &["update-index", "--split-index"]);
            git(&source, &["rm", "-qf", "--cached", tracked[0]]);
            fs::remove_file(source.join(tracked[1])).unwrap();
        }
        pair.push(&options()).ok();
        assert_as_git(&pair);
        // git itself gives a shared index a new time.
        let again = pair.pull(&options()).changes;
        assert!(again.iter().all(|(path, _)| path.starts_with(".git/sharedindex.")), "seed {seed}: {again:?}");
        // Others are tracked from now on.
        git(&source, &["add", "-f", "."]);
        pair.pull(&options()).ok();
        assert_as_git(&pair);
    }
}

/// Where `.git` is a file that says where git's directory is: work trees beside the first, and submodules.
#[test]
fn work_trees_in_the_tree_have_their_own_index() {
    let pair = Pair::new();
    let source = pair.source();
    write(&source, "inner/f.o", "tracked");
    git(&source.join("inner"), &["init", "-q"]);
    git(&source.join("inner"), &["add", "-f", "f.o"]);
    git(&source.join("inner"), &["commit", "-qm", "f"]);
    git(&source, &["init", "-q"]);
    git(&source, &["submodule", "--quiet", "add", "./inner", "sub"]);
    write(&source, ".gitignore", "*.o\nout/\n");
    write(&source, "out/kept/g.o", "tracked");
    write(&source, "out/h", "ignored");
    git(&source, &["add", "-f", "out/kept/g.o", ".gitignore"]);
    git(&source, &["commit", "-qm", "g"]);
    git(&source, &["worktree", "add", "-q", "beside"]);
    write(&source, ".git/info/exclude", "*.p\n");
    for place in ["inner", "sub", "beside", "beside/out/kept", "."] {
        write(&source, &format!("{place}/i.o"), "ignored where a file says so");
        write(&source, &format!("{place}/i.p"), "the same");
    }
    pair.push(&options()).ok();
    assert_as_git(&pair);
    let has = |name: &str| pair.target().join(name).exists();
    assert!(has("sub/f.o") && has("beside/out/kept/g.o") && has("out/kept/g.o") && has("inner/f.o"));
    assert!(!has("out/h") && !has("beside/i.p") && has("sub/i.p"));
}

/// An index that cannot be read says nothing about what is tracked: then nothing is left out in silence.
#[test]
fn a_broken_index_is_a_failure_that_is_named() {
    let pair = Pair::new();
    git(&pair.source(), &["init", "-q"]);
    write(&pair.source(), "f.o", "f");
    write(&pair.source(), ".gitignore", "*.o\n");
    git(&pair.source(), &["add", "-f", "f.o"]);
    let index = pair.source().join(".git/index");
    let mut bytes = fs::read(&index).unwrap();
    bytes[7] = 9;
    fs::write(&index, &bytes).unwrap();
    let run = pair.push(&options());
    assert!(run.problems.iter().any(|why| why.contains("its version is not known here")), "{:?}", run.problems);
    // One that is broken at the target is about to be replaced.
    bytes[7] = 2;
    fs::write(&index, &bytes).unwrap();
    write(&pair.target(), ".git/index", "none");
    pair.push(&options()).ok();
    assert!(pair.target().join("f.o").exists());
}
