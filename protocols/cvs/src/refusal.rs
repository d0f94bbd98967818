//! Why the gate lets a client go no further. The text is the one line that the client shows.

use thiserror::Error;

use crate::limits;

/// Why nothing more of a client's reaches the server.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Not one of the grant's roots.
    #[error("this key does not reach the repository {0}")]
    Root(String),
    /// The first request was another one.
    #[error("a repository is to be named before {0}, and none can be made here")]
    NoRoot(String),
    /// A second root in one connection.
    #[error("one connection reaches one repository: {0} came second")]
    SecondRoot(String),
    /// A command that changes something.
    #[error("this key may only read: {0} is refused")]
    ReadOnly(&'static str),
    /// `cvs admin`.
    #[error("this key may not use {0}")]
    Admin(&'static str),
    /// A change in `CVSROOT`.
    #[error("this key may not change CVSROOT: {0} is refused")]
    AdminDirectory(&'static str),
    /// A request that no key may make.
    #[error("the request {0} is not passed on to a server")]
    Forbidden(String),
    /// A program would run.
    #[error("this key runs no programs of the repository, and {command} would run what is in CVSROOT/{file}")]
    Hook {
        /// The command.
        command: &'static str,
        /// The file that names the program.
        file: &'static str,
    },
    /// A path that leads out of the repository or of the working directory.
    #[error("the path {0} is not inside the repository")]
    Path(String),
    /// A name that a file cannot have.
    #[error("{0} is no name for a file here")]
    Name(String),
    /// Something else that a request may not say.
    #[error("the request {request} may not say {text}")]
    Word {
        /// The request.
        request: &'static str,
        /// What it said.
        text: String,
    },
    /// What is no request at all.
    #[error("the client broke the protocol: {0}")]
    Malformed(&'static str),
    /// More than the gate takes.
    #[error("the client sent {what}, and at most {most} are taken")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much is taken.
        most: u64,
    },
    /// A larger file than the key may send.
    #[error("{file} has {size} bytes, and a file of this key's may have {most}")]
    Large {
        /// Which.
        file: String,
        /// Its size.
        size: u64,
        /// The largest.
        most: u64,
    },
    /// There is no room for it.
    #[error("{0}")]
    Full(String),
    /// There is no server for it.
    #[error("{0}")]
    Server(String),
    /// The server did not take the name under which it should work.
    #[error("the server did not take this key's name: {0}")]
    Login(String),
}

impl Refusal {
    /// The response that tells the client: its text, and that the command failed (cvsclient 5.9).
    #[must_use]
    pub fn response(&self) -> Vec<u8> {
        format!("E xssh: {self}\nerror  \n").into_bytes()
    }
}

/// A peer's text, made safe to show: printable ASCII, and not too much of it.
pub(crate) fn shown(text: &[u8]) -> String {
    let mut shown: String = text.iter().take(limits::SHOWN).copied().flat_map(escaped).collect();
    if text.len() > limits::SHOWN {
        shown.push('…');
    }
    if shown.is_empty() { "\"\"".to_owned() } else { shown }
}

fn escaped(byte: u8) -> impl Iterator<Item = char> {
    std::ascii::escape_default(byte).map(char::from)
}
