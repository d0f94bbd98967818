use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::RelPath;

/// Why something is no path below a root.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum PathError {
    /// An empty component: absolute, doubled or trailing slashes.
    #[error("a path below a root has no empty component")]
    Empty,
    /// `.` or `..`.
    #[error("a path below a root has no . or ..")]
    Dots,
    /// It leads above the root.
    #[error("the path leads out of the tree")]
    Above,
    /// A NUL byte.
    #[error("a path has no NUL byte")]
    Nul,
    /// Over 4095 bytes, or a component over 255.
    #[error("the path is too long")]
    TooLong,
}

/// Why a tree could not be read or changed.
#[derive(Debug, Error)]
pub enum FsError {
    /// The root itself.
    #[error("{}: {source}", path.display())]
    Root {
        /// As the caller named it.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Something below it. The path is not in the words: whoever shows them knows it.
    #[error("{source}")]
    Entry {
        /// Where.
        path: RelPath,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Something else stands there than was asked for.
    #[error("it is not {wanted}")]
    Kind {
        /// Where.
        path: RelPath,
        /// What it should have been.
        wanted: &'static str,
    },
    /// Something stands where nothing was.
    #[error(
        "something of that name appeared here meanwhile, or this file system takes another name for the same: it was left alone"
    )]
    Taken {
        /// Where.
        path: RelPath,
    },
    /// Whoever opened this root did not grant it.
    #[error("{wanted} is not granted here")]
    Denied {
        /// Where.
        path: RelPath,
        /// What was to be done.
        wanted: &'static str,
    },
    /// There is no room left, as whoever opened this root bounds it.
    #[error("there is no room for {what} in this tree, as whoever serves it has set it")]
    Full {
        /// Where.
        path: RelPath,
        /// For what.
        what: &'static str,
    },
    /// Another run holds the tree.
    #[error("another run is changing it")]
    Held,
    /// A path of no part of this tree.
    #[error(transparent)]
    Path(#[from] PathError),
}

impl FsError {
    /// An error of the system about an entry.
    pub fn io(path: &RelPath, source: io::Error) -> Self {
        Self::Entry { path: path.clone(), source }
    }

    /// Rules that cannot be read or understood.
    pub fn rules(path: &RelPath, error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::io(path, io::Error::other(error))
    }

    pub(crate) fn leads_nowhere(path: &RelPath) -> Self {
        Self::io(path, io::Error::other("a link that leads nowhere, and links are to be followed"))
    }

    pub(crate) fn leads_back(path: &RelPath) -> Self {
        Self::io(path, io::Error::other("a link that leads back to a directory which it is in: it is not followed"))
    }

    pub(crate) fn of(path: &RelPath) -> impl Fn(rustix::io::Errno) -> Self + '_ {
        move |errno| Self::io(path, errno.into())
    }

    /// Where it was, if it was one entry.
    pub fn path(&self) -> Option<&RelPath> {
        match self {
            Self::Entry { path, .. }
            | Self::Kind { path, .. }
            | Self::Taken { path }
            | Self::Denied { path, .. }
            | Self::Full { path, .. } => Some(path),
            Self::Root { .. } | Self::Held | Self::Path(_) => None,
        }
    }

    /// Whether a directory was to be removed that is not empty.
    pub fn is_not_empty(&self) -> bool {
        matches!(self, Self::Entry { source, .. } if source.kind() == io::ErrorKind::DirectoryNotEmpty)
    }

    /// Whether what was looked for is not there.
    pub fn is_missing(&self) -> bool {
        match self {
            Self::Root { source, .. } | Self::Entry { source, .. } => {
                matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
            }
            _ => false,
        }
    }
}
