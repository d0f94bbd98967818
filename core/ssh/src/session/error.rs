//! Why there is no session, or no longer.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use russh::AlgorithmKind;

use crate::auth::AuthError;
use crate::config::ConfigError;
use crate::hop::HopError;
use crate::hostkey::HostKeyError;
use crate::terminal::visible::visible;

/// The other end of a connection, for messages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Peer {
    /// The host's name after configuration.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The address reached; none behind a hop.
    pub address: Option<SocketAddr>,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address) => write!(f, "{} port {}", address.ip(), self.port),
            None => write!(f, "{} port {}", self.host, self.port),
        }
    }
}

/// A channel that the host would not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reason's number (RFC 4254, section 5.1).
    pub reason: u32,
    /// The host's words, made safe to show.
    pub words: String,
}

impl Refusal {
    /// Whether the host forbids it, as opposed to one that tried and could not.
    pub(crate) fn is_prohibition(&self) -> bool {
        self.reason == 1
    }
}

/// In the form of OpenSSH's messages (channels.c).
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.reason {
            1 => "administratively prohibited",
            2 => "connect failed",
            3 => "unknown channel type",
            4 => "resource shortage",
            _ => "unknown reason",
        };
        write!(f, "{reason}: {}", self.words)
    }
}

/// Why there is no session, or no longer. The words are OpenSSH's where the event is the same: scripts read them.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The way to the host.
    #[error(transparent)]
    Hop(#[from] HopError),
    /// The host's identity.
    #[error(transparent)]
    HostKey(#[from] HostKeyError),
    /// Our identity.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The configuration of a host on the way.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The connection itself.
    #[error("{}", cause.words(peer))]
    Transport {
        /// Whose connection.
        peer: Peer,
        /// What happened.
        cause: Cause,
    },
    /// The connection ended, as others know too.
    #[error(transparent)]
    Lost(std::sync::Arc<SessionError>),
    /// The connection ended while we logged in: why, and what had been tried.
    #[error("{why}{}", .story.iter().flat_map(|line| ["\n  ", line]).collect::<String>())]
    LoginCut {
        /// How it ended.
        why: Box<SessionError>,
        /// What was tried and what may help, a line each.
        story: Vec<String>,
    },
    /// The host would not open a channel.
    #[error("channel 0: open failed: {0}")]
    ChannelOpen(Refusal),
    /// The host was asked, and nobody says what it answers.
    #[error("the master does not pass on what the host answers")]
    Untold,
    /// A route of more hops than anyone needs, or one that leads in a circle.
    #[error("the way to {0} has more than {max} hops; does a ProxyJump lead in a circle?", max = crate::limits::HOPS)]
    TooManyHops(String),
}

/// What happened to a connection.
#[derive(Debug)]
pub enum Cause {
    /// The host ended it without a word.
    Closed,
    /// The host ended it before it said who it was.
    ClosedEarly,
    /// The host ended it with a reason (RFC 4253, section 11.1).
    Disconnected {
        /// The reason's number.
        code: u32,
        /// The host's words, made safe to show.
        message: String,
    },
    /// No answer to keepalives, or none taken of what we sent.
    Unresponsive,
    /// No answer while the connection was set up.
    SetupTimeout,
    /// Nothing in common.
    NoCommon {
        /// What of.
        kind: AlgorithmKind,
        /// The host's list.
        theirs: String,
    },
    /// A packet failed its integrity check.
    CorruptedMac,
    /// A packet of impossible size.
    PacketSize(usize),
    /// The first line was not SSH's.
    Version,
    /// The host did what no host may, in our words.
    Misbehaved(&'static str),
    /// The master that passed our packets on, in our words.
    Master(&'static str),
    /// A system call failed.
    Io(io::Error),
    /// The host broke the protocol in another way; russh's words.
    Protocol(russh::Error),
}

/// Reasons of a disconnect that pass (RFC 4253, section 11.1): connection lost, by application, too many connections.
const PASSING: std::ops::RangeInclusive<u32> = 10..=12;

impl Cause {
    fn is_lost(&self) -> bool {
        match self {
            Self::Closed | Self::ClosedEarly | Self::Unresponsive | Self::SetupTimeout | Self::CorruptedMac => true,
            Self::Io(_) => true,
            Self::Disconnected { code, .. } => PASSING.contains(code),
            _ => false,
        }
    }

    fn words(&self, peer: &Peer) -> String {
        match self {
            Self::Closed => format!("Connection closed by {peer}"),
            Self::ClosedEarly => {
                format!("kex_exchange_identification: Connection closed by remote host\nConnection closed by {peer}")
            }
            Self::Disconnected { code, message } => {
                format!("Received disconnect from {peer}:{code}: {message}\nDisconnected from {peer}")
            }
            Self::Unresponsive => format!("Timeout, server {} not responding.", peer.host),
            Self::SetupTimeout => {
                format!("Connection timed out during banner exchange\nConnection to {peer} timed out")
            }
            Self::NoCommon { kind, theirs } => {
                let theirs = visible(theirs.as_bytes());
                let kind_words = kind_words(kind);
                let words =
                    format!("Unable to negotiate with {peer}: no matching {kind_words} found. Their offer: {theirs}");
                match kind {
                    AlgorithmKind::Key if theirs.split(',').any(|name| name == "ssh-rsa") => {
                        words
                            + "\nThe host knows RSA with SHA-1, which is weak: -o HostKeyAlgorithms=+ssh-rsa allows it"
                    }
                    _ => words,
                }
            }
            Self::CorruptedMac => {
                format!("Corrupted MAC on input.\nConnection to {peer}: message authentication code incorrect")
            }
            Self::PacketSize(size) => format!("Bad packet length {size}.\nConnection to {peer}: Connection corrupted"),
            Self::Version => format!("{peer} does not speak SSH 2: its first line is no SSH identification"),
            Self::Misbehaved(what) => format!("Connection to {peer}: the host {what}"),
            Self::Master(what) => format!("Shared connection to {peer}: the master {what}"),
            Self::Io(error) => io_words(error, peer),
            Self::Protocol(error) => {
                format!("Connection to {peer}: the host broke the protocol: {}", visible(error.to_string().as_bytes()))
            }
        }
    }
}

fn io_words(error: &io::Error, peer: &Peer) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionReset => format!("Connection reset by {peer}"),
        io::ErrorKind::UnexpectedEof => format!("Connection closed by {peer}"),
        io::ErrorKind::TimedOut => format!("Timeout, server {} not responding.", peer.host),
        _ => format!("Connection to {peer}: {error}"),
    }
}

fn kind_words(kind: &AlgorithmKind) -> &'static str {
    match kind {
        AlgorithmKind::Kex => "key exchange method",
        AlgorithmKind::Key => "host key type",
        AlgorithmKind::Cipher => "cipher",
        AlgorithmKind::Mac => "MAC",
        AlgorithmKind::Compression => "compression",
    }
}

impl From<russh::Error> for SessionError {
    fn from(error: russh::Error) -> Self {
        use russh::Error as E;
        let cause = match error {
            E::Disconnect | E::HUP | E::SendError | E::RecvError => Cause::Closed,
            E::KeepaliveTimeout | E::InactivityTimeout => Cause::Unresponsive,
            E::ConnectionTimeout | E::Elapsed(_) => Cause::SetupTimeout,
            E::NoCommonAlgo { kind, theirs, .. } => Cause::NoCommon { kind, theirs: theirs.join(",") },
            E::PacketAuth | E::DecryptionError => Cause::CorruptedMac,
            E::PacketSize(size) => Cause::PacketSize(size),
            E::Version => Cause::Version,
            E::IO(error) if error.kind() == io::ErrorKind::UnexpectedEof => Cause::Closed,
            E::IO(error) => Cause::Io(error),
            other => Cause::Protocol(other),
        };
        Self::Transport { peer: Peer::default(), cause }
    }
}

impl SessionError {
    /// Whether the network is to blame, so that another try may come through: not where the host, or a proxy, has said no.
    pub fn is_lost(&self) -> bool {
        match self {
            Self::Hop(error) => error.is_lost(),
            Self::Lost(error) => error.is_lost(),
            Self::Transport { cause, .. } => cause.is_lost(),
            // Servers hang up on who cannot log in.
            Self::LoginCut { why, .. } => {
                matches!(&**why, Self::Transport { cause: Cause::Io(_) | Cause::Unresponsive, .. })
            }
            _ => false,
        }
    }

    /// Says whose connection it was, where russh could not know.
    pub(super) fn of(self, whose: &Peer) -> Self {
        match self {
            Self::Transport { cause, .. } => Self::Transport { peer: whose.clone(), cause },
            other => other,
        }
    }

    /// Whether no more is known than that the stream ended: then whoever carried it may know why.
    pub(super) fn is_bare_end(&self) -> bool {
        matches!(self, Self::Transport { cause: Cause::Closed | Cause::ClosedEarly | Cause::Io(_), .. })
    }

    /// Adds what had been tried to a login.
    pub(super) fn during(self, login: AuthError) -> Self {
        match login {
            AuthError::Closed { story } if !story.is_empty() => Self::LoginCut { why: Box::new(self), story },
            _ => self,
        }
    }

    /// The same before the host has said who it is.
    pub(super) fn early(self) -> Self {
        match self {
            Self::Transport { peer, cause: Cause::Closed } => Self::Transport { peer, cause: Cause::ClosedEarly },
            other => other,
        }
    }
}
