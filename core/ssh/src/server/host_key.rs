//! The server's own key.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::ssh_key::{self, LineEnding};
use russh::keys::{HashAlg, PrivateKey};
use rustix::rand::{GetRandomFlags, getrandom};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::limits::KEY_FILE;

/// How a private key of OpenSSH's begins (PROTOCOL.key).
const BEGIN: &[u8] = b"-----BEGIN OPENSSH PRIVATE KEY-----";

/// What the server proves itself with.
#[derive(Clone)]
pub struct HostKey(pub(super) PrivateKey);

/// Why there is none.
#[derive(Debug, Error)]
pub enum HostKeyError {
    /// The file.
    #[error("{path}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Others may read it.
    #[error("{0}: others can read it (mode {1:o}): chmod 600 it, or have a new one made")]
    Open(PathBuf, u32),
    /// It is no key at all.
    #[error(
        "{0}: it holds no private key in OpenSSH's form: have a new one made, in another file or in the place of this one"
    )]
    NoKey(PathBuf),
    /// It is no key in OpenSSH's form without a passphrase.
    #[error("{path}: {source}; an unencrypted OpenSSH private key is wanted")]
    Form {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: ssh_key::Error,
    },
    /// The system has no random bytes to give.
    #[error("no random bytes are to be had: {0}")]
    Chance(#[source] io::Error),
}

impl HostKey {
    /// Reads the key, or makes one (Ed25519) where there is none. Also says whether it is new.
    ///
    /// # Errors
    /// It cannot be read or written, others can read it, or it is no key.
    pub fn load_or_make(path: &Path) -> Result<(Self, bool), HostKeyError> {
        match Self::load(path) {
            Err(HostKeyError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            loaded => return loaded.map(|key| (key, false)),
        }
        Self::make(path)?;
        // Another server may have been quicker: its key counts.
        Self::load(path).map(|key| (key, true))
    }

    fn load(path: &Path) -> Result<Self, HostKeyError> {
        let failed = |source| HostKeyError::File { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(HostKeyError::Open(path.to_owned(), mode));
        }
        let mut text = Zeroizing::new(Vec::new());
        file.take(KEY_FILE).read_to_end(&mut text).map_err(failed)?;
        if !text.trim_ascii_start().starts_with(BEGIN) {
            return Err(HostKeyError::NoKey(path.to_owned()));
        }
        let key = PrivateKey::from_openssh(&text[..]);
        let key = key.map_err(|source| HostKeyError::Form { path: path.to_owned(), source })?;
        if key.is_encrypted() {
            return Err(HostKeyError::Form { path: path.to_owned(), source: ssh_key::Error::Encrypted });
        }
        Ok(Self(key))
    }

    /// Makes the file whole, or not at all.
    fn make(path: &Path) -> Result<(), HostKeyError> {
        let failed = |source| HostKeyError::File { path: path.to_owned(), source };
        let mut seed = Zeroizing::new([0; 32]);
        getrandom(&mut seed[..], GetRandomFlags::empty()).map_err(|errno| HostKeyError::Chance(errno.into()))?;
        let key = PrivateKey::from(Ed25519Keypair::from_seed(&seed));
        let text = key.to_openssh(LineEnding::LF);
        let text = text.map_err(|source| HostKeyError::Form { path: path.to_owned(), source })?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut staged = path.as_os_str().to_owned();
        staged.push(format!(".new-{}", std::process::id()));
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&staged)
            .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .and_then(|()| match fs::hard_link(&staged, path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                linked => linked,
            });
        // What cannot be removed is nobody's key.
        let _ = fs::remove_file(&staged);
        written.map_err(failed)
    }

    /// `SHA256:…`, for whoever meets the server for the first time.
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }

    /// The public half, as in known_hosts behind the name: `ssh-ed25519 AAAA…`. `None` for a key that cannot be written so.
    pub fn public_line(&self) -> Option<String> {
        self.0.public_key().to_openssh().ok()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/host_key");
        let (made, is_new) = HostKey::load_or_make(&path).unwrap();
        assert!(is_new);
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        let (read, is_new) = HostKey::load_or_make(&path).unwrap();
        assert!(!is_new);
        assert_eq!(made.fingerprint(), read.fingerprint());
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("host_key");
        HostKey::load_or_make(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(HostKey::load_or_make(&path), Err(HostKeyError::Open(_, 0o640))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for text in ["", "no key", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n"] {
            fs::write(&path, text).unwrap();
            assert!(matches!(HostKey::load_or_make(&path), Err(HostKeyError::NoKey(_))), "{text}");
        }
        fs::write(&path, "-----BEGIN OPENSSH PRIVATE KEY-----\n!\n-----END OPENSSH PRIVATE KEY-----\n").unwrap();
        assert!(matches!(HostKey::load_or_make(&path), Err(HostKeyError::Form { .. })));
    }
}
