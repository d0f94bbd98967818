//! What the files and the command know of one host.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use log::debug;
use russh::keys::PublicKey;
use russh::keys::ssh_key::public::KeyData;

use super::line::{Line, Marker, Named};
use super::policy::{CommandRequest, Host, Policy};
use super::{HostKeyError, fingerprint};
use crate::limits;

/// Where a key is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The file, or the command's first word.
    pub(super) source: PathBuf,
    /// Counted from 1.
    pub(super) line: usize,
    /// Whether the file is one of the user's.
    pub(super) user: bool,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.source.display(), self.line)
    }
}

/// A key that is known of the host.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) marker: Marker,
    pub(super) key: PublicKey,
    pub(super) named: Named,
    pub(super) place: Place,
}

/// Everything that is known of one host, in the order of the files.
#[derive(Debug, Default, Clone)]
pub struct KnownHosts {
    pub(super) by_name: Vec<Known>,
    /// What is known of the host's address, where CheckHostIP asks for it.
    pub(super) by_address: Vec<Known>,
}

impl KnownHosts {
    /// Reads the policy's files, each once. A file that is not there knows nothing; one that cannot be read is named in
    /// the log.
    ///
    /// # Errors
    /// A file is larger than [`limits::FILE`].
    pub fn load(policy: &Policy, host: &Host) -> Result<Self, HostKeyError> {
        let (name, address) = (host.known_as(), host.address_known_as().filter(|_| policy.check_host_ip));
        let mut known = Self::default();
        let files = policy.user_files.iter().map(|file| (file, true));
        for (file, user) in files.chain(policy.global_files.iter().map(|file| (file, false))) {
            let Some(text) = read(file)? else { continue };
            collect(&text, file, user, &name, &mut known.by_name);
            if let Some(address) = &address {
                collect(&text, file, user, address, &mut known.by_address);
            }
        }
        Ok(known)
    }

    /// The same with what the command knows, if there is one, asked with `request`.
    pub(super) fn with_command(
        &self,
        policy: &Policy,
        request: impl FnOnce() -> CommandRequest,
    ) -> Result<Cow<'_, Self>, HostKeyError> {
        if policy.command.is_none() {
            return Ok(Cow::Borrowed(self));
        }
        let mut more = self.clone();
        more.by_name.extend(ask_command(policy, &request())?);
        Ok(Cow::Owned(more))
    }

    /// All keys with this marker.
    pub(super) fn with(&self, marker: Marker) -> impl Iterator<Item = &Known> {
        self.by_name.iter().filter(move |known| known.marker == marker)
    }
}

/// Other names under which `key` is known in the user's files, for the question about a new host.
pub(super) fn other_names(policy: &Policy, key: &KeyData) -> Vec<String> {
    let mut names = Vec::new();
    for file in &policy.user_files {
        let Ok(Some(text)) = read(file) else { continue };
        for (number, text) in lines(&text).enumerate() {
            let Some(line) = text.and_then(Line::parse).filter(|line| line.marker == Marker::Plain) else {
                continue;
            };
            if decode(&line).is_some_and(|known| known.key_data() == key) {
                let name = if line.hosts.starts_with('|') { "[hashed name]" } else { line.hosts };
                names.push(format!("{}:{}: {name}", file.display(), number + 1));
            }
        }
    }
    names
}

fn read(file: &Path) -> Result<Option<Vec<u8>>, HostKeyError> {
    let mut text = Vec::new();
    let opened = File::open(file).and_then(|open| open.take(limits::FILE + 1).read_to_end(&mut text));
    match opened {
        Ok(n) if n as u64 > limits::FILE => Err(HostKeyError::TooLarge(file.to_owned())),
        Ok(_) => Ok(Some(text)),
        Err(error) => {
            debug!("load_hostkeys: open {}: {error}", file.display());
            Ok(None)
        }
    }
}

/// The lines of a file; `None` for one that is no text.
fn lines(text: &[u8]) -> impl Iterator<Item = Option<&str>> {
    text.split(|&byte| byte == b'\n').map(|line| std::str::from_utf8(line).ok())
}

fn collect(text: &[u8], source: &Path, user: bool, name: &str, found: &mut Vec<Known>) {
    for (index, text) in lines(text).enumerate() {
        let Some(line) = text.and_then(Line::parse) else {
            continue;
        };
        let named = line.names(name);
        if named == Named::Not {
            continue;
        }
        let place = Place { source: source.to_owned(), line: index + 1, user };
        match decode(&line) {
            Some(key) => found.push(Known { marker: line.marker, key, named, place }),
            None => debug!("{place}: no key that can be read; line ignored"),
        }
    }
}

fn decode(line: &Line<'_>) -> Option<PublicKey> {
    PublicKey::from_openssh(&format!("{} {}", line.key_type, line.key)).ok()
}

/// Runs KnownHostsCommand for one purpose and reads its output as a known_hosts file.
fn ask_command(policy: &Policy, request: &CommandRequest) -> Result<Vec<Known>, HostKeyError> {
    let Some(command) = &policy.command else {
        return Ok(Vec::new());
    };
    let Some(arguments) = command(request).filter(|arguments| !arguments.is_empty()) else {
        return Err(HostKeyError::Command("its arguments cannot be made".to_owned()));
    };
    let failed = |what: String| HostKeyError::Command(format!("\"{}\" {what}", arguments[0]));
    let mut child = Command::new(&arguments[0])
        .args(&arguments[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(format!("cannot be run: {error}")))?;
    let mut text = Vec::new();
    if let Some(output) = child.stdout.take() {
        let read = output.take(limits::FILE + 1).read_to_end(&mut text);
        read.map_err(|error| failed(format!("cannot be read: {error}")))?;
    }
    let status = child.wait().map_err(|error| failed(format!("cannot be waited for: {error}")))?;
    if !status.success() {
        return Err(failed(format!("failed: {status}")));
    }
    let mut found = Vec::new();
    collect(&text, Path::new(&arguments[0]), false, &request.name, &mut found);
    Ok(found)
}

/// The request before the host has shown any key.
pub(super) fn order_request(name: String) -> CommandRequest {
    let none = || "NONE".to_owned();
    CommandRequest { purpose: "ORDER", name, key_type: none(), fingerprint: none(), key: none() }
}

/// The request for the host's name or address once it has shown its key.
pub(super) fn key_request(purpose: &'static str, name: &str, key: &PublicKey, policy: &Policy) -> CommandRequest {
    let text = key.to_openssh().unwrap_or_default();
    CommandRequest {
        purpose,
        name: name.to_owned(),
        key_type: key.algorithm().as_str().to_owned(),
        fingerprint: fingerprint(key, policy.fingerprint_hash),
        key: text.split(' ').nth(1).unwrap_or_default().to_owned(),
    }
}
