//! What can go wrong, by whose fault it is.

use std::io;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum DeltaError {
    /// The caller's reader failed.
    #[error("cannot read the data: {0}")]
    Read(#[source] io::Error),
    /// The basis has more blocks than a signature may have; send the new file whole.
    #[error("the file is too large for a signature: more than {limit} blocks of {block} bytes")]
    BasisTooLarge {
        /// The length of a block, bytes.
        block: usize,
        /// [`crate::limits::MAX_BLOCKS`].
        limit: u64,
    },
    /// A peer's signature is not one.
    #[error("the signature is malformed: {0}")]
    Signature(SignatureFault),
    /// A peer's operations do not make a file.
    #[error("the delta is malformed: {0}")]
    Ops(OpsFault),
}

/// What is wrong with a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// Shorter than its header.
    #[error("it is cut short")]
    Short,
    /// The length of a block is out of bounds.
    #[error("blocks of {0} bytes")]
    Block(u32),
    /// The length of a strong sum is out of bounds.
    #[error("strong sums of {0} bytes")]
    Strong(u8),
    /// More blocks than are allowed.
    #[error("too many blocks")]
    Blocks,
    /// The length of the file and the number of sums do not fit.
    #[error("{got} bytes of sums where {want} were due")]
    Length {
        /// Bytes after the header.
        got: u64,
        /// Bytes that the file's length asks for.
        want: u64,
    },
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
