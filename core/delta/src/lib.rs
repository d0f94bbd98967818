//! What differs between two files, and the proof that they are equal: bytes in, bytes out.
//!
//! The room knows no files, no sockets, no protocol. It reads from what the caller gives and holds a bounded part of
//! the data at a time. It never writes, never waits but for sums that its caller has not yet ([`Sums`]), and never trusts a sum
//! or an operation that a peer sent.
//!
//! Both sides cut their file into the same [`Blocks`]: subtrees of its BLAKE3, whose chaining values serve twice, to compare
//! and as the inner nodes of the file's digest. In the order of use:
//! 1. the target [`sum`]s the blocks of what it has, and sends the sums as they are made;
//! 2. the source takes them as [`BasisSums`], makes the chaining values of its own blocks ([`chain`]), and [`Aligned`] turns
//!    what is where it was into [`Op`]s;
//! 3. where that goes apart, the target goes on with sums that are the same at any offset ([`sum_moved`]), and a [`Search`] looks
//!    for the basis's blocks while their sums come;
//! 4. the target checks the operations that arrive with an [`OpChecker`] and copies or writes;
//! 5. both make the [`Digest`] of the new data with a [`Tree`]: of what stayed at its offset, the chaining values are known. The
//!    sums are short, so the digest alone proves the result; where it differs, the file is sent whole.
//!
//! [`compressible`] says whether literals are worth compressing.
#![forbid(unsafe_code)]

pub mod limits;

mod aligned;
mod blocks;
mod compressible;
mod digest;
mod error;
mod index;
mod ops;
mod search;
mod sums;
mod tree;

pub use aligned::Aligned;
pub use blocks::Blocks;
pub use compressible::compressible;
pub use digest::{Digest, Hasher, hash_reader};
pub use error::{BlocksFault, DeltaError, OpsFault};
pub use ops::{Op, OpChecker};
pub use search::{Search, Work};
pub use sums::{BasisSums, SUM, Strong, Summed, Sums, chain, sum, sum_moved};
pub use tree::{Chaining, Tree};
