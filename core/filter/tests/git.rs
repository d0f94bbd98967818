//! git's rules beside the real `git ls-files -o --exclude-standard`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail so")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use xssh_filter::{GitScope, GitTexts};

const NAMES: [&str; 14] = [
    "foo",
    "bar",
    "x.o",
    "a/foo",
    "a/b/c",
    "a/b/foo",
    "a/b/x.o",
    "b/a/foo",
    "b/c/d/e",
    "foob/b",
    "sp ",
    "#hash",
    "!not",
    "a[b]/c\\d",
];

fn git(dir: &Path, args: &[&str]) -> Vec<u8> {
    let mut command = Command::new("git");
    command.env("HOME", dir).env("GIT_CONFIG_NOSYSTEM", "1").env_remove("XDG_CONFIG_HOME").current_dir(dir);
    let output = command.args(args).output().expect("git is needed for this test");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn build(dir: &Path) {
    for name in NAMES {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    git(dir, &["init", "-q"]);
    git(dir, &["config", "core.excludesFile", &dir.join(".git/global").display().to_string()]);
}

/// The texts of: core.excludesFile, info/exclude, the top's file, the one in `a`, the one in `a/b`.
const PLACES: [&str; 5] = [".git/global", ".git/info/exclude", ".gitignore", "a/.gitignore", "a/b/.gitignore"];

fn walk(dir: &Path, path: &str, scope: &GitScope, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(dir.join(path)).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let is_dir = entry.file_type().unwrap().is_dir();
        if scope.ignored(name.as_bytes(), is_dir) || name == ".git" {
            continue;
        }
        let full = format!("{path}{name}");
        if is_dir {
            let text = std::fs::read(dir.join(&full).join(".gitignore")).unwrap_or_default();
            walk(dir, &(full + "/"), &scope.enter(name.as_bytes(), &text).unwrap(), names);
        } else {
            names.insert(full);
        }
    }
}

fn compare(dir: &Path, texts: [&str; 5]) -> Result<(), String> {
    for (place, text) in PLACES.into_iter().zip(texts) {
        std::fs::write(dir.join(place), text).unwrap();
    }
    let listed = git(dir, &["ls-files", "-z", "-o", "--exclude-standard"]);
    let theirs: BTreeSet<String> =
        String::from_utf8(listed).unwrap().split_terminator('\0').map(str::to_owned).collect();
    let [excludes_file, info_exclude, gitignore, ..] = texts.map(str::as_bytes);
    let mut ours = BTreeSet::new();
    let scope = GitScope::top(GitTexts { excludes_file, info_exclude, gitignore }).unwrap();
    walk(dir, "", &scope, &mut ours);
    match theirs == ours {
        true => Ok(()),
        false => Err(format!("{texts:?}: {:?}", theirs.symmetric_difference(&ours).collect::<Vec<_>>())),
    }
}

#[test]
fn corpus() {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path());
    let top = [
        "foo",
        "/foo",
        "foo/",
        "a/",
        "/a/*\n!/a/foo",
        "a/**",
        "a/**/foo",
        "**/foo",
        "**/c",
        "a/b",
        "b/a",
        "*.o",
        "/*.o",
        "*\n!foo",
        "*\n!*/\n!foo",
        "a\n!a/foo",
        "sp ",
        "sp\\ ",
        "sp\\  ",
        "sp?",
        "\\#hash",
        "#hash",
        "\\!not",
        "!not",
        "foo\r\nbar\r\n",
        "\u{feff}foo\n",
        "fo[o",
        "[!a-f]*",
        "[[:alpha:]]??",
        "foo**/b",
        "foo*/b",
        "fo**b/b",
        "/foo**/b",
        "a\\[b\\]/",
        "a\\[b\\]/c\\\\d",
        "a[[]b]",
        "foo\\",
        "/",
        "//",
        "!",
        "",
        " ",
        "\\",
        "**",
        "/**",
        "**/",
        "*/",
        "a//b",
        "a/b/",
        "/a/b/c",
        "b/**/e",
        "b/**/d/e",
        "b/*/e",
        "b/*/*/e",
        "?/b",
        "a?b",
        "***",
        "***/foo",
        "a/***",
        "foo\\/",
        ".git",
        "f\0oo",
        "./foo",
        "a/./b",
        "foo/**",
        "b/c/**/e",
        "**a",
        "a**/c",
        "a/b**",
    ];
    let mut wrong: Vec<String> =
        top.iter().filter_map(|text| compare(dir.path(), ["", "", text, "", ""]).err()).collect();
    for texts in [
        ["foo", "!foo", "", "", ""],
        ["!foo", "foo", "", "", ""],
        ["", "foo", "!foo", "foo", "!foo"],
        ["/a/b/c", "", "*.o", "!*.o", "/c"],
        ["", "", "a/b", "!b", "!foo"],
        ["", "", "", "/foo\nb/c", "**"],
        ["", "", "*", "!foo", ""],
    ] {
        wrong.extend(compare(dir.path(), texts).err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn random_patterns() {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path());
    let atoms = ["a", "b", "c", "*", "**", "?", "/", "/**/", "[ab]", "[!a]", "x.o", "\\", "foo", " ", "\n", "\n!"];
    let text = proptest::collection::vec(proptest::sample::select(atoms.to_vec()), 0..8);
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let run = runner.run(&[text.clone(), text.clone(), text], |[top, nested, info]| {
        let (top, nested, info) = (top.concat(), nested.concat(), info.concat());
        compare(dir.path(), ["", &info, &top, &nested, ""]).map_err(TestCaseError::fail)
    });
    assert!(run.is_ok(), "{run:?}");
}
