//! A peer whose directory is changed: it lists the whole tree at once, and wants every file whole.

use std::collections::BTreeMap;
use std::fs::{self, File, FileTimes, OpenOptions, Permissions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::pages::{Page, pages, tree};
use super::program::{Helper, Start, switch};
use xssh_tests::sync_wire::{DIRECTORY, Entry, FILE, FileId, Frame, LINK, Metadata, Payload, kind};

const RANGE: u64 = 1;

/// What is known of a run so far.
struct Target<'a> {
    root: &'a Path,
    helper: Helper,
    pages: Vec<Page>,
    count: u64,
    tree: [u8; 32],
    entries: Vec<Entry>,
    /// Files that are wanted and not there yet.
    missing: BTreeMap<FileId, Metadata>,
    begun: Option<(FileId, File)>,
    /// Whether all files are asked for.
    wanted: bool,
    bytes: u64,
}

/// Copies a directory of the same machine into an empty one.
pub fn pull(from: &Path, to: &Path, key: &[u8; 32], compression: u8) {
    let switches = switch::MODES | switch::TIMES;
    let start = Start { helper_is_target: false, key, switches, compression, path: from };
    let (helper, ready) = Helper::start(&start);
    assert!(ready.names.is_empty(), "the root is the directory itself");
    let mut target = Target {
        root: to,
        helper,
        pages: Vec::new(),
        count: 0,
        tree: [0; 32],
        entries: Vec::new(),
        missing: BTreeMap::new(),
        begun: None,
        wanted: false,
        bytes: 0,
    };
    let mut compressed = 0;
    loop {
        let frame = target.helper.next();
        compressed += usize::from(frame.came_compressed);
        if target.take(frame) {
            break;
        }
    }
    assert_eq!(compressed > 0, compression == 2, "{compressed} compressed frames");
    assert!(target.pages.len() > 1, "the tree is in several pages");
    assert_eq!(target.entries.len() as u64, target.count, "the number of entries");
    assert_eq!(pages(&target.entries, key, None), target.pages, "the digests of what came");
    assert_eq!(tree(&target.entries), target.tree, "the digest of the tree");
    target.settle();
    target.finish();
}

impl Target<'_> {
    /// Takes a message in; true after the last file.
    fn take(&mut self, mut frame: Frame) -> bool {
        match frame.kind {
            kind::PAGES => self.take_pages(&mut frame),
            kind::END_OF_PAGES => {
                self.count = frame.number();
                assert_eq!(frame.byte(), 1, "all could be read");
                self.tree = frame.digest();
                self.helper.send(kind::LIST, Payload::default().number(RANGE).string(b"").byte(0));
            }
            kind::ENTRIES => self.take_entries(&mut frame),
            kind::END_OF_RANGE => {
                assert_eq!((frame.number(), frame.byte()), (RANGE, 1), "all of the range could be read");
                self.want();
            }
            kind::SMALL_FILES => {
                while !frame.is_empty() {
                    self.small(&mut frame);
                }
            }
            kind::BEGIN => {
                let file = frame.file();
                assert_eq!(frame.metadata(), self.missing[&file]);
                let path = self.place(file);
                let new = OpenOptions::new().read(true).write(true).create_new(true).open(path).expect("a new file");
                assert!(self.begun.replace((file, new)).is_none(), "one at a time");
            }
            kind::DATA => {
                let file = frame.file();
                self.open(file).write_all(frame.rest()).expect("room for a file");
            }
            kind::ZEROS => {
                let file = frame.file();
                let count = frame.number();
                self.open(file).seek(SeekFrom::Current(count.cast_signed())).expect("a hole");
            }
            kind::END => self.end_of_file(&mut frame),
            kind::ASK_LANES => self.helper.send(kind::ANSWER, Payload::default().byte(0)),
            kind::NAME => {}
            other => panic!("kind {other}, for which nothing here has asked"),
        }
        self.wanted && self.missing.is_empty()
    }

    fn place(&self, (range, place): FileId) -> PathBuf {
        assert_eq!(range, RANGE);
        let entry = &self.entries[usize::try_from(place).unwrap()];
        self.root.join(std::ffi::OsStr::from_bytes(&entry.path))
    }

    fn take_pages(&mut self, frame: &mut Frame) {
        let mut before = Vec::new();
        while !frame.is_empty() {
            let first = frame.after(&before);
            before.clone_from(&first);
            self.pages.push(Page { first, digest: frame.digest(), owners: frame.digest() });
        }
    }

    /// Makes what is no file.
    fn take_entries(&mut self, frame: &mut Frame) {
        assert_eq!(frame.number(), RANGE);
        let mut before = Vec::new();
        while !frame.is_empty() {
            let entry = Entry::take(frame, &before);
            before.clone_from(&entry.path);
            let path = self.root.join(std::ffi::OsStr::from_bytes(&entry.path));
            match entry.metadata.kind {
                DIRECTORY if entry.path.is_empty() => {}
                DIRECTORY => fs::create_dir(&path).expect("a new directory"),
                LINK => symlink(std::ffi::OsStr::from_bytes(&entry.link), &path).expect("a new link"),
                _ => {}
            }
            self.entries.push(entry);
        }
    }

    /// Asks for all files.
    fn want(&mut self) {
        let mut all = Payload::default();
        for (place, entry) in self.entries.iter().enumerate() {
            if entry.metadata.kind == FILE {
                let file = (RANGE, place as u64);
                all.file(file);
                self.missing.insert(file, entry.metadata.clone());
            }
        }
        self.helper.send(kind::WANT_WHOLE, &all);
        self.wanted = true;
    }

    fn small(&mut self, frame: &mut Frame) {
        let file = frame.file();
        assert_eq!(Some(frame.metadata()), self.missing.remove(&file));
        let digest = frame.digest();
        let bytes = frame.string();
        assert_eq!(*blake3::hash(&bytes).as_bytes(), digest, "the digest of a small file");
        fs::write(self.place(file), &bytes).expect("room for a file");
        self.bytes += bytes.len() as u64;
    }

    fn open(&mut self, file: FileId) -> &mut File {
        let (begun, open) = self.begun.as_mut().expect("a file that was begun");
        assert_eq!(*begun, file);
        open
    }

    fn end_of_file(&mut self, frame: &mut Frame) {
        let file = frame.file();
        let metadata = self.missing.remove(&file).expect("a file that was wanted");
        // Zeros at the end are nowhere yet.
        self.open(file).set_len(metadata.size).expect("a length");
        self.begun = None;
        let bytes = fs::read(self.place(file)).expect("the file");
        assert_eq!(*blake3::hash(&bytes).as_bytes(), frame.digest(), "the digest of a large file");
        self.bytes += bytes.len() as u64;
    }

    /// Sets modes and times, of directories after what is in them.
    fn settle(&self) {
        for Entry { path, metadata, .. } in self.entries.iter().rev().filter(|entry| entry.metadata.kind != LINK) {
            let open = File::open(self.root.join(std::ffi::OsStr::from_bytes(path))).expect("what was made");
            let nanoseconds = u32::try_from(metadata.nanoseconds).unwrap();
            let time = SystemTime::UNIX_EPOCH + Duration::new(metadata.seconds.cast_unsigned(), nanoseconds);
            let mode = u32::try_from(metadata.mode).unwrap();
            open.set_permissions(Permissions::from_mode(mode)).expect("a mode");
            open.set_times(FileTimes::new().set_modified(time)).expect("a time");
        }
    }

    fn finish(mut self) {
        let files = self.entries.iter().filter(|entry| entry.metadata.kind == FILE).count() as u64;
        let mut finished = Payload::default();
        finished.number(self.count).number(files).number(self.bytes).number(self.bytes).number(0);
        finished.number(self.count - files);
        for _ in 0..10 {
            finished.number(0);
        }
        finished.bytes(&self.tree);
        self.helper.send(kind::RELEASE, Payload::default().number(RANGE));
        self.helper.send(kind::FINISHED, &finished);
        self.helper.end();
    }
}
