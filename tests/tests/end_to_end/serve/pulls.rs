//! Stock rsync pulls.

use std::fs;
use std::os::unix::fs::symlink;

use crate::over_both_servers;
use crate::served::{Front, Served, plant};
use crate::sync::{assert_alike, text};

over_both_servers!(
    trees_files_and_lists_are_pulled,
    a_file_or_pattern_that_is_not_there_is_named,
    what_is_not_there_is_named_as_the_client_does,
    what_has_no_directory_to_be_in_is_named_and_the_rest_is_sent,
    links_that_lead_out_are_no_way_out,
);

fn names<F: Front>(served: &Served<F>, folder: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut folders = vec![served.here(folder)];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(served.here(folder)).expect("below").to_string_lossy().into_owned();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else {
                found.push(name);
            }
        }
    }
    found.sort();
    found
}

fn trees_files_and_lists_are_pulled<F: Front>() {
    let served = Served::<F>::with("--read-only");
    plant(&served.root().join("there"));
    let back = text(&served.here("back")).to_owned();
    let _ = served.rsync(&["-az", "target:there/", &back]).run().ok();
    assert_alike(&served.root().join("there"), &served.here("back"));
    let pull = |options: &[&str], sources: &[&str], folder: &str| {
        let target = format!("{}/", text(&served.here(folder)));
        let outcome = served.rsync(&[&["-a"], options, sources, &[&target]].concat()).run().ok();
        assert!(outcome.stdout.is_empty() && outcome.stderr.is_empty(), "{outcome}");
        let (names, last) = (names(&served, folder), served.journal().pop().expect("a line"));
        assert_eq!(last["files"], names.len(), "{last}");
        assert!(last["bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{last}");
        names
    };
    assert_eq!(pull(&[], &["target:there/a", ":there/sub/d"], "1"), ["a", "d"]);
    assert_eq!(pull(&[], &["target:there/[ab]*"], "2"), ["a", "b c"]);
    assert_eq!(pull(&[], &["target:*/*/deep"], "3"), ["deep/e"]);
    assert_eq!(pull(&[], &["target:there/b c"], "4"), ["b c"]);
    assert_eq!(pull(&["-R"], &["target:there/sub/d"], "5"), ["there/sub/d"]);
    assert_eq!(pull(&["-R"], &["target:there/./sub/d", ":there/./a"], "6"), ["a", "sub/d"]);
    let list = served.here("list");
    fs::write(&list, "a\nsub/deep/e\n").expect("a list");
    assert_eq!(pull(&["--files-from", text(&list)], &["target:there"], "7"), ["a", "sub/deep/e"]);
    fs::write(served.root().join("list"), "b c\nsub/d\n").expect("a list");
    assert_eq!(pull(&["--files-from=:list"], &["target:there"], "8"), ["b c", "sub/d"]);
    assert_eq!(pull(&[], &["target:there/.h*"], "9"), [".hidden"]);
    let listed = served.rsync(&["-r", "--list-only", "target:there/sub/"]).run().ok();
    assert!(listed.text().contains("deep/e"), "{listed}");
    served.assert_unharmed();
}

fn a_file_or_pattern_that_is_not_there_is_named<F: Front>() {
    let served = Served::<F>::with("--read-only");
    plant(&served.root().join("there"));
    for source in ["target:there/none", "target:there/none*"] {
        let outcome = served.rsync(&["-a", source, text(&served.here("back"))]).run();
        assert_eq!(outcome.code(), Some(23), "{outcome}");
        let _ = outcome.says("none");
    }
    // A list of files has nowhere to begin.
    fs::write(served.here("list"), "a\n").expect("a list");
    let list = format!("--files-from={}", text(&served.here("list")));
    for source in ["target:nowhere", "target:nowhere/x"] {
        let outcome = served.rsync(&["-a", &list, source, text(&served.here("back"))]).run();
        served.assert_refused(&outcome, "there is no such directory");
    }
    let outcome = served.rsync(&["-a", "--files-from=:nowhere", "target:there", text(&served.here("back"))]).run();
    served.assert_refused(&outcome, "nowhere: there is no such file");
}

/// As with an rsync that nobody has confined, all else comes, and nothing is deleted for want of what is not there.
fn what_has_no_directory_to_be_in_is_named_and_the_rest_is_sent<F: Front>() {
    let served = Served::<F>::with("--read-only");
    plant(&served.root().join("there"));
    let back = text(&served.here("back")).to_owned();
    let pull = |options: &[&str], sources: &[&str], missing: &[&str]| {
        fs::create_dir_all(&back).expect("a folder");
        fs::write(served.here("back/extra"), "kept").expect("a file");
        let outcome = served.rsync(&[&["-a", "--delete"], options, sources, &[&back]].concat()).run().ends(23);
        let told = format!("{outcome}");
        let errors = outcome.errors();
        let ours: Vec<&str> = errors.lines().filter_map(|line| line.strip_prefix("xssh: ")).collect();
        assert_eq!(ours, missing, "{told}");
        assert!(!errors.contains("entity not found"), "{told}");
        let last = served.journal().pop().expect("a line");
        assert_eq!((&last["verdict"], &last["reason"]), (&"failed".into(), &missing[0].into()), "{last}");
        let mut names = names(&served, "back");
        names.retain(|name| name != "extra");
        assert!(served.here("back/extra").exists(), "{told}");
        fs::remove_dir_all(&back).expect("a folder");
        names
    };
    let no = |path: &str| format!("{path}: there is no such file or directory");
    let (y, z) = (no("missing/y"), no("missing/z"));
    assert_eq!(pull(&["-r"], &["target:there/a", ":missing/y"], &[&y]), ["a"]);
    assert_eq!(pull(&["-r"], &["target:missing/y", ":there/a", ":there/sub/d"], &[&y]), ["a", "d"]);
    assert_eq!(pull(&["-r"], &["target:missing/y", ":missing/z", ":there/a"], &[&y, &z]), ["a"]);
    assert_eq!(pull(&["-R"], &["target:there/./a", ":missing/y", ":missing/./z"], &[&y, &z]), ["a"]);
    // A file is no directory.
    let in_file = no("there/a/x");
    assert_eq!(pull(&["-r"], &["target:there/a/x", ":there/b c"], &[&in_file]), ["b c"]);
    let content = "there/a/: there is no such directory";
    assert_eq!(pull(&["-r"], &["target:there/a/", ":there/b c"], &[content]), ["b c"]);
    // Alone, and by a pattern that nothing matches.
    assert!(pull(&[], &["target:missing/y"], &[&y]).is_empty());
    assert!(pull(&[], &["target:missing/"], &["missing/: there is no such directory"]).is_empty());
    assert!(pull(&[], &["target:missing/y*"], &[&no("missing/y*")]).is_empty());
    served.assert_unharmed();
}

/// Not by what rsync's server calls them.
fn what_is_not_there_is_named_as_the_client_does<F: Front>() {
    let served = Served::<F>::with("--read-only");
    plant(&served.root().join("there"));
    let back = text(&served.here("back")).to_owned();
    let outcome = served.rsync(&["-a", "target:there/a", ":there/none", ":there/neither", &back]).run().ends(23);
    assert!(outcome.errors().contains("there/none\"") && !outcome.errors().contains("/proc/"), "{outcome}");
    fs::write(served.here("list"), "a\nneither\n").expect("a list");
    let list = format!("--files-from={}", text(&served.here("list")));
    let outcome = served.rsync(&["-a", "-v", &list, "target:there", &back]).run().ends(23);
    let lines: Vec<String> = outcome.errors().lines().map(str::to_owned).collect();
    assert!(lines.len() == 2 && lines[0].contains("there/neither"), "{outcome}");
}

fn links_that_lead_out_are_no_way_out<F: Front>() {
    let served = Served::<F>::with("");
    let root = served.root();
    plant(&root.join("there"));
    symlink("../outside", root.join("up")).expect("a link");
    symlink(served.folder().join("outside"), root.join("far")).expect("a link");
    symlink("../../outside/canary", root.join("there/canary")).expect("a link");
    let back = text(&served.here("back")).to_owned();
    for source in
        ["target:up/", "target:far/", "target:up/canary", "target:far/*", "target:there/canary/", "target:up/."]
    {
        let outcome = served.rsync(&["-a", source, &back]).run();
        assert_ne!(outcome.code(), Some(0), "{source}: {outcome}");
        served.assert_unlearned(&outcome);
    }
    // As links they are what they are.
    let outcome = served.rsync(&["-a", "target:there/", &back]).run().ok();
    served.assert_unlearned(&outcome);
    for option in ["-L", "--copy-unsafe-links", "-k"] {
        let outcome = served.rsync(&["-a", option, "target:there/", &back]).run();
        served.assert_refused(&outcome, "is not served here");
        served.assert_unlearned(&outcome);
    }
    // A list that goes through one.
    for list in ["canary\n", "../up/canary\n", "../../outside/canary\n", "/etc/passwd\n"] {
        fs::write(served.here("list"), list).expect("a list");
        let outcome = served.rsync(&["-a", "--files-from", text(&served.here("list")), "target:there", &back]).run();
        served.assert_unlearned(&outcome);
    }
    served.assert_unharmed();
}
