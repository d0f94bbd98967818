//! Writing a new key at the end of the user's known_hosts.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use log::{error, warn};

use super::HostKeyError;
use super::key::Key;
use super::known_hosts::cause;
use super::names::hashed;
use super::policy::Policy;
use super::subject::Subject;

/// Adds the key for the host, and for its address too where that is given. What cannot be written is no reason not to
/// connect: it is said, and the host is new again next time.
pub(super) fn host(subject: &Subject<'_>, address: Option<&str>) {
    let Some(file) = subject.policy.user_files.first() else {
        return;
    };
    let (name, word) = (subject.name(), subject.word());
    let added = lines(subject.policy.hash, &name, address, &subject.presented.key)
        .and_then(|lines| append(subject.policy, file, &lines));
    match added {
        Ok(()) => {
            let shown = address.map_or_else(|| name.clone(), |address| format!("{name},{address}"));
            warn!("Warning: Permanently added '{shown}' ({word}) to the list of known hosts.");
        }
        Err(reason) => warn!("Failed to add the host to the list of known hosts ({}).\n{reason}", file.display()),
    }
}

/// Adds the key for the address of a host whose name has it already.
pub(super) fn address(subject: &Subject<'_>, address: &str) {
    let word = subject.word();
    if !subject.can_record() {
        warn!("{word} host key for IP address '{address}' not in list of known hosts.");
        return;
    }
    let Some(file) = subject.policy.user_files.first() else {
        return;
    };
    let added = lines(subject.policy.hash, address, None, &subject.presented.key)
        .and_then(|lines| append(subject.policy, file, &lines));
    match added {
        Ok(()) => warn!(
            "Warning: Permanently added the {word} host key for IP address '{address}' to the list of known hosts."
        ),
        Err(reason) => warn!(
            "Failed to add the {word} host key for IP address '{address}' to the list of known hosts ({}).\n{reason}",
            file.display()
        ),
    }
}

/// The lines for a host and its address: one for both, or one for each where names are hashed.
pub(super) fn lines(hash: bool, name: &str, address: Option<&str>, key: &Key) -> Result<String, HostKeyError> {
    let key = format!("{} {}", key.name(), key.text());
    let names: Vec<&str> = [Some(name), address].into_iter().flatten().collect();
    if !hash {
        return Ok(format!("{} {key}\n", names.join(",")));
    }
    let hashed: Result<String, HostKeyError> =
        names.into_iter().map(|name| Ok(format!("{} {key}\n", hashed(name)?))).collect();
    hashed
}

/// Makes the file where it is not there.
pub(super) fn make_sure_of(policy: &Policy, file: &Path) -> Result<(), HostKeyError> {
    append(policy, file, "")
}

fn append(policy: &Policy, file: &Path, lines: &str) -> Result<(), HostKeyError> {
    make_folder(policy, file);
    append_text(file, lines).map_err(|reason| HostKeyError::Rewrite { file: file.to_owned(), reason })
}

/// Makes `~/.ssh` where the file is to be there. No other folder is ours to make.
fn make_folder(policy: &Policy, file: &Path) {
    let Some(folder) = policy.home.as_ref().map(|home| home.join(".ssh")) else {
        return;
    };
    if !file.starts_with(&folder) || folder.exists() {
        return;
    }
    if let Err(reason) = DirBuilder::new().mode(0o700).create(&folder) {
        error!("Could not create directory '{}' ({}).", folder.display(), cause(&reason));
    }
}

fn append_text(file: &Path, lines: &str) -> io::Result<()> {
    let mut open = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(file)?;
    if lines.is_empty() {
        return Ok(());
    }
    let mut text = String::with_capacity(lines.len() + 1);
    if open.metadata()?.is_file() && !ends_well(&mut open)? {
        text.push('\n');
    }
    text.push_str(lines);
    // One write, so that the lines of several of us at once do not mix.
    open.write_all(text.as_bytes())
}

/// Whether a line added now begins a line.
fn ends_well(open: &mut File) -> io::Result<bool> {
    if open.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    open.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    open.read_exact(&mut last)?;
    Ok(last == *b"\n")
}
