//! The file authorized_keys: read, and changed in one step, or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::environment;
use crate::serve::trusted;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 16 << 20;
/// Bits by which others than the owner may write.
const OTHERS: u32 = 0o022;

/// Reads it.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
    read.map_err(|error| about(path, &error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Puts another text in its place, or leaves it as it is where `change` gives none. Says whether it was changed.
pub(super) fn change(path: &Path, change: impl FnOnce(&str) -> Result<Option<String>, String>) -> Result<bool, String> {
    // Where the file is a link, its place is where that leads.
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make(folder)?;
    // Two of us take turns.
    let held = File::open(folder).map_err(|error| about(folder, &error))?;
    flock(&held, FlockOperation::LockExclusive).map_err(|errno| about(folder, &errno.into()))?;
    let (text, mode) = match fs::metadata(path) {
        Ok(there) => (text(path)?, there.permissions().mode() & 0o777 & !OTHERS),
        Err(error) if error.kind() == ErrorKind::NotFound => (String::new(), 0o600),
        Err(error) => return Err(about(path, &error)),
    };
    let Some(new) = change(&text)? else { return Ok(false) };
    let staged = beside(path);
    let written = write(&staged, &new, mode).and_then(|()| fs::rename(&staged, path)).and_then(|()| held.sync_all());
    if written.is_err() {
        // It is no authorized_keys yet.
        let _ = fs::remove_file(&staged);
    }
    written.map(|()| true).map_err(|error| about(path, &error))
}

/// What must not be lost by a change: every byte has to be text.
fn text(path: &Path) -> Result<String, String> {
    let size = fs::metadata(path).map_err(|error| about(path, &error))?.len();
    let bytes = fs::read(path).map_err(|error| about(path, &error))?;
    if size > LARGEST {
        return Err(format!("{}: it is too large", path.display()));
    }
    String::from_utf8(bytes).map_err(|_| format!("{}: it holds what is no text", path.display()))
}

fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn make(folder: &Path) -> Result<(), String> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(about(folder, &error)),
        _ => Ok(()),
    }
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}", std::process::id()))
}

/// What sshd does not like about the file and the directories that it is in, up to the account's own home (sshd_config(5), StrictModes).
pub(super) fn modes(path: &Path) -> Option<String> {
    let owner = fs::metadata(path).ok()?.uid();
    let (real, home) = (path.canonicalize().ok()?, environment::home().canonicalize().ok()?);
    let top = if real.starts_with(&home) { home } else { "/".into() };
    trusted::is_of(owner, path, &top).err().map(|why| format!("sshd does not look at it: {why}"))
}

fn about(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}
