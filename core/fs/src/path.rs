use std::cmp::Ordering;
use std::fmt;

use crate::error::PathError;

/// The longest path below a root, in bytes (PATH_MAX, with its final NUL).
const LONGEST: usize = 4095;
/// The longest component, in bytes (NAME_MAX).
const LONGEST_NAME: usize = 255;

/// A path below a root: components that are neither empty nor `.` nor `..`, of any bytes but `/` and NUL. The empty path is
/// the root itself.
///
/// Paths are ordered component by component, so that a directory stands right before what is in it:
///
/// ```
/// use xssh_fs::RelPath;
///
/// let [dir, inside, beside] = [b"a".as_slice(), b"a/b", b"a.txt"].map(|path| RelPath::parse(path).unwrap());
/// assert!(dir < inside && inside < beside);
/// assert!(RelPath::parse(b"../etc").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RelPath(Box<[u8]>);

impl RelPath {
    /// The root itself.
    pub fn root() -> Self {
        Self(Box::default())
    }

    /// Checks a path.
    ///
    /// # Errors
    /// It is absolute, leads upwards, has an empty component, holds a NUL, or is too long.
    pub fn parse(path: &[u8]) -> Result<Self, PathError> {
        if path.is_empty() {
            return Ok(Self::root());
        }
        if path.len() > LONGEST {
            return Err(PathError::TooLong);
        }
        for name in path.split(|byte| *byte == b'/') {
            match name {
                b"" => return Err(PathError::Empty),
                b"." | b".." => return Err(PathError::Dots),
                _ if name.len() > LONGEST_NAME => return Err(PathError::TooLong),
                _ if name.contains(&0) => return Err(PathError::Nul),
                _ => {}
            }
        }
        Ok(Self(path.into()))
    }

    /// Where a path leads that somebody else wrote, as seen from `from`: `.` and `..` are taken away, and the root is `/`; a path
    /// that begins with what the root is called (`named`) is below it too. Nothing is looked at.
    ///
    /// ```
    /// use xssh_fs::RelPath;
    ///
    /// let from = RelPath::parse(b"host/today").unwrap();
    /// let lead = |path: &[u8]| RelPath::resolve(b"/srv", &from, path).map(|path| path.to_string());
    /// assert_eq!(lead(b"../yesterday/./a//"), Ok("host/yesterday/a".to_owned()));
    /// assert_eq!(lead(b"/srv/b"), lead(b"/b"));
    /// assert!(lead(b"../../../etc").is_err());
    /// ```
    ///
    /// # Errors
    /// It leads above the root, holds a NUL, or is too long.
    pub fn resolve(named: &[u8], from: &Self, path: &[u8]) -> Result<Self, PathError> {
        let below = path.strip_prefix(named).filter(|rest| path.starts_with(b"/") && matches!(rest, [] | [b'/', ..]));
        let path = below.unwrap_or(path);
        let starts_at_root = below.is_some() || path.starts_with(b"/");
        let from: &[u8] = if starts_at_root { b"" } else { &from.0 };
        let mut names: Vec<&[u8]> = Vec::new();
        for name in from.split(|byte| *byte == b'/').chain(path.split(|byte| *byte == b'/')) {
            match name {
                b"" | b"." => {}
                b".." => drop(names.pop().ok_or(PathError::Above)?),
                name => names.push(name),
            }
        }
        Self::parse(&names.join(&b'/'))
    }

    /// The bytes, with `/` between components and none at the ends.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether this is the root itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The directory that holds it; none for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let end = self.0.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        Some(Self(self.0[..end].into()))
    }

    /// The last component; empty for the root.
    pub fn name(&self) -> &[u8] {
        self.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
    }

    /// What is called `name` in this directory.
    ///
    /// # Errors
    /// `name` is no component, or the path becomes too long.
    pub fn join(&self, name: &[u8]) -> Result<Self, PathError> {
        if name.is_empty() || name.contains(&b'/') {
            return Err(PathError::Empty);
        }
        let mut path = Vec::with_capacity(self.0.len() + 1 + name.len());
        if !self.is_root() {
            path.extend_from_slice(&self.0);
            path.push(b'/');
        }
        path.extend_from_slice(name);
        Self::parse(&path)
    }

    /// Whether it is inside `directory`, at any depth.
    pub fn is_below(&self, directory: &Self) -> bool {
        !self.is_root()
            && (directory.is_root()
                || self.0.strip_prefix(&*directory.0).is_some_and(|rest| rest.first() == Some(&b'/')))
    }

    /// Whether a symbolic link that stands here may point out of the tree. A `..` behind a name counts as one that does: what it
    /// leads to depends on what the name is, which may be a link itself. So, as rsync has it, do one that ends in `/..` and an
    /// empty one.
    pub fn leads_out(&self, target: &[u8]) -> bool {
        let depth = self.0.iter().filter(|byte| **byte == b'/').count();
        let mut names = target.split(|byte| *byte == b'/').filter(|name| !matches!(*name, b"" | b".")).peekable();
        let above = std::iter::from_fn(|| names.next_if_eq(&b"..".as_slice())).count();
        target.is_empty()
            || target.starts_with(b"/")
            || target.ends_with(b"/..")
            || above > depth
            || names.any(|name| name == b"..")
    }

    /// A path of which the last component was read from a directory and the others were checked.
    pub(crate) fn listed(path: &[u8]) -> Result<Self, PathError> {
        let name = path.iter().rev().take_while(|byte| **byte != b'/').count();
        if path.len() > LONGEST || name > LONGEST_NAME { Err(PathError::TooLong) } else { Ok(Self(path.into())) }
    }

    /// A path that the caller has put together from checked components.
    pub(crate) fn checked(path: &[u8]) -> Self {
        Self(path.into())
    }
}

/// `/` comes before every other byte.
pub(crate) fn compare(one: &[u8], other: &[u8]) -> Ordering {
    let rank = |byte: &u8| if *byte == b'/' { 0 } else { u16::from(*byte) + 1 };
    let shared = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    one[shared..].iter().map(rank).next().cmp(&other[shared..].iter().map(rank).next())
}

impl Ord for RelPath {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

impl PartialOrd for RelPath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// As Rust writes a byte string: no control byte reaches a terminal.
/// Whether a letter is no control character, and still is not seen or shows others elsewhere than they are: bidirectional marks,
/// embeddings, overrides and isolates (Unicode UAX #9, section 2), separators of lines, what has no width, annotations, tags.
fn is_unseen(letter: char) -> bool {
    matches!(letter,
        '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_str(".");
        }
        for chunk in self.0.utf8_chunks() {
            for letter in chunk.valid().chars() {
                if letter.is_control() || is_unseen(letter) || letter == '\\' {
                    write!(f, "{}", letter.escape_default())?;
                } else {
                    write!(f, "{letter}")?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path() -> impl Strategy<Value = RelPath> {
        prop::collection::vec("[-./a-c]{1,4}", 0..5)
            .prop_filter_map("a path", |names| RelPath::parse(names.join("/").as_bytes()).ok())
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_components(one in path(), other in path()) {
            let names = |path: &RelPath| -> Vec<Vec<u8>> {
                if path.is_root() { return Vec::new() }
                path.as_bytes().split(|byte| *byte == b'/').map(<[u8]>::to_vec).collect()
            };
            prop_assert_eq!(one.cmp(&other), names(&one).cmp(&names(&other)));
        }

        #[test]
        fn a_parent_and_a_name_make_the_path(path in path()) {
            if let Some(parent) = path.parent() {
                prop_assert_eq!(parent.join(path.name()).unwrap(), path.clone());
                prop_assert!(path.is_below(&parent) && parent < path);
            }
        }

        #[test]
        fn no_resolved_path_leads_out(from in path(), path in "[./a]{0,12}") {
            if let Ok(found) = RelPath::resolve(b"/a", &from, path.as_bytes()) {
                prop_assert!(RelPath::parse(found.as_bytes()).is_ok());
            }
        }

        #[test]
        fn no_path_leads_out(bytes: Vec<u8>) {
            if let Ok(path) = RelPath::parse(&bytes) {
                let std_path = std::path::PathBuf::from(std::ffi::OsString::from(String::from_utf8_lossy(path.as_bytes()).as_ref()));
                prop_assert!(std_path.components().all(|part| matches!(part, std::path::Component::Normal(_))));
            }
        }
    }

    #[test]
    fn a_link_that_may_point_out_counts_as_one_that_does() {
        let deep = RelPath::parse(b"a/b/link").unwrap();
        let top = RelPath::parse(b"link").unwrap();
        for (target, from_deep, from_top) in [
            (&b"x"[..], false, false),
            (b"..", false, true),
            (b"../..", true, true),
            (b"../../x", false, true),
            (b"../../..", true, true),
            (b"..//./../x/y", false, true),
            (b"..x/y..", false, false),
            (b"x/..", true, true),
            (b"d/../secret", true, true),
            (b"../d/../x", true, true),
            (b"/a/b", true, true),
            (b"", true, true),
        ] {
            assert_eq!([deep.leads_out(target), top.leads_out(target)], [from_deep, from_top], "{target:?}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for bad in
            [&b"/"[..], b"/a", b"a/", b"a//b", b".", b"..", b"a/../b", b"a/./b", b"a\0b", &[b'a'; 256], &[b'a'; 5000]]
        {
            assert!(RelPath::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn paths_of_others_are_resolved_below_the_root_or_refused() {
        let from = RelPath::parse(b"a/b").unwrap();
        let resolve = |path: &[u8]| RelPath::resolve(b"/srv/x", &from, path).map(|path| path.to_string());
        for (path, leads) in [
            (&b""[..], "a/b"),
            (b".", "a/b"),
            (b"..", "a"),
            (b"../..", "."),
            (b"/", "."),
            (b"/srv/x", "."),
            (b"/srv/x/y", "y"),
            (b"/srv/xy", "srv/xy"),
            (b"srv/x", "a/b/srv/x"),
            (b"c/../d/", "a/b/d"),
        ] {
            assert_eq!(resolve(path).as_deref(), Ok(leads), "{path:?}");
        }
        for path in [&b"../../.."[..], b"/..", b"/srv/x/..", b"/srv/x/../y", b"c/../../../.."] {
            assert_eq!(resolve(path), Err(PathError::Above), "{path:?}");
        }
        assert_eq!(resolve(b"a\0b"), Err(PathError::Nul));
    }

    #[test]
    fn control_bytes_are_shown_and_not_sent_to_a_terminal() {
        assert_eq!(RelPath::parse(b"a\x1b[2J\n\xff").unwrap().to_string(), "a\\u{1b}[2J\\n\\xff");
    }
}
