//! What can go wrong on the way, told so that the user knows which hop it was, what it answered, and what to do.

use std::borrow::Cow;
use std::io;

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

use crate::terminal::visible::visible;

/// The longest piece of a peer's answer that is repeated in an error, in characters.
const SHOWN: usize = 200;

/// Why a hop could not be taken. Nothing in it is secret, and a peer's bytes in it are escaped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HopError {
    /// What the user, a file or the environment named as a hop cannot be one.
    #[error("bad hop {hop}: {reason}")]
    Asked {
        /// The hop as named, without its password.
        hop: String,
        /// What is wrong with it and what to write instead.
        reason: Cow<'static, str>,
    },
    /// A name has no address.
    #[error("Could not resolve hostname {host}: {reason}")]
    Unresolved {
        /// The name.
        host: String,
        /// The resolver's words.
        reason: String,
    },
    /// None of the addresses let us in.
    #[error("connect to host {host} port {port}: {reason}")]
    Unreachable {
        /// The host as it was named.
        host: String,
        /// Its port.
        port: u16,
        /// The system's words for the last address.
        reason: String,
    },
    /// Something of ours failed: a child that could not start, a file that could not be read.
    #[error("{what}: {}", system_words(source))]
    Local {
        /// What was tried.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// One of our own bounds is reached.
    #[error("{hop}: {what} is past the limit of {limit}")]
    Limit {
        /// The hop.
        hop: String,
        /// What was too much.
        what: &'static str,
        /// How much is allowed.
        limit: usize,
    },
    /// The deadline passed.
    #[error("{hop}: timed out {doing}")]
    TimedOut {
        /// The hop.
        hop: String,
        /// What we waited for.
        doing: String,
    },
    /// The connection broke off, or the peer does not speak the protocol.
    #[error("{hop} {what}")]
    PeerBroke {
        /// The hop.
        hop: String,
        /// What it did, and what to check.
        what: String,
    },
    /// The peer wants something that xssh does not do.
    #[error("{hop} {what}")]
    PeerUnsupported {
        /// The hop.
        hop: String,
        /// What it wants, and a way around.
        what: String,
    },
    /// The peer understood and said no.
    #[error("{hop} refused a connection to {target}: {answer}; {cure}")]
    PeerRefused {
        /// The hop.
        hop: String,
        /// What lies behind it.
        target: String,
        /// What it answered, escaped.
        answer: String,
        /// What usually helps.
        cure: Cow<'static, str>,
    },
    /// The proxy wants a user and a password, and was given none. The wire is spent: ask, open another, try again.
    #[error("{hop} asks for a password ({answer}): put one into ~/.netrc (machine {host} login NAME password WORD)")]
    NeedsCredentials {
        /// The hop.
        hop: String,
        /// The proxy's host, as netrc names it.
        host: String,
        /// What it answered, escaped.
        answer: String,
    },
    /// The proxy knows no such user with such a password.
    #[error("{hop} does not accept this user and password ({answer}): check them where they are kept")]
    WrongCredentials {
        /// The hop.
        hop: String,
        /// What it answered, escaped.
        answer: String,
    },
    /// No secure channel to an `https://` proxy.
    #[error("{hop}: {problem}")]
    Tls {
        /// The hop.
        hop: String,
        /// Why not.
        problem: TlsProblem,
    },
    /// A ProxyCommand ended before it carried a connection.
    #[error("proxy command \"{command}\" {how}: run it by hand to see what it lacks")]
    CommandEnded {
        /// The command, escaped.
        command: String,
        /// How it ended.
        how: String,
    },
}

impl HopError {
    /// Whether the network is to blame, so that another try may come through.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::TimedOut { .. })
    }
}

/// What is wrong with TLS to a proxy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum TlsProblem {
    #[error(
        "its certificate is not signed by an authority that this system trusts; add the proxy's authority to the \
         system's store (update-ca-certificates), or name its file in SSL_CERT_FILE"
    )]
    UnknownAuthority,
    #[error(
        "its certificate names {presented}, not {wanted}; name the proxy as its certificate does, and if you did, \
         somebody may be listening in"
    )]
    WrongName { wanted: String, presented: String },
    #[error("its certificate has expired; its administrator must renew it, unless this machine's clock is wrong")]
    Expired,
    #[error("its certificate is not valid yet; check this machine's clock")]
    NotYetValid,
    #[error("its certificate was revoked; do not send a password there, ask its administrator")]
    Revoked,
    #[error("its certificate cannot be accepted ({0}); its administrator must replace it")]
    BadCertificate(String),
    #[error("this system has no certificates to check it against; install the package ca-certificates")]
    NoStore,
    #[error("\"{0}\" can be no name in a certificate; name the proxy by its host name or address")]
    UnusableName(String),
    #[error("it does not speak TLS ({0}); if it is a plain proxy, write http:// instead of https://")]
    NotTls(String),
    #[error("TLS failed: {0}")]
    Failed(String),
}

/// The system's words for an error, as strerror(3) gives them: without Rust's prefix and number. Where descriptors are missing, how
/// many there may be.
pub(crate) fn system_words(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
    let text = text.rsplit_once(" (os error ").map_or(text, |(words, _)| words);
    let text = visible(text.as_bytes());
    let limit = getrlimit(Resource::Nofile).current;
    match limit.filter(|_| error.raw_os_error() == Some(Errno::MFILE.raw_os_error())) {
        Some(limit) => format!("{text} (the limit is {limit}; \"ulimit -n\" raises it)"),
        None => text,
    }
}

/// A peer's bytes on one line, escaped and cut short.
pub(super) fn shown(bytes: &[u8]) -> String {
    let text = visible(bytes.get(..SHOWN * 4).unwrap_or(bytes));
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_words_are_strerrors() {
        assert_eq!(system_words(&io::Error::from_raw_os_error(111)), "Connection refused");
        let resolver = io::Error::other("failed to lookup address information: Name or service not known");
        assert_eq!(system_words(&resolver), "Name or service not known");
    }

    #[test]
    fn a_peers_words_are_escaped_and_short() {
        assert_eq!(shown(b"HTTP/1.1 403 \x1b[2JNo"), r"HTTP/1.1 403 \033[2JNo");
        assert_eq!(shown(&[b'x'; 4000]).len(), SHOWN + 3);
    }
}
