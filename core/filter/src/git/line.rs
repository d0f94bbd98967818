//! One line of an ignore file (gitignore(5), PATTERN FORMAT).

use crate::glob::{Glob, Start};
use crate::{FilterError, limits};

/// A pattern.
#[derive(Debug)]
pub(super) struct Line {
    /// What it matches is not ignored.
    pub(super) negated: bool,
    directory: bool,
    /// It is compared with the name alone.
    name_only: bool,
    /// What stands before the first wildcard or backslash.
    head: Vec<u8>,
    /// What follows, as a pattern of its own; None where it is malformed and nothing matches.
    rest: Option<Glob>,
}

/// The patterns of a text.
pub(super) fn lines(text: &[u8]) -> Result<Vec<Line>, FilterError> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut lines = Vec::new();
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.split(|byte| *byte == 0).next().unwrap_or_default();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let line = trimmed(line.strip_suffix(b"\r").unwrap_or(line));
        if lines.len() >= limits::RULES {
            return Err(FilterError::TooMany { what: "ignore patterns", limit: limits::RULES });
        }
        lines.extend(Line::new(line));
    }
    Ok(lines)
}

/// Without the spaces at its end that no backslash keeps.
fn trimmed(line: &[u8]) -> &[u8] {
    let mut end = 0;
    let mut at = 0;
    while let Some(byte) = line.get(at) {
        match byte {
            b' ' => {}
            b'\\' => {
                at += 1;
                end = at + 1;
            }
            _ => end = at + 1,
        }
        at += 1;
    }
    &line[..end.min(line.len())]
}

impl Line {
    /// None for a pattern that is empty or longer than any path ([`limits::PATTERN`]), which matches nothing.
    fn new(line: &[u8]) -> Option<Self> {
        let (negated, line) = match line {
            [b'!', rest @ ..] => (true, rest),
            _ => (false, line),
        };
        let (directory, line) = match line {
            [rest @ .., b'/'] => (true, rest),
            _ => (false, line),
        };
        if line.is_empty() || line.len() > limits::PATTERN {
            return None;
        }
        let name_only = !line.contains(&b'/');
        let line = line.strip_prefix(b"/").unwrap_or(line);
        // git compares the part before the first wildcard by itself, so that `**` right behind it counts as the beginning
        // of a component.
        let head = line.iter().position(|byte| b"*?[\\".contains(byte)).unwrap_or(line.len());
        let (head, rest) = line.split_at(head);
        Some(Self { negated, directory, name_only, head: head.to_vec(), rest: Glob::git(rest) })
    }

    /// `path` is the path from the directory of the text.
    pub(super) fn matches(&self, name: &[u8], path: &[u8], is_dir: bool) -> bool {
        if self.directory && !is_dir {
            return false;
        }
        let text = if self.name_only { name } else { path };
        match (text.strip_prefix(&self.head[..]), &self.rest) {
            (Some(text), Some(rest)) => rest.matches(text, Start::First),
            _ => false,
        }
    }
}
