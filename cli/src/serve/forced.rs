//! The forced command of a key.

use std::ffi::OsString;
use std::sync::Arc;

use xssh_gate::{Authority, ConfineError, Domain, ServedCommand, Way};

use super::grants::Tables;
use super::journal::{Journal, Outcome, REFUSED};
use super::own::Files;
use super::slot::Slot;
use super::{cvs, ending, explain, grants, join, relay, rsync, tree};
use crate::args::serve::Serve;
use crate::{args, environment, words};

/// Serves what the client asks for, as far as the key may.
pub(crate) fn forced(call: &Serve) -> u8 {
    let found = call.config.as_deref().map(|file| grants::granted(file, call));
    let call = &match found {
        None => call.clone(),
        Some(Ok(found)) => Serve { explain: call.explain.clone(), ..found },
        // What is wrong with the file is for the log alone.
        Some(Err(why)) => return unknown(call, why),
    };
    if let Some(command) = &call.explain {
        return explain::explain(call, command);
    }
    let command = environment::original_command();
    let asked = ServedCommand::parse(command.as_deref());
    let journal = match Journal::open(call, &asked, command.as_deref()) {
        Ok(journal) => Arc::new(journal),
        Err(error) => return refuse(&error),
    };
    let ended = ending::watch(&journal, way(call, &asked));
    let outcome = ended.told(served(call, &journal, asked, command.as_deref()));
    journal.write(&outcome);
    outcome.code
}

/// How what a client asks for comes to its end.
fn way(call: &Serve, asked: &ServedCommand) -> ending::Way {
    match (&call.grant.relay, asked) {
        (Some(relay), _) if relay.way != Way::Through => ending::Way::Itself,
        (None, ServedCommand::Rsync(_) | ServedCommand::Cvs) => ending::Way::WithProgram,
        // Nobody waits for a refusal: it is there at once.
        (None, ServedCommand::Nothing | ServedCommand::Other(_) | ServedCommand::Unreadable(_)) => ending::Way::Itself,
        _ => ending::Way::WithClient,
    }
}

/// Whether the key of these options reaches a host by a channel of its own.
///
/// # Errors
/// Why it does not.
pub(super) fn reaches(options: &[OsString], host: &str, port: u32) -> Result<(), String> {
    let unknown = || "nothing is granted to this key, or its grant cannot be read".to_owned();
    let call = granted(options, &mut Tables::default()).map_err(|_| unknown())?;
    // No port at all is that of nothing.
    let port = u16::try_from(port).unwrap_or(0);
    call.grant.tunnel(host, port).map(|_| ()).map_err(|refusal| refusal.to_string())
}

/// What is granted by these options, or by the table that they name.
///
/// # Errors
/// They grant nothing, or there is no such table.
pub(super) fn granted(options: &[OsString], tables: &mut Tables) -> Result<Serve, String> {
    let call = args::serve::forced(options).ok_or("these are no options of a grant")?;
    tables.looked_up(&call)
}

/// The grant of a key cannot be had.
fn unknown(call: &Serve, why: String) -> u8 {
    if call.explain.is_some() {
        return refuse(&why);
    }
    let told = refuse("nothing is granted to this key, or its grant cannot be read");
    let command = environment::original_command();
    if let Ok(journal) = Journal::open(call, &ServedCommand::parse(command.as_deref()), command.as_deref()) {
        journal.write(&Outcome::refused(why));
    }
    told
}

fn served(call: &Serve, journal: &Journal, asked: ServedCommand, command: Option<&[u8]>) -> Outcome {
    let speaks_sync = asked == ServedCommand::Sync;
    let files = Files::of_account().with(call);
    if let Some((root, held)) = files.held_by_any(&call.grant) {
        let told = if speaks_sync { tree::refuse(held.words()).code } else { refuse(held.words()) };
        return Outcome { code: told, ..Outcome::refused(held.details(&root)) };
    }
    let _slot = match Slot::take(&call.grant) {
        Ok(slot) => slot,
        // A further lane of a session is none of its own.
        Err(_) if asked == ServedCommand::SyncJoin => None,
        Err(why) if speaks_sync => return tree::refuse(&why),
        Err(why) => {
            refuse(&why);
            return Outcome::refused(why);
        }
    };
    let required = call.grant.require_landlock;
    match call.grant.admit(asked, command) {
        Ok(Authority::Check) => Outcome::default(),
        Ok(Authority::Sync(granted)) => tree::serve(granted, required, &|outcome| journal.write(outcome)),
        Ok(Authority::SyncJoin) => Outcome { code: join(), ..Outcome::default() },
        Ok(Authority::Rsync(granted, words)) => rsync::serve(granted, &words, required),
        Ok(Authority::Cvs(granted)) => cvs::serve(granted, &files, required, &|outcome| journal.write(outcome)),
        // Nothing of it is confined, and the line may say so of a table.
        Ok(Authority::Relay(_)) if required && !Domain::new(true).is_to_be_had() => {
            let why = ConfineError::Unavailable.to_string();
            refuse(&why);
            Outcome::refused(why)
        }
        Ok(Authority::Relay(way)) => relay::serve(&way),
        Err(refusal) if speaks_sync => tree::refuse(&refusal.to_string()),
        Err(refusal) => {
            refuse(&refusal.to_string());
            Outcome::refused(refusal.to_string())
        }
    }
}

/// Tells the client in one line.
pub(super) fn refuse(why: &str) -> u8 {
    words::say(&format_args!("xssh: refused: {why}"));
    REFUSED
}
