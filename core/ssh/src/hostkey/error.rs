//! Why a host is not believed.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::key::KeyDefect;
use super::revoked::RevocationDefect;

/// Why a host is not believed, or what is known of it could not be read or written.
///
/// What a person has to know was said in the log when it was found, in OpenSSH's words; the `Display` of a refusal is
/// then OpenSSH's last line, which scripts read. [`HostKeyError::reason`] says it all on one line.
#[derive(Debug, thiserror::Error)]
pub enum HostKeyError {
    /// The key is not the one that is known.
    #[error("Host key verification failed.")]
    Changed {
        /// Whose, and which key was shown.
        shown: Shown,
        /// The keys that are known, each with its place.
        known: Vec<KnownKey>,
    },
    /// The key, its certificate, or the authority that signed that, is revoked.
    #[error("Host key verification failed.")]
    Revoked {
        /// Whose, and which key was shown.
        shown: Shown,
        /// The file, and the line where there is one.
        by: String,
    },
    /// The list of revoked keys cannot be used.
    #[error("Host key verification failed.")]
    RevocationList {
        /// The list.
        file: PathBuf,
        /// What is wrong with it.
        #[source]
        defect: RevocationDefect,
    },
    /// The host is not known, and StrictHostKeyChecking forbids to believe it, or there is nowhere to write it down.
    #[error("Host key verification failed.")]
    Unknown {
        /// Whose, and which key was shown.
        shown: Shown,
    },
    /// The person said no, or nobody could be asked.
    #[error("Host key verification failed.")]
    Declined {
        /// Whose, and which key was shown.
        shown: Shown,
    },
    /// The host's address is known with another key.
    #[error("Host key verification failed.")]
    AddressConflict {
        /// Whose, and which key was shown.
        shown: Shown,
        /// Where the other key stands.
        place: String,
    },
    /// No authority vouches for the certificate, and HostKeyAlgorithms does not permit the key without one.
    #[error("Host key verification failed.")]
    NotPermitted {
        /// Whose, and which key was shown.
        shown: Shown,
        /// The type that is not permitted.
        name: String,
    },
    /// The key cannot be used, whoever has it.
    #[error("Bad server host key: {0}")]
    BadKey(#[from] KeyDefect),
    /// ExitOnForwardFailure, and something may not be forwarded to a host whose key is not the one known.
    #[error("Error: forwarding disabled due to host key check failure")]
    ForwardingDisabled,
    /// KnownHostsCommand failed; the log has its status.
    #[error("KnownHostsCommand failed")]
    Command,
    /// A known_hosts file is larger than any that is one. It could hold a revocation, so it is not skipped.
    #[error("{}: too large for a known_hosts file (over {} bytes)", .0.display(), crate::limits::FILE)]
    TooLarge(PathBuf),
    /// A known_hosts file could not be rewritten; it is as it was.
    #[error("{}: cannot update the known hosts: {reason}", file.display())]
    Rewrite {
        /// The file.
        file: PathBuf,
        /// What the system said.
        #[source]
        reason: io::Error,
    },
    /// The host announced keys in a way that no honest host does; nothing is learned from it.
    #[error("the host keys that the server announced are not learned: {0}")]
    Announcement(&'static str),
    /// The host did not prove that it has the keys it announced.
    #[error("Server failed to confirm ownership of private host keys")]
    NotProven,
    /// The system has no random numbers for a salt.
    #[error("the system gives no random numbers")]
    NoRandomness,
    /// The check was cut off.
    #[error("the check of the host's key was interrupted: {0}")]
    Interrupted(#[from] tokio::task::JoinError),
}

/// A key as it was shown by a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The host as known_hosts names it.
    pub host: String,
    /// The key's type in short: `ED25519`.
    pub key_type: &'static str,
    /// The key's fingerprint.
    pub fingerprint: String,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} showed the {} key {}", self.host, self.key_type, self.fingerprint)
    }
}

/// A key that is known of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownKey {
    /// The key's type in short.
    pub key_type: &'static str,
    /// The key's fingerprint.
    pub fingerprint: String,
    /// `FILE:LINE`.
    pub place: String,
}

impl fmt::Display for KnownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} key {} in {}", self.key_type, self.fingerprint, self.place)
    }
}

impl HostKeyError {
    /// What happened, on one line, for reports that have no log beside them.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Changed { shown, known } => {
                let known: Vec<String> = known.iter().map(KnownKey::to_string).collect();
                format!("{shown}, but known is the {}", known.join(", the "))
            }
            Self::Revoked { shown, by } => format!("{shown}, which is revoked by {by}"),
            Self::RevocationList { file, defect } => {
                format!("the revoked keys in {} cannot be read: {defect}", file.display())
            }
            Self::Unknown { shown } => format!("{shown}, which is not known"),
            Self::Declined { shown } => format!("{shown}, which is not known and was not accepted"),
            Self::AddressConflict { shown, place } => format!("{shown}, but its address has another key in {place}"),
            Self::NotPermitted { shown, name } => {
                format!("{shown}, and HostKeyAlgorithms does not permit {name} without a certificate")
            }
            other => other.to_string(),
        }
    }
}
