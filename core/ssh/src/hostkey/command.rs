//! KnownHostsCommand: a program that prints what it knows of a host, as a known_hosts file.

use std::io::{ErrorKind, Read as _};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use log::{error, warn};

use super::HostKeyError;
use super::known_hosts::{Keeper, Record, cause, collect};
use super::policy::{CommandRequest, Policy};
use super::presented::Presented;
use crate::limits;
use crate::terminal::visible::visible;

/// Asks before the key exchange, when no key is there yet.
pub(super) const ORDER: &str = "ORDER";
/// Asks for the host's name.
pub(super) const HOST_NAME: &str = "HOSTNAME";
/// Asks for the host's address.
pub(super) const ADDRESS: &str = "ADDRESS";

/// Asks the policy's command, if it has one, and adds what it knows to `found`. It blocks.
///
/// A command that cannot be started knows nothing, which is said in the log; one that fails, or whose tokens cannot be
/// expanded, ends the connection.
pub(super) fn ask(
    policy: &Policy,
    purpose: &'static str,
    name: &str,
    presented: Option<&Presented>,
    found: &mut Vec<Record>,
) -> Result<(), HostKeyError> {
    let Some(command) = &policy.command else { return Ok(()) };
    let none = || "NONE".to_owned();
    let request = CommandRequest {
        purpose,
        name: name.to_owned(),
        key_type: presented.map_or_else(none, Presented::name),
        fingerprint: presented.map_or_else(none, |presented| presented.key.fingerprint(policy.fingerprint_hash)),
        key: presented.map_or_else(none, Presented::text),
    };
    let tag = format!("KnownHostsCommand-{purpose}");
    let Some(arguments) = command(&request) else {
        error!("{tag}: its arguments cannot be expanded");
        return Err(HostKeyError::Command);
    };
    let Some((program, rest)) = arguments.split_first() else {
        error!("{tag} yielded no arguments");
        return Ok(());
    };
    if !program.starts_with('/') {
        error!("{tag} path is not absolute");
        return Ok(());
    }
    let started = Command::new(program).args(rest).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let child = match started {
        Ok(child) => child,
        Err(reason) => {
            let what = if reason.kind() == ErrorKind::NotFound { "stat" } else { "run" };
            error!("Could not {what} {tag} \"{program}\": {}", cause(&reason));
            return Ok(());
        }
    };
    let text = output(child, &format!("{tag} {}", quoted(&arguments)))?;
    collect(&text, Path::new(&tag), Keeper::Command, name, found);
    Ok(())
}

fn output(mut child: Child, command: &str) -> Result<Vec<u8>, HostKeyError> {
    let mut text = Vec::new();
    let read = match child.stdout.take() {
        Some(output) => output.take(limits::FILE + 1).read_to_end(&mut text),
        None => Ok(0),
    };
    let too_much = text.len() as u64 > limits::FILE;
    if too_much || read.is_err() {
        // Its output is closed now, so it ends by itself or is ended here.
        let _ = child.kill();
    }
    let status = child.wait();
    match (read, status) {
        (Err(reason), _) | (_, Err(reason)) => error!("{command}: {}", cause(&reason)),
        _ if too_much => error!("{command}: more than {} bytes of output", limits::FILE),
        (_, Ok(status)) if status.success() => return Ok(text),
        (_, Ok(status)) => report(status, command),
    }
    Err(HostKeyError::Command)
}

fn report(status: ExitStatus, command: &str) {
    match (status.code(), status.signal()) {
        (Some(code), _) => warn!("{command} failed, status {code}"),
        (None, Some(signal)) => error!("{command} exited on signal {signal}"),
        (None, None) => error!("{command} failed"),
    }
}

/// The command on one line, as it could be written again.
fn quoted(arguments: &[String]) -> String {
    let plain = |word: &String| !word.is_empty() && !word.contains([' ', '\t', '\'', '"', '\\']);
    let quote = |word: &String| match plain(word) {
        true => visible(word.as_bytes()),
        false => format!("\"{}\"", visible(word.replace('\\', "\\\\").replace('"', "\\\"").as_bytes())),
    };
    arguments.iter().map(quote).collect::<Vec<_>>().join(" ")
}
