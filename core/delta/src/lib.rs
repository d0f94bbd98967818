//! What differs between two files, and the proof that they are equal: bytes in, bytes out.
//!
//! The room knows no files, no sockets, no protocol. It reads from what the caller gives and holds a bounded part of
//! the data at a time. It never writes, never waits, and never trusts a signature or an operation that a peer sent.
//!
//! In the order of use:
//! 1. the target makes a [`signature`] of what it has, and sends its bytes;
//! 2. the source checks them with [`BasisSignature::parse`], and a [`Search`] turns its data, window by window, into
//!    [`Op`]s;
//! 3. the target checks the operations that arrive with an [`OpChecker`] and copies or writes;
//! 4. both make a [`Digest`] of the new data. The sums of a signature are short and MD4 is broken, so the digest alone
//!    proves the result; where it differs, the file is sent whole.
//!
//! [`compressible`] says whether literals are worth compressing.
#![forbid(unsafe_code)]

pub mod limits;

mod compressible;
mod digest;
mod error;
mod index;
mod ops;
mod search;
mod signature;
mod sums;

pub use compressible::compressible;
pub use digest::{Digest, Hasher, hash_reader};
pub use error::{DeltaError, OpsFault, SignatureFault};
pub use ops::{Op, OpChecker};
pub use search::{Search, Work};
pub use signature::{BasisSignature, block_len, signature};
