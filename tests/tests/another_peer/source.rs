//! A peer whose tree is copied: it answers what the target asks, always with whole files.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::pages::{self, pages, tree};
use super::program::{Helper, Right, Start, switch};
use xssh_tests::sync_wire::{DIRECTORY, Entry, FileId, Frame, Metadata, Payload, kind, order};

const SMALL: u64 = 64 << 10;
const PIECE: usize = 200 << 10;
const BATCH: usize = 100;
const SUM: usize = 10;

const ALL: u64 = switch::MODES | switch::TIMES | switch::OWNERS | switch::GROUPS | switch::NUMERIC_IDS;

/// What the target's *finished* says, and what it asked for on the way.
#[derive(Debug)]
pub struct Summary {
    /// The sixteen numbers.
    pub numbers: Vec<u64>,
    /// How many entries were listed.
    pub listed: usize,
    /// Files that were wanted against a basis.
    pub against_basis: usize,
}

struct Source<'a> {
    root: &'a Path,
    entries: Vec<Entry>,
    /// By which the target says what it has of them.
    digests: Vec<[u8; 8]>,
    helper: Helper,
    /// What was listed, by range.
    ranges: Vec<(u64, Vec<usize>)>,
    /// A file that is wanted against a basis, and how many of its sums have not come.
    sums_to_come: Option<(FileId, u64)>,
    summary: Summary,
}

/// Copies one tree to another directory of the same machine.
pub fn push(from: &Path, to: &Path, key: &[u8; 32], compression: u8) -> Summary {
    let start = Start { helper_is_target: true, key, switches: ALL, compression, path: to };
    let (helper, ready) = Helper::start(&start);
    let entries = walk(from);
    let summary = Summary { numbers: Vec::new(), listed: 0, against_basis: 0 };
    let digests = entries.iter().map(|entry| pages::entry(entry, key, Some(&ready.right))).collect();
    let (ranges, sums_to_come) = (Vec::new(), None);
    let mut source = Source { root: from, entries, digests, helper, ranges, sums_to_come, summary };
    source.say_pages(key, &ready.right);
    let digest = loop {
        let frame = source.helper.next();
        if let Some(digest) = source.answer(frame) {
            break digest;
        }
    };
    assert_eq!(digest, tree(&source.entries), "the digest of the tree");
    source.helper.end();
    source.summary
}

/// All entries of a tree, in the order of the protocol.
pub fn walk(root: &Path) -> Vec<Entry> {
    let mut entries = vec![Entry::look(root, b"")];
    let mut next = 0;
    while next < entries.len() {
        let above = entries[next].clone();
        next += 1;
        if above.metadata.kind != DIRECTORY {
            continue;
        }
        for name in fs::read_dir(root.join(std::ffi::OsStr::from_bytes(&above.path))).expect("a directory") {
            let name = name.expect("a name").file_name();
            let path = [&above.path[..], name.as_bytes()];
            let path = if above.path.is_empty() { path.concat() } else { path.join(&b'/') };
            entries.push(Entry::look(root, &path));
        }
    }
    entries.sort_by_key(|entry| order(&entry.path));
    entries
}

impl Source<'_> {
    fn say_pages(&mut self, key: &[u8; 32], right: &Right) {
        let mut batch = Payload::default();
        let mut before = Vec::new();
        for page in pages(&self.entries, key, Some(right)) {
            batch.after(&before, &page.first).bytes(&page.digest).bytes(&page.owners);
            before = page.first;
        }
        self.helper.send(kind::PAGES, &batch);
        let mut end = Payload::default();
        end.number(self.entries.len() as u64).byte(1).bytes(&tree(&self.entries));
        self.helper.send(kind::END_OF_PAGES, &end);
    }

    /// Answers a message; with the tree's digest where it was the last.
    fn answer(&mut self, mut frame: Frame) -> Option<[u8; 32]> {
        match frame.kind {
            kind::LIST => self.list(&mut frame),
            kind::RELEASE => {
                let range = frame.number();
                self.ranges.retain(|(number, _)| *number != range);
            }
            kind::WANT_WHOLE => {
                while !frame.is_empty() {
                    let file = frame.file();
                    self.whole(file);
                }
            }
            kind::WANT_AGAINST_BASIS => {
                let (file, length, power) = (frame.file(), frame.number(), frame.byte());
                self.summary.against_basis += 1;
                self.begin(file);
                self.helper.send(kind::APART, Payload::default().file(file));
                self.sums_to_come = Some((file, length.div_ceil(1 << power)));
            }
            kind::WANT_DIGEST => {
                let mut digest = Payload::default();
                while !frame.is_empty() {
                    let file = frame.file();
                    let (_, bytes) = self.read(file);
                    digest.file(file).bytes(blake3::hash(&bytes).as_bytes());
                }
                self.helper.send(kind::DIGEST, &digest);
            }
            kind::SUMS | kind::MOVED_SUMS => self.sums(&mut frame),
            kind::FINISHED => {
                self.summary.numbers = (0..16).map(|_| frame.number()).collect();
                return Some(frame.digest());
            }
            other => panic!("kind {other}, which nothing here asks for"),
        }
        None
    }

    fn list(&mut self, frame: &mut Frame) {
        let range = frame.number();
        let from = order(&frame.string());
        let to = if frame.byte() == 0 { None } else { Some(order(&frame.string())) };
        let asked = |entry: &Entry| {
            let path = order(&entry.path);
            path >= from && to.as_ref().is_none_or(|to| path < *to)
        };
        let mut had: Vec<[u8; 8]> = Vec::new();
        while !frame.is_empty() {
            had.push(frame.digest());
        }
        let is_alike = |place: &usize| had.contains(&self.digests[*place]);
        let within = (0..self.entries.len()).filter(|place| asked(&self.entries[*place]));
        let (alike, places): (Vec<_>, Vec<_>) = within.partition(is_alike);
        for batch in places.chunks(BATCH) {
            let mut payload = Payload::default();
            payload.number(range);
            let mut before: &[u8] = b"";
            for place in batch {
                let entry = &self.entries[*place];
                entry.put(&mut payload, before);
                before = &entry.path;
            }
            self.helper.send(kind::ENTRIES, &payload);
        }
        let mut end = Payload::default();
        end.number(range).byte(1);
        // So many of the target's are alike, so many next are not: here each is told alone.
        for digest in &had {
            let is_alike = alike.iter().any(|place| self.digests[*place] == *digest);
            end.number(u64::from(is_alike)).number(u64::from(!is_alike));
        }
        self.helper.send(kind::END_OF_RANGE, &end);
        self.summary.listed += places.len();
        self.ranges.push((range, places));
    }

    fn read(&self, (range, place): FileId) -> (Metadata, Vec<u8>) {
        let (_, places) = self.ranges.iter().find(|(number, _)| *number == range).expect("a range that was asked for");
        let entry = &self.entries[places[usize::try_from(place).unwrap()]];
        let bytes = fs::read(self.root.join(std::ffi::OsStr::from_bytes(&entry.path))).expect("a file");
        (entry.metadata.clone(), bytes)
    }

    fn whole(&mut self, file: FileId) {
        let (metadata, bytes) = self.read(file);
        if metadata.size > SMALL {
            return self.large(file);
        }
        let mut payload = Payload::default();
        payload.file(file).metadata(&metadata).bytes(blake3::hash(&bytes).as_bytes()).string(&bytes);
        self.helper.send(kind::SMALL_FILES, &payload);
    }

    /// They are not compared with anything, but nothing may be said of the contents before all have come.
    fn sums(&mut self, frame: &mut Frame) {
        let (file, blocks) = self.sums_to_come.take().expect("a file that is wanted against a basis");
        assert_eq!(frame.file(), file);
        let sums = frame.rest().chunks_exact(SUM);
        assert!(sums.remainder().is_empty() && sums.len() as u64 <= blocks);
        match sums.len() as u64 {
            come if come > 0 && come < blocks => self.sums_to_come = Some((file, blocks - come)),
            _ => self.contents(file),
        }
    }

    fn large(&mut self, file: FileId) {
        self.begin(file);
        self.contents(file);
    }

    fn begin(&mut self, file: FileId) {
        let (metadata, _) = self.read(file);
        self.helper.send(kind::BEGIN, Payload::default().file(file).metadata(&metadata));
    }

    fn contents(&mut self, file: FileId) {
        let (_, bytes) = self.read(file);
        for piece in bytes.chunks(PIECE) {
            self.helper.send(kind::DATA, Payload::default().file(file).bytes(piece));
        }
        self.helper.send(kind::END, Payload::default().file(file).bytes(blake3::hash(&bytes).as_bytes()));
    }
}
