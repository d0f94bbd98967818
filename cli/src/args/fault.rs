use thiserror::Error;

use xssh_ssh::destination::DestinationError;

use super::Topic;

/// Why a command line is none. Where ssh has words that people know, they are the same.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Fault {
    /// A letter that is not in the definition.
    #[error("unknown option -- {0}")]
    UnknownLetter(String),
    /// A word that begins with `--` and is no option here.
    #[error("unknown option {0}")]
    UnknownLong(String),
    /// The words ended where a value was due.
    #[error("option requires an argument -- {0}")]
    MissingValue(char),
    /// No host.
    #[error("no host was named")]
    NoDestination,
    /// The host cannot be read.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// A value that must be text is not.
    #[error("the value of -{0} is not UTF-8")]
    NotText(char),
    /// The host is not text.
    #[error("the destination is not UTF-8")]
    DestinationNotText,
    /// `-s` without a command.
    #[error("You must specify a subsystem to invoke.")]
    NoSubsystem,
    /// `-e` with more than a character.
    #[error("Bad escape character '{0}'.")]
    EscapeCharacter(String),
    /// `-W` with what is neither host and port nor a socket's path.
    #[error("Bad stdio forwarding specification '{0}'")]
    StdioForward(String),
    /// `-O` with another word.
    #[error("Invalid multiplex command.")]
    Control,
    /// Options that exclude each other.
    #[error("{0}")]
    Conflict(&'static str),
    /// A letter whose feature is still to come.
    #[error("-{letter} ({feature}) is not there yet")]
    NotYet {
        /// The letter.
        letter: char,
        /// What it would do.
        feature: &'static str,
    },
    /// A letter for something that xssh does not do.
    #[error("-{letter}: {reason}")]
    Never {
        /// The letter.
        letter: char,
        /// Why, and what to do instead.
        reason: &'static str,
    },
    /// A command line of `xssh sync` that is none.
    #[error("{0}; xssh help sync tells more")]
    Sync(String),
    /// A command line of `xssh serve` that is none.
    #[error("{0}; xssh help serve tells more")]
    Serve(String),
    /// A command line of `xssh authorize` that is none.
    #[error("{0}; xssh help authorize tells more")]
    Authorize(String),
    /// `xssh help` with a word that is no subcommand.
    #[error("there is no help on '{0}'")]
    NoSuchTopic(String),
    /// A fault in the words of a subcommand, whose usage helps.
    #[error("{fault}")]
    In {
        /// Which.
        topic: Topic,
        /// What is wrong.
        fault: Box<Fault>,
    },
    /// `xssh tunnel` with what it does not take.
    #[error("tunnel takes no {0}; xssh help tunnel tells more")]
    NotForTunnel(&'static str),
    /// `xssh route` with what it does not take.
    #[error("route takes no {0}; xssh help route tells more")]
    NotForRoute(&'static str),
}

impl Fault {
    /// This fault, in the words of a subcommand.
    pub(super) fn within(self, topic: Topic) -> Self {
        if self.usage().is_some() { Self::In { topic, fault: Box::new(self) } } else { self }
    }

    /// Whose usage helps, where the words could not be told apart.
    pub(crate) fn usage(&self) -> Option<Topic> {
        match self {
            Self::UnknownLetter(_)
            | Self::UnknownLong(_)
            | Self::MissingValue(_)
            | Self::NoDestination
            | Self::Destination(_)
            | Self::NoSubsystem => Some(Topic::Program),
            Self::In { topic, .. } => Some(*topic),
            _ => None,
        }
    }
}
