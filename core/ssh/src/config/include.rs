//! `Include`: which files a line names, and reading them.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use log::{debug, error, trace};

use super::directive::Line;
use super::error::{Fault, Stop, reason};
use super::reader::{FileKind, FileTrouble, Reader};
use super::tokens::{self, Scope};
use crate::settings::Template;

/// Reads the files of an `Include` line. Their blocks end with them; in a block that does not apply they are only
/// checked.
pub(super) fn line(reader: &mut Reader<'_>, line: &mut Line<'_>, active: &mut bool) -> Result<(), Stop> {
    let source = line.source;
    if source.on_command_line {
        return Err(Fault::NotAnOption("Include").into());
    }
    let applies = *active;
    let kind = FileKind {
        by_user: source.by_user,
        check_owner: true,
        never: source.never || !applies,
        depth: source.depth + 1,
    };
    while let Some(argument) = line.arguments.next() {
        if argument.is_empty() {
            return Err(Fault::EmptyArgument(line.name.to_owned()).into());
        }
        let Some(argument) = expand(reader, line, argument)? else {
            continue;
        };
        let pattern = anchored(reader, &argument, source.by_user)?;
        let files = matching(&pattern);
        if files.is_empty() {
            debug!("{} line {}: include {} matched no files", source.file, source.line, pattern.display());
        }
        for file in files {
            trace!("{} line {}: Including file {} depth {}", source.file, source.line, file.display(), source.depth);
            match reader.file(&file, kind, active) {
                Ok(()) => {}
                Err(FileTrouble::Config(error)) => return Err(Stop::Everything(error)),
                Err(FileTrouble::Open(error)) if error.kind() == ErrorKind::NotFound => {}
                Err(FileTrouble::Open(error)) => {
                    let what = format!("{}: {}", file.display(), reason(&error));
                    return Err(Fault::value("Can't open user config file ", what, "").into());
                }
            }
            *active = applies;
        }
    }
    Ok(())
}

/// Replaces tokens and variables, which OpenSSH 10 has there. A path that has no meaning now is skipped.
fn expand(reader: &Reader<'_>, line: &Line<'_>, argument: String) -> Result<Option<String>, Stop> {
    if !argument.contains(['%', '$']) {
        return Ok(Some(argument));
    }
    match reader.current_tokens()?.expand(&Template(argument), Scope::INCLUDE) {
        Ok(path) => Ok(Some(path)),
        Err(error) => {
            error!("{} line {}: {error}", line.source.file, line.source.line);
            Ok(None)
        }
    }
}

/// The user's relative paths are under `~/.ssh`, the system's in its own directory, which has no use for `~`.
fn anchored(reader: &Reader<'_>, path: &str, by_user: bool) -> Result<PathBuf, Stop> {
    let context = reader.context;
    if path.starts_with('~') {
        if !by_user {
            return Err(Fault::value("bad include path ", path, ".").into());
        }
        // A `~name` of nobody names no file.
        return Ok(tokens::tilde(path, &context.home).map_or_else(|_| PathBuf::from(path), PathBuf::from));
    }
    let directory = if by_user { context.home.join(".ssh") } else { context.system_dir.clone() };
    Ok(directory.join(path))
}

/// The files that match a pattern of glob(7), sorted.
fn matching(pattern: &Path) -> Vec<PathBuf> {
    let text = pattern.to_string_lossy();
    if !text.contains(['*', '?', '[']) {
        return if pattern.symlink_metadata().is_ok() { vec![pattern.to_path_buf()] } else { Vec::new() };
    }
    let options =
        glob::MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };
    // Two stars mean one here; the crate would walk whole trees.
    let mut single = text.into_owned();
    while single.contains("**") {
        single = single.replace("**", "*");
    }
    glob::glob_with(&single, options).map(|paths| paths.flatten().collect()).unwrap_or_default()
}
