use super::agent::AgentError;
use super::key_file::KeyFileError;
use std::fmt;
use thiserror::Error;

/// Why a login failed.
#[derive(Debug, Error)]
pub enum AuthError {
    /// The server wants none of what we have.
    #[error("{0}")]
    Denied(Box<Denied>),
    /// The connection ended during authentication. The handler of the connection knows the server's words, if it left
    /// any; they belong before this.
    #[error("the server closed the connection during authentication{}", indented(.story))]
    Closed {
        /// What was tried, a line each.
        story: Vec<String>,
    },
    /// The server did not answer.
    #[error("the server has not answered the {method} request within {seconds} s{hint}")]
    NoAnswer {
        /// The method that was under way.
        method: &'static str,
        /// How long we waited.
        seconds: u64,
        /// What may be behind it.
        hint: &'static str,
    },
    /// The server asks for more than anyone could want.
    #[error("authentication given up: the server sent more than {limit} {what}")]
    Limit {
        /// More of what.
        what: &'static str,
        /// How many we take.
        limit: usize,
    },
    /// The connection's other end does not keep to the protocol, or an error of russh.
    #[error("authentication failed: {0}")]
    Protocol(russh::Error),
}

/// A login that was refused: what was tried, what the server offers, what to do.
///
/// Its text begins with OpenSSH's own line; each further line is indented.
#[derive(Debug)]
pub struct Denied {
    /// The name on the far side.
    pub user: String,
    /// The host.
    pub host: String,
    /// The methods that the server said can continue, as it ordered them.
    pub offered: Vec<&'static str>,
    /// What was tried, and why nothing of it worked, a line each.
    pub story: Vec<String>,
    /// What to do, a line each.
    pub advice: Vec<String>,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offered = self.offered.join(",");
        write!(f, "{}@{}: Permission denied ({offered}).", self.user, self.host)?;
        f.write_str(&indented(&self.story))?;
        f.write_str(&indented(&self.advice))
    }
}

fn indented(lines: &[String]) -> String {
    lines.iter().flat_map(|line| ["\n  ", line]).collect()
}

/// Why nothing was signed.
#[derive(Debug, Error)]
pub(super) enum SignError {
    #[error(transparent)]
    Agent(#[from] AgentError),
    #[error(transparent)]
    File(#[from] KeyFileError),
    #[error("cannot sign: {0}")]
    Key(#[from] russh::keys::ssh_key::Error),
    #[error("there is no private key for it")]
    NoPrivateKey,
    #[error("the connection is gone")]
    Gone(#[from] russh::SendError),
}
