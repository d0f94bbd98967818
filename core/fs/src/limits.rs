//! Every bound of this crate, named once. Sizes are bytes.

/// The names of an entry's extended attributes together (XATTR_LIST_MAX).
pub const XATTR_NAMES: usize = 64 << 10;
/// The value of one extended attribute (XATTR_SIZE_MAX).
pub const XATTR_VALUE: usize = 64 << 10;
/// All extended attributes of an entry together.
pub const XATTRS: usize = 1 << 20;
/// What is copied at a time where the system does not copy by itself.
pub const COPY: usize = 256 << 10;
