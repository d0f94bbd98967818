use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use thiserror::Error;

/// Why a measurement could not be made, or may not be trusted.
#[derive(Debug, Error)]
pub(crate) enum BenchError {
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
    #[error("there is no {}: build it in the same profile first, or name one with --xssh", path.display())]
    NoSubject { path: PathBuf },
    #[error("{what} failed ({status}): {said}")]
    Failed { what: String, status: ExitStatus, said: String },
    #[error("{what}: the bytes that arrived are not those that were sent")]
    Corrupt { what: String },
}

impl BenchError {
    /// For `map_err`: says what was being done.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
