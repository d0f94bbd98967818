//! What a shell would do with `*`, `?` and `[` in the paths of a pull, done below the root.

use std::os::unix::ffi::OsStrExt;

use xssh_filter::NamePattern;
use xssh_fs::{Kind, RelPath, Root};
use xssh_rsync::{Argument, Place};

/// The most paths that one pattern may stand for.
const PATHS: usize = 4096;
/// The most names that are looked at for one pattern.
const LOOKED_AT: usize = 200_000;

/// A path of the client's, without patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) path: RelPath,
    /// It ends like a directory: what is in it is meant.
    pub(super) is_content: bool,
    /// How many names stand before the first `/./`, where there is one.
    pub(super) anchor: Option<usize>,
}

impl Named {
    /// The directory that rsync is to be in for it, and its name there; contents have none.
    pub(super) fn directory(&self) -> (RelPath, Option<Vec<u8>>) {
        match self.path.parent().filter(|_| !self.is_content) {
            Some(parent) => (parent, Some(self.path.name().to_vec())),
            None => (self.path.clone(), None),
        }
    }

    /// That it is not there, for people.
    pub(super) fn missing(&self) -> String {
        let path = &self.path;
        if self.is_content {
            format!("{path}/: there is no such directory")
        } else {
            format!("{path}: there is no such file or directory")
        }
    }
}

/// A name of a path: as it is, or a pattern.
enum Part<'a> {
    Plain(&'a [u8]),
    Pattern(NamePattern, bool),
}

/// What a path of a sender stands for: itself, if nothing matches, as with a shell.
pub(super) fn expand(root: &Root, argument: &Argument) -> Result<Vec<Named>, String> {
    let named = root.named().as_os_str().as_bytes();
    let place = Place::resolve(named, &argument.bytes).map_err(|error| error.to_string())?;
    let parts = parts(named, argument)?;
    let anchor = anchor(&argument.bytes);
    let itself = Named { path: place.path, is_content: place.is_content, anchor };
    if argument.patterns.is_empty() {
        return Ok(vec![itself]);
    }
    let mut found = vec![RelPath::root()];
    let mut looked_at = 0;
    for (at, part) in parts.iter().enumerate() {
        let wants_directory = at + 1 < parts.len() || place.is_content;
        found = step(root, found, part, wants_directory, &mut looked_at)?;
    }
    let found = found.into_iter().map(|path| Named { path, is_content: place.is_content, anchor });
    let found: Vec<Named> = found.collect();
    Ok(if found.is_empty() { vec![itself] } else { found })
}

fn step(
    root: &Root,
    above: Vec<RelPath>,
    part: &Part<'_>,
    wants_directory: bool,
    looked_at: &mut usize,
) -> Result<Vec<RelPath>, String> {
    let mut found = Vec::new();
    let too_many = || "the pattern stands for too many names".to_owned();
    for directory in above {
        let (pattern, hidden) = match part {
            Part::Plain(name) => {
                let path = directory.join(name).map_err(|error| error.to_string())?;
                found.extend(root.find(&path).is_ok().then_some(path));
                continue;
            }
            Part::Pattern(pattern, hidden) => (pattern, *hidden),
        };
        // What cannot be read has no names, as for a shell.
        let names = root.names(&directory, LOOKED_AT).unwrap_or_default();
        *looked_at += names.len();
        for name in names.iter().filter(|name| hidden == name.starts_with(b".") && pattern.matches(name)) {
            let path = directory.join(name).map_err(|error| error.to_string())?;
            if !wants_directory || is_directory(root, &path) {
                found.push(path);
            }
        }
        if *looked_at > LOOKED_AT || found.len() > PATHS {
            return Err(too_many());
        }
    }
    Ok(found)
}

/// Whether there is a directory, or a link to one that stays below.
fn is_directory(root: &Root, path: &RelPath) -> bool {
    match root.stat(path) {
        Ok(entry) if entry.kind == Kind::Symlink => root.names(path, LOOKED_AT).is_ok(),
        Ok(entry) => entry.kind == Kind::Directory,
        Err(_) => false,
    }
}

/// The names of a path below the root.
fn parts<'a>(named: &[u8], argument: &'a Argument) -> Result<Vec<Part<'a>>, String> {
    let bytes = &argument.bytes;
    let is_named = bytes.starts_with(named) && matches!(bytes.get(named.len()), None | Some(b'/'));
    let mut start = if is_named && bytes.starts_with(b"/") { named.len() } else { 0 };
    let mut parts = Vec::new();
    while start < bytes.len() {
        let length = bytes[start..].iter().position(|byte| *byte == b'/').unwrap_or(bytes.len() - start);
        let name = &bytes[start..start + length];
        let is_pattern = argument.patterns.iter().any(|at| (start..start + length).contains(at));
        match name {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            _ if is_pattern => {
                let text = pattern(name, start, &argument.patterns);
                let pattern = NamePattern::parse(&text).ok_or("a pattern that cannot be read")?;
                parts.push(Part::Pattern(pattern, name.starts_with(b".")));
            }
            name => parts.push(Part::Plain(name)),
        }
        start += length + 1;
    }
    Ok(parts)
}

/// A name as a pattern: what is quoted in it stays itself.
fn pattern(name: &[u8], start: usize, patterns: &[usize]) -> Vec<u8> {
    let mut text = Vec::new();
    for (at, byte) in name.iter().enumerate() {
        if b"*?[\\".contains(byte) && !patterns.contains(&(start + at)) {
            text.push(b'\\');
        }
        text.push(*byte);
    }
    text
}

/// How many names stand before the first `/./`.
fn anchor(path: &[u8]) -> Option<usize> {
    let at = path.windows(3).position(|window| window == b"/./")?;
    let before = path[..at].split(|byte| *byte == b'/');
    Some(before.filter(|name| !matches!(*name, b"" | b".")).count())
}
