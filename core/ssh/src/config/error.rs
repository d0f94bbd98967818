use std::io;

use thiserror::Error;

use super::shell_hazard::Hazard;
use super::tokens::TokenError;

/// What is wrong with one line. The words are OpenSSH's, because people and scripts search for them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// A keyword that nobody knows.
    #[error("Bad configuration option: {0}")]
    BadOption(String),
    /// A keyword alone on its line.
    #[error("no argument after keyword \"{0}\"")]
    NoArgument(String),
    /// A quotation mark without its partner.
    #[error("invalid quotes")]
    Quotes,
    /// More arguments than the keyword takes.
    #[error("keyword {0} extra arguments at end of line")]
    Extra(String),
    /// A pair of quotation marks with nothing between them.
    #[error("keyword {0} empty argument")]
    EmptyArgument(String),
    /// `none` or `any` among other arguments.
    #[error("keyword {keyword} \"{word}\" argument must appear alone.")]
    NotAlone {
        /// The keyword as written.
        keyword: String,
        /// The word that must be alone.
        word: String,
    },
    /// A fixed phrase that says it all.
    #[error("{0}")]
    Phrase(&'static str),
    /// A phrase about a value.
    #[error("{before}{value}{after}")]
    Value {
        /// What is wrong, up to the value.
        before: &'static str,
        /// The value as written.
        value: String,
        /// What follows the value.
        after: &'static str,
    },
    /// `Host`, `Match` or `Include` where there are no lines that could follow.
    #[error("{0} directive not supported as a command-line option")]
    NotAnOption(&'static str),
}

impl Fault {
    /// A fault in `value`, told as `before` + value + `after`.
    pub(crate) fn value(before: &'static str, value: impl Into<String>, after: &'static str) -> Self {
        Self::Value { before, value: value.into(), after }
    }
}

/// One bad line and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError {
    /// The file, or `command-line`.
    pub file: String,
    /// The line from 1 on; 0 on the command line.
    pub line: usize,
    /// What is wrong.
    pub fault: Fault,
}

impl std::fmt::Display for LineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { file, line, fault } = self;
        match fault {
            Fault::BadOption(_) => write!(f, "{file}: line {line}: {fault}"),
            Fault::NotAnOption(_) => write!(f, "{fault}"),
            _ => write!(f, "{file} line {line}: {fault}"),
        }
    }
}

impl std::error::Error for LineError {}

/// Why there are no settings.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A malformed `-L`, `-R` or `-D`.
    #[error("Bad {kind} forwarding specification '{specification}'")]
    Forward {
        /// Which.
        kind: &'static str,
        /// As written.
        specification: String,
    },
    /// A file has bad lines. Each was logged by itself when it was met.
    #[error("{file}: terminating, {} bad configuration options", lines.len())]
    BadLines {
        /// The file.
        file: String,
        /// What was wrong, in the order of the file.
        lines: Vec<LineError>,
    },
    /// An option of the command line is bad, or a line of which nothing good can come.
    #[error(transparent)]
    Option(#[from] LineError),
    /// The file that `-F` names cannot be read.
    #[error("Can't open user config file {file}: {}", reason(source))]
    Open {
        /// The file.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be read to its end.
    #[error("Can't read config file {file}: {}", reason(source))]
    Read {
        /// The file.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody else owns the file or may write to it.
    #[error("Bad owner or permissions on {file}")]
    Permissions {
        /// The file.
        file: String,
    },
    /// Includes go deeper than [`crate::limits::INCLUDE_DEPTH`].
    #[error("Too many recursive configuration includes")]
    IncludeDepth,
    /// More files than [`crate::limits::INCLUDED_FILES`] were included.
    #[error("{file}: more than {} files are included", crate::limits::INCLUDED_FILES)]
    IncludedFiles {
        /// The file that was one too many.
        file: String,
    },
    /// The command of a `Match exec` could not be run, or died of a signal.
    #[error("{file} line {line}: match exec '{command}' error: {reason}")]
    MatchExec {
        /// The file.
        file: String,
        /// The line.
        line: usize,
        /// The command, expanded.
        command: String,
        /// What happened.
        reason: String,
    },
    /// `RefuseConnection` applies.
    #[error("{file} line {line}: RefuseConnection: {reason}")]
    Refused {
        /// The file.
        file: String,
        /// The line.
        line: usize,
        /// The configuration's words.
        reason: String,
    },
    /// A token or variable of a value has no meaning there.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The command line names a user or host that would not be safe in a command.
    #[error(transparent)]
    Hazard(#[from] Hazard),
    /// Canonicalisation found no address and may not fall back.
    #[error("Could not resolve host \"{0}\"")]
    Unresolved(String),
    /// The name of a direct host does not resolve, which its permitted CNAMEs need.
    #[error("Could not resolve hostname {host}: {reason}")]
    Lookup {
        /// The name.
        host: String,
        /// The resolver's words.
        reason: String,
    },
    /// The last jump is the destination itself.
    #[error("jumphost loop via {0}")]
    JumpLoop(String),
    /// Options that exclude each other, or a value that makes no sense with the others.
    #[error("{0}")]
    Conflict(&'static str),
}

/// The system's words without Rust's " (os error N)".
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// Why reading a line stops: it is bad and the next one is read, or nothing more is.
#[derive(Debug)]
pub(crate) enum Stop {
    Line(Fault),
    Everything(ConfigError),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Line(fault)
    }
}

impl<E: Into<ConfigError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Everything(error.into())
    }
}
