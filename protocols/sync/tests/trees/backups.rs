//! What is replaced or deleted is kept, where that is asked for.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

use xssh_fs::RelPath;
use xssh_sync::{Backup, BackupPlace, Options};

use super::pair::Pair;

fn prepared() -> Pair {
    let pair = Pair::new();
    for (name, old, new) in [("a/f", "old", "the new"), ("g", "old too", "2"), ("same", "=", "=")] {
        for (root, text) in [(pair.source(), new), (pair.target(), old)] {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
    let time = fs::metadata(pair.source().join("same")).unwrap().modified().unwrap();
    fs::File::open(pair.target().join("same")).unwrap().set_modified(time).unwrap();
    fs::create_dir(pair.target().join("gone")).unwrap();
    fs::write(pair.target().join("gone/f"), "deleted").unwrap();
    pair
}

#[test]
fn with_a_suffix_beside_it() {
    let pair = prepared();
    let backup = Some(Backup { suffix: b".old".to_vec(), place: BackupPlace::Beside });
    let options = Options { delete: true, backup, ..Options::default() };
    pair.push(&options).ok();
    let read = |name: &str| fs::read_to_string(pair.target().join(name)).unwrap();
    assert_eq!((read("a/f"), read("a/f.old")), ("the new".to_owned(), "old".to_owned()));
    assert_eq!(read("g.old"), "old too");
    assert!(!pair.target().join("same.old").exists());
    assert_eq!(read("gone/f.old"), "deleted");
    // What was kept is neither deleted nor kept again.
    assert!(pair.push(&options).changes.is_empty());
}

#[test]
fn in_a_directory_of_its_own() {
    let pair = prepared();
    let backup =
        Some(Backup { suffix: Vec::new(), place: BackupPlace::Inside(RelPath::parse(b"kept/today").unwrap()) });
    let options = Options { delete: true, backup, ..Options::default() };
    pair.pull(&options).ok();
    let read = |name: &str| fs::read_to_string(pair.target().join(name)).unwrap();
    assert_eq!((read("kept/today/a/f"), read("kept/today/g")), ("old".to_owned(), "old too".to_owned()));
    assert_eq!(read("kept/today/gone/f"), "deleted");
    assert!(!pair.target().join("gone").exists());
    assert!(pair.pull(&options).changes.is_empty());
}

/// Written in its place, a file must not take what was kept of it along.
#[test]
fn of_files_that_are_written_in_place() {
    let pair = prepared();
    let backup = Some(Backup { suffix: b".old".to_vec(), place: BackupPlace::Beside });
    let options = Options { inplace: true, backup, ..Options::default() };
    pair.push(&options).ok();
    let read = |name: &str| fs::read_to_string(pair.target().join(name)).unwrap();
    assert_eq!((read("a/f"), read("a/f.old")), ("the new".to_owned(), "old".to_owned()));
}

/// In a directory that is held by itself, on the same file system and on another one.
#[test]
fn in_a_directory_outside() {
    let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
    for (place, folder) in [("../old", None), (elsewhere.path().to_str().unwrap(), Some(elsewhere.path()))] {
        let pair = prepared();
        let folder = folder.map_or_else(|| pair.beside("old"), std::path::Path::to_owned);
        symlink("nowhere", pair.target().join("gone/link")).unwrap();
        let inode = fs::metadata(pair.target().join("g")).unwrap().ino();
        let time = fs::metadata(pair.target().join("g")).unwrap().modified().unwrap();
        let backup = Some(Backup { suffix: Vec::new(), place: BackupPlace::Outside(place.into()) });
        let options = Options { delete: true, backup, ..Options::default() };
        pair.pull(&options).ok();
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!([read("a/f"), read("g"), read("gone/f")], ["old", "old too", "deleted"]);
        assert_eq!(fs::read_link(folder.join("gone/link")).unwrap(), std::path::Path::new("nowhere"));
        assert_eq!(fs::metadata(folder.join("g")).unwrap().ino() == inode, place == "../old");
        assert_eq!(fs::metadata(folder.join("g")).unwrap().modified().unwrap(), time);
        pair.assert_alike();
        assert!(pair.pull(&options).changes.is_empty());
    }
}
