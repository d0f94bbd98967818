//! The messages between the first words and the end: `from_source` and `from_target` put them into frames, and
//! `parcel` fills those that carry most.

mod from_source;
mod from_target;
mod parcel;

use ::bytes::Bytes;
use xssh_delta::Strong;
use xssh_fs::RelPath;

use super::WireError;
use super::frame::Frame;
use crate::summary::Summary;
use crate::tree::{Item, Meta};
use crate::watch::Outlook;

pub(crate) use parcel::Parcel;

/// The digest of a page: 16 bytes of keyed BLAKE3.
pub(crate) type PageDigest = [u8; 16];
/// The digest of an entry: 8 bytes of keyed SipHash.
pub(crate) type EntryDigest = [u8; 8];
/// BLAKE3 of a file's contents.
pub(crate) type FileDigest = [u8; 32];

/// A run of entries that both sides cut at the same names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// The first entry.
    pub(crate) first: RelPath,
    /// Over everything that both sides can compare.
    pub(crate) digest: PageDigest,
    /// Over owners and groups, which not every target can set.
    pub(crate) owners: PageDigest,
}

/// A file: which range it was listed in, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FileId {
    pub(crate) range: u32,
    pub(crate) index: u32,
}

/// A small file, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Small {
    pub(crate) file: FileId,
    pub(crate) meta: Meta,
    pub(crate) digest: FileDigest,
    pub(crate) bytes: Bytes,
}

/// What the source says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FromSource {
    Pages(Vec<Page>),
    /// The walk is over: how many entries there were, and whether all could be read.
    PagesEnd {
        entries: u64,
        clean: bool,
        root: FileDigest,
    },
    Entries {
        range: u32,
        items: Vec<Item>,
    },
    /// The entries that are not alike have come. `alike`: how many of those that the target has are, how many next are not, and
    /// so on.
    RangeEnd {
        range: u32,
        clean: bool,
        alike: Vec<u32>,
    },
    Small(Vec<Small>),
    Begin {
        file: FileId,
        meta: Meta,
    },
    Data {
        file: FileId,
        bytes: Bytes,
    },
    Copy {
        file: FileId,
        offset: u64,
        length: u64,
    },
    /// So many zeros.
    Zeros {
        file: FileId,
        length: u64,
    },
    /// From here on next to nothing stays at its offset in the basis.
    Apart {
        file: FileId,
    },
    End {
        file: FileId,
        digest: FileDigest,
    },
    Digests(Vec<(FileId, FileDigest)>),
    /// A wanted file cannot be had.
    Missing {
        file: FileId,
        vanished: bool,
        why: String,
    },
    /// The target has nothing: all ranges come unasked, and what is small with them.
    Giving,
    /// Are you there, and are more lanes welcome?
    AskLanes,
    /// From here on these lanes take part too.
    Lanes(Vec<u8>),
    /// What the source's machine calls an owner or a group that is about to be listed.
    Name {
        group: bool,
        id: u32,
        name: String,
    },
    /// Something else went wrong on the source's side, to be told at the end.
    Problem {
        path: RelPath,
        why: String,
    },
    /// The source cannot go on.
    Failed {
        why: String,
    },
}

/// What the target says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FromTarget {
    /// List what is from here on and before there; `None` is the end. Of what is there the target has entries of these digests.
    List {
        range: u32,
        from: RelPath,
        until: Option<RelPath>,
        have: Vec<EntryDigest>,
    },
    /// Nothing more will be asked of a range.
    Release {
        range: u32,
    },
    Whole(Vec<FileId>),
    /// Send what differs from a basis of so many bytes, in blocks of this power of two. Their sums follow.
    Delta {
        file: FileId,
        length: u64,
        bits: u8,
    },
    /// Sums of the next blocks of a basis; none: no more will come.
    Sums {
        file: FileId,
        strong: Strong,
        sums: Bytes,
    },
    Digests(Vec<FileId>),
    Change {
        path: RelPath,
        what: u8,
    },
    Problem {
        path: RelPath,
        why: String,
    },
    /// I am, and they are or are not.
    Lanes {
        welcome: bool,
    },
    /// What is still to come, for the display of the user's side.
    Outlook(Outlook),
    Finished(Box<Summary>),
    Failed {
        why: String,
    },
}

/// A message that can be put into a frame.
pub(crate) trait Message: Sized {
    /// The frame's kind and payload.
    fn encode(&self) -> (u8, Vec<u8>);

    /// The message of a frame.
    fn decode(frame: Frame) -> Result<Self, WireError>;
}
