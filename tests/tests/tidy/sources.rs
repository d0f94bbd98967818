//! Rust files: their names, their sizes, and what they may not hold.

use std::fs;
use std::path::Path;

use super::{Text, expect_none, root, texts};

const PLACES: [&str; 4] = ["cli", "core", "protocols", "tests"];

/// Names for files that are about nothing.
const DRAWERS: [&str; 6] = ["common", "helper", "helpers", "misc", "util", "utils"];

/// Lines of code in a file, and lines in a function.
const FILE: usize = 400;
const FUNCTION: usize = 70;

impl Text {
    fn stem(&self) -> &str {
        self.path.file_stem().and_then(|stem| stem.to_str()).unwrap()
    }

    fn is_test(&self) -> bool {
        self.path.starts_with("tests")
            || self.path.components().any(|part| part.as_os_str() == "tests")
            || self.stem() == "tests"
    }

    /// What stands before the unit tests.
    fn code(&self) -> impl Iterator<Item = &str> {
        let lines = self.text.lines().take_while(|line| *line != "#[cfg(test)]");
        lines.filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("//"))
    }
}

#[test]
fn a_file_is_about_one_noun() {
    let drawers = texts(&PLACES, "rs").into_iter().filter(|file| DRAWERS.contains(&file.stem()));
    expect_none(drawers.map(|file| format!("{}: what is it about?", file.path.display())));
}

#[test]
fn a_file_is_not_long() {
    let long = texts(&PLACES, "rs").into_iter().filter(|file| !file.is_test() && file.code().count() > FILE);
    expect_none(long.map(|file| format!("{}: over {FILE} lines of code", file.path.display())));
}

/// In formatted code a function ends with the first brace that stands where the function begins.
#[test]
fn a_function_is_not_long() {
    let mut complaints = Vec::new();
    for file in texts(&PLACES, "rs").into_iter().filter(|file| !file.is_test()) {
        let lines: Vec<&str> = file.code().collect();
        for (start, line) in lines.iter().enumerate() {
            let words = line.trim_start();
            if !words.split('(').next().is_some_and(|head| head.split(' ').any(|word| word == "fn")) {
                continue;
            }
            let end = format!("{}}}", &line[..line.len() - words.len()]);
            let length = lines[start..].iter().position(|line| *line == end).unwrap_or_default();
            if length > FUNCTION {
                complaints.push(format!("{}: {words} has {length} lines", file.path.display()));
            }
        }
    }
    expect_none(complaints);
}

/// A file that no other names is not compiled, and its tests do not run.
#[test]
fn a_file_is_a_module_or_a_program() {
    let files = texts(&PLACES, "rs");
    let declared = |path: &Path| {
        let (folder, name) = module(path);
        let line = format!("mod {name};");
        let beside = |other: &Path| other.parent() == Some(folder) || other.parent() == folder.parent();
        files.iter().any(|other| beside(&other.path) && other.text.contains(&line))
    };
    let orphans = files.iter().filter(|file| !is_program(&file.path) && !declared(&file.path));
    expect_none(orphans.map(|file| format!("{}: no module", file.path.display())));
}

fn is_program(path: &Path) -> bool {
    let among = path.parent().and_then(Path::file_name).unwrap();
    let (_, name) = module(path);
    let is_module = path.components().any(|part| part.as_os_str() == "src") && among == "tests";
    matches!(name, "main" | "lib" | "build")
        || !is_module && ["bin", "tests", "fuzz_targets"].iter().any(|folder| among == *folder)
}

/// A module's folder and name.
fn module(path: &Path) -> (&Path, &str) {
    let path = if path.ends_with("mod.rs") { path.parent().unwrap() } else { path };
    (path.parent().unwrap(), path.file_stem().and_then(|stem| stem.to_str()).unwrap())
}

#[test]
fn the_core_neither_speaks_nor_looks_around() {
    let forbidden = ["println!", "print!(", "eprint", "dbg!", "std::env::var", "env::args", "process::exit"];
    let mut complaints = Vec::new();
    for file in texts(&["core", "protocols"], "rs").into_iter().filter(|file| !file.is_test()) {
        for word in forbidden {
            if file.code().any(|line| line.contains(word)) {
                complaints.push(format!("{}: {word}", file.path.display()));
            }
        }
    }
    expect_none(complaints);
}

#[test]
fn no_queue_is_unbounded() {
    let unbounded = texts(&PLACES, "rs").into_iter().filter(|file| !file.is_test());
    let unbounded = unbounded.filter(|file| file.code().any(|line| line.contains("unbounded")));
    expect_none(unbounded.map(|file| format!("{}: an unbounded channel", file.path.display())));
}

#[test]
fn unsafe_code_is_in_its_room() {
    let rooms = ["delta", "filter", "fs", "gate", "ssh"].map(|room| format!("core/{room}/src/lib.rs"));
    for head in rooms.iter().map(String::as_str).chain([
        "cli/src/main.rs",
        "protocols/cvs/src/lib.rs",
        "protocols/rsync/src/lib.rs",
        "protocols/sync/src/lib.rs",
    ]) {
        let text = fs::read_to_string(root().join(head)).unwrap();
        assert!(text.contains("#![forbid(unsafe_code)]"), "{head}: forbid(unsafe_code) is missing");
    }
}
