//! Key pairs and certificates, made by ssh-keygen.

use std::fs;
use std::path::{Path, PathBuf};

use crate::call::Call;
use crate::peer;

/// A private key's file; the public key's is beside it.
#[derive(Debug, Clone)]
pub struct Key {
    /// The file with the private key.
    pub path: PathBuf,
}

impl Key {
    /// A new key without a passphrase. `kind` is ssh-keygen's: `ed25519`, `ecdsa`, `rsa`.
    ///
    /// # Panics
    /// If ssh-keygen is missing or fails.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, kind: &str) -> Self {
        Self::encrypted(path, kind, "")
    }

    /// A new key that `passphrase` opens.
    ///
    /// # Panics
    /// If ssh-keygen is missing or fails.
    #[must_use]
    pub fn encrypted(path: impl Into<PathBuf>, kind: &str, passphrase: &str) -> Self {
        let path = path.into();
        keygen(&["-q", "-t", kind, "-N", passphrase, "-C", "test", "-f", text(&path)]);
        Self { path }
    }

    /// The line of the public key: kind, base64, comment.
    ///
    /// # Panics
    /// If its file cannot be read.
    #[must_use]
    pub fn public(&self) -> String {
        let path = format!("{}.pub", text(&self.path));
        let line = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        line.trim_end().to_owned()
    }

    /// The fingerprint, as `SHA256:…`.
    ///
    /// # Panics
    /// If ssh-keygen fails.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let said = keygen(&["-l", "-f", &format!("{}.pub", text(&self.path))]);
        let fingerprint = said.split(' ').nth(1);
        fingerprint.expect("a fingerprint of ssh-keygen").to_owned()
    }

    /// Has `authority` certify it for these principals, in the file `…-cert.pub` beside it, whose path is returned.
    /// `options` are more of ssh-keygen's: `-h` for a host's key.
    ///
    /// # Panics
    /// If ssh-keygen fails.
    pub fn certify(&self, authority: &Self, principals: &str, options: &[&str]) -> PathBuf {
        let public = format!("{}.pub", text(&self.path));
        let mut args = vec!["-q", "-s", text(&authority.path), "-I", "test", "-n", principals];
        args.extend(options);
        args.push(&public);
        keygen(&args);
        PathBuf::from(format!("{}-cert.pub", text(&self.path)))
    }
}

/// Runs ssh-keygen, which must succeed, and gives what it printed.
///
/// # Panics
/// If it is missing or fails.
pub fn keygen(args: &[&str]) -> String {
    Call::new(peer::require("ssh-keygen")).args(args).run().ok().text()
}

/// A path of the tests' own making, which is UTF-8.
fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
