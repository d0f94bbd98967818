//! Writing a new key into the user's known_hosts.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use log::{error, warn};
use ring::rand::{SecureRandom, SystemRandom};
use russh::keys::PublicKey;

use super::key_type;
use super::line::hashed_name;
use super::policy::{Host, Policy};

/// Adds `key` for `host` to the first of the user's files and says so; a file that cannot be written is no reason not
/// to connect.
pub(super) fn add(policy: &Policy, host: &Host, key: &PublicKey) {
    let Some(file) = policy.user_files.first() else { return };
    let name = host.known_as();
    let mut names = vec![name.clone()];
    names.extend(host.address_known_as().filter(|_| policy.check_host_ip));
    let lines: Option<Vec<String>> = if policy.hash {
        names.iter().map(|name| line(&hashed(name)?, key)).collect()
    } else {
        line(&names.join(","), key).map(|line| vec![line])
    };
    let written = lines.ok_or_else(|| io::Error::other("no line can be made of this key"));
    match written.and_then(|lines| append(file, &lines)) {
        Ok(()) => {
            let short = key_type(key);
            warn!("Warning: Permanently added '{name}' ({short}) to the list of known hosts.");
        }
        Err(reason) => {
            error!("Failed to add the host to the list of known hosts ({}): {reason}", file.display());
        }
    }
}

/// A known_hosts line without its end.
pub(super) fn line(names: &str, key: &PublicKey) -> Option<String> {
    let text = key.to_openssh().ok()?;
    let mut words = text.split(' ');
    Some(format!("{names} {} {}", words.next()?, words.next()?))
}

/// `name` hashed under a fresh salt.
pub(super) fn hashed(name: &str) -> Option<String> {
    let mut salt = [0; 20];
    SystemRandom::new().fill(&mut salt).ok()?;
    Some(hashed_name(name, &salt))
}

fn append(file: &Path, lines: &[String]) -> io::Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut open = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(file)?;
    let mut text = String::new();
    if !ends_in_newline(&mut open)? {
        text.push('\n');
    }
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    // One write, so that two of us at once do not mix their lines.
    open.write_all(text.as_bytes())
}

fn ends_in_newline(open: &mut (impl Read + Seek)) -> io::Result<bool> {
    if open.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    open.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    open.read_exact(&mut last)?;
    Ok(last == [b'\n'])
}
