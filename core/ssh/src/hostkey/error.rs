//! Why a host is not believed.

use std::path::PathBuf;

/// Why a host is not believed. Each message ends with OpenSSH's "Host key verification failed.", which scripts read.
#[derive(Debug, thiserror::Error)]
pub enum HostKeyError {
    /// The host's key is not the one that is known.
    #[error("{warning}Host key verification failed.")]
    Changed {
        /// Both fingerprints, the file and the line, and what to do.
        warning: String,
    },
    /// The key, or the authority that signed it, is revoked.
    #[error("{warning}Host key verification failed.")]
    Revoked {
        /// Which key, and where it is revoked.
        warning: String,
    },
    /// The host is not known, and StrictHostKeyChecking forbids to believe it.
    #[error(
        "No {key_type} host key is known for {host} and you have requested strict checking.\n\
         Its key fingerprint is {fingerprint}.\nHost key verification failed."
    )]
    Unknown {
        /// The host as known_hosts would name it.
        host: String,
        /// The key's type in short.
        key_type: String,
        /// The key's fingerprint.
        fingerprint: String,
    },
    /// The person said no, or nobody could be asked.
    #[error("Host key verification failed.")]
    Declined,
    /// The key is too short.
    #[error(
        "Bad server host key: Invalid key length: {bits} bits, RequiredRSASize asks for {required}.\nHost key verification failed."
    )]
    Weak {
        /// What the key has.
        bits: u32,
        /// What it must have.
        required: u32,
    },
    /// The host's certificate does not hold.
    #[error("the certificate of {host} does not hold: {reason}.\nHost key verification failed.")]
    Certificate {
        /// The host.
        host: String,
        /// Why.
        reason: String,
    },
    /// A list of revoked keys cannot be used, and without it no host may be believed.
    #[error("Error checking host key in revoked keys file {}: {reason}\nHost key verification failed.", file.display())]
    RevokedFile {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// KnownHostsCommand failed.
    #[error("KnownHostsCommand {0}\nHost key verification failed.")]
    Command(String),
    /// A known_hosts file is larger than any that is one.
    #[error("{}: too large for a known_hosts file (over {} bytes)", .0.display(), crate::limits::FILE)]
    TooLarge(PathBuf),
}
