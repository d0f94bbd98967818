//! The paths that were named one by one: `--files-from`, and `--relative`.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use xssh_fs::RelPath;
use xssh_sync::{Selection, Start};

use super::direction::Direction;
use super::path_of;
use super::place::Place;
use crate::args::sync::Sync;

/// The largest list of paths, bytes.
const LIST: u64 = 7 << 20;

/// Reads the list of `--files-from`, if there is one: a path a line, or with a NUL behind each.
pub(super) fn read(call: &Sync) -> Result<Option<Selection>, String> {
    let Some(file) = &call.files_from else { return Ok(None) };
    let is_on_host = matches!(Place::parse(file.as_os_str()), Place::There { .. });
    if (is_on_host || file.as_os_str().as_bytes().starts_with(b":")) && !file.exists() {
        let why = "a list is read here and not on a host: xssh HOST cat LIST | xssh sync --files-from=- …";
        return Err(format!("--files-from={}: {why}", file.display()));
    }
    let mut text = Vec::new();
    let read = if file.as_os_str() == "-" {
        io::stdin().take(LIST + 1).read_to_end(&mut text)
    } else {
        fs::File::open(file).and_then(|open| open.take(LIST + 1).read_to_end(&mut text))
    };
    read.map_err(|error| format!("{}: {error}", file.display()))?;
    if text.len() as u64 > LIST {
        return Err(format!("{}: a list of more than {} MiB", file.display(), LIST >> 20));
    }
    let end = if call.from0 { b'\0' } else { b'\n' };
    let lines = text.split(|byte| *byte == end).map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let is_path = |line: &&[u8]| !line.is_empty() && (call.from0 || !matches!(line[0], b'#' | b';'));
    let paths = lines.filter(is_path).map(|line| listed(line).map_err(|why| format!("{}: {why}", file.display())));
    Ok(Some(Selection::new(paths.collect::<Result<_, _>>()?, call.recursive)))
}

/// A path of a list. All of them begin at SRC, also where `/./` in one would have rsync begin it elsewhere.
fn listed(line: &[u8]) -> Result<RelPath, String> {
    let path = path_of(line);
    let begins_at = line.windows(3).position(|part| part == b"/./").unwrap_or(0);
    if below(path_of(&line[..begins_at])).is_ok_and(|above| above.is_root()) {
        return below(path);
    }
    Err(format!("{}: '/./' is not taken in a list: name that directory as SRC, in a run of its own", path.display()))
}

/// Several sources under their own paths: one tree, of which they are named.
pub(super) fn relative(direction: Direction, start: &mut Start) -> Result<Direction, String> {
    match direction {
        Direction::Push { sources, host, path } => {
            let (top, named) = one_top(&sources)?;
            start.selection = Some(Selection::new(named, true));
            Ok(Direction::Push { sources: vec![top], host, path })
        }
        Direction::Pull { host, paths, target } => {
            let paths: Vec<PathBuf> = paths.into_iter().map(|path| PathBuf::from(OsString::from_vec(path))).collect();
            let (top, named) = one_top(&paths)?;
            start.selection = Some(Selection::new(named, true));
            Ok(Direction::Pull { host, paths: vec![top.into_os_string().into_vec()], target })
        }
    }
}

/// The directory that all sources are relative to, and their paths there: what stands before `/./`, or the beginning.
fn one_top(paths: &[PathBuf]) -> Result<(PathBuf, Vec<RelPath>), String> {
    let mut top: Option<PathBuf> = None;
    let mut named = Vec::new();
    for path in paths {
        let bytes = path.as_os_str().as_bytes();
        let (own, rest) = match bytes.windows(3).position(|part| part == b"/./") {
            Some(at) => (path_of(&bytes[..at.max(1)]), path_of(&bytes[at + 3..])),
            None if path.is_absolute() => (Path::new("/"), path.as_path()),
            None => (Path::new("."), path.as_path()),
        };
        if top.as_ref().is_some_and(|top| top != own) {
            return Err(
                "with --relative all sources begin at one place: all with /, none, or all with the same before /./"
                    .to_owned(),
            );
        }
        top = Some(own.to_owned());
        named.push(below(rest)?);
    }
    Ok((top.unwrap_or_else(|| PathBuf::from(".")), named))
}

/// A path without what leads to its beginning: `/`, `./` and doubled slashes.
fn below(path: &Path) -> Result<RelPath, String> {
    let names: Vec<&[u8]> = path
        .as_os_str()
        .as_bytes()
        .split(|byte| *byte == b'/')
        .filter(|name| !name.is_empty() && *name != b".")
        .collect();
    RelPath::parse(&names.join(&b'/')).map_err(|error| format!("{}: {error}", path.display()))
}
