//! Bytes of the sync protocol: numbers, strings, frames, metadata and entries, as docs/sync-protocol.md has them. Nothing is
//! taken from protocols/sync: who speaks so speaks as the document does.

use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

/// Kinds of frames that this peer sends or reads.
pub mod kind {
    /// Digests of pages.
    pub const PAGES: u8 = 1;
    /// The end of the walk.
    pub const END_OF_PAGES: u8 = 2;
    /// Entries of a range.
    pub const ENTRIES: u8 = 3;
    /// The end of a range.
    pub const END_OF_RANGE: u8 = 4;
    /// Files, whole.
    pub const SMALL_FILES: u8 = 5;
    /// A large file begins.
    pub const BEGIN: u8 = 6;
    /// Bytes of it.
    pub const DATA: u8 = 7;
    /// Its end.
    pub const END: u8 = 9;
    /// Digests of files.
    pub const DIGEST: u8 = 10;
    /// So many zeros.
    pub const ZEROS: u8 = 14;
    /// Of an owner or a group.
    pub const NAME: u8 = 15;
    /// Nothing stays at its offset.
    pub const APART: u8 = 16;
    /// Whether more lanes are welcome.
    pub const ASK_LANES: u8 = 24;
    /// List a range.
    pub const LIST: u8 = 33;
    /// Forget a range.
    pub const RELEASE: u8 = 34;
    /// Send files whole.
    pub const WANT_WHOLE: u8 = 35;
    /// Send what differs.
    pub const WANT_AGAINST_BASIS: u8 = 36;
    /// Send digests.
    pub const WANT_DIGEST: u8 = 37;
    /// All is done.
    pub const FINISHED: u8 = 39;
    /// Of blocks of a basis.
    pub const SUMS: u8 = 41;
    /// Sums of the next blocks, the same at any offset.
    pub const MOVED_SUMS: u8 = 42;
    /// Whether lanes are welcome.
    pub const ANSWER: u8 = 44;
    /// What a client asks for.
    pub const START: u8 = 64;
    /// A helper begins.
    pub const READY: u8 = 65;
}

/// The lower half of the first byte of metadata.
pub const FILE: u8 = 0;
/// The same of a directory.
pub const DIRECTORY: u8 = 1;
/// The same of a symbolic link.
pub const LINK: u8 = 2;

const MOST: usize = 8 << 20;
const COMPRESSED: u8 = 0x80;

/// Puts a payload together.
#[derive(Default, Clone)]
pub struct Payload(pub Vec<u8>);

impl Payload {
    /// Puts a byte.
    pub fn byte(&mut self, byte: u8) -> &mut Self {
        self.0.push(byte);
        self
    }

    /// Puts bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Puts a number.
    pub fn number(&mut self, mut number: u64) -> &mut Self {
        while number >= 0x80 {
            self.0.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.byte(number.to_le_bytes()[0])
    }

    /// Puts a signed number.
    pub fn signed(&mut self, number: i64) -> &mut Self {
        self.number(((number << 1) ^ (number >> 63)).cast_unsigned())
    }

    /// Puts a string.
    pub fn string(&mut self, string: &[u8]) -> &mut Self {
        self.number(string.len() as u64).bytes(string)
    }

    /// Puts the next path of a batch.
    pub fn after(&mut self, before: &[u8], path: &[u8]) -> &mut Self {
        let shared = before.iter().zip(path).take_while(|(one, other)| one == other).count();
        self.number(shared as u64).string(&path[shared..])
    }

    /// Puts what names a file.
    pub fn file(&mut self, (range, place): FileId) -> &mut Self {
        self.number(range).number(place)
    }

    /// Puts metadata.
    pub fn metadata(&mut self, of: &Metadata) -> &mut Self {
        self.byte(of.kind).number(of.mode).signed(of.seconds).number(of.nanoseconds);
        self.number(of.owner).number(of.group);
        if of.kind == FILE { self.number(of.size) } else { self }
    }

    /// The frame with this payload; compressed where that is asked for.
    pub fn frame(&self, kind: u8, compressed: bool) -> Vec<u8> {
        let (kind, payload) = if compressed {
            let mut all = length(self.0.len()).to_vec();
            all.extend(zstd::bulk::compress(&self.0, 1).expect("room to compress"));
            (kind | COMPRESSED, all)
        } else {
            (kind, self.0.clone())
        };
        assert!(payload.len() <= MOST, "a frame of {} bytes", payload.len());
        [&[kind][..], &length(payload.len()), &payload].concat()
    }
}

fn length(of: usize) -> [u8; 4] {
    u32::try_from(of).expect("a length of 32 bits").to_le_bytes()
}

/// A range, and a place in it.
pub type FileId = (u64, u64);

/// A frame that came; what is read of it is taken off its front.
pub struct Frame {
    /// Its kind.
    pub kind: u8,
    /// Whether it was compressed.
    pub came_compressed: bool,
    bytes: Vec<u8>,
    at: usize,
}

impl Frame {
    /// The next frame, or nothing at the end of the stream.
    pub fn read(from: &mut impl std::io::Read) -> Option<Self> {
        let mut head = [0; 5];
        from.read_exact(&mut head[..1]).ok()?;
        from.read_exact(&mut head[1..]).expect("the length of a frame");
        let size = u32::from_le_bytes(head[1..].try_into().unwrap()) as usize;
        assert!(size <= MOST, "a frame of {size} bytes");
        let mut bytes = vec![0; size];
        from.read_exact(&mut bytes).expect("all of a frame");
        let came_compressed = head[0] & COMPRESSED != 0;
        if came_compressed {
            let held = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
            assert!(held <= MOST, "a frame that holds {held} bytes");
            bytes = zstd::bulk::decompress(&bytes[4..], held).expect("a zstd frame");
            assert_eq!(bytes.len(), held, "what a compressed frame holds");
        }
        Some(Self { kind: head[0] & !COMPRESSED, came_compressed, bytes, at: 0 })
    }

    /// Whether all of it was read.
    pub fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// The next bytes.
    pub fn take(&mut self, count: usize) -> &[u8] {
        let from = self.at;
        assert!(count <= self.bytes.len() - from, "kind {} ends early", self.kind);
        self.at += count;
        &self.bytes[from..self.at]
    }

    /// All that is left.
    pub fn rest(&mut self) -> &[u8] {
        self.take(self.bytes.len() - self.at)
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        self.take(1)[0]
    }

    /// The next bytes of a digest.
    pub fn digest<const N: usize>(&mut self) -> [u8; N] {
        self.take(N).try_into().unwrap()
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return number;
            }
            shift += 7;
            assert!(shift < 64, "a number of more than 64 bits");
        }
    }

    /// The next signed number.
    pub fn signed(&mut self) -> i64 {
        let number = self.number();
        (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
    }

    /// The next string.
    pub fn string(&mut self) -> Vec<u8> {
        let size = usize::try_from(self.number()).unwrap();
        self.take(size).to_vec()
    }

    /// The next path of a batch.
    pub fn after(&mut self, before: &[u8]) -> Vec<u8> {
        let shared = usize::try_from(self.number()).unwrap();
        [&before[..shared], &self.string()].concat()
    }

    /// What names a file.
    pub fn file(&mut self) -> FileId {
        (self.number(), self.number())
    }

    /// Metadata.
    pub fn metadata(&mut self) -> Metadata {
        let kind = self.byte();
        assert!(
            [FILE, DIRECTORY, LINK].contains(&kind),
            "metadata begin with {kind:#x}, which the trees here have not"
        );
        let (mode, seconds, nanoseconds) = (self.number(), self.signed(), self.number());
        let (owner, group) = (self.number(), self.number());
        let size = if kind == FILE { self.number() } else { 0 };
        Metadata { kind, mode, seconds, nanoseconds, owner, group, size }
    }
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// A file, a directory or a link.
    pub kind: u8,
    /// Permission bits.
    pub mode: u64,
    /// Time of last change.
    pub seconds: i64,
    /// Its nanoseconds.
    pub nanoseconds: u64,
    /// Number of the owner.
    pub owner: u64,
    /// Number of the group.
    pub group: u64,
    /// Bytes of a file.
    pub size: u64,
}

/// A name in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it is.
    pub path: Vec<u8>,
    /// What belongs to it.
    pub metadata: Metadata,
    /// What a symbolic link points to.
    pub link: Vec<u8>,
}

impl Entry {
    /// What is there, without following a link.
    pub fn look(root: &Path, path: &[u8]) -> Self {
        let place = root.join(std::ffi::OsStr::from_bytes(path));
        let found = fs::symlink_metadata(&place).expect("a name that is there");
        let what = found.file_type();
        assert!(!what.is_fifo() && !what.is_socket(), "the trees here have no such names");
        let kind = if what.is_dir() { DIRECTORY } else { LINK * u8::from(what.is_symlink()) };
        let link =
            if what.is_symlink() { fs::read_link(&place).unwrap().into_os_string().into_vec() } else { Vec::new() };
        let metadata = Metadata {
            kind,
            mode: u64::from(found.mode() & 0o7777),
            seconds: found.mtime(),
            nanoseconds: found.mtime_nsec().cast_unsigned(),
            owner: u64::from(found.uid()),
            group: u64::from(found.gid()),
            size: if kind == FILE { found.size() } else { 0 },
        };
        Self { path: path.to_vec(), metadata, link }
    }

    /// Puts it, behind the path before.
    pub fn put(&self, payload: &mut Payload, before: &[u8]) {
        payload.after(before, &self.path).metadata(&self.metadata);
        if self.metadata.kind == LINK {
            payload.string(&self.link);
        }
    }

    /// Takes it, behind the path before.
    pub fn take(frame: &mut Frame, before: &[u8]) -> Self {
        let path = frame.after(before);
        let metadata = frame.metadata();
        let link = if metadata.kind == LINK { frame.string() } else { Vec::new() };
        Self { path, metadata, link }
    }
}

/// Whether one path comes before another: `/` is lower than any other byte.
pub fn order(path: &[u8]) -> Vec<u8> {
    path.iter().map(|byte| if *byte == b'/' { 0 } else { *byte }).collect()
}
