//! A call that a master carries: we only wait, and give the terminal back.

use std::os::fd::{AsFd, OwnedFd};

use ::log::{debug, warn};
use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use rustix::stdio;
use tokio::signal::unix::{SignalKind, signal};
use xssh_os::daemon::Background;
use xssh_ssh::config::LocalContext;
use xssh_ssh::exec::Killers;
use xssh_ssh::limits::MUX_OPENING;
use xssh_ssh::mux::{Client, ClientError, NewSession, Passenger, Waited};
use xssh_ssh::session::{Start, StartKind};
use xssh_ssh::settings::{LogLevel, RequestTty, Settings};
use xssh_ssh::terminal::raw::RawMode;

use super::control;
use crate::args::Invocation;
use crate::remote_shell::{NO_PTY, ended, killed, lost, start};
use crate::words;

/// Has the master open what the call is for, and waits for its end; the exit code.
///
/// # Errors
/// The master opened nothing, and never will: the call may be made in another way.
pub(super) async fn ride(
    (mut client, master): (Client, u32),
    invocation: &Invocation,
    settings: &Settings,
    context: &LocalContext,
    background: &mut Option<Background>,
) -> Result<u8, ClientError> {
    let start = start::start(invocation, settings, context).map_err(ClientError::Failed)?;
    control::open_forwards(&mut client, settings, context).await?;
    let mut killers = Killers::watch();
    let Some(start) = start else {
        // `-N`: the forwards are the master's now, and end with it.
        if let Some(background) = background.take() {
            background.detach(true)?;
        }
        return Ok(tokio::select! {
            signal = killers.next() => ended(signal),
            () = client.gone() => {
                debug!("Control master terminated unexpectedly");
                lost()
            }
        });
    };
    let null = null(settings)?;
    let input = null.as_ref().map_or(stdio::stdin(), |null| null.as_fd());
    let (stdout, stderr) = (stdio::stdout(), stdio::stderr());
    let opening = async {
        match start.kind.clone() {
            StartKind::Forward(to) => client.stdio(to, [input, stdout], MUX_OPENING).await,
            kind => client.session(wanted(kind, &start, settings), [input, stdout, stderr], MUX_OPENING).await,
        }
    };
    let passenger = tokio::select! {
        opened = opening => opened?,
        signal = killers.next() => return Ok(killed(signal)),
    };
    if let Some(background) = background.take() {
        background.detach(true)?;
    }
    Ok(wait(passenger, master, &start, settings, &mut killers).await)
}

/// Where the call's program is to read nothing.
fn null(settings: &Settings) -> std::io::Result<Option<OwnedFd>> {
    let open = || open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
    Ok(settings.session.stdin_null.then(open).transpose()?)
}

fn wanted(kind: StartKind, start: &Start, settings: &Settings) -> NewSession {
    let (subsystem, command) = match kind {
        StartKind::Subsystem(name) => (true, name.into_bytes()),
        StartKind::Exec(command) => (false, command),
        StartKind::Shell | StartKind::Forward(_) => (false, Vec::new()),
    };
    let variable = |(name, value): &(String, String)| format!("{name}={value}").into_bytes();
    NewSession {
        tty: start.pty.is_some(),
        x11: settings.forwarding.x11.is_some(),
        agent: settings.forwarding.agent.is_some(),
        subsystem,
        escape: settings.session.escape_char,
        term: start.pty.as_ref().map(|pty| pty.term.clone().into_bytes()).unwrap_or_default(),
        command,
        environment: start.environment.iter().map(variable).collect(),
    }
}

async fn wait(mut passenger: Passenger, master: u32, start: &Start, settings: &Settings, killers: &mut Killers) -> u8 {
    let forced = settings.session.request_tty == RequestTty::Force;
    let mut raw = start.pty.as_ref().and_then(|_| RawMode::enter(stdio::stdin(), forced));
    let mut sizes = start.pty.as_ref().and_then(|_| signal(SignalKind::window_change()).ok());
    let code = loop {
        let resized = async {
            match &mut sizes {
                Some(sizes) => sizes.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            waited = passenger.wait() => match waited {
                Ok(Waited::NoTerminal) => {
                    warn!("{NO_PTY}");
                    raw = None;
                }
                Ok(Waited::Ended(Some(status))) => break (status & 0xff) as u8,
                Ok(Waited::Ended(None)) if matches!(start.kind, StartKind::Forward(_)) => break 0,
                Ok(Waited::Ended(None)) => {
                    debug!("Control master terminated unexpectedly");
                    break if is_there(master) { words::FAILED } else { lost() };
                }
                Err(error) => break words::fail(&error),
            },
            signal = killers.next() => break match start.kind {
                StartKind::Forward(_) => ended(signal),
                _ => killed(signal),
            },
            _ = resized => {
                // The master reads the size from the terminal itself (mux.c relays the signal too).
                let _ = process(master).map(|master| kill_process(master, Signal::WINCH));
            }
        }
    };
    drop(raw);
    xssh_ssh::terminal::raw::restore_now();
    if start.pty.is_some() && settings.log_level >= LogLevel::Info {
        warn!("Shared connection to {} closed.", settings.target.host);
    }
    code
}

/// A master that is there has no status to tell: a signal has ended the program. One that is gone had lost its host.
fn is_there(master: u32) -> bool {
    process(master).is_some_and(|process| test_kill_process(process).is_ok())
}

fn process(number: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(number).ok()?)
}
