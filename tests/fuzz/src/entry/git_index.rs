//! git's index in a tree that somebody else wrote.

use std::io;

use xssh_filter::{IndexFile, IndexFiles, Tracked};

/// An index, and one that it may be split from.
struct Files<'a>(&'a [u8], &'a [u8]);

impl IndexFiles for Files<'_> {
    fn open(&self, name: &str) -> io::Result<Option<IndexFile<'_>>> {
        let bytes = if name == "index" { self.0 } else { self.1 };
        assert!(
            name == "index" || name.strip_prefix("sharedindex.").unwrap().bytes().all(|byte| byte.is_ascii_hexdigit())
        );
        Ok(Some(IndexFile { input: Box::new(bytes), length: bytes.len() as u64 }))
    }
}

/// Two bytes say how long the first of both is.
pub(super) fn git_index(data: &[u8]) {
    let Some((length, files)) = data.split_first_chunk() else { return };
    let (index, base) = files.split_at(usize::from(u16::from_be_bytes(*length)).min(files.len()));
    if let Ok(tracked) = Tracked::read(&Files(index, base)) {
        assert!(!tracked.has(b""));
    }
}
