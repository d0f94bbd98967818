//! The words of `xssh serve --listen`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use clap::ArgMatches;

use super::action::Action;
use super::{Fault, serve};

/// `xssh serve --listen`, read.
#[derive(Debug, Clone)]
pub(crate) struct Listen {
    /// Where.
    pub(crate) addresses: Vec<SocketAddr>,
    /// The file of the keys that may come in.
    pub(crate) keys: PathBuf,
    /// The file of the server's own key.
    pub(crate) host_key: Option<PathBuf>,
    /// What keys are served with that have no command of their own: options of a grant.
    pub(crate) served: Option<Vec<OsString>>,
}

/// The options of `--listen` itself; each takes a value.
const OF_LISTEN: [&str; 3] = ["--listen", "--authorized-keys", "--host-key"];

/// Reads them.
pub(super) fn listen(matches: &ArgMatches, words: &[OsString]) -> Result<Action, Fault> {
    let keys = matches.get_one("authorized-keys").cloned();
    let keys = keys.ok_or_else(|| Fault::Serve("--authorized-keys is missing: who may come in".to_owned()))?;
    let served = of_grant(words);
    if !served.is_empty() {
        is_grant(&served).map_err(Fault::Serve)?;
    }
    Ok(Action::Listen(Box::new(Listen {
        addresses: matches.get_many("listen").into_iter().flatten().copied().collect(),
        keys,
        host_key: matches.get_one("host-key").cloned(),
        served: (!served.is_empty()).then_some(served),
    })))
}

/// The words that are not about listening.
fn of_grant(words: &[OsString]) -> Vec<OsString> {
    let mut rest = words.iter();
    let mut kept = Vec::new();
    while let Some(word) = rest.next() {
        if OF_LISTEN.iter().any(|option| word == option) {
            rest.next();
        } else if !OF_LISTEN.iter().any(|option| word.as_bytes().starts_with(format!("{option}=").as_bytes())) {
            kept.push(word.clone());
        }
    }
    kept
}

/// Whether words are the options of a grant.
///
/// # Errors
/// What is wrong with them.
pub(crate) fn is_grant(words: &[OsString]) -> Result<(), String> {
    match serve::serve(words) {
        Ok(Action::Serve(call)) if call.explain.is_none() => Ok(()),
        Ok(_) => Err("that is no forced command's".to_owned()),
        Err(Fault::Serve(why)) => Err(why),
        Err(fault) => Err(fault.to_string()),
    }
}
