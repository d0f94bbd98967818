//! What can go wrong, by whose fault it is.

use std::io;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum DeltaError {
    /// The caller's reader failed.
    #[error("cannot read the data: {0}")]
    Read(#[source] io::Error),
    /// The basis would have more blocks than are kept; send the new file whole.
    #[error("the file is too large to be compared: more than {limit} bytes")]
    BasisTooLarge {
        /// Bytes.
        limit: u64,
    },
    /// A peer's blocks are none.
    #[error("the blocks are malformed: {0}")]
    Blocks(BlocksFault),
    /// A peer's operations do not make a file.
    #[error("the delta is malformed: {0}")]
    Ops(OpsFault),
}

/// What is wrong with blocks or their sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlocksFault {
    /// The power of two of a block's length is out of bounds.
    #[error("blocks of 2^{0} bytes")]
    Length(u8),
    /// More blocks than are allowed, or more sums than blocks.
    #[error("too many")]
    TooMany,
    /// A part of a block's sums.
    #[error("a sum is cut short")]
    Part,
}

/// What is wrong with a sequence of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpsFault {
    /// An operation of no bytes, which could be repeated for ever.
    #[error("an empty operation")]
    Empty,
    /// A copy of bytes that the basis does not have.
    #[error("a copy of {len} bytes at {offset} of a basis of {basis}")]
    Beyond {
        /// Where the copy starts.
        offset: u64,
        /// Its length.
        len: u64,
        /// The length of the basis.
        basis: u64,
    },
    /// More bytes than the new file was said to have.
    #[error("more than the {0} bytes that were announced")]
    TooLong(u64),
    /// Fewer bytes than the new file was said to have.
    #[error("{got} of the {want} bytes that were announced")]
    TooShort {
        /// Bytes that the operations make.
        got: u64,
        /// Bytes that were announced.
        want: u64,
    },
}
