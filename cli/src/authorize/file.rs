//! The file authorized_keys: read, and changed in one step, or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};

use super::owner::Owner;

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
    let path = &place(path)?;
    let folder = parent(path);
    make(folder)?;
    // Two of us take turns.
    let held = File::open(folder).map_err(|error| about(folder, &error))?;
    flock(&held, FlockOperation::LockExclusive).map_err(|errno| about(folder, &errno.into()))?;
    let (text, mode, owner) = match fs::metadata(path) {
        Ok(there) => (text(path)?, there.permissions().mode() & 0o777 & !OTHERS, Owner::of(&there)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            (String::new(), 0o600, Owner::within(&held).map_err(|error| about(folder, &error))?)
        }
        Err(error) => return Err(about(path, &error)),
    };
    let Some(new) = change(&text)? else { return Ok(false) };
    let staged = beside(path);
    let written = write(&staged, &new, mode, owner);
    let written = written.and_then(|()| fs::rename(&staged, path)).and_then(|()| held.sync_all());
    if written.is_err() {
        // It is no authorized_keys yet.
        let _ = fs::remove_file(&staged);
    }
    written.map(|()| true).map_err(|error| about(path, &error))
}

/// That it is there: to take something away, nothing is made.
pub(super) fn require(path: &Path) -> Result<(), String> {
    fs::metadata(path).map(drop).map_err(|error| about(path, &error))
}

/// Where the file is: where it is a link, where that leads. What a link to nothing is meant for is not known, and root is not to
/// make files wherever the links of an account lead.
fn place(path: &Path) -> Result<PathBuf, String> {
    match path.canonicalize() {
        Err(error) if path.is_symlink() => {
            let leads = fs::read_link(path).unwrap_or_default();
            let (path, leads) = (path.display(), leads.display());
            Err(format!("{path}: it is a symbolic link to {leads}, which is not to be had: {error}"))
        }
        real => Ok(real.unwrap_or_else(|_| path.to_owned())),
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
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

fn write(path: &Path, text: &str, mode: u32, owner: Owner) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    owner.take(&file)?;
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Makes the directory of a new file, which belongs to whom the one around it does.
fn make(folder: &Path) -> Result<(), String> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        made => made.map_err(|error| about(folder, &error))?,
    }
    let flags = (OFlags::NOFOLLOW | OFlags::DIRECTORY).bits().cast_signed();
    let given = OpenOptions::new().read(true).custom_flags(flags).open(folder).and_then(|made| {
        let around = File::open(parent(folder))?;
        Owner::within(&around)?.take(&made)
    });
    given.map_err(|error| {
        // It is empty.
        let _ = fs::remove_dir(folder);
        about(folder, &error)
    })
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}", std::process::id()))
}

fn about(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}
