use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::limits::NAME;
use crate::{Access, Relay};

/// What one key may do: the options of its line in authorized_keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Who it is, in logs.
    pub name: Option<Name>,
    /// A tree.
    pub tree: Option<Tree>,
    /// CVS repositories.
    pub repositories: Option<Repositories>,
    /// A way to one other host.
    pub relay: Option<Relay>,
    /// How much.
    pub limits: Limits,
    /// Nothing is served where Landlock cannot be had.
    pub require_landlock: bool,
}

/// A tree, and what may be done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// Its top.
    pub root: PathBuf,
    /// What may be done.
    pub access: Access,
    /// By which protocols.
    pub protocols: Vec<Protocol>,
    /// Device nodes, FIFOs and sockets may be made.
    pub devices: bool,
    /// Files may have set-ID bits.
    pub set_id: bool,
    /// rsync may see the names of accounts and groups, so that owners travel by name.
    pub owner_names: bool,
}

/// CVS repositories, and what may be done with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repositories {
    /// Their roots, as clients must name them, byte for byte.
    pub roots: Vec<PathBuf>,
    /// Nothing may change.
    pub is_read_only: bool,
    /// `CVSROOT` may be changed, and `cvs admin` used.
    pub is_admin: bool,
    /// Programs that `CVSROOT` names run.
    pub runs_hooks: bool,
}

impl Repositories {
    /// What may be done with them, in words.
    pub fn words(&self) -> String {
        let roots: Vec<String> = self.roots.iter().map(|root| root.display().to_string()).collect();
        let may = match (self.is_read_only, self.is_admin) {
            (true, _) => "it may read",
            (false, false) => "it may read and change all but CVSROOT",
            (false, true) => "it may read and change everything",
        };
        let programs = if self.runs_hooks { "run" } else { "are refused" };
        format!("{} by cvs: {may}; programs of the repository {programs}", roots.join(" or "))
    }
}

/// How much a key may take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// What the tree may hold, in bytes.
    pub quota: Option<u64>,
    /// How many entries it may hold.
    pub max_files: Option<u64>,
    /// What one file may hold, in bytes.
    pub max_file_size: Option<u64>,
    /// Bytes a second.
    pub rate: Option<u64>,
    /// How long nothing may pass.
    pub idle: Option<Duration>,
    /// Sessions of this key at once.
    pub sessions: Option<u32>,
}

/// A protocol by which a tree is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `xssh sync`.
    Sync,
    /// The system's rsync.
    Rsync,
    /// The system's cvs.
    Cvs,
}

impl Protocol {
    /// All, in the order in which they are named.
    pub const ALL: [Self; 3] = [Self::Sync, Self::Rsync, Self::Cvs];
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sync => "sync",
            Self::Rsync => "rsync",
            Self::Cvs => "cvs",
        })
    }
}

/// A name of a key, as it stands in logs: letters, digits, `.`, `_`, `-`, `@`, `+`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

/// Why a text is no name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a name has 1 to {NAME} letters, digits or any of . _ - @ +, and does not begin with - or .")]
pub struct NameError;

impl Name {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@+".contains(&byte);
        let fits = (1..=NAME).contains(&text.len()) && text.bytes().all(is_plain) && !text.starts_with(['-', '.']);
        fits.then(|| Self(text.to_owned())).ok_or(NameError)
    }
}

impl Grant {
    /// What it serves, in words.
    pub fn serves(&self) -> String {
        let of_tree = self.tree.iter().flat_map(|tree| &tree.protocols).copied();
        let of_repositories = self.repositories.iter().map(|_| Protocol::Cvs);
        let names: Vec<String> = of_tree.chain(of_repositories).map(|protocol| protocol.to_string()).collect();
        match (names.as_slice(), &self.relay) {
            ([], Some(_)) => "one other host".to_owned(),
            ([], None) => "nothing".to_owned(),
            (names, _) => names.join(" and "),
        }
    }
}
