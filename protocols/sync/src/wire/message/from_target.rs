//! What the target says, in frames.

use xssh_delta::Strong;

use super::{FromTarget, Message};
use crate::wire::WireError;
use crate::wire::bytes::{Put, Take};
use crate::wire::entry::{put_path, take_path};
use crate::wire::fields::{
    each, finish, flag, put_file, put_outlook, put_problem, put_text, take_file, take_outlook, take_text,
};
use crate::wire::frame::Frame;
use crate::wire::kind;
use crate::wire::summary::{put_summary, take_summary};

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
            Self::Sums { file, strong, sums } => {
                put_file(*file, put_in);
                put_in.raw(sums);
                match strong {
                    Strong::Chaining => kind::SUMS,
                    Strong::Moved => kind::MOVED_SUMS,
                }
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
            kind::SUMS => Self::Sums { file: take_file(taken)?, strong: Strong::Chaining, sums: taken.rest() },
            kind::MOVED_SUMS => Self::Sums { file: take_file(taken)?, strong: Strong::Moved, sums: taken.rest() },
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
