//! Every bound of this crate, named once. Sizes are bytes unless the name says otherwise.

/// The smallest block of a signature.
pub const MIN_BLOCK: usize = 2 << 10;
/// The largest block of a signature. A search holds nine of them besides the caller's window.
pub const MAX_BLOCK: usize = 1 << 20;
/// Blocks of one signature; with blocks of [`MAX_BLOCK`] that is a basis of 1 TiB.
pub const MAX_BLOCKS: u64 = 1 << 20;
/// The largest serialized signature.
pub const MAX_SIGNATURE: usize = crate::signature::HEADER + MAX_BLOCKS as usize * (4 + MAX_STRONG);
/// The shortest strong sum of a block that is accepted from a peer. Shorter ones would match by chance too often.
pub const MIN_STRONG: usize = 4;
/// The longest strong sum of a block: all of MD4.
pub const MAX_STRONG: usize = 16;
/// The strong sum that we make. With the 4 bytes of the weak sum, a search of 10 GiB meets a false match once in some
/// ten million files; the digest of the whole file finds it.
pub const STRONG: usize = 6;

/// One read while a signature or a digest is made.
pub const READ: usize = 512 << 10;
/// Data that is shared out over two threads at a time while a signature is made.
pub const SHARED_WINDOW: usize = 4 << 20;

/// Bytes that may be spent on searching without finding anything: rolled over, or hashed for a weak sum that lied.
/// What is found pays back its own length, up to this.
pub const SEARCH_CREDIT: u64 = 4 << 20;
/// New data without any match after which most of what follows is not looked at.
pub const GIVE_UP: u64 = 4 << 20;
/// Blocks that are passed by between two probes after giving up.
pub const SKIP_BLOCKS: u64 = 64;
/// Blocks that a probe rolls over: two hold each alignment at least once.
pub const PROBE_BLOCKS: usize = 2;
/// Blocks that are compared at once where a shift is not proven yet: the lanes of the widest SIMD in use.
pub const FIRST_BATCH: usize = 8;
/// Data that is compared at once where all of it matched before, unless [`FIRST_BATCH`] blocks are more.
pub const FULL_BATCH: usize = 1 << 20;
/// Bits of the filter in front of the index, for each block of the basis.
pub const FILTER_BITS: usize = 64;

/// Data that [`crate::compressible`] looks at, at most.
pub const SAMPLE: usize = 8 << 10;
