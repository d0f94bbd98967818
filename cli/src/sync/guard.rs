//! What is stopped before it begins: what people who are used to rsync may have meant otherwise, and trees inside each other.

use std::path::{Path, PathBuf};

use xssh_fs::{RelPath, Root};
use xssh_sync::{Opened, Reason, Refusal, Role, Start, Tree};

use super::{direction, path_of};
use crate::args::sync::Sync;

/// Says what rsync would have done with a source that is named without a slash. `target` is as its user wrote it.
pub(super) fn own_name(target: &str, name: &[u8]) -> Refusal {
    let name = String::from_utf8_lossy(name);
    let gap = if target.ends_with(['/', ':']) { "" } else { "/" };
    let inside = format!("{target}{gap}{name}");
    let words = format!(
        "{target} holds a directory {name}, as SRC is called: rsync would have made {inside} like SRC. If that is meant, \
         name {inside} as DST; with --contents {target} itself becomes like SRC. Nothing was changed"
    );
    Refusal { reason: Reason::OwnName, words }
}

/// Refuses to fill the home directory on a host with what is in a directory: rsync would have made one of its name there.
pub(super) fn home(call: &Sync, sources: &[PathBuf]) -> Result<(), String> {
    let target = call.target.to_string_lossy();
    let [source] = sources else { return Ok(()) };
    match source.file_name() {
        Some(name) if target.ends_with(':') && direction::names_itself(call) && source.is_dir() => Err(format!(
            "{target} is the whole home directory on the host: rsync would have made {target}{0} like SRC. If that is meant, \
             name {target}{0} as DST; with --contents the home directory itself becomes like SRC. Nothing was changed",
            name.display()
        )),
        _ => Ok(()),
    }
}

/// Refuses trees of which one is inside the other, where that does harm and no rule keeps them apart.
pub(super) fn nested(sources: &[PathBuf], opened: &Opened, target: &Path, start: &Start) -> Result<(), String> {
    let Some(target) = resolved(target) else { return Ok(()) };
    let names = &opened.shown.names;
    for (at, source) in sources.iter().enumerate().filter(|(_, source)| source.is_dir()) {
        let Ok(found) = source.canonicalize() else { continue };
        let name = names.get(at).map(|name| path_of(name));
        let becomes = name.map_or_else(|| target.clone(), |name| target.join(name));
        if let Some(inside) = below(&becomes, &found) {
            let shown = name.map_or_else(|| inside.to_owned(), |name| name.join(inside));
            if shows(&opened.tree, &shown) {
                return Err(format!(
                    "{} is inside {}, which would be copied into itself, one level deeper in each run: leave it out \
                     with --exclude=/{}, or name another DST",
                    target.display(),
                    source.display(),
                    shown.display()
                ));
            }
        }
        if start.options.delete && name.is_none() {
            deleted(source, &found, &target, (&opened.tree, start))?;
        }
    }
    Ok(())
}

/// Refuses to delete the source as something that it does not have itself. What it has itself in the place where it is in the target
/// comes there, and what that does not have goes: no rule but one that leaves it out on both sides keeps it then.
fn deleted(source: &Path, found: &Path, target: &Path, (tree, start): (&Tree, &Start)) -> Result<(), String> {
    let Some(inside) = below(found, target) else { return Ok(()) };
    let Ok(root) = Root::open(target) else { return Ok(()) };
    let there = Tree::whole(root).seen(start, Role::Target);
    let gives_up = RelPath::parse(inside.as_os_str().as_encoded_bytes()).is_ok_and(|path| there.gives_up(&path));
    let holds_its_like = source.join(inside).symlink_metadata().is_ok();
    let (does, way_out) = match holds_its_like {
        true if shows(tree, inside) || shows(&there, inside) => ("replace", "leave it out with --exclude="),
        false if gives_up => ("delete", "keep it with --filter='protect "),
        _ => return Ok(()),
    };
    let quote = if holds_its_like { "" } else { "'" };
    Err(format!(
        "{} is inside {}: --delete would {does} it there; {way_out}/{}{quote}, or name another DST",
        source.display(),
        target.display(),
        inside.display()
    ))
}

fn shows(tree: &Tree, path: &Path) -> bool {
    RelPath::parse(path.as_os_str().as_encoded_bytes()).is_ok_and(|path| tree.shows(&path))
}

/// What leads from a directory to something in it.
fn below<'a>(path: &'a Path, directory: &Path) -> Option<&'a Path> {
    path.strip_prefix(directory).ok().filter(|rest| !rest.as_os_str().is_empty())
}

/// Where a path leads, through all symbolic links, as far as it is there.
fn resolved(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    let there = absolute.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    let (above, found) = there?;
    let rest = absolute.strip_prefix(above).ok()?;
    Some(if rest.as_os_str().is_empty() { found } else { found.join(rest) })
}
