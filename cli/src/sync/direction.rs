//! Which side is here.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::path_of;
use super::place::Place;
use crate::args::sync::Sync;

/// Where the trees are.
pub(super) enum Direction {
    Push { sources: Vec<PathBuf>, host: Option<String>, path: Vec<u8> },
    Pull { host: String, paths: Vec<Vec<u8>>, target: PathBuf },
}

/// Reads it from the words of the command line.
pub(super) fn of(call: &Sync) -> Result<Direction, String> {
    call.sources.iter().chain([&call.target]).try_for_each(|word| is_meant(word))?;
    let sources: Vec<Place> = call.sources.iter().map(|word| Place::parse(word)).collect();
    let here: Option<Vec<PathBuf>> = sources.iter().map(Place::here).collect();
    match (here, Place::parse(&call.target)) {
        (Some(sources), Place::Here(path)) => {
            let path = path.into_os_string().into_vec();
            Ok(Direction::Push { sources, host: None, path })
        }
        (Some(sources), Place::There { host, path }) => Ok(Direction::Push { sources, host: Some(host), path }),
        (None, Place::Here(target)) => {
            let mut paths = Vec::new();
            let mut hosts = Vec::new();
            for source in sources {
                let Place::There { host, path } = source else {
                    return Err("all sources must be at the same place".to_owned());
                };
                hosts.push(host);
                paths.push(path);
            }
            hosts.dedup();
            match <[String; 1]>::try_from(hosts) {
                Ok([host]) => Ok(Direction::Pull { host, paths, target }),
                Err(_) => Err("all sources must be on the same host".to_owned()),
            }
        }
        (None, Place::There { .. }) => Err("one side must be here: not both on hosts".to_owned()),
    }
}

/// What the other side is called behind the name of what could not be done there.
pub(super) fn other_side(call: &Sync) -> &'static str {
    let mut words = call.sources.iter().chain([&call.target]);
    if words.any(|word| matches!(Place::parse(word), Place::There { .. })) { " (on the host)" } else { "" }
}

/// Whether a word that names a host may mean that: a file of this name would be here, and no shell there knows whose home is meant.
fn is_meant(word: &OsStr) -> Result<(), String> {
    match Place::parse(word) {
        Place::There { host, path } if Path::new(word).exists() => Err(format!(
            "'{0}' is read as '{1}' on host {host}, and there is a file of this name here: write './{0}' for that",
            word.display(),
            path_of(&path).display()
        )),
        Place::There { path, .. } if path.starts_with(b"~") => Err(format!(
            "'{}' would be the home of another account there, which is not looked up: write that path itself, or './{}' for \
             a file of this name",
            path_of(&path).display(),
            path_of(&path).display()
        )),
        Place::There { host, path } if path.starts_with(b"//") && matches!(&*host, "rsync" | "ssh" | "sftp") => Err(
            format!("'{}': no URLs are taken, and no rsync daemon is asked: write [user@]host:path", word.display()),
        ),
        Place::There { host, path } if path.starts_with(b":") => Err(format!(
            "'{}' is a module of an rsync daemon, and none is asked: write {host}:path, for a path that begins with a \
             colon {host}:./:path",
            word.display()
        )),
        _ => Ok(()),
    }
}

/// Whether the one source is named in the way in which rsync would copy it under its name: without a slash behind it.
pub(super) fn names_itself(call: &Sync) -> bool {
    let plain = |word: &OsString| !word.as_bytes().ends_with(b"/");
    !call.contents && !call.relative && matches!(call.sources.as_slice(), [word] if plain(word))
}
