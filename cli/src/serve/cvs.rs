//! The system's cvs behind a gate, for the repositories of a grant.
//!
//! In the order of a session: the client names its root (`pump::greet`); `repository` looks at what the root's `CVSROOT` says;
//! `committer` makes a login where the key's owner has no account; `server` starts cvs in a Landlock domain of that root, `room` says how much may be added to it; `pump`
//! carries bytes between the client, the gate (`xssh_cvs::Gate`) and the server until one of them ends.
//!
//! The command line of the client's is not used: what runs is always cvs as it is installed, with words of our own.

mod committer;
mod pump;
mod repository;
mod room;
mod server;

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use xssh_cvs::{Access, Gate, Grant, Hooks, Login, Refusal, Repository};
use xssh_gate::CvsAuthority;

use super::journal::Outcome;
use super::own::Files;
use crate::environment;
use crate::words::{self, FAILED};
use pump::Client;
use room::Room;
use server::{Server, Started};

/// Serves a client.
pub(super) fn serve(
    granted: CvsAuthority<'_>,
    files: &Files,
    required: bool,
    log: &(dyn Fn(&Outcome) + Sync),
) -> Outcome {
    let mut outcome = Outcome::default();
    match attend(granted, files, required, &mut outcome, log) {
        Ok(Some(refusal)) => {
            let Outcome { confined, ran, moved, .. } = outcome;
            Outcome { confined, ran, moved, ..Outcome::refused(refusal.to_string()) }
        }
        Ok(None) => outcome,
        Err(error) => Outcome { failed: Some(error.to_string()), code: FAILED, ..outcome },
    }
}

/// A session, from its first word to its last; and why it was refused, if it was.
fn attend(
    granted: CvsAuthority<'_>,
    files: &Files,
    required: bool,
    outcome: &mut Outcome,
    log: &(dyn Fn(&Outcome) + Sync),
) -> io::Result<Option<Refusal>> {
    let mut client = Client::new(Gate::new(grant(granted)), granted.limits().rate)?;
    let watched = client.watched();
    thread::scope(|scope| {
        // Dropped when all is done, whatever comes of it.
        let (_going_on, stop) = sync_channel(0);
        if let Some(idle) = granted.limits().idle {
            let watched = watched.clone();
            scope.spawn(move || {
                if watched.watch(idle, &stop) {
                    end(idle, log);
                }
            });
        }
        if let Some(root) = client.greet()? {
            match start(granted, files, root, required) {
                Ok(Ready { started, repository, login, room }) => {
                    outcome.confined = Some(started.confined);
                    outcome.ran = Some(started.words.clone());
                    // As above.
                    let (_going_on, until) = sync_channel(0);
                    if room.is_bounded() {
                        let room = room.clone();
                        scope.spawn(move || room.watch(&watched, &until));
                    }
                    client.gate().bound(room.bounds());
                    client.gate().serve(repository, login.as_ref());
                    client.carry(started)?;
                    outcome.failed = room.excess();
                }
                Err(why) => client.gate().refuse(Refusal::Server(why)),
            }
        }
        client.finish();
        outcome.moved = Some(client.gate().sent());
        let refusal = client.gate().refusal().cloned();
        Ok(refusal)
    })
}

/// Ends this process, where nothing has passed for too long.
fn end(idle: Duration, log: &(dyn Fn(&Outcome) + Sync)) {
    let why = format!("nothing passed for {} seconds", idle.as_secs());
    words::say(&format_args!("xssh: {why}"));
    log(&Outcome { failed: Some(why), code: FAILED, ..Outcome::default() });
    environment::leave(FAILED);
}

/// A server, and what the gate is to know of its repository.
struct Ready {
    started: Started,
    repository: Repository,
    login: Option<Login>,
    room: Arc<Room>,
}

/// A server for the root that the client has named.
fn start(granted: CvsAuthority<'_>, files: &Files, root: usize, required: bool) -> Result<Ready, String> {
    let root = granted.roots().get(root).ok_or("there is no such root")?;
    let account = &environment::account();
    let repository = repository::survey(root).map_err(|error| unusable(root, &error))?;
    let runs_hooks = granted.runs_hooks() && (granted.is_admin() || repository.names_programs());
    let room = Room::of(root, granted.limits())
        .map(Arc::new)
        .map_err(|why| format!("the repository cannot be measured: {why}"))?;
    let server = Server { root, files, may_write: granted.may_write(), runs_hooks, largest: room.largest() };
    // A reader is the author of nothing.
    let author = granted.name().filter(|name| granted.may_write() && *name != account.user);
    if let Some(name) = author.filter(|name| !Login::is_name(name)) {
        return Err(format!(
            "{name}, the name of this key, cannot be an author: that has letters, digits and . _ - + alone"
        ));
    }
    let (started, login) = match author {
        // Whoever runs as root is who LOGNAME says, to cvs.
        Some(name) if account.uid == 0 => (server.start(name, false, required)?, None),
        Some(name) => {
            let login =
                committer::login(root, name, account, &environment::state()).map_err(|error| unusable(root, &error))?;
            (server.start(&account.user, true, required)?, Some(login))
        }
        None => (server.start(&account.user, false, required)?, None),
    };
    Ok(Ready { started, repository, login, room })
}

/// The administrator's path is none of the client's business, but it has just said it itself.
fn unusable(root: &Path, error: &io::Error) -> String {
    format!("the repository {} cannot be used: {error}", root.display())
}

/// What the gate is to let pass.
fn grant(granted: CvsAuthority<'_>) -> Grant {
    Grant {
        roots: granted.roots().iter().map(|root| root.as_os_str().as_bytes().to_owned()).collect(),
        access: if granted.may_write() { Access::Write } else { Access::Read },
        admin: granted.is_admin(),
        hooks: if granted.runs_hooks() { Hooks::Run } else { Hooks::Refuse },
    }
}
