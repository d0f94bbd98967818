//! git's configuration in a tree that somebody else wrote.

/// What is named is a part of what is there.
pub(super) fn git_config(data: &[u8]) {
    if let Some(named) = xssh_filter::excludes_file(data) {
        assert!(named.len() < data.len());
    }
}
