//! Trees of files: planted, and compared byte for byte.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::BufWriter;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use crate::noise::Noise;

/// Names that shells, protocols and people stumble over. All but NUL and `/` may be in a name.
const ODD_NAMES: &[&[u8]] = &[
    b"two words",
    b" space before and after ",
    b"line\nbreak",
    b"carriage\rreturn",
    b"tab\there",
    b"quotes ' \" `",
    b"back\\slash",
    b"dollar $HOME $(id)",
    b"star * question ? [a]",
    b"-rf",
    b"--delete",
    b"semi;colon & pipe | more",
    b"colon:name",
    b"#hash ~tilde !bang",
    b"latin-1 \xe9\xe8",
    b"bytes \xff\xfe\x80",
    b"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa2",
    b"\x01\x1b[31mred",
];

/// What a name in a tree stands for.
#[derive(PartialEq, Eq)]
enum Entry {
    Folder,
    Link(PathBuf),
    File { runs: bool, bytes: Vec<u8> },
}

/// Writes a file of noise.
///
/// # Panics
/// If it cannot be written.
pub fn plant_file(path: &Path, noise: Noise) {
    let file = fs::File::create(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    noise.write_to(BufWriter::new(file)).expect("room for a file");
}

/// Plants files with odd names, an empty file, a folder in a folder, a link, and a program.
///
/// # Panics
/// If they cannot be written.
pub fn plant_odd(folder: &Path) {
    fs::create_dir_all(folder.join("deep/deeper/deepest folder")).expect("a folder");
    for (number, name) in ODD_NAMES.iter().enumerate() {
        let seed = number as u64;
        let place = if number % 3 == 0 { "deep/deeper/deepest folder" } else { "." };
        let path = folder.join(place).join(OsStr::from_bytes(name));
        plant_file(&path, Noise { seed, length: seed * 4321 });
    }
    fs::create_dir(folder.join(OsStr::from_bytes(b"folder \xff\n"))).expect("a folder");
    symlink("deep/two words", folder.join("a link")).expect("a link");
    fs::write(folder.join("program"), "#!/bin/sh\necho hello\n").expect("a file");
    fs::set_permissions(folder.join("program"), fs::Permissions::from_mode(0o755)).expect("a program");
}

/// Plants this many small files, a hundred in a folder.
///
/// # Panics
/// If they cannot be written.
pub fn plant_many(folder: &Path, count: u64) {
    for seed in 0..count {
        let place = folder.join((seed / 100).to_string());
        if seed % 100 == 0 {
            fs::create_dir_all(&place).expect("a folder");
        }
        plant_file(&place.join(seed.to_string()), Noise { seed, length: seed % 1500 });
    }
}

/// Asserts that two trees hold the same names, bytes, links and executable files, apart from names in `ignored`.
///
/// # Panics
/// Says what differs.
#[track_caller]
pub fn assert_same(one: &Path, other: &Path, ignored: &[&str]) {
    let (ones, others) = (read(one, ignored), read(other, ignored));
    assert!(!ones.is_empty(), "{} is empty: nothing was compared", one.display());
    let names = ones.keys().chain(others.keys());
    let differs: Vec<_> = names.filter(|name| ones.get(*name) != others.get(*name)).take(5).collect();
    assert!(differs.is_empty(), "{} and {} differ in {differs:?} (the first few)", one.display(), other.display());
}

/// What is in a tree, by path below it.
fn read(root: &Path, ignored: &[&str]) -> BTreeMap<OsString, Entry> {
    let mut entries = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let at = root.join(&folder);
        let children = fs::read_dir(&at).unwrap_or_else(|error| panic!("{}: {error}", at.display()));
        for child in children {
            let child = child.expect("an entry of a folder");
            if ignored.iter().any(|name| child.file_name() == *name) {
                continue;
            }
            let path = folder.join(child.file_name());
            let entry = look(&child.path());
            if entry == Entry::Folder {
                folders.push(path.clone());
            }
            entries.insert(path.into_os_string(), entry);
        }
    }
    entries
}

fn look(path: &Path) -> Entry {
    let about = fs::symlink_metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if about.is_dir() {
        Entry::Folder
    } else if about.is_symlink() {
        Entry::Link(fs::read_link(path).expect("a link"))
    } else {
        Entry::File { runs: about.permissions().mode() & 0o100 != 0, bytes: fs::read(path).expect("a file") }
    }
}

/// A path below `folder` whose last name is not UTF-8.
#[must_use]
pub fn not_utf8(folder: &Path) -> PathBuf {
    folder.join(OsString::from_vec(b"not \xff utf-8".to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        for tree in [&one, &other] {
            plant_odd(tree);
        }
        (folder, one, other)
    }

    #[test]
    fn the_same_is_the_same() {
        let (_folder, one, other) = pair();
        assert_same(&one, &other, &[]);
    }

    #[test]
    #[should_panic(expected = "two words")]
    fn a_changed_byte_differs() {
        let (_folder, one, other) = pair();
        let path = other.join("deep/deeper/deepest folder/two words");
        fs::write(path, "x").unwrap();
        assert_same(&one, &other, &[]);
    }

    #[test]
    #[should_panic(expected = "more")]
    fn an_additional_name_differs() {
        let (_folder, one, other) = pair();
        fs::write(other.join("more"), "").unwrap();
        assert_same(&one, &other, &[]);
    }

    #[test]
    fn ignored_names_do_not_count() {
        let (_folder, one, other) = pair();
        fs::write(other.join("more"), "").unwrap();
        assert_same(&one, &other, &["more"]);
    }
}
