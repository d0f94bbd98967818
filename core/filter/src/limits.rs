//! Every bound of this crate, with its unit and reason.

/// Rules in one list, after merge files were read. Each name of a tree is held against every rule.
pub const RULES: usize = 100_000;

/// Bytes of a pattern or of a merge file's name: the longest path there is.
pub const PATTERN: usize = 4096;

/// Bytes of one merge file or ignore file.
pub const TEXT: usize = 4 << 20;

/// How deep merge files may name one another. It ends a file that merges itself.
pub const MERGE_DEPTH: usize = 16;

/// Per-directory merge files that are in force in one directory. Each is looked for in every directory.
pub const DIR_MERGES: usize = 64;

/// Bytes of the rules on their way to the other end.
pub const ENCODED: usize = 32 << 20;

/// Bytes of a rule that an error quotes.
pub const QUOTED: usize = 200;

/// Bytes of git's index: eight million entries with names of usual length.
pub const INDEX: u64 = 1 << 30;

/// Paths that git tracks, and directories that lead to them: 64 MiB of memory, and some times what the largest repositories have.
pub const TRACKED: usize = 8 << 20;
