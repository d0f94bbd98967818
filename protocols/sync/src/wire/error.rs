use std::io;

use thiserror::Error;

/// What is wrong with the bytes of the other side, or with the line that brings them.
#[derive(Debug, Error)]
pub enum WireError {
    /// The line itself.
    #[error("the line broke: {0}")]
    Line(#[source] io::Error),
    /// A payload ended in the middle.
    #[error("the other side's data ended in the middle of a message")]
    Truncated,
    /// The line ended in the middle of a message.
    #[error("the line ended in the middle of a message")]
    Cut,
    /// A number of more bits than there can be.
    #[error("the other side sent a number that is none")]
    Number,
    /// A length over its bound.
    #[error("the other side sent {length} bytes where at most {limit} are allowed")]
    TooLong {
        /// What it announced.
        length: usize,
        /// What is allowed.
        limit: usize,
    },
    /// A compressed payload that is not.
    #[error("the other side sent compressed data that cannot be unpacked")]
    Compression,
    /// A name that could lead out of the tree, or is none.
    #[error("the other side sent a name that is not allowed")]
    Name,
    /// A value that this field cannot have.
    #[error("the other side sent a {0} that there is not")]
    Value(&'static str),
    /// A message that nobody of this version knows.
    #[error("the other side sent a message of unknown kind {0}")]
    Kind(u8),
    /// More than one message holds.
    #[error("the other side sent a message that is longer than it should be")]
    Trailing,
}

impl WireError {
    /// Whether there is nobody left who could be told of it.
    pub(crate) fn is_end(&self) -> bool {
        matches!(self, Self::Line(_) | Self::Cut)
    }
}
