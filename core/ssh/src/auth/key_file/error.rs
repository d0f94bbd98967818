use std::io;
use thiserror::Error;

/// Why a private key cannot be used. The file's name is said by whoever shows this.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// There is no such file.
    #[error("no such file")]
    Missing,
    /// The file cannot be read.
    #[error("{0}")]
    Unreadable(io::Error),
    /// Others may read the file.
    #[error("bad permissions: others can read it; chmod 600 it")]
    Permissions,
    /// The file holds no private key.
    #[error("invalid format: not a private key")]
    NoKey,
    /// The key is cut short, damaged or contradicts itself.
    #[error("invalid format: {0}")]
    Damaged(&'static str),
    /// A kind of key or of encryption that xssh does not have.
    #[error("{what} is not supported; {cure}")]
    Unsupported {
        /// The kind.
        what: String,
        /// What to do.
        cure: &'static str,
    },
    /// Deriving the key of this file from a passphrase would take more time or memory than we give.
    #[error("its passphrase takes more work than is allowed ({0})")]
    TooCostly(String),
    /// The key lives in a security key, which only an agent can use.
    #[error("it needs a security key; add it to an agent with ssh-add")]
    SecurityKey,
    /// It has a passphrase, and nobody may be asked (BatchMode) or could be.
    #[error("it has a passphrase, and nobody could be asked for it; add it to an agent with ssh-add")]
    NobodyToAsk,
    /// No passphrase was given, or none that fits.
    #[error("no correct passphrase was given")]
    Passphrase,
    /// An RSA key below `RequiredRSASize`.
    #[error("its {bits} bits are less than RequiredRSASize {required}")]
    TooShort {
        /// The key's size.
        bits: u32,
        /// The least that is allowed.
        required: u32,
    },
    /// The private key is not that of the public key (or certificate) that was offered.
    #[error("its contents do not match the public key beside it")]
    Mismatch,
}
