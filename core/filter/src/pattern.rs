//! The pattern of one rule, and the name that it is held against (rsync(1), PATTERN MATCHING RULES).

use std::cell::OnceCell;

use crate::glob::{Glob, Start};

/// Where a leading slash of a pattern is anchored, as what must be left out of a path before the pattern is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// In the transfer: that many bytes of the path from the transfer's root.
    Transfer(usize),
    /// In the file system: that many bytes of the absolute path behind its first slash.
    System(usize),
}

/// A pattern and how it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// As it was written, without the slash at its end.
    pub(crate) text: Vec<u8>,
    /// It had a slash at its end.
    pub(crate) directory: bool,
    /// It counts where it does not match.
    pub(crate) negated: bool,
    anchor: Anchor,
    /// Compared with whole paths, not with last components.
    whole_path: bool,
    body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Body {
    /// No wildcard: backslashes are plain too.
    Literal,
    /// Matches nothing.
    Malformed,
    Wild {
        glob: Glob,
        place: Place,
        /// Begins with `**`, which takes the slash that a path does not begin with: `**/x` matches `x`.
        leading: bool,
        /// Ends in `***`: matches a directory too, as its name with a slash.
        trailing: bool,
    },
}

/// Where in a path a pattern with wildcards may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    First,
    AfterSlash,
    /// That many components before the end.
    Last(usize),
}

impl Pattern {
    /// `text` is a rule's argument. An `anchor` in the file system that is not due to the directory of a merge file
    /// (modifier `/`) holds for patterns without a leading slash too.
    pub(crate) fn new(text: &[u8], negated: bool, anchor: Anchor) -> Self {
        let (text, directory) = match text {
            [inner @ .., b'/'] if !inner.is_empty() => (inner, true),
            _ => (text, false),
        };
        let slashes = text.iter().filter(|byte| **byte == b'/').count();
        let wild = text.iter().any(|byte| matches!(byte, b'*' | b'?' | b'['));
        let crossing = wild && text.windows(2).any(|pair| pair == b"**");
        let leading = crossing && text.starts_with(b"**");
        let anchored = text.starts_with(b"/");
        let body = match Glob::rsync(text.strip_prefix(b"/").unwrap_or(text)) {
            _ if !wild => Body::Literal,
            None => Body::Malformed,
            Some(glob) => Body::Wild {
                glob,
                place: match () {
                    () if anchored || leading => Place::First,
                    () if crossing => Place::AfterSlash,
                    () if slashes > 0 => Place::Last(slashes + 1),
                    () => Place::First,
                },
                leading,
                trailing: crossing && text.ends_with(b"***"),
            },
        };
        Self { text: text.to_vec(), directory, negated, anchor, whole_path: slashes > 0 || crossing, body }
    }

    /// Whether it is compared from the root of the file system (modifier `/`).
    pub(crate) fn is_absolute(&self) -> bool {
        self.anchor == Anchor::System(0)
    }

    /// Whether the rule takes effect for this name.
    pub(crate) fn applies(&self, subject: &Subject<'_>) -> bool {
        self.matches(subject) != self.negated
    }

    fn matches(&self, subject: &Subject<'_>) -> bool {
        if self.directory && !subject.is_dir {
            return false;
        }
        match &self.body {
            Body::Malformed => false,
            Body::Literal if !self.whole_path => subject.name == self.text,
            Body::Literal => self.matches_literally(subject.text(self.anchor, false, false)),
            Body::Wild { glob, .. } if !self.whole_path => glob.matches(subject.name, Start::First),
            Body::Wild { glob, place, leading, trailing } => {
                let text = subject.text(self.anchor, *leading, *trailing && subject.is_dir);
                match place {
                    Place::First => glob.matches(text, Start::First),
                    Place::AfterSlash => glob.matches(text, Start::AfterSlash),
                    Place::Last(count) => last(text, *count).is_some_and(|text| glob.matches(text, Start::First)),
                }
            }
        }
    }

    fn matches_literally(&self, text: &[u8]) -> bool {
        match self.text.strip_prefix(b"/") {
            Some(anchored) => text == anchored,
            None => text.strip_suffix(&self.text[..]).is_some_and(|head| matches!(head, [] | [.., b'/'])),
        }
    }
}

/// The last components of a path, if it has so many.
fn last(path: &[u8], count: usize) -> Option<&[u8]> {
    let mut slashes = path.iter().enumerate().rev().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    match slashes.nth(count - 1) {
        Some(at) => Some(&path[at + 1..]),
        None => (path.iter().filter(|byte| **byte == b'/').count() + 1 == count).then_some(path),
    }
}

/// A name that is judged.
pub(crate) struct Subject<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) is_dir: bool,
    /// The transfer's root, without slashes at its ends.
    root: &'a [u8],
    /// The directory of the name, from the transfer's root.
    directory: &'a [u8],
    /// `/ROOT/DIRECTORY/NAME/`, made when first needed: most patterns look at the name alone.
    full: OnceCell<Vec<u8>>,
}

impl<'a> Subject<'a> {
    pub(crate) fn new(root: &'a [u8], directory: &'a [u8], name: &'a [u8], is_dir: bool) -> Self {
        Self { name, is_dir, root, directory, full: OnceCell::new() }
    }

    /// The path behind an anchor, with the slashes around it if they are wanted.
    fn text(&self, anchor: Anchor, leading: bool, trailing: bool) -> &[u8] {
        let full = self.full.get_or_init(|| {
            let mut full = Vec::with_capacity(self.root.len() + self.directory.len() + self.name.len() + 4);
            for part in [self.root, self.directory, self.name].into_iter().filter(|part| !part.is_empty()) {
                full.push(b'/');
                full.extend_from_slice(part);
            }
            full.push(b'/');
            full
        });
        let transfer = if self.root.is_empty() { 1 } else { self.root.len() + 2 };
        let (begin, leading) = match anchor {
            Anchor::Transfer(skipped) => (transfer + skipped, leading),
            Anchor::System(skipped) => (1 + skipped, leading && self.root.is_empty()),
        };
        let end = if trailing { full.len() } else { full.len() - 1 };
        full.get(begin - usize::from(leading)..end).unwrap_or_default()
    }
}
