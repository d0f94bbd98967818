use xssh_fs::RelPath;

use crate::ServerCall;
use crate::error::CallError;
use crate::option::{PathUse, Setting};
use crate::value::{Value, shown};

/// A path of the client's, below the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where it leads, with `.` and `..` taken away.
    pub path: RelPath,
    /// It ends like a directory: what is in it is meant.
    pub is_content: bool,
}

/// What the path of an option leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placed {
    /// The client's own list, which comes on the stream.
    Stream,
    /// A name beside each file, as a relative --partial-dir is.
    Beside(Vec<u8>),
    /// Below the root.
    At(RelPath),
}

impl Place {
    /// Resolves a path below a root. `named` is what the root is called.
    ///
    /// # Errors
    /// It leads out.
    pub fn resolve(named: &[u8], path: &[u8]) -> Result<Self, CallError> {
        let is_content = path.is_empty() || path.ends_with(b"/") || path == b"." || path.ends_with(b"/.");
        Ok(Self { path: resolve(named, &RelPath::root(), path)?, is_content })
    }
}

fn resolve(named: &[u8], from: &RelPath, path: &[u8]) -> Result<RelPath, CallError> {
    RelPath::resolve(named, from, path).map_err(|source| CallError::Path { path: shown(path), source })
}

impl ServerCall {
    /// Resolves the paths of options, in their order, below a root that is called `named`. They are seen from the directory that
    /// is received into, but for lists and logs.
    ///
    /// # Errors
    /// One leads out.
    pub fn resolve(&self, named: &[u8], from: &RelPath) -> Result<Vec<(PathUse, Placed)>, CallError> {
        let mut placed = Vec::new();
        for setting in &self.settings {
            if let Setting { value: Value::Path(path), path: Some(of), .. } = setting {
                let place = match of {
                    PathUse::List if path == b"-" => Placed::Stream,
                    PathUse::Partial if !path.contains(&b'/') && !matches!(path.as_slice(), b"" | b"." | b"..") => {
                        Placed::Beside(path.clone())
                    }
                    // rsync(1): these are seen from where the server was started.
                    PathUse::List | PathUse::Log => Placed::At(resolve(named, &RelPath::root(), path)?),
                    _ => Placed::At(resolve(named, from, path)?),
                };
                placed.push((*of, place));
            }
        }
        Ok(placed)
    }
}
