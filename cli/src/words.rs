//! The words of failures, and the exit code.

use crate::args::UsageError;
use crate::log;

/// What every failure of our own ends with, as ssh's do.
pub const FAILED: u8 = 255;

/// Says why, and fails.
pub fn fail(why: &dyn std::fmt::Display) -> u8 {
    log::fatal(&why.to_string());
    FAILED
}

/// Says what is wrong with a command line, and fails.
pub fn usage(error: &UsageError) -> u8 {
    let short = "usage: xssh [options] [user@]host [command ...]\n       xssh --help tells it all";
    log::fatal(&match error {
        UsageError::NoDestination => short.to_owned(),
        UsageError::Unknown(letter) => format!("xssh: unknown option -- {letter}\n{short}"),
        UsageError::NoValue(letter) => format!("xssh: option requires an argument -- {letter}\n{short}"),
        UsageError::NotText(what) => format!("xssh: {what} is not UTF-8 text"),
        UsageError::BadPort(port) => format!("Bad port '{port}'"),
        UsageError::BadForward(value) => format!("Bad stdio forwarding specification '{value}'"),
        UsageError::NotYet { letter, what } => format!("xssh: -{letter}: {what} is not here yet; use ssh for it"),
        UsageError::WordNotYet(word) => {
            format!("xssh: {word} is not here yet; for a host of that name say: xssh -- {word}")
        }
        UsageError::Never(what) => format!("xssh: not supported: {what}"),
    });
    FAILED
}
