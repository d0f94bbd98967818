//! Every bound of this room.

/// The most words of a call.
pub const WORDS: usize = 4096;
/// The longest value that is not a path, in bytes.
pub const VALUE: usize = 256;
/// The most threads that a client may have compress.
pub const THREADS: i64 = 16;
/// The longest time-out, in seconds.
pub const TIMEOUT: i64 = 7 * 24 * 3600;
/// The largest block of a delta, in bytes (rsync's MAX_BLOCK_SIZE).
pub const BLOCK: i64 = 128 * 1024;
