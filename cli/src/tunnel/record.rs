//! What is known of a tunnel from outside: a file a name, locked by the tunnel that runs.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, flock};
use serde_json::{Value, json};

use crate::share::place;

/// The longest record that is read.
const RECORD: u64 = 64 << 10;

/// How a tunnel stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// On the way to the host.
    Connecting,
    /// Every forward stands.
    Up,
    /// Down until the next try.
    Waiting {
        /// Why it went down.
        reason: String,
        /// How long until the next try.
        seconds: u64,
    },
}

/// A tunnel's record, held for as long as the tunnel runs.
pub(super) struct Record {
    file: File,
    name: String,
    /// How often it came up.
    ups: u64,
    last_reason: Option<String>,
}

/// Where the records are: a directory of ours alone.
fn directory() -> Result<PathBuf, String> {
    let directory = place::directory()?.join("tunnels");
    match DirBuilder::new().mode(0o700).create(&directory) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(format!("{}: {error}", directory.display())),
        _ => Ok(directory),
    }
}

/// A name as a file's: whatever is in it, it stays one name.
fn file_name(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_@:".contains(&byte);
    let escaped =
        name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") });
    format!("{}.json", escaped.collect::<String>())
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

impl Record {
    /// Takes the name.
    pub(super) fn hold(name: &str) -> Result<Self, String> {
        let path = directory()?.join(file_name(name));
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).map_err(failed)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(format!(
                "another xssh tunnel keeps {name} up already; xssh tunnel --status tells how it stands"
            ));
        }
        Ok(Self { file, name: name.to_owned(), ups: 0, last_reason: None })
    }

    /// Writes how it stands now.
    pub(super) fn write(&mut self, state: State) -> Result<(), String> {
        let (word, next) = match state {
            State::Connecting => ("connecting", None),
            State::Up => {
                self.ups += 1;
                ("up", None)
            }
            State::Waiting { reason, seconds } => {
                self.last_reason = Some(reason);
                ("waiting", Some(now() + seconds))
            }
        };
        let record = json!({
            "name": self.name, "pid": std::process::id(), "state": word, "since": now(), "next_try": next,
            "times_up": self.ups, "last_reason": self.last_reason,
        });
        let line = format!("{record}\n");
        let written = (|| {
            self.file.set_len(0)?;
            self.file.rewind()?;
            self.file.write_all(line.as_bytes())
        })();
        written.map_err(|error| format!("the record of {} cannot be written: {error}", self.name))
    }
}

/// What is known of all tunnels, or of one; by name. One whose process is gone is down.
pub(super) fn all(only: Option<&str>) -> Result<Vec<Value>, String> {
    let directory = directory()?;
    let entries = std::fs::read_dir(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let wanted = only.map(file_name);
    let mut records = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if wanted.as_ref().is_none_or(|wanted| *wanted == name) {
            records.extend(File::open(entry.path()).ok().and_then(read));
        }
    }
    records.sort_by_key(|record| record["name"].as_str().unwrap_or_default().to_owned());
    Ok(records)
}

fn read(mut file: File) -> Option<Value> {
    let runs = flock(&file, FlockOperation::NonBlockingLockShared).is_err();
    let mut text = String::new();
    (&mut file).take(RECORD).read_to_string(&mut text).ok()?;
    let mut record: Value = serde_json::from_str(&text).ok()?;
    if !runs {
        let members = record.as_object_mut()?;
        members.insert("state".to_owned(), "down".into());
        members.insert("pid".to_owned(), Value::Null);
        members.insert("next_try".to_owned(), Value::Null);
    }
    Some(record)
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_name_stays_one_name() {
        assert_eq!(file_name("db"), "db.json");
        assert_eq!(file_name("../a/b"), "..%2fa%2fb.json");
    }
}
