//! What a remote shell starts on the host: a command, a shell, a subsystem, a stream, or nothing.

use ::log::warn;
use rustix::stdio;
use xssh_ssh::config::tokens::{Scope, Tokens};
use xssh_ssh::config::{self, LocalContext};
use xssh_ssh::session::{Start, StartKind};
use xssh_ssh::settings::{SessionType, Settings};
use xssh_ssh::terminal::decision::{Circumstances, Decision, NO_TERMINAL};
use xssh_ssh::terminal::request::PtyRequest;

use crate::args::Invocation;
use crate::environment;

/// What to start; `None` for nothing at all (`-N`).
pub(crate) fn start(
    invocation: &Invocation,
    settings: &Settings,
    context: &LocalContext,
) -> Result<Option<Start>, String> {
    let tokens = Tokens::new(settings, context);
    let configured = match (&invocation.command, &settings.session.remote_command) {
        (None, Some(template)) => Some(tokens.expand(template, Scope::REMOTE_COMMAND).map_err(|e| e.to_string())?),
        _ => None,
    };
    let command = invocation.command.clone().or(configured.map(String::into_bytes));
    let kind = match (&invocation.stdio_forward, settings.session.kind, command) {
        (Some(to), _, _) => StartKind::Forward(to.clone()),
        (None, SessionType::None, _) => return Ok(None),
        (None, SessionType::Subsystem, Some(name)) => {
            StartKind::Subsystem(String::from_utf8(name).map_err(|_| "the subsystem's name is no text".to_owned())?)
        }
        (None, _, Some(command)) => StartKind::Exec(command),
        (None, _, None) => StartKind::Shell,
    };
    let pty = pty(&kind, settings);
    let environment = if matches!(kind, StartKind::Forward(_)) { Vec::new() } else { sent(settings) };
    Ok(Some(Start { kind, pty, environment, x11: None, agent: false }))
}

fn pty(kind: &StartKind, settings: &Settings) -> Option<PtyRequest> {
    let circumstances = Circumstances {
        request: settings.session.request_tty,
        kind: settings.session.kind,
        has_command: *kind != StartKind::Shell,
        stdin_is_terminal: !settings.session.stdin_null && rustix::termios::isatty(stdio::stdin()),
    };
    if matches!(kind, StartKind::Forward(_)) {
        return None;
    }
    match circumstances.decide() {
        Decision::Without => None,
        Decision::Impossible => {
            warn!("{NO_TERMINAL}");
            None
        }
        Decision::Allocate => {
            let set = settings.session.set_env.iter().find(|(name, _)| name == "TERM").map(|(_, value)| value.clone());
            Some(PtyRequest::gather(set.or_else(|| environment::variable("TERM")).as_deref(), stdio::stdin()))
        }
    }
}

/// SendEnv's variables, then SetEnv's.
fn sent(settings: &Settings) -> Vec<(String, String)> {
    let patterns = &settings.session.send_env;
    let wanted = |name: &str| patterns.iter().any(|pattern| config::pattern::matches(name, pattern));
    let mut sent = if patterns.is_empty() { Vec::new() } else { environment::variables() };
    sent.retain(|(name, _)| wanted(name));
    sent.extend(settings.session.set_env.iter().cloned());
    sent
}
