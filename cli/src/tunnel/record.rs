//! What is known of a tunnel from outside: a file a name, locked by the tunnel that runs.
//!
//! A tunnel that is ended takes its record along. One that failed leaves it with the reason; one that was killed leaves it as it
//! stood, and is told by its lock, which is gone with its process. Nothing secret is in a record.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, flock};
use serde_json::{Value, json};

use super::forward::Shown;
use crate::share::place;

/// The longest record that is read.
const RECORD: u64 = 64 << 10;
/// How often a lock is tried before another tunnel is taken to have it, and the pause in between: who only reads a record has it
/// locked for a moment too.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(20);

/// What they stand in.
const FOLDER: &str = "tunnels";

/// How a tunnel stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// On the way to the host.
    Connecting,
    /// Every forward stands.
    Up(Vec<Shown>),
    /// Down until the next try.
    Waiting {
        /// Why it went down, in one line.
        reason: String,
        /// How long until the next try.
        seconds: u64,
    },
    /// Down for good: no further try would mend it.
    Failed {
        /// Why, in one line.
        reason: String,
    },
}

/// A tunnel's record, held for as long as the tunnel runs.
pub(super) struct Record {
    file: File,
    path: PathBuf,
    name: String,
    /// How often it came up.
    ups: u64,
    /// What went wrong last, and when.
    last: Option<(String, u64)>,
}

/// Where the records are: a directory of ours alone.
fn directory() -> Result<PathBuf, String> {
    place::made(place::directory()?.join(FOLDER))
}

/// A name as a file's: whatever is in it, it stays one name.
fn file_name(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_@:".contains(&byte);
    let escaped =
        name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") });
    format!("{}.json", escaped.collect::<String>())
}

/// The time, in seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// Opens and locks the file that has this path; `None` where a tunnel has it locked.
fn lock(path: &Path, create: bool) -> std::io::Result<Option<File>> {
    for _ in 0..TRIES {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(create).truncate(false).mode(0o600).open(path)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            sleep(PAUSE);
            continue;
        }
        // One that has ended meanwhile took the file along that we opened.
        let named = std::fs::metadata(path).map(|found| (found.dev(), found.ino()));
        let ours = file.metadata()?;
        if named.is_ok_and(|named| named == (ours.dev(), ours.ino())) {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

impl Record {
    /// Takes the name.
    pub(super) fn hold(name: &str) -> Result<Self, String> {
        let path = directory()?.join(file_name(name));
        match lock(&path, true) {
            Ok(Some(file)) => Ok(Self { file, path, name: name.to_owned(), ups: 0, last: None }),
            Ok(None) => {
                Err(format!("another xssh tunnel keeps {name} up already; xssh tunnel --status tells how it stands"))
            }
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    /// Writes how it stands now.
    pub(super) fn write(&mut self, state: State) -> Result<(), String> {
        let (word, next, forwards) = match state {
            State::Connecting => ("connecting", None, Vec::new()),
            State::Up(forwards) => {
                self.ups += 1;
                ("up", None, forwards)
            }
            State::Waiting { reason, seconds } => {
                self.last = Some((reason, now()));
                ("waiting", Some(now() + seconds), Vec::new())
            }
            State::Failed { reason } => {
                self.last = Some((reason, now()));
                ("failed", None, Vec::new())
            }
        };
        let (reason, at) = self.last.as_ref().map(|(reason, at)| (reason, at)).unzip();
        let record = json!({
            "name": self.name, "state": word, "since": now(), "pid": std::process::id(), "times_up": self.ups,
            "forwards": forwards.iter().map(Shown::json).collect::<Vec<_>>(), "next_try": next,
            "last_reason": reason, "last_reason_at": at,
        });
        let line = format!("{record}\n");
        // In this order, so that whoever reads meanwhile finds a whole first line.
        let written = self.file.write_all_at(line.as_bytes(), 0).and_then(|()| self.file.set_len(line.len() as u64));
        written.map_err(|error| format!("the record of {} cannot be written: {error}", self.name))
    }

    /// Removes it: the tunnel was ended.
    pub(super) fn remove(&self) -> Result<(), String> {
        std::fs::remove_file(&self.path).map_err(|error| format!("{}: {error}", self.path.display()))
    }
}

/// Removes what a tunnel has left behind.
pub(super) fn forget(name: &str) -> Result<(), String> {
    let path = directory()?.join(file_name(name));
    match lock(&path, false) {
        Ok(Some(_locked)) => std::fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display())),
        Ok(None) => Err(format!("the tunnel {name} runs: end its process, and nothing is left of it")),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(none_of(name)),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// The words for a name that no tunnel has.
pub(super) fn none_of(name: &str) -> String {
    format!("there is no tunnel of the name {name}")
}

/// What is known of all tunnels, or of one; by name.
pub(super) fn all(only: Option<&str>) -> Result<Vec<Value>, String> {
    let Some(directory) = place::existing()?.map(|place| place.join(FOLDER)) else { return Ok(Vec::new()) };
    let entries = match std::fs::read_dir(&directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| format!("{}: {error}", directory.display()))?,
    };
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
    if file.metadata().ok()?.nlink() == 0 {
        return None;
    }
    let mut text = String::new();
    (&mut file).take(RECORD).read_to_string(&mut text).ok()?;
    let mut record: Value = serde_json::from_str(text.lines().next()?).ok()?;
    if !runs {
        let members = record.as_object_mut()?;
        members.insert("pid".to_owned(), Value::Null);
        if members.get("state").is_none_or(|state| state != "failed") {
            members.insert("state".to_owned(), "died".into());
            for name in ["since", "next_try"] {
                members.insert(name.to_owned(), Value::Null);
            }
            members.insert("forwards".to_owned(), json!([]));
        }
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
