//! The ignore file that a configuration of git names, beside the real `git config`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail so")]

use std::path::Path;
use std::process::Command;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use xssh_filter::excludes_file;

/// The last value, as git has it; None where git finds the file broken.
fn theirs(file: &Path, text: &[u8]) -> Option<Option<Vec<u8>>> {
    std::fs::write(file, text).unwrap();
    let mut command = Command::new("git");
    command.args(["config", "-z", "--file"]).arg(file).args(["--get", "core.excludesFile"]);
    let output = command.output().expect("git is needed for this test");
    match output.status.code() {
        Some(0) => Some(Some(output.stdout.strip_suffix(b"\0").unwrap().to_vec())),
        Some(1) => Some(None),
        _ => None,
    }
}

#[test]
fn texts_are_read_as_git_reads_them() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config");
    for text in [
        "",
        "[core]\nexcludesFile = /a",
        "[core]\n\texcludesfile=~/a b \n",
        "[CORE]\n EXCLUDESFILE\t=  \"/a b \" ; why\n",
        "[core] excludesFile = /a # [core]\n",
        "[core \"sub\"]\nexcludesFile = /a\n",
        "[user]\nexcludesFile = /a\n[core]\n",
        "[core]\nexcludesFile = /a\nexcludesFile = /b\n[other]\nexcludesFile = /c\n",
        "# excludesFile\n[core]\n; excludesFile = /x\nexcludesFile = /a\\\nb\n",
        "[core]\nexcludesFile = /a\\\"b\\\\c\\td\n",
        "[core]\nexcludesFile = /a\"#;\"b\r\n",
        "\u{feff}[core]\nexcludesFile = /a\nbare\neditor = x\n",
        "[core]\neditor = \"a \\\n excludesFile = /no\"\nexcludesFile = /a\n",
        "[core]\nexcludesFileX = /no\nx-excludesFile = /no\n",
        "[core]\nexcludesFile =\n",
    ] {
        let theirs = theirs(&file, text.as_bytes()).unwrap_or_else(|| panic!("{text:?} is broken"));
        assert_eq!(excludes_file(text.as_bytes()), theirs, "{text:?}");
    }
}

#[test]
fn random_texts() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config");
    let atoms = [
        "[core]",
        "[core ",
        "[a]",
        "\n",
        "\n",
        "excludesFile",
        "excludesFile = ",
        " = ",
        "/a",
        "b",
        " ",
        "\t",
        "\"",
        "\\\"",
        "\\\\",
        "\\\n",
        "#",
        ";",
        "]",
        "\\t",
        "=",
    ];
    let text = proptest::collection::vec(proptest::sample::select(atoms.to_vec()), 0..12);
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let run = runner.run(&text, |text| {
        let text = format!("[core]\nexcludesFile = {}", text.concat());
        let ours = excludes_file(text.as_bytes());
        match theirs(&file, text.as_bytes()) {
            Some(theirs) if theirs != ours => {
                let [ours, theirs] = [ours, theirs].map(|value| value.map(|value| value.escape_ascii().to_string()));
                Err(TestCaseError::fail(format!("{text:?}: {ours:?} and not {theirs:?}")))
            }
            _ => Ok(()),
        }
    });
    assert!(run.is_ok(), "{run:?}");
}
