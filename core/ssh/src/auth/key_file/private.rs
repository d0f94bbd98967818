//! Opening a private key's file, and asking for its passphrase.

use super::pem::{self, Armor};
use super::{KeyFileError, decode::decode, read};
use crate::prompt::Prompt;
use log::{error, trace};
use russh::keys::PrivateKey;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

/// A private key's file, read and not yet decrypted.
pub(in crate::auth) struct PrivateFile {
    armor: Armor,
}

/// Who is asked for a passphrase, and how often.
#[derive(Clone)]
pub(in crate::auth) struct Asking {
    pub(in crate::auth) prompt: Arc<dyn Prompt>,
    /// `NumberOfPasswordPrompts`.
    pub(in crate::auth) times: u32,
}

/// Reads a private key's file. One of ours that others may read is not used, as with OpenSSH.
pub(in crate::auth) fn open(path: &Path) -> Result<PrivateFile, KeyFileError> {
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => KeyFileError::Missing,
        _ => KeyFileError::Unreadable(error),
    })?;
    let metadata = file.metadata().map_err(KeyFileError::Unreadable)?;
    let text = read(&file).map_err(KeyFileError::Unreadable)?;
    let Some(armor) = pem::parse(&text) else {
        return Err(no_armor(&text));
    };
    // Only of what is a private key: the file may have been a public one.
    let ours = metadata.uid() == rustix::process::getuid().as_raw();
    if ours && metadata.mode() & 0o077 != 0 {
        warn_unprotected(path, metadata.mode());
        return Err(KeyFileError::Permissions);
    }
    Ok(PrivateFile { armor })
}

/// Whether the file holds a private key without a passphrase.
pub(in crate::auth) fn is_unlocked(path: &Path) -> bool {
    let text = File::open(path).and_then(|file| read(&file)).ok();
    text.and_then(|text| pem::parse(&text)).is_some_and(|armor| matches!(decode(&armor, None), Ok(Some(_))))
}

fn no_armor(text: &[u8]) -> KeyFileError {
    if text.starts_with(b"PuTTY-User-Key-File-") {
        return KeyFileError::Unsupported {
            what: "PuTTY's format".to_owned(),
            cure: "convert the key with puttygen -O private-openssh",
        };
    }
    KeyFileError::NoKey
}

impl PrivateFile {
    /// The key. Someone is asked only where it has a passphrase, and that does not hold up the runtime.
    pub(in crate::auth) async fn unlock(self, path: &Path, asking: Option<Asking>) -> Result<PrivateKey, KeyFileError> {
        if let Some(key) = decode(&self.armor, None)? {
            return Ok(key);
        }
        let asking = asking.ok_or(KeyFileError::NobodyToAsk)?;
        let question = question(path);
        let asked = tokio::task::spawn_blocking(move || self.ask(&question, &asking)).await;
        asked.unwrap_or(Err(KeyFileError::NobodyToAsk))
    }

    fn ask(&self, question: &str, asking: &Asking) -> Result<PrivateKey, KeyFileError> {
        for attempt in 0..asking.times {
            let Some(passphrase) = asking.prompt.secret(question) else {
                return Err(match attempt {
                    0 => KeyFileError::NobodyToAsk,
                    _ => KeyFileError::Passphrase,
                });
            };
            if passphrase.is_empty() {
                trace!("no passphrase given, try next key");
                return Err(KeyFileError::Passphrase);
            }
            if let Some(key) = decode(&self.armor, Some(&passphrase))? {
                return Ok(key);
            }
            trace!("bad passphrase given, try again...");
        }
        Err(KeyFileError::Passphrase)
    }
}

fn question(path: &Path) -> String {
    // OpenSSH shows no more of it.
    let name: String = path.to_string_lossy().chars().take(100).collect();
    format!("Enter passphrase for key '{name}': ")
}

fn warn_unprotected(path: &Path, mode: u32) {
    const RULE: &str = "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@";
    error!("{RULE}");
    error!("@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @");
    error!("{RULE}");
    error!("Permissions 0{:03o} for '{}' are too open.", mode & 0o777, path.display());
    error!("It is required that your private key files are NOT accessible by others.");
    error!("This private key will be ignored.");
}
