//! What the files and the command know of one host.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use log::{debug, trace};

use super::HostKeyError;
use super::key::{Key, Written};
use super::line::{Line, Marker, Read, numbered};
use super::policy::{Host, Policy};
use crate::limits;

/// Who keeps a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeper {
    /// `UserKnownHostsFile`.
    User,
    /// `GlobalKnownHostsFile`.
    System,
    /// `KnownHostsCommand`.
    Command,
}

/// Where a key is written down; shown as `FILE:LINE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The file, or `KnownHostsCommand-PURPOSE`.
    pub(super) source: Arc<Path>,
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) keeper: Keeper,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source.display(), self.line)
    }
}

/// A key that is written down for the host.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) marker: Marker,
    /// The key, and whether it was written as a certificate, which no plain key equals.
    pub(super) written: Written,
    pub(super) place: Place,
}

impl Record {
    pub(super) fn key(&self) -> &Key {
        &self.written.key
    }
}

/// Everything that is known of one host by its name, in the order of the files. Nothing else of the files is kept.
#[derive(Debug)]
pub struct KnownHosts {
    pub(super) by_name: Vec<Record>,
    /// What is known of the host's address, where CheckHostIP asks for it.
    pub(super) by_address: Vec<Record>,
}

impl KnownHosts {
    /// Reads the policy's files, each once. A file that is not there or cannot be read knows nothing; a line that is
    /// none of the format's is named in the log and skipped.
    ///
    /// # Errors
    /// A file is larger than [`limits::FILE`].
    pub fn load(policy: &Policy, host: &Host) -> Result<Self, HostKeyError> {
        if host.alias.is_some() {
            debug!("using hostkeyalias: {}", host.known_as());
        }
        let mut known = Self { by_name: Vec::new(), by_address: Vec::new() };
        let name = host.known_as();
        let address = host.address_to_check().filter(|_| policy.check_host_ip);
        for (file, keeper) in files(policy) {
            let Some(text) = read(file)? else { continue };
            collect(&text, file, keeper, &name, &mut known.by_name);
            if let Some(address) = &address {
                collect(&text, file, keeper, address, &mut known.by_address);
            }
        }
        Ok(known)
    }
}

/// All files with their keepers, in the order in which they count.
pub(super) fn files(policy: &Policy) -> impl Iterator<Item = (&PathBuf, Keeper)> {
    let user = policy.user_files.iter().map(|file| (file, Keeper::User));
    user.chain(policy.global_files.iter().map(|file| (file, Keeper::System)))
}

/// A file's bytes; `None` for one that is not there or cannot be read.
pub(super) fn read(file: &Path) -> Result<Option<Vec<u8>>, HostKeyError> {
    match read_limited(file, limits::FILE) {
        Ok(Some(text)) => Ok(Some(text)),
        Ok(None) => Err(HostKeyError::TooLarge(file.to_owned())),
        Err(error) => {
            debug!("load_hostkeys: fopen {}: {}", file.display(), cause(&error));
            Ok(None)
        }
    }
}

/// A file's bytes; `None` where it has more than `limit`.
pub(super) fn read_limited(file: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut text = Vec::new();
    let length = File::open(file)?.take(limit.saturating_add(1)).read_to_end(&mut text)?;
    Ok((length as u64 <= limit).then_some(text))
}

/// The system's words for an error, as strerror(3) has them.
pub(super) fn cause(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" (os error ") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

/// Adds what a file or a command's output says of `name`.
pub(super) fn collect(text: &[u8], source: &Path, keeper: Keeper, name: &str, found: &mut Vec<Record>) {
    let mut shared: Option<Arc<Path>> = None;
    for (number, bytes) in numbered(text) {
        let bad = |why: &dyn fmt::Display| debug!("{}:{number}: parse error in hostkeys file: {why}", source.display());
        let line = match Line::read(bytes) {
            Read::Nothing => continue,
            Read::Bad(why) => {
                debug!("{}:{number}: line skipped: {why}", source.display());
                continue;
            }
            Read::Line(line) => line,
        };
        match line.names.stand_for(name) {
            Ok(true) => {}
            Ok(false) => continue,
            Err(_) => {
                bad(&"bad host hash");
                continue;
            }
        }
        match line.key() {
            Ok(written) => {
                trace!("found key type {} in file {}:{number}", written.key.name(), source.display());
                let source = shared.get_or_insert_with(|| Arc::from(source)).clone();
                let place = Place { source, line: number, keeper };
                found.push(Record { marker: line.marker, written, place });
            }
            Err(defect) => bad(&defect),
        }
    }
}
