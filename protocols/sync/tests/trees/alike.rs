//! What is alike costs next to nothing on the line, whatever lies beside it.

use std::fs;
use std::path::Path;

use xssh_sync::{Change, Options};

use super::pair::Pair;

/// Directories of so many small files each.
fn fill(root: &Path, directories: u32, files: u32) {
    for directory in 0..directories {
        let path = root.join(format!("a directory with the number {directory}"));
        fs::create_dir(&path).unwrap();
        for file in 0..files {
            fs::write(path.join(format!("a file with the number {file}")), format!("{directory} {file}")).unwrap();
        }
    }
}

/// A target that keeps more than the source has something to compare in every page, in every run.
#[test]
fn files_that_only_the_target_keeps_cost_eight_bytes_an_entry() {
    let pair = Pair::new();
    fill(&pair.source(), 20, 200);
    pair.push(&Options::default()).ok();
    for entry in fs::read_dir(pair.target()).unwrap() {
        for extra in 0..10 {
            fs::write(entry.as_ref().unwrap().path().join(format!("its own, {extra}")), "kept").unwrap();
        }
    }
    // The times of the directories that the files were made in.
    pair.push(&Options::default()).ok();
    for run in [pair.push(&Options::default()), pair.pull(&Options::default())] {
        run.ok();
        assert_eq!(run.changes, []);
        let entries = 20 * 211;
        assert!(run.bytes < entries * 9 + 4000, "{} bytes for {entries} entries", run.bytes);
    }
    let run = pair.pull(&Options { delete: true, ..Options::default() });
    assert_eq!(run.ok().deleted, 200);
    assert_eq!(run.changes.iter().filter(|(_, change)| *change == Change::Deleted).count(), 200);
    pair.assert_alike();
}

/// One file of a large page.
#[test]
fn one_change_costs_its_page_eight_bytes_an_entry() {
    let pair = Pair::new();
    fill(&pair.source(), 1, 4000);
    pair.push(&Options::default()).ok();
    let changed = "a directory with the number 0/a file with the number 1234";
    fs::write(pair.source().join(changed), "something else").unwrap();
    for run in [pair.push(&Options::default()), pair.push(&Options::default())] {
        run.ok();
        // All pages that the change could be in together, and the digests of all.
        assert!(run.bytes < 4000 * 8 / 2 + 2000, "{}", run.bytes);
    }
    pair.assert_alike();
}

/// Another mode, time or target of a link makes an entry another.
#[test]
fn what_differs_in_one_property_is_not_alike() {
    let pair = Pair::new();
    fill(&pair.source(), 1, 50);
    std::os::unix::fs::symlink("somewhere", pair.source().join("link")).unwrap();
    pair.push(&Options::default()).ok();
    let folder = pair.source().join("a directory with the number 0");
    let one = folder.join("a file with the number 1");
    fs::set_permissions(&one, std::os::unix::fs::PermissionsExt::from_mode(0o400)).unwrap();
    let other = fs::File::options().append(true).open(folder.join("a file with the number 2")).unwrap();
    other.set_modified(std::time::UNIX_EPOCH).unwrap();
    fs::remove_file(pair.source().join("link")).unwrap();
    std::os::unix::fs::symlink("elsewhere", pair.source().join("link")).unwrap();
    let run = pair.push(&Options::default());
    run.ok();
    assert_eq!(run.changes.len(), 4, "{:?}", run.changes);
    pair.assert_alike();
    assert_eq!(pair.push(&Options::default()).changes, []);
}
