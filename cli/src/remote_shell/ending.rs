//! How a remote shell ended, in words and as an exit code.

use ::log::debug;
use rustix::process::Signal;
use xssh_ssh::exec::Ending;
use xssh_ssh::session::{Exit, Request, Session, SessionError, Start, StartKind};

use crate::{environment, log, words};

/// The host gives no terminal; the session goes on without.
pub(crate) const NO_PTY: &str = "PTY allocation request failed on channel 0";

/// Says why there is no session, or no longer, with the exit code that our caller wants to know it by.
pub(super) fn no_session(error: &SessionError) -> u8 {
    let code = words::fail(error);
    if error.is_lost() { lost() } else { code }
}

/// The same where what a call is there for was not opened; whoever uses `-W` for another ssh knows it by ssh's words.
pub(super) fn not_opened(error: &SessionError, start: &Start) -> u8 {
    let code = no_session(error);
    if matches!((error, &start.kind), (SessionError::ChannelOpen(_), StartKind::Forward(_))) {
        words::fail(&"stdio forwarding failed");
    }
    code
}

/// Says which signal ends us, and with which exit code.
pub(crate) fn killed(signal: i32) -> u8 {
    ::log::info!("Killed by signal {signal}.");
    log::note_failure(&words::ended_by(signal));
    words::FAILED
}

/// The same where nothing runs on the host that could have a status: to have it end by SIGTERM is how that is done.
pub(crate) fn ended(signal: i32) -> u8 {
    if signal == Signal::TERM.as_raw() { 0 } else { killed(signal) }
}

/// The exit code of a connection that is lost.
pub(crate) fn lost() -> u8 {
    let asked = environment::variable(environment::LOST);
    asked.and_then(|code| code.parse().ok()).unwrap_or(words::FAILED)
}

/// The exit code, and the words where we failed.
pub(super) fn verdict(ending: Ending, start: &Start, session: &Session) -> u8 {
    match ending {
        Ending::Exited(Exit::Status(status)) => (status & 0xff) as u8,
        Ending::Exited(Exit::Signal { name, message }) => {
            debug!("the remote command was ended by signal {name}: {message}");
            if environment::variable(environment::LOST).is_none() {
                return words::FAILED;
            }
            words::fail(&format!("what serves the sync on {} was ended there by SIG{name}", session.peer.host));
            environment::KILLED
        }
        Ending::Closed if matches!(start.kind, StartKind::Forward(_)) => 0,
        Ending::Closed | Ending::OutputGone | Ending::Escaped => words::FAILED,
        Ending::Refused(request) => words::fail(&refused(request, &session.peer.host)),
        Ending::Killed(signal) if matches!(start.kind, StartKind::Forward(_)) => ended(signal),
        Ending::Killed(signal) => killed(signal),
        Ending::Lost(error) => no_session(&error),
        Ending::Input(error) => words::fail(&format!("reading standard input: {error}")),
    }
}

fn refused(request: Request, host: &str) -> String {
    format!("{} request failed on channel 0: {host} does not allow it", request.name())
}
