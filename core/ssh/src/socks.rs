//! The numbers of SOCKS (RFC 1928, RFC 1929; SOCKS 4 and 4a are as their authors' notes have them), for both its sides:
//! `hop` asks a proxy, `forward` is one. Nothing here does anything.

/// The version byte of a request.
pub(crate) const VERSION_4: u8 = 4;
/// The version byte of each message.
pub(crate) const VERSION_5: u8 = 5;
/// The command: connect me.
pub(crate) const CONNECT: u8 = 1;

/// The field lengths of both versions are one byte.
pub(crate) const LONGEST: usize = 255;

/// Methods of authentication.
pub(crate) const NO_AUTHENTICATION: u8 = 0;
/// See [`NO_AUTHENTICATION`].
pub(crate) const USER_AND_PASSWORD: u8 = 2;
/// The answer where none of the methods will do.
pub(crate) const NO_METHOD: u8 = 0xff;

/// Kinds of addresses.
pub(crate) const IPV4: u8 = 1;
/// See [`IPV4`].
pub(crate) const NAME: u8 = 3;
/// See [`IPV4`].
pub(crate) const IPV6: u8 = 4;

/// Answers of SOCKS 4.
pub(crate) const GRANTED_4: u8 = 90;
/// See [`GRANTED_4`].
pub(crate) const REJECTED_4: u8 = 91;

/// Answers of SOCKS 5 (RFC 1928, section 6).
pub(crate) const GRANTED_5: u8 = 0;
/// See [`GRANTED_5`].
pub(crate) const FAILURE: u8 = 1;
/// See [`GRANTED_5`].
pub(crate) const NOT_ALLOWED: u8 = 2;
/// See [`GRANTED_5`].
pub(crate) const NOT_REACHED: u8 = 4;
/// See [`GRANTED_5`].
pub(crate) const COMMAND_UNKNOWN: u8 = 7;
/// See [`GRANTED_5`].
pub(crate) const ADDRESS_UNKNOWN: u8 = 8;
