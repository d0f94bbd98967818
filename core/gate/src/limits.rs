//! Every bound of this room.

/// The longest command that a client may send, in bytes: what the kernel hands to a program as one string (MAX_ARG_STRLEN).
pub const COMMAND: usize = 128 * 1024;
/// The most words of a command.
pub const WORDS: usize = 4096;
/// How much of a client's word is shown, in bytes.
pub const SHOWN: usize = 80;
/// The longest name of a key, in bytes.
pub const NAME: usize = 64;
/// The longest line of authorized_keys that is read, in bytes; sshd has the same bound.
pub const LINE: usize = 16 * 1024;
