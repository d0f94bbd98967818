//! A peer that was written from docs/sync-protocol.md, against the real program at the other end of two pipes: as a source
//! and as a target, as plainly as the protocol allows. It shares no code with protocols/sync, and what the document left
//! open has been added there: where the two come to differ, the document no longer says what is spoken.
//!
//! [`sync_wire`] is the bytes, [`pages`] the digests, [`program`] the process and the first words; [`source`] and [`target`]
//! are the two sides, [`hostile`] both of them with ill intent.

mod hostile;
mod pages;
mod program;
mod source;
mod target;

use std::fs::{self, File, FileTimes, OpenOptions};
use std::os::unix::fs::{FileExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use xssh_tests::noise::Noise;
use xssh_tests::subject::Subject;
use xssh_tests::sync_wire;
use xssh_tests::tree::{assert_same, plant_file};

/// With this key the tree below is in several pages.
const KEY: [u8; 32] = [6; 32];

const LARGE: u64 = (3 << 20) + 5;

struct Place {
    _scratch: TempDir,
    from: PathBuf,
    to: PathBuf,
}

impl Place {
    fn new() -> Self {
        let scratch = TempDir::new().expect("a scratch directory");
        let (from, to) = (scratch.path().join("from"), scratch.path().join("to"));
        fs::create_dir(&from).unwrap();
        fs::create_dir(&to).unwrap();
        plant(&from);
        Self { _scratch: scratch, from, to }
    }

    fn is_the_same(&self) {
        assert_same(&self.from, &self.to, &[]);
        let (from, to) = (source::walk(&self.from), source::walk(&self.to));
        // The time of a link need not be kept.
        for (one, other) in from.iter().zip(&to).filter(|(one, _)| one.metadata.kind != sync_wire::LINK) {
            assert_eq!(one, other, "modes and times");
        }
    }
}

fn plant(root: &Path) {
    for directory in ["empty", "a/b/c", "a.d"] {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    File::create(root.join("a/nothing")).unwrap();
    symlink("../somewhere/else", root.join("a/b/link")).unwrap();
    for number in 0..100 {
        fs::write(root.join(format!("a/b/c/{number}")), format!("file {number}\n").repeat(number)).unwrap();
    }
    fs::write(root.join("a.d/64 KiB"), vec![b'x'; 64 << 10]).unwrap();
    plant_file(&root.join("a.d/large"), Noise { seed: 1, length: LARGE });
    // A stretch of zeros, which may come as such.
    let large = OpenOptions::new().write(true).open(root.join("a.d/large")).unwrap();
    large.write_all_at(&vec![0; 1 << 20], 1 << 20).unwrap();
    for (number, entry) in
        source::walk(root).iter().enumerate().filter(|(_, entry)| entry.metadata.kind != sync_wire::LINK)
    {
        set_time(&root.join(std::str::from_utf8(&entry.path).unwrap()), number as u64);
    }
}

fn set_time(path: &Path, after: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::new(1_500_000_000 + after, 7);
    File::open(path).unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
}

fn push_in_three_runs(compression: u8) {
    let place = Place::new();
    let entries = source::walk(&place.from);
    let files = entries.iter().filter(|entry| entry.metadata.kind == sync_wire::FILE);
    let (count, bytes) = files.fold((0, 0), |(count, bytes), file| (count + 1, bytes + file.metadata.size));
    let all = entries.len() as u64;

    // Into an empty directory, of which only what belongs to it is set.
    let first = source::push(&place.from, &place.to, &KEY, compression);
    assert_eq!((first.listed, first.against_basis), (entries.len(), 0));
    assert_eq!(first.numbers, numbers([all, count, bytes, bytes, 0, all - count - 1, 1]));
    place.is_the_same();

    // One file has changed: only its surroundings are listed.
    let large = place.from.join("a.d/large");
    OpenOptions::new().write(true).open(&large).unwrap().write_all_at(b"changed", 2 << 20).unwrap();
    set_time(&large, 5000);
    let second = source::push(&place.from, &place.to, &KEY, compression);
    assert!((1..entries.len()).contains(&second.listed), "{second:?} of {all} entries");
    assert_eq!(second.against_basis, 1);
    assert_eq!(second.numbers, numbers([all, 1, LARGE, LARGE, 0, 0, 0]));
    place.is_the_same();

    // Nothing has changed: nothing is listed.
    let third = source::push(&place.from, &place.to, &KEY, compression);
    assert_eq!((third.listed, third.against_basis), (0, 0));
    assert_eq!(third.numbers, numbers([all, 0, 0, 0, 0, 0, 0]));
    place.is_the_same();
}

/// The sixteen numbers of a summary in which the last nine count nothing.
fn numbers(first: [u64; 7]) -> Vec<u64> {
    [&first[..], &[0; 9]].concat()
}

#[test]
fn as_a_source_that_does_not_compress() {
    if Subject::is_xssh_or_say("it is a peer of xssh sync") {
        push_in_three_runs(1);
    }
}

#[test]
fn as_a_source_that_compresses() {
    if Subject::is_xssh_or_say("it is a peer of xssh sync") {
        push_in_three_runs(2);
    }
}

#[test]
fn as_a_target() {
    if Subject::is_xssh_or_say("it is a peer of xssh sync") {
        for compression in [1, 2] {
            let place = Place::new();
            target::pull(&place.from, &place.to, &KEY, compression);
            place.is_the_same();
        }
    }
}
