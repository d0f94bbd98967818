use thiserror::Error;
use xssh_fs::PathError;

/// Why the words behind `rsync --server` are not served.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallError {
    /// Arguments that follow on the stream, where nobody can look at them.
    #[error("rsync sends its arguments where they cannot be checked: add --no-secluded-args (or leave out -s)")]
    Secluded,
    /// A letter that is not on the list.
    #[error("rsync's option -{0} is not served here{1}")]
    Letter(char, &'static str),
    /// An option that is not on the list.
    #[error("rsync's option --{0} is not served here{1}")]
    Option(String, &'static str),
    /// `-e` with anything but what the client is capable of.
    #[error("rsync's -e names a program, and none is run here")]
    RemoteShell,
    /// `--sender` anywhere but in first place.
    #[error("rsync's --sender is to come right behind --server")]
    Sender,
    /// A value that is none of its option's.
    #[error("rsync's option --{option} cannot have the value '{value}': {wanted}")]
    Value {
        /// Which option.
        option: &'static str,
        /// What came, made safe to show.
        value: String,
        /// What it takes.
        wanted: &'static str,
    },
    /// A value where none is taken, or none where one is.
    #[error("rsync's option --{0} {1}")]
    Form(&'static str, &'static str),
    /// The words end before the paths begin.
    #[error("rsync's arguments are not complete: they name no path")]
    Incomplete,
    /// A push into several places.
    #[error("rsync's arguments name {0} destinations, and there is one: quote a name that has blanks in it")]
    Destinations(usize),
    /// Too many words.
    #[error("rsync's arguments are too many")]
    TooMany,
    /// A path that is none below the root.
    #[error("'{path}': {source}")]
    Path {
        /// What came, made safe to show.
        path: String,
        /// Why.
        source: PathError,
    },
}
