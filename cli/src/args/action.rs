//! What a command line asks for.

use std::ffi::OsString;
use std::path::PathBuf;

use super::definition::SUBCOMMANDS;
use super::letters;
use super::walk::{self, Split};

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// `-V`.
    Version,
    /// `-h`, `--help`.
    Help(Help),
    /// `-Q question`.
    Query(String),
    /// The remote shell.
    RemoteShell(Box<Invocation>),
    /// `route`.
    Route {
        /// To where, and how.
        invocation: Box<Invocation>,
        /// As JSON.
        json: bool,
    },
}

/// How much help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Help {
    /// A line an option.
    Short,
    /// All of it.
    Long,
}

/// A call of the remote shell, as given. Configuration is not read yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Invocation {
    /// The destination, as typed.
    pub destination: String,
    /// The command's words, joined by single spaces, byte for byte; none for a shell.
    pub command: Option<Vec<u8>>,
    /// Lines of configuration that win over all others.
    pub overrides: Vec<String>,
    /// Lines of configuration, in order, as far as they stand before the destination.
    pub options: Vec<String>,
    /// The same behind the destination.
    pub options_after: Vec<String>,
    /// `-l`.
    pub user: Option<String>,
    /// `-p`.
    pub port: Option<u16>,
    /// `-P`.
    pub tag: Option<String>,
    /// `-F`.
    pub config_file: Option<String>,
    /// `-E`.
    pub log_file: Option<PathBuf>,
    /// `-G`.
    pub dump: bool,
    /// `-s`.
    pub subsystem: bool,
    /// `-W`.
    pub stdio_forward: Option<(String, u16)>,
    /// How often `-v` was given.
    pub verbosity: u8,
    /// How often `-t` was given.
    pub(super) tty_wishes: u8,
}

/// What is wrong with a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UsageError {
    /// No destination.
    NoDestination,
    /// A letter nobody knows.
    Unknown(char),
    /// A letter without its value.
    NoValue(char),
    /// Bytes that are no text where only text has a meaning.
    NotText(String),
    /// A port that is none.
    BadPort(String),
    /// A value of `-W` that is none.
    BadForward(String),
    /// A letter whose capability comes later.
    NotYet {
        /// The letter.
        letter: char,
        /// The capability.
        what: &'static str,
    },
    /// A subcommand that comes later.
    WordNotYet(String),
    /// What xssh does not do.
    Never(String),
}

/// Reads a command line; `program` is the name that xssh was called by.
pub fn parse(program: &str, argv: &[OsString]) -> Result<Action, UsageError> {
    let words = |index: usize| argv.get(index).and_then(|word| word.to_str());
    match words(0) {
        Some("--help") => return Ok(Action::Help(Help::Long)),
        Some("-h") if argv.len() == 1 => return Ok(Action::Help(Help::Short)),
        Some(word) if program != "ssh" && is_subcommand(word, words(1), words(2)) => {
            return subcommand(word, &argv[1..]);
        }
        _ => {}
    }
    let split = walk::split(argv)?;
    for given in &split.options {
        match given.letter {
            'V' => return Ok(Action::Version),
            'Q' => return Ok(Action::Query(given.value.clone())),
            _ => {}
        }
    }
    Ok(Action::RemoteShell(Box::new(invocation(split)?)))
}

/// Whether the first word is a subcommand, and not a host that rsync or cvs call.
fn is_subcommand(first: &str, second: Option<&str>, third: Option<&str>) -> bool {
    let called_as_host = match (second, third) {
        (Some("rsync"), Some(word)) => word == "--server" || word == "--daemon",
        (Some(word), None) => word.ends_with("cvs server"),
        (Some("cvs"), Some(word)) => word == "server" || word == "-R",
        _ => false,
    };
    SUBCOMMANDS.iter().any(|&(name, _)| name == first) && !called_as_host
}

fn subcommand(word: &str, rest: &[OsString]) -> Result<Action, UsageError> {
    if word != "route" {
        return Err(UsageError::WordNotYet(word.to_owned()));
    }
    let (flags, rest): (Vec<_>, Vec<_>) = rest.iter().cloned().partition(|word| word == "--json");
    let invocation = Box::new(invocation(walk::split(&rest)?)?);
    Ok(Action::Route { invocation, json: !flags.is_empty() })
}

fn invocation(split: Split) -> Result<Invocation, UsageError> {
    let mut invocation = Invocation::default();
    for given in &split.options {
        letters::apply(given, &mut invocation)?;
    }
    letters::counted(&mut invocation);
    invocation.destination = split.destination.ok_or(UsageError::NoDestination)?;
    invocation.command = (!split.command.is_empty()).then(|| split.command.join(&b' '));
    if invocation.subsystem && invocation.command.is_none() {
        return Err(UsageError::Never("a subsystem (-s) without its name".to_owned()));
    }
    Ok(invocation)
}

#[cfg(test)]
mod tests;
