//! Keywords with a list of words, files or algorithms.

use std::time::Duration;

use super::super::algorithms::{self, Kind, ListFault};
use super::super::error::Fault;
use super::super::keyword::Keyword;
use super::super::measure;
use super::super::reader::Reader;
use super::super::values::Value;
use super::Line;
use crate::settings::ChannelTimeout;

/// As many known_hosts files as OpenSSH takes (readconf.h, SSH_MAX_HOSTS_FILES).
const MOST_FILES: usize = 32;

/// Takes all arguments, none of them empty, and `none` only alone. Each is looked at by `check`.
fn all(line: &mut Line<'_>, check: impl Fn(&str) -> Result<(), Fault>) -> Result<Vec<String>, Fault> {
    let mut found = Vec::new();
    while let Some(argument) = line.arguments.next() {
        if argument.is_empty() {
            return Err(Fault::EmptyArgument(line.name.to_owned()));
        }
        if argument.eq_ignore_ascii_case("none") {
            line.alone("none", found.len())?;
        } else {
            check(&argument)?;
        }
        found.push(argument);
    }
    Ok(found)
}

pub(super) fn files(reader: &mut Reader<'_>, keyword: Keyword, line: &mut Line<'_>) -> Result<(), Fault> {
    let files = all(line, |_| Ok(()))?;
    if files.len() > MOST_FILES && line.active {
        return Err(Fault::value("too many ", line.name, " entries."));
    }
    if !files.is_empty() {
        reader.set(line, keyword, Value::List(files));
    }
    Ok(())
}

/// Only the first word is kept, as in OpenSSH.
pub(super) fn log_verbose(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let mut words = all(line, |_| Ok(()))?;
    words.truncate(1);
    if !words.is_empty() {
        reader.set(line, Keyword::LogVerbose, Value::List(words));
    }
    Ok(())
}

pub(super) fn channel_timeout(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let timeouts = all(line, |argument| match timeout(argument) {
        Some(_) => Ok(()),
        None => Err(Fault::value("invalid channel timeout ", argument, "")),
    })?;
    if timeouts.is_empty() {
        return Err(Fault::Phrase("no channeltimeout specified"));
    }
    reader.set(line, Keyword::ChannelTimeout, Value::List(timeouts));
    Ok(())
}

fn timeout(argument: &str) -> Option<ChannelTimeout> {
    let (kind, interval) = argument.split_once('=').filter(|(kind, _)| !kind.is_empty())?;
    let seconds = u64::try_from(measure::seconds(interval)?).ok()?;
    Some(ChannelTimeout { kind: kind.to_owned(), interval: Duration::from_secs(seconds) })
}

/// What the line of [`channel_timeout`] says; `none` says nothing.
pub(in super::super) fn channel_timeouts(arguments: &[String]) -> Vec<ChannelTimeout> {
    arguments.iter().filter_map(|argument| timeout(argument)).collect()
}

pub(super) fn algorithms(
    reader: &mut Reader<'_>,
    keyword: Keyword,
    line: &mut Line<'_>,
    kind: Kind,
) -> Result<(), Fault> {
    let list = line.required("Missing argument.")?;
    let before = match kind {
        Kind::Cipher => "Bad SSH2 cipher spec '",
        Kind::Mac => "Bad SSH2 MAC spec '",
        Kind::Kex => "Bad SSH2 KexAlgorithms '",
        Kind::Key | Kind::CaSignature => "Bad key types '",
    };
    if !line.active || reader.values.has(keyword) {
        return algorithms::check(kind, &list).map_err(|_| Fault::value(before, list, "'."));
    }
    match algorithms::assemble(kind, &list) {
        Ok(names) => {
            reader.set(line, keyword, Value::List(names));
            Ok(())
        }
        Err(ListFault::Unknown) => Err(Fault::value(before, list, "'.")),
        Err(ListFault::Empty) => Err(Fault::value("nothing is left of '", list, "' that xssh has; see xssh -Q help")),
    }
}

/// Debian's keyword, checked and carried along only: xssh has no GSSAPI.
pub(super) fn gssapi_kex(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    const KNOWN: [&str; 7] = [
        "gss-group1-sha1-",
        "gss-group14-sha1-",
        "gss-group14-sha256-",
        "gss-group16-sha512-",
        "gss-gex-sha1-",
        "gss-nistp256-sha256-",
        "gss-curve25519-sha256-",
    ];
    let list = line.required("Missing argument.")?;
    if !list.split(',').take_while(|name| !name.is_empty()).all(|name| KNOWN.contains(&name)) {
        return Err(Fault::value("Bad GSSAPI KexAlgorithms '", list, "'."));
    }
    reader.set(line, Keyword::GssApiKexAlgorithms, Value::Text(list));
    Ok(())
}
