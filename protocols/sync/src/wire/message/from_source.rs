//! What the source says, in frames.

use super::{FromSource, Message, Page, Small};
use crate::limits::PIECE;
use crate::wire::WireError;
use crate::wire::bytes::{Put, Take};
use crate::wire::entry::{Before, put_item, put_meta, take_item, take_meta, take_path};
use crate::wire::fields::{each, finish, flag, put_file, put_problem, put_text, take_file, take_lanes, take_text};
use crate::wire::frame::Frame;
use crate::wire::kind;

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
            Self::Giving => kind::GIVING,
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
            kind::GIVING => Self::Giving,
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
