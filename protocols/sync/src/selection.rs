//! Which paths were named, where not a whole tree is meant: `--files-from` and `--relative`.

use xssh_fs::RelPath;

/// Paths in a tree, and the directories that lead to them.
///
/// ```
/// use xssh_fs::RelPath;
/// use xssh_sync::Selection;
///
/// let path = |text: &str| RelPath::parse(text.as_bytes()).unwrap();
/// let named = Selection::new(vec![path("a/b")], true);
/// assert!(named.admits(&path("a")) && named.admits(&path("a/b/c")));
/// assert!(!named.admits(&path("a/x")));
/// assert!(named.only_leads(&path("a")) && !named.only_leads(&path("a/b")));
/// // What only leads to them is made, the root is there: it takes part where it was named itself.
/// assert!(!named.admits(&RelPath::root()) && Selection::new(vec![RelPath::root()], true).admits(&RelPath::root()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// In their order, each once.
    paths: Vec<RelPath>,
    recursive: bool,
}

impl Selection {
    /// These paths; of a directory also what is in it, where it is `recursive`.
    pub fn new(mut paths: Vec<RelPath>, recursive: bool) -> Self {
        paths.sort();
        paths.dedup();
        Self { paths, recursive }
    }

    /// The paths, in their order.
    pub fn paths(&self) -> &[RelPath] {
        &self.paths
    }

    /// Whether what is in a named directory belongs to it.
    pub fn is_recursive(&self) -> bool {
        self.recursive
    }

    /// Whether a path was named, leads to one that was, or is inside one. The root leads to all, and has to be named.
    pub fn admits(&self, path: &RelPath) -> bool {
        let at = self.paths.partition_point(|named| named < path);
        // A directory stands right before what is in it.
        if self.paths.get(at).is_some_and(|named| named == path || (!path.is_root() && named.is_below(path))) {
            return true;
        }
        self.recursive && self.contains_above(path)
    }

    /// Whether a path takes part for the sake of what it leads to alone.
    pub fn only_leads(&self, path: &RelPath) -> bool {
        let at = self.paths.partition_point(|named| named < path);
        let leads = self.paths.get(at).is_some_and(|named| named.is_below(path));
        leads && !path.is_root() && !(self.recursive && self.contains_above(path))
    }

    fn contains_above(&self, path: &RelPath) -> bool {
        let mut above = path.parent();
        while let Some(directory) = above {
            if self.paths.binary_search(&directory).is_ok() {
                return true;
            }
            above = directory.parent();
        }
        false
    }
}
