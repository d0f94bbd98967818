use std::io;

use thiserror::Error;
use xssh_fs::FsError;

use crate::wire::WireError;
use crate::wire::opening::Speaker;
use crate::wire::start::Refusal;

/// Why a run could not go on. What could not be done of single files is no error of the run: the summary counts it.
#[derive(Debug, Error)]
pub enum SyncError {
    /// The other side's bytes, or the line.
    #[error(transparent)]
    Wire(WireError),
    /// Our bytes found nobody.
    #[error("the line broke: {0}")]
    Line(#[source] io::Error),
    /// The other side ended before the run did.
    #[error("the other side ended before it was done")]
    Ended,
    /// The other side ended without a word.
    #[error("the other side ended before it began")]
    NeverBegan,
    /// The other side will not begin, in its own words.
    #[error("{}", .0.words)]
    Refused(Refusal),
    /// What answered is none of ours: the first of what it said.
    #[error("the other side said something else before it began")]
    Chatter(Vec<u8>),
    /// The other side speaks no version of the protocol that this one does.
    #[error(
        "the other side is {theirs}, and this is {}: they do not understand each other; bring both to the same release",
        Speaker::here()
    )]
    Version {
        /// The other side.
        theirs: Speaker,
    },
    /// The target was vacant when the run was asked for, and is not any more: it can be asked for again.
    #[error("something was put into the target meanwhile")]
    Occupied,
    /// The other side gave up.
    #[error("the other side gave up: {0}")]
    GaveUp(String),
    /// The other side did what the protocol does not allow.
    #[error("the other side broke the protocol: it {0}")]
    Broke(&'static str),
    /// More than this side holds.
    #[error("more {what} than {limit}")]
    Limit {
        /// More of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// Our own tree.
    #[error(transparent)]
    Tree(#[from] FsError),
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
}

impl From<WireError> for SyncError {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Cut => Self::Ended,
            error => Self::Wire(error),
        }
    }
}
