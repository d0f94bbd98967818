//! Every bound of this crate, named once. Sizes are bytes unless the name says otherwise.

/// The power of two of the smallest block: two chunks of BLAKE3.
pub const MIN_BLOCK_BITS: u8 = 11;
/// The power of two of the largest block. A search holds seven of them besides the caller's window.
pub const MAX_BLOCK_BITS: u8 = 22;
/// Blocks of one basis; with the largest blocks that is 1 TiB. Whoever has the basis holds 32 bytes for each.
pub const MAX_BLOCKS: u64 = 1 << 18;
/// The beginning of a block that its weak sum is of. Random data of 16 KiB meets one of 65,536 such sums by chance
/// twice, which costs as many hashes of a block; a sum over all of the block would cost the basis's side much more.
pub const HEAD: usize = 1 << 10;
/// What is sent of a block's chaining value. With the 4 bytes of the weak sum, a search of 10 GiB meets a false match once
/// in some ten million files; the digest of the whole file finds it.
pub const STRONG: usize = 6;

/// One read while a digest is made.
pub const READ: usize = 512 << 10;
/// What is read and hashed at a time while blocks are summed, unless a block is longer.
pub const SPAN: u64 = 1 << 20;

/// Data that differs from what is at its offset in the basis, and for so long, may have moved.
pub const PATIENCE: u64 = 1 << 20;
/// The same for short files: this part of them.
pub const PATIENCE_PART: u64 = 16;
/// But never less than so many blocks.
pub const PATIENCE_BLOCKS: u64 = 4;
/// This part of the data may differ at its offset, all in all, before it may have moved.
pub const DIFFERING_PART: u64 = 8;
/// A copy does not grow beyond this: the other side is to have its work while we search on.
pub const COPY: u64 = 8 << 20;

/// Bytes that may be spent on searching without finding anything: rolled over, or hashed for a weak sum that lied.
/// What is found pays back its own length, up to this.
pub const SEARCH_CREDIT: u64 = 4 << 20;
/// Blocks that a search may find nothing in before it waits for the sums that have not come.
pub const UNSURE_BLOCKS: u64 = 4;
/// New data without any match after which most of what follows is not looked at.
pub const GIVE_UP: u64 = 4 << 20;
/// Blocks that are passed by between two probes after giving up.
pub const SKIP_BLOCKS: u64 = 64;
/// Blocks that a probe rolls over: two hold each alignment at least once.
pub const PROBE_BLOCKS: u64 = 2;
/// Blocks with one weak sum, and one behind it, that are tried at one place.
pub const CANDIDATES: usize = 4;
/// Bits of the filter in front of the index, for each block of the basis.
pub const FILTER_BITS: usize = 64;

/// Data that [`crate::compressible`] looks at, at most.
pub const SAMPLE: usize = 8 << 10;
