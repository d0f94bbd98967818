//! Changing the lines of one host in a known_hosts file, every other line kept byte for byte.
//!
//! The new file is written beside the old one and takes its place at once: whoever reads sees the one or the other. The
//! old one stays as `FILE.old`, as OpenSSH leaves it.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use log::{debug, info, trace};
use ring::rand::{SecureRandom, SystemRandom};

use super::HostKeyError;
use super::append::lines;
use super::key::Key;
use super::known_hosts::{cause, read_limited};
use super::line::{Line, Marker, Read, numbered};
use super::policy::Policy;
use super::survey::{Identity, Match};
use crate::limits;

/// How often a file may change under our hands before we give up.
const TRIES: usize = 3;

/// Makes `keys` the only plain keys of the host in `file`.
pub(super) fn replace(policy: &Policy, file: &Path, identity: &Identity, keys: &[Key]) -> Result<(), HostKeyError> {
    let failed = |reason| HostKeyError::Rewrite { file: file.to_owned(), reason };
    for _ in 0..TRIES {
        let old = match Old::read(file) {
            Ok(old) => old,
            Err(error) if error.kind() == io::ErrorKind::NotFound && keys.is_empty() => {
                debug!("known hosts file {} does not exist", file.display());
                return Ok(());
            }
            Err(error) => return Err(failed(error)),
        };
        let Some(new) = edited(policy, file, &old.text, identity, keys)? else {
            return Ok(());
        };
        if old.give_way(&new).map_err(failed)? {
            return Ok(());
        }
        debug!("{} was changed meanwhile; reading it again", file.display());
    }
    Err(failed(io::Error::from(io::ErrorKind::ResourceBusy)))
}

/// The text with the host's lines as they should be; `None` where they are.
fn edited(
    policy: &Policy,
    file: &Path,
    old: &[u8],
    identity: &Identity,
    keys: &[Key],
) -> Result<Option<Vec<u8>>, HostKeyError> {
    let mut new = Vec::with_capacity(old.len());
    let mut standing = vec![Match::default(); keys.len()];
    for (number, bytes) in numbered(old) {
        match place(bytes, identity, keys) {
            Fate::Kept => new.extend_from_slice(bytes),
            Fate::Right(position, found) => {
                new.extend_from_slice(bytes);
                if let Some(standing) = standing.get_mut(position) {
                    standing.merge(found);
                }
            }
            Fate::Wrong(key) => {
                info!("{}:{number}: Removed {} key for host {}", file.display(), key.word(), identity.name)
            }
        }
    }
    if !new.is_empty() && !new.ends_with(b"\n") {
        new.push(b'\n');
    }
    for (key, found) in keys.iter().zip(standing) {
        let (name, address) = (identity.name.as_str(), identity.address.as_deref());
        let (what, text) = match (found.name, address.filter(|_| !found.address)) {
            (true, None) => continue,
            (false, None) if found.address => ("Fixing match (hostname)", lines(policy.hash, name, None, key)?),
            (false, address) => ("Adding new key", lines(policy.hash, name, address, key)?),
            (true, Some(address)) => ("Fixing match (address)", lines(policy.hash, address, None, key)?),
        };
        info!("{what} for {name} to {}: {} {}", file.display(), key.name(), key.fingerprint(policy.fingerprint_hash));
        new.extend_from_slice(text.as_bytes());
    }
    Ok((new != old).then_some(new))
}

/// What becomes of a line.
enum Fate {
    /// It is not the host's own.
    Kept,
    /// It has the key at this position.
    Right(usize, Match),
    /// It has a key that the host no longer has.
    Wrong(Key),
}

fn place(bytes: &[u8], identity: &Identity, keys: &[Key]) -> Fate {
    let Read::Line(line) = Line::read(bytes) else {
        return Fate::Kept;
    };
    let Some(found) = identity.in_line(&line).filter(|found| found.any()) else {
        return Fate::Kept;
    };
    let Ok(written) = line.key() else { return Fate::Kept };
    if line.marker != Marker::Plain || written.certified {
        return Fate::Kept;
    }
    match keys.iter().position(|key| *key == written.key) {
        Some(position) => Fate::Right(position, found),
        None => Fate::Wrong(written.key),
    }
}

/// The file as it was read.
struct Old {
    path: PathBuf,
    text: Vec<u8>,
    metadata: Metadata,
}

impl Old {
    fn read(file: &Path) -> io::Result<Self> {
        // The file itself, where the name is a link to it: the link stays.
        let path = fs::canonicalize(file)?;
        let metadata = fs::metadata(&path)?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let text = read_limited(&path, limits::FILE)?.ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(Self { path, text, metadata })
    }

    /// Puts `new` in the file's place. `false` where the file is no longer the one that was read.
    fn give_way(&self, new: &[u8]) -> io::Result<bool> {
        let beside = beside(&self.path)?;
        let done = self.write(&beside, new).and_then(|()| {
            if !self.is_unchanged()? {
                return Ok(false);
            }
            self.keep();
            fs::rename(&beside, &self.path)?;
            Ok(true)
        });
        if !matches!(done, Ok(true)) {
            let _ = fs::remove_file(&beside);
        }
        done
    }

    /// Writes the new file with the old one's mode and owner.
    fn write(&self, beside: &Path, new: &[u8]) -> io::Result<()> {
        let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(beside)?;
        let made = file.metadata()?;
        if (made.uid(), made.gid()) != (self.metadata.uid(), self.metadata.gid()) {
            fchown(&file, Some(self.metadata.uid()), Some(self.metadata.gid()))?;
        }
        file.set_permissions(Permissions::from_mode(self.metadata.mode() & 0o7777))?;
        file.write_all(new)?;
        file.sync_all()
    }

    fn is_unchanged(&self) -> io::Result<bool> {
        let state = |of: &Metadata| (of.dev(), of.ino(), of.size(), of.mtime(), of.mtime_nsec());
        Ok(state(&fs::metadata(&self.path)?) == state(&self.metadata))
    }

    /// Keeps the old file. Without it nothing is lost that was meant to stay, so a failure is only noted.
    fn keep(&self) {
        let old = with_suffix(&self.path, ".old");
        let removed = fs::remove_file(&old);
        if let Err(error) = fs::hard_link(&self.path, &old) {
            trace!("{}: {} ({removed:?})", old.display(), cause(&error));
        }
    }
}

/// A name for a new file in the same folder.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let mut random = [0; 8];
    let filled = SystemRandom::new().fill(&mut random);
    filled.map_err(|_| io::Error::other("the system gives no random numbers"))?;
    Ok(with_suffix(path, &format!(".{:016x}", u64::from_ne_bytes(random))))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
