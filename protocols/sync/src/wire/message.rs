//! The messages between the first words and the end.

use ::bytes::Bytes;
use xssh_fs::RelPath;

use super::WireError;
use super::bytes::{Put, Take};
use super::entry::{Before, put_item, put_meta, put_path, take_item, take_meta, take_path};
use super::fields::{
    each, finish, flag, put_file, put_outlook, put_problem, put_text, take_file, take_lanes, take_outlook, take_text,
};
use super::frame::Frame;
use super::kind;
use super::summary::{put_summary, take_summary};
use crate::limits::PIECE;
use crate::summary::Summary;
use crate::tree::{Item, Meta};
use crate::watch::Outlook;

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

impl Message for FromSource {
    fn encode(&self) -> (u8, Vec<u8>) {
        let mut put = Put::default();
        let kind = match self {
            Self::Pages(pages) => {
                let mut before = Before::default();
                for page in pages {
                    before.put(&page.first, &mut put);
                    put.raw(&page.digest);
                    put.raw(&page.owners);
                }
                kind::PAGES
            }
            Self::PagesEnd { entries, clean, root } => {
                put.number(*entries);
                put.byte((*clean).into());
                put.raw(root);
                kind::PAGES_END
            }
            Self::Entries { range, items } => {
                put.number((*range).into());
                let mut before = Before::default();
                items.iter().for_each(|item| put_item(item, &mut before, &mut put));
                kind::ENTRIES
            }
            Self::RangeEnd { range, clean, alike } => {
                put.number((*range).into());
                put.byte((*clean).into());
                alike.iter().for_each(|run| put.number((*run).into()));
                kind::RANGE_END
            }
            Self::Small(files) => {
                for small in files {
                    put_file(small.file, &mut put);
                    put_meta(&small.meta, &mut put);
                    put.raw(&small.digest);
                    put.string(&small.bytes);
                }
                kind::SMALL
            }
            other => other.encode_content(&mut put),
        };
        (kind, put.0)
    }

    fn decode(frame: Frame) -> Result<Self, WireError> {
        let mut take = Take::new(frame.payload);
        let message = match frame.kind {
            kind::PAGES => {
                let mut before = Before::default();
                Self::Pages(each(&mut take, |take| {
                    Ok(Page { first: before.take(take)?, digest: take.array()?, owners: take.array()? })
                })?)
            }
            kind::PAGES_END => Self::PagesEnd { entries: take.number()?, clean: flag(&mut take)?, root: take.array()? },
            kind::ENTRIES => {
                let range = take.number32()?;
                let mut before = Before::default();
                Self::Entries { range, items: each(&mut take, |take| take_item(&mut before, take))? }
            }
            kind::RANGE_END => Self::RangeEnd {
                range: take.number32()?,
                clean: flag(&mut take)?,
                alike: each(&mut take, Take::number32)?,
            },
            kind::SMALL => Self::Small(each(&mut take, |take| {
                Ok(Small {
                    file: take_file(take)?,
                    meta: take_meta(take)?,
                    digest: take.array()?,
                    bytes: take.string(PIECE)?,
                })
            })?),
            kind => Self::decode_content(kind, &mut take)?,
        };
        finish(&take, message)
    }
}

impl FromSource {
    fn encode_content(&self, put: &mut Put) -> u8 {
        match self {
            Self::Begin { file, meta } => {
                put_file(*file, put);
                put_meta(meta, put);
                kind::BEGIN
            }
            Self::Data { file, bytes } => {
                put_file(*file, put);
                put.raw(bytes);
                kind::DATA
            }
            Self::Copy { file, offset, length } => {
                put_file(*file, put);
                put.number(*offset);
                put.number(*length);
                kind::COPY
            }
            Self::Zeros { file, length } => {
                put_file(*file, put);
                put.number(*length);
                kind::ZEROS
            }
            Self::AskLanes => kind::ASK_LANES,
            Self::Lanes(numbers) => {
                put.raw(numbers);
                kind::LANES
            }
            Self::Apart { file } => {
                put_file(*file, put);
                kind::APART
            }
            Self::Name { group, id, name } => {
                put.byte((*group).into());
                put.number((*id).into());
                put_text(name, put);
                kind::NAME
            }
            Self::End { file, digest } => {
                put_file(*file, put);
                put.raw(digest);
                kind::END
            }
            Self::Digests(files) => {
                for (file, digest) in files {
                    put_file(*file, put);
                    put.raw(digest);
                }
                kind::DIGESTS
            }
            Self::Missing { file, vanished, why } => {
                put_file(*file, put);
                put.byte((*vanished).into());
                put_text(why, put);
                kind::MISSING
            }
            Self::Problem { path, why } => {
                put_problem(path, why, put);
                kind::PROBLEM
            }
            Self::Failed { why } => {
                put_text(why, put);
                kind::FAILED
            }
            Self::Pages(_) | Self::PagesEnd { .. } | Self::Entries { .. } | Self::RangeEnd { .. } | Self::Small(_) => 0,
        }
    }

    fn decode_content(kind: u8, take: &mut Take) -> Result<Self, WireError> {
        Ok(match kind {
            kind::BEGIN => Self::Begin { file: take_file(take)?, meta: take_meta(take)? },
            kind::DATA => Self::Data { file: take_file(take)?, bytes: take.rest() },
            kind::COPY => Self::Copy { file: take_file(take)?, offset: take.number()?, length: take.number()? },
            kind::ZEROS => Self::Zeros { file: take_file(take)?, length: take.number()? },
            kind::ASK_LANES => Self::AskLanes,
            kind::LANES => Self::Lanes(take_lanes(take)?),
            kind::APART => Self::Apart { file: take_file(take)? },
            kind::NAME => Self::Name { group: flag(take)?, id: take.number32()?, name: take_text(take)? },
            kind::END => Self::End { file: take_file(take)?, digest: take.array()? },
            kind::DIGESTS => Self::Digests(each(take, |take| Ok((take_file(take)?, take.array()?)))?),
            kind::MISSING => Self::Missing { file: take_file(take)?, vanished: flag(take)?, why: take_text(take)? },
            kind::PROBLEM => Self::Problem { path: take_path(take)?, why: take_text(take)? },
            kind::FAILED => Self::Failed { why: take_text(take)? },
            unknown => return Err(WireError::Kind(unknown)),
        })
    }
}

impl Message for FromTarget {
    fn encode(&self) -> (u8, Vec<u8>) {
        let mut put = Put::default();
        let put_in = &mut put;
        let kind = match self {
            Self::List { range, from, until, have } => {
                put_in.number((*range).into());
                put_path(from, put_in);
                put_in.byte(until.is_some().into());
                if let Some(until) = until {
                    put_path(until, put_in);
                }
                have.iter().for_each(|digest| put_in.raw(digest));
                kind::LIST
            }
            Self::Release { range } => {
                put_in.number((*range).into());
                kind::RELEASE
            }
            Self::Whole(files) => {
                files.iter().for_each(|file| put_file(*file, put_in));
                kind::WHOLE
            }
            Self::Delta { file, length, bits } => {
                put_file(*file, put_in);
                put_in.number(*length);
                put_in.byte(*bits);
                kind::DELTA
            }
            Self::Sums { file, sums } => {
                put_file(*file, put_in);
                put_in.raw(sums);
                kind::SUMS
            }
            Self::Digests(files) => {
                files.iter().for_each(|file| put_file(*file, put_in));
                kind::WANT_DIGESTS
            }
            Self::Change { path, what } => {
                put_path(path, put_in);
                put_in.byte(*what);
                kind::CHANGE
            }
            Self::Problem { path, why } => {
                put_problem(path, why, put_in);
                kind::PROBLEM
            }
            Self::Lanes { welcome } => {
                put_in.byte((*welcome).into());
                kind::LANES_ANSWER
            }
            Self::Outlook(outlook) => {
                put_outlook(outlook, put_in);
                kind::OUTLOOK
            }
            Self::Finished(summary) => {
                put_summary(summary, put_in);
                kind::FINISHED
            }
            Self::Failed { why } => {
                put_text(why, put_in);
                kind::FAILED
            }
        };
        (kind, put.0)
    }

    fn decode(frame: Frame) -> Result<Self, WireError> {
        let mut take = Take::new(frame.payload);
        let taken = &mut take;
        let message = match frame.kind {
            kind::LIST => Self::List {
                range: taken.number32()?,
                from: take_path(taken)?,
                until: if flag(taken)? { Some(take_path(taken)?) } else { None },
                have: each(taken, Take::array)?,
            },
            kind::RELEASE => Self::Release { range: taken.number32()? },
            kind::WHOLE => Self::Whole(each(taken, take_file)?),
            kind::DELTA => Self::Delta { file: take_file(taken)?, length: taken.number()?, bits: taken.byte()? },
            kind::SUMS => Self::Sums { file: take_file(taken)?, sums: taken.rest() },
            kind::WANT_DIGESTS => Self::Digests(each(taken, take_file)?),
            kind::CHANGE => Self::Change { path: take_path(taken)?, what: taken.byte()? },
            kind::PROBLEM => Self::Problem { path: take_path(taken)?, why: take_text(taken)? },
            kind::LANES_ANSWER => Self::Lanes { welcome: flag(taken)? },
            kind::OUTLOOK => Self::Outlook(take_outlook(taken)?),
            kind::FINISHED => Self::Finished(Box::new(take_summary(taken)?)),
            kind::FAILED => Self::Failed { why: take_text(taken)? },
            unknown => return Err(WireError::Kind(unknown)),
        };
        finish(&take, message)
    }
}
