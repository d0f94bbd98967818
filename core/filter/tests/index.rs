//! git's index beside the real `git ls-files`, and bytes that are none.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail so")]

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use xssh_filter::{FilterError, IndexFile, IndexFiles, Tracked};

/// git's directory.
#[derive(Clone, Default)]
struct Files(HashMap<String, Vec<u8>>);

impl IndexFiles for Files {
    fn open(&self, name: &str) -> io::Result<Option<IndexFile<'_>>> {
        let Some(bytes) = self.0.get(name) else { return Ok(None) };
        Ok(Some(IndexFile { input: Box::new(&bytes[..]), length: bytes.len() as u64 }))
    }
}

impl Files {
    fn of(dir: &Path) -> Self {
        let files = std::fs::read_dir(dir.join(".git")).unwrap().map(Result::unwrap);
        let names = files.filter_map(|file| file.file_name().into_string().ok());
        let indexes = names.filter(|name| name == "index" || name.starts_with("sharedindex."));
        Self(indexes.map(|name| (name.clone(), std::fs::read(dir.join(".git").join(name)).unwrap())).collect())
    }
}

fn git(dir: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.env("HOME", dir).env("GIT_CONFIG_NOSYSTEM", "1").env_remove("XDG_CONFIG_HOME").current_dir(dir);
    let output = command.args(["-c", "core.fsync=none"]).args(args).output().expect("git is needed for this test");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Names that share their beginnings in all ways, and one that is longer than its length is told.
fn names() -> Vec<String> {
    let deep = vec!["d".repeat(250); 15].join("/");
    let mut names = vec![deep + "/f", "a".to_owned(), "ab/c".to_owned(), "ab/c.d/e".to_owned(), "ab.c".to_owned()];
    names.extend((0..60).map(|number| format!("x{}/y{}/z{number}", number % 7, number % 3)));
    names
}

/// A repository in which every second name is tracked.
fn build(dir: &Path, format: &str, version: &str) {
    git(dir, &["init", "-q", &format!("--object-format={format}")]);
    git(dir, &["config", "index.version", version]);
    git(dir, &["config", "splitIndex.maxPercentChange", "100"]);
    for name in names() {
        std::fs::create_dir_all(dir.join(&name).parent().unwrap()).unwrap();
        std::fs::write(dir.join(&name), &name).unwrap();
    }
    let half: Vec<String> = names().into_iter().step_by(2).collect();
    let half: Vec<&str> = half.iter().map(String::as_str).collect();
    git(dir, &[&["add", "-f", "--"], &half[..]].concat());
}

/// Every name that is there, every directory, and names that are nearly those, are judged as git has them.
fn assert_same(dir: &Path) {
    let listed = git(dir, &["ls-files", "-z", "--cached"]);
    let mut truth: BTreeSet<&str> = listed.split_terminator('\0').collect();
    for name in truth.clone() {
        truth.extend(name.match_indices('/').map(|(end, _)| &name[..end]));
    }
    let tracked = Tracked::read(&Files::of(dir)).unwrap();
    let asked = names();
    let asked = asked.iter().flat_map(|name| name.match_indices('/').map(|(end, _)| &name[..end]).chain([&name[..]]));
    let wrong: Vec<&str> = asked.filter(|name| tracked.has(name.as_bytes()) != truth.contains(name)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(truth.iter().all(|name| tracked.has(name.as_bytes())));
    assert!(
        ["", "/", "x", "x0/", "x0/y", "ab/", "ab/c.d/e/", "ab/c/d"].iter().all(|name| !tracked.has(name.as_bytes()))
    );
}

#[test]
fn all_versions_and_both_kinds_of_names() {
    for format in ["sha1", "sha256"] {
        for version in ["2", "3", "4"] {
            let dir = tempfile::tempdir().unwrap();
            build(dir.path(), format, version);
            assert_same(dir.path());
            // Flags that version 3 has.
            git(dir.path(), &["add", "-fN", "a"]);
            let begins = Files::of(dir.path()).0["index"][..8].to_vec();
            assert_eq!(begins, [&b"DIRC\0\0\0"[..], &[if version == "4" { 4 } else { 3 }]].concat());
            assert_same(dir.path());
        }
    }
}

#[test]
fn one_that_is_split() {
    for (format, version) in [("sha1", "2"), ("sha1", "4"), ("sha256", "4")] {
        let dir = tempfile::tempdir().unwrap();
        build(dir.path(), format, version);
        git(dir.path(), &["update-index", "--split-index"]);
        assert_same(dir.path());
        // Some are no more, some are others, some are new.
        git(dir.path(), &["rm", "-q", "--cached", "ab.c", "x2/y0/z9", "x1/y1/z1"]);
        std::fs::write(dir.path().join("x6/y0/z27"), "changed").unwrap();
        git(dir.path(), &["add", "-f", "a", "ab/c.d/e", "x6/y0/z27"]);
        let files = Files::of(dir.path());
        assert!(files.0["index"].windows(4).any(|word| word == b"link") && files.0.len() > 1);
        assert_same(dir.path());
        let alone = Files(HashMap::from([("index".to_owned(), files.0["index"].clone())]));
        assert!(matches!(Tracked::read(&alone), Err(FilterError::Index { .. })));
    }
}

#[test]
fn of_what_a_sparse_index_does_not_name_all_is_tracked() {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path(), "sha1", "4");
    git(dir.path(), &["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "all"]);
    git(dir.path(), &["sparse-checkout", "set", "--cone", "--sparse-index", "x1"]);
    let files = Files::of(dir.path());
    assert!(files.0["index"].windows(4).any(|word| word == b"sdir"));
    let tracked = Tracked::read(&files).unwrap();
    let has = |path: &str| tracked.has(path.as_bytes());
    assert!(has("x2") && has("x2/y0/z30") && has("x2/anything") && has("ab.c") && has("x1/y1/z1"));
    assert!(!has("x1/y2/z8") && !has("a") && !has("x9/a"));
}

#[test]
fn nothing_is_tracked_where_there_is_no_index() {
    assert!(!Tracked::read(&Files::default()).unwrap().has(b"a"));
}

/// Two that are split.
fn examples() -> Vec<Files> {
    let build = |format, version| {
        let dir = tempfile::tempdir().unwrap();
        self::build(dir.path(), format, version);
        git(dir.path(), &["update-index", "--split-index"]);
        git(dir.path(), &["rm", "-q", "--cached", "x1/y1/z1"]);
        Files::of(dir.path())
    };
    vec![build("sha1", "2"), build("sha256", "4")]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_broken_is_an_error_and_nothing_worse(bytes in proptest::collection::vec(any::<u8>(), 0..300), count: u8) {
        let index = [b"DIRC\0\0\0\x04\0\0\0", &[count][..], &bytes].concat();
        let _ = Tracked::read(&Files(HashMap::from([("index".to_owned(), index)])));
    }
}

#[test]
fn no_part_of_one_is_taken_for_all() {
    for files in examples() {
        for name in files.0.keys() {
            for cut in 1..20 {
                let mut files = files.clone();
                let bytes = files.0.get_mut(name).unwrap();
                bytes.truncate(bytes.len() - cut);
                assert!(Tracked::read(&files).is_err(), "{name} without its last {cut} bytes");
            }
        }
    }
}

#[test]
fn lengths_that_are_not_there_are_not_believed() {
    for files in examples() {
        for name in files.0.keys() {
            for at in 0..100 {
                for value in [0, 0x7f, 0xff] {
                    let mut files = files.clone();
                    let bytes = files.0.get_mut(name).unwrap();
                    bytes[at] = value;
                    let _ = Tracked::read(&files);
                    let end = files.0[name].len() - 1 - at;
                    files.0.get_mut(name).unwrap()[end] = value;
                    let _ = Tracked::read(&files);
                }
            }
        }
    }
}
