//! What an account that is not root's has kept beside its files, which it may write itself.

use xssh_fs::{Xattr, unkept};

/// ACLs of both kinds, and an attribute of the name that stands in the value's first half.
pub(super) fn kept(data: &[u8]) {
    let (name, value) = data.split_at(data.len() / 2);
    let named = |name: &[u8], value: &[u8]| Xattr { name: name.into(), value: value.into() };
    let xattrs = vec![
        named(b"user.rsync.%aacl", data),
        named(b"user.rsync.%dacl", data),
        named(&[b"user.rsync.", name].concat(), value),
    ];
    for Xattr { name, value } in unkept(xattrs, 0o644, true) {
        let is_acl = name.starts_with(b"system.posix_acl_") && value.len() % 8 == 4 && value.len() >= 28;
        assert!(is_acl || name.starts_with(b"security.") || name.starts_with(b"trusted."));
    }
}
