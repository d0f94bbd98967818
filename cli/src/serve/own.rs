//! What of the account's own a tree must not hold: who may write there could give himself a shell.

use std::path::{Path, PathBuf};

use crate::environment;

/// What a tree holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    /// The home directory, and so keys and start-up files.
    Home,
    /// The keys.
    Keys,
}

impl Own {
    /// Why that is not served.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Home => {
                "the tree holds the account's own home directory, and so its authorized_keys and its shell's start-up files: \
                 name a directory in it"
            }
            Self::Keys => "the tree is in the account's own .ssh",
        }
    }
}

/// What of the account's own a tree holds.
pub(crate) fn held_by(root: &Path) -> Option<Own> {
    let real = |path: PathBuf| path.canonicalize().unwrap_or(path);
    let (root, home) = (real(root.to_owned()), real(environment::home()));
    if root.starts_with(real(home.join(".ssh"))) {
        return Some(Own::Keys);
    }
    home.starts_with(&root).then_some(Own::Home)
}
