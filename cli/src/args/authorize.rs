//! The words of `xssh authorize`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgMatches;

use super::Fault;
use super::action::{Action, Help, Topic};
use super::definition::{self, AUTHORIZE};
use super::serve::{self, Serve};

/// `xssh authorize`, read.
#[derive(Debug, Clone)]
pub(crate) struct Authorize {
    /// What is to be done.
    pub(crate) what: What,
    /// Another file than the account's.
    pub(crate) file: Option<PathBuf>,
}

/// What is to be done with lines.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// Make one for a key, and put it into the file or on standard output.
    Line { serve: Box<Serve>, key: PathBuf, install: bool },
    /// Say what each key may do.
    List,
    /// Take those of a name, a comment, a fingerprint or a key's file away.
    Remove(String),
    /// Explain each, and what is wrong with it.
    Check,
}

/// Reads what follows `authorize`.
pub(super) fn authorize(words: &[OsString]) -> Result<Action, Fault> {
    let wants_help = |word: &str| words.iter().any(|given| given == word);
    let help = |long| Ok(Action::Help(Help { topic: Topic::Authorize, long }));
    match definition::subcommand(AUTHORIZE).no_binary_name(true).try_get_matches_from(words) {
        Ok(matches) if matches.get_flag("help") => help(true),
        Ok(matches) => read(&matches).map(|call| Action::Authorize(Box::new(call))).map_err(Fault::Authorize),
        Err(_) if wants_help("--help") || wants_help("-h") => help(wants_help("--help")),
        Err(error) => Err(Fault::Authorize(definition::first_line(&error))),
    }
}

fn read(matches: &ArgMatches) -> Result<Authorize, String> {
    let mut file: Option<PathBuf> = matches.get_one("file").cloned();
    let checks = matches.contains_id("check") || matches.value_source("check").is_some();
    let what = if checks {
        file = matches.get_one("check").cloned().or(file);
        What::Check
    } else if matches.get_flag("list") {
        What::List
    } else if let Some(which) = matches.get_one::<String>("remove") {
        What::Remove(which.clone())
    } else {
        let key = matches
            .get_one("key")
            .cloned()
            .ok_or("KEY is missing: the file of the public key, or - for standard input")?;
        let serve = Box::new(serve::read(matches)?);
        What::Line { serve, key, install: matches.get_flag("install") }
    };
    Ok(Authorize { what, file })
}
