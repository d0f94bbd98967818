use crate::settings::{self, FingerprintHash};
use std::path::PathBuf;
use std::time::Duration;

/// As whom to log in, and with what. Tokens and `~` are expanded already.
#[derive(Debug)]
pub struct AuthRequest<'a> {
    /// The name on the far side.
    pub user: &'a str,
    /// The host, as the error and, without an alias, the questions name it.
    pub host: &'a str,
    /// `HostKeyAlias`, which the questions name instead.
    pub host_key_alias: Option<&'a str>,
    /// How we prove ourselves.
    pub settings: &'a settings::Auth,
    /// `IdentityFile`s, in order.
    pub identity_files: Vec<PathBuf>,
    /// `CertificateFile`s, in order.
    pub certificate_files: Vec<PathBuf>,
    /// The agent's socket, after `IdentityAgent`; `None` for none.
    pub agent: Option<PathBuf>,
    /// How long the server may take to answer: what ServerAliveInterval and ServerAliveCountMax come to, as with OpenSSH,
    /// or [`crate::limits::AUTH_REPLY`].
    pub patience: Duration,
    /// `PubkeyAcceptedAlgorithms`: names, no patterns.
    pub pubkey_accepted: &'a [String],
    /// `RequiredRSASize`: bits that an RSA key must have to be offered.
    pub required_rsa_size: u32,
    /// `FingerprintHash`.
    pub fingerprint_hash: FingerprintHash,
    /// Whether passwords may be sent. Not where the host is trusted only because nobody looks (OpenSSH turns them off
    /// where a changed host key is let through).
    pub passwords_allowed: bool,
}

impl AuthRequest<'_> {
    /// The host as the questions name it.
    pub(super) fn prompt_host(&self) -> &str {
        self.host_key_alias.unwrap_or(self.host)
    }

    /// Whether the user named the identity files; those that are only defaults may be missing.
    pub(super) fn identities_are_explicit(&self) -> bool {
        !self.settings.identity_files_are_defaults
    }
}
