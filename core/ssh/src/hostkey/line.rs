//! One line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).
//!
//! The key is decoded only when somebody asks for it: most lines are about other hosts.

use super::key::{KeyDefect, Written};
use super::names::Names;

/// What stands before the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    /// Nothing: the key is the host's.
    Plain,
    /// `@cert-authority`: certificates that the key signed are the host's.
    Authority,
    /// `@revoked`: the key is nobody's.
    Revoked,
}

/// A line that names hosts and a key, split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) marker: Marker,
    pub(super) names: Names<'a>,
    /// The key's type, as written.
    pub(super) key_type: &'a [u8],
    /// The key, base64, as written.
    pub(super) key_text: &'a [u8],
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read<'a> {
    /// Empty, or a comment.
    Nothing,
    /// None of the format's, and why.
    Bad(&'static str),
    /// Names and a key.
    Line(Line<'a>),
}

impl<'a> Line<'a> {
    /// Splits one line, with or without its end.
    pub(super) fn read(text: &'a [u8]) -> Read<'a> {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        // To OpenSSH, lines are C strings.
        let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
        let text = text.get(..end).unwrap_or(text);
        let (first, rest) = word(text);
        if first.is_empty() || first.starts_with(b"#") {
            return Read::Nothing;
        }
        let (marker, (names, rest)) = match first {
            b"@cert-authority" => (Marker::Authority, word(rest)),
            b"@revoked" => (Marker::Revoked, word(rest)),
            _ if first.starts_with(b"@") => return Read::Bad("invalid marker"),
            _ => (Marker::Plain, (first, rest)),
        };
        if names.starts_with(b"@") {
            return Read::Bad("invalid marker");
        }
        let (key_type, rest) = word(rest);
        if key_type.is_empty() || key_type.starts_with(b"#") {
            return Read::Bad("truncated before key type");
        }
        let (key_text, _) = word(rest);
        if key_text.is_empty() {
            return Read::Bad("truncated after key type");
        }
        Read::Line(Line { marker, names: Names(names), key_type, key_text })
    }

    /// The key, decoded.
    pub(super) fn key(&self) -> Result<Written, KeyDefect> {
        Written::parse(self.key_type, self.key_text)
    }
}

/// The first word of a text and what follows it.
pub(super) fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = text.iter().position(|byte| !blank(byte)).unwrap_or(text.len());
    let text = text.get(start..).unwrap_or_default();
    text.split_at(text.iter().position(blank).unwrap_or(text.len()))
}

/// The lines of a file, numbered from 1, each with its end.
pub(super) fn numbered(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    text.split_inclusive(|byte| *byte == b'\n').zip(1..).map(|(line, number)| (number, line))
}
