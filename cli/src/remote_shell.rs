//! From an [`Invocation`] to a program on the host and back to an exit code.

use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use ::log::{debug, warn};
use rustix::stdio;
use tokio::signal::unix::SignalKind;
use xssh_ssh::config::tokens::{Scope, Tokens};
use xssh_ssh::config::{self, LocalContext, Resolver};
use xssh_ssh::exec::{Ending, Input, Keyboard, Output, Pump, pump};
use xssh_ssh::prompt::{Nobody, Prompt};
use xssh_ssh::session::route::{self, Guide, Opened};
use xssh_ssh::session::{Exit, Request, Session, SessionError, Start, StartKind};
use xssh_ssh::settings::{SessionType, Settings};
use xssh_ssh::terminal::decision::{Circumstances, Decision, NO_TERMINAL};
use xssh_ssh::terminal::escape::{Escapes, Options};
use xssh_ssh::terminal::raw::RawMode;
use xssh_ssh::terminal::request::PtyRequest;

use crate::args::Invocation;
use crate::prompt::Terminal;
use crate::{environment, help, log, words};

/// Runs it.
pub(crate) fn run(invocation: &Invocation) -> u8 {
    let context = environment::context();
    let resolved = match resolve(invocation, &context) {
        Ok(resolved) => resolved,
        Err(error) => return words::fail(&error),
    };
    if invocation.dump {
        return match config::dump(&resolved.settings, &context) {
            Ok(text) => help::stdout(&text),
            Err(error) => words::fail(&error),
        };
    }
    if let Some(refusal) = refusal(invocation, &resolved.settings) {
        return words::fail(&refusal);
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return words::fail(&error),
    };
    runtime.block_on(connect_and_run(invocation, &resolved, &context))
}

/// A destination's settings, and what can resolve further hosts.
pub(crate) struct Resolved {
    /// The settings.
    pub settings: Settings,
    /// Resolves the hops.
    pub resolver: Arc<Resolver>,
}

/// Reads the configuration for an invocation, and shows messages from its level on.
pub(crate) fn resolve(invocation: &Invocation, context: &LocalContext) -> Result<Resolved, String> {
    debug!("xssh_{}", env!("CARGO_PKG_VERSION"));
    let resolver = Arc::new(Resolver::new(context.clone(), invocation.config_file.clone()));
    let settings = resolver.resolve(&invocation.command_line).map_err(|error| error.to_string())?;
    log::set_level(settings.log_level);
    Ok(Resolved { settings, resolver })
}

/// What is asked for and is not here yet; asking for it by configuration files alone is no reason to fail.
fn refusal(invocation: &Invocation, settings: &Settings) -> Option<String> {
    let session = &settings.session;
    if session.fork_after_authentication {
        return Some("xssh: going into the background is not here yet; use ssh for it".to_owned());
    }
    if invocation.command.is_some() && session.remote_command.is_some() {
        return Some("Cannot execute command-line and remote command.".to_owned());
    }
    let forwarding = &settings.forwarding;
    let forwards = forwarding.local.len() + forwarding.remote.len() + forwarding.dynamic.len();
    if forwards > 0 && !forwarding.clear_all && invocation.stdio_forward.is_none() {
        warn!("Warning: port forwarding is not here yet; the configured forwards are left out.");
    }
    None
}

/// Who opens the way, with the caller's terminal to ask on.
pub(crate) fn guide(resolved: &Resolved) -> Guide {
    let prompt: Arc<dyn Prompt> =
        if resolved.settings.auth.batch { Arc::new(Nobody) } else { Arc::new(Terminal::from_environment()) };
    let shell = environment::variable("SHELL").filter(|shell| !shell.is_empty());
    Guide {
        resolver: resolved.resolver.clone(),
        prompt,
        banner: Arc::new(log::banner),
        shell: shell.map_or_else(|| "/bin/sh".into(), PathBuf::from),
    }
}

async fn connect_and_run(invocation: &Invocation, resolved: &Resolved, context: &LocalContext) -> u8 {
    let settings = &resolved.settings;
    let pipes = match Pipes::open(settings) {
        Ok(pipes) => pipes,
        Err(error) => return words::fail(&format!("standard input or output cannot be used: {error}")),
    };
    let killed = killers();
    let guide = guide(resolved);
    let opening = route::open(&guide, settings);
    let opened = tokio::select! {
        opened = opening => opened,
        signal = first_signal(&killed) => {
            ::log::info!("Killed by signal {signal}.");
            return words::FAILED;
        }
    };
    let Opened { session, .. } = match opened {
        Ok(opened) => opened,
        Err(error) => return no_session(&error),
    };
    if let Some(code) = local_command(settings, context) {
        debug!("the local command ended with {code}");
    }
    let start = match start(invocation, settings, context) {
        Ok(start) => start,
        Err(error) => return words::fail(&error),
    };
    let code = match start {
        None => wait_for_end(&session, &killed).await,
        Some(start) => run_on(&session, &start, pipes, settings, killed).await,
    };
    session.learn_host_keys().await;
    session.close().await;
    code
}

/// The caller's descriptors, opened before any secret is held: a process that forbids core dumps may no longer open
/// them anew.
struct Pipes {
    input: Input,
    stdout: Output,
    stderr: Output,
}

impl Pipes {
    fn open(settings: &Settings) -> std::io::Result<Self> {
        let spill = environment::temporary();
        Ok(Self {
            input: if settings.session.stdin_null { Input::null() } else { Input::open(stdio::stdin().as_fd())? },
            stdout: Output::open(stdio::stdout().as_fd(), spill.clone())?,
            stderr: Output::open(stdio::stderr().as_fd(), spill)?,
        })
    }
}

/// What to start; `None` for nothing at all (`-N`).
fn start(invocation: &Invocation, settings: &Settings, context: &LocalContext) -> Result<Option<Start>, String> {
    let tokens = Tokens::new(settings, context);
    let configured = match (&invocation.command, &settings.session.remote_command) {
        (None, Some(template)) => Some(tokens.expand(template, Scope::REMOTE_COMMAND).map_err(|e| e.to_string())?),
        _ => None,
    };
    let command = invocation.command.clone().or(configured.map(String::into_bytes));
    let kind = match (&invocation.stdio_forward, settings.session.kind, command) {
        (Some((host, port)), _, _) => StartKind::Forward { host: host.clone(), port: *port },
        (None, SessionType::None, _) => return Ok(None),
        (None, SessionType::Subsystem, Some(name)) => {
            StartKind::Subsystem(String::from_utf8(name).map_err(|_| "the subsystem's name is no text".to_owned())?)
        }
        (None, _, Some(command)) => StartKind::Exec(command),
        (None, _, None) => StartKind::Shell,
    };
    let pty = pty(&kind, settings);
    let environment = if matches!(kind, StartKind::Forward { .. }) { Vec::new() } else { sent(settings) };
    Ok(Some(Start { kind, pty, environment }))
}

fn pty(kind: &StartKind, settings: &Settings) -> Option<PtyRequest> {
    let circumstances = Circumstances {
        request: settings.session.request_tty,
        kind: settings.session.kind,
        has_command: *kind != StartKind::Shell,
        stdin_is_terminal: !settings.session.stdin_null && rustix::termios::isatty(stdio::stdin()),
    };
    if matches!(kind, StartKind::Forward { .. }) {
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

/// LocalCommand, where it is permitted; its exit code.
fn local_command(settings: &Settings, context: &LocalContext) -> Option<i32> {
    let template = settings.session.local_command.as_ref().filter(|_| settings.session.permit_local_command)?;
    let tokens = Tokens::new(settings, context);
    let command = match tokens.expand(template, Scope::LOCAL_COMMAND) {
        Ok(command) => command,
        Err(error) => {
            ::log::error!("{error}");
            return None;
        }
    };
    let shell =
        environment::variable("SHELL").filter(|shell| !shell.is_empty()).unwrap_or_else(|| "/bin/sh".to_owned());
    debug!("Executing command: '{command}'");
    let name = PathBuf::from(&shell).file_name().unwrap_or_default().to_owned();
    let status = Command::new(&shell).arg0(name).arg("-c").arg(command).status();
    status.ok().and_then(|status| status.code())
}

async fn run_on(session: &Session, start: &Start, pipes: Pipes, settings: &Settings, signals: Vec<SignalKind>) -> u8 {
    let Pipes { input, stdout, stderr } = pipes;
    let started = match session.start(start, stdout.clone(), stderr.clone()).await {
        Ok(started) => started,
        Err(error) => return no_session(&error),
    };
    let keyboard = start.pty.as_ref().map(|_| keyboard(settings));
    let ending = pump(Pump { session, started, input, stdout, stderr, keyboard, signals }).await;
    xssh_ssh::terminal::raw::restore_now();
    if start.pty.is_some() && matches!(ending, Ending::Exited(_) | Ending::Closed | Ending::Escaped) {
        warn!("Connection to {} closed.", session.peer.host);
    }
    verdict(ending, start, session)
}

/// Says why there is no session, or no longer, with the exit code that our caller wants to know it by.
fn no_session(error: &SessionError) -> u8 {
    let code = words::fail(error);
    let asked = environment::variable(environment::LOST).filter(|_| error.is_lost());
    asked.and_then(|code| code.parse().ok()).unwrap_or(code)
}

fn keyboard(settings: &Settings) -> Keyboard {
    let forced = settings.session.request_tty == xssh_ssh::settings::RequestTty::Force;
    Keyboard {
        raw: RawMode::enter(stdio::stdin(), forced),
        escapes: Escapes::new(Options {
            escape: settings.session.escape_char,
            command_line: settings.session.escape_command_line,
            level: settings.log_level,
            log_on_stderr: !log::is_to_file(),
        }),
        set_level: Box::new(log::set_level),
    }
}

/// The exit code, and the words where we failed.
fn verdict(ending: Ending, start: &Start, session: &Session) -> u8 {
    match ending {
        Ending::Exited(Exit::Status(status)) => (status & 0xff) as u8,
        Ending::Exited(Exit::Signal { name, message }) => {
            debug!("the remote command was ended by signal {name}: {message}");
            words::FAILED
        }
        Ending::Closed if matches!(start.kind, StartKind::Forward { .. }) => 0,
        Ending::Closed | Ending::OutputGone | Ending::Escaped => words::FAILED,
        Ending::Refused(request) => words::fail(&refused(request, &session.peer.host)),
        Ending::Killed(signal) => {
            ::log::info!("Killed by signal {signal}.");
            words::FAILED
        }
        Ending::Lost(error) => no_session(&error),
        Ending::Input(error) => words::fail(&format!("reading standard input: {error}")),
    }
}

fn refused(request: Request, host: &str) -> String {
    let what = match request {
        Request::Pty => "PTY allocation",
        Request::Exec => "exec",
        Request::Shell => "shell",
        Request::Subsystem => "subsystem",
    };
    format!("{what} request failed on channel 0: {host} does not allow it")
}

/// `-N`: until the connection or we are ended.
async fn wait_for_end(session: &Session, signals: &[SignalKind]) -> u8 {
    let mut progress = session.progress();
    let lost = progress.wait_for(|progress| progress.lost.is_some());
    tokio::select! {
        lost = lost => match lost.ok().and_then(|progress| progress.lost.clone()) {
            Some(error) => words::fail(&error),
            None => words::FAILED,
        },
        signal = first_signal(signals) => {
            ::log::info!("Killed by signal {signal}.");
            words::FAILED
        }
    }
}

/// The signals that end us, without those that our caller had us ignore (nohup).
pub(crate) fn killers() -> Vec<SignalKind> {
    let ignored = xssh_os::signals::ignored();
    let all = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup(), SignalKind::quit()];
    all.into_iter().filter(|kind| ignored >> (kind.as_raw_value() - 1) & 1 == 0).collect()
}

/// The first of these that comes.
pub(crate) async fn first_signal(kinds: &[SignalKind]) -> i32 {
    let waiting = kinds.iter().filter_map(|kind| Some((kind, tokio::signal::unix::signal(*kind).ok()?)));
    let mut waiting: Vec<_> = waiting.collect();
    std::future::poll_fn(|cx| {
        for (kind, signal) in &mut waiting {
            if signal.poll_recv(cx).is_ready() {
                return std::task::Poll::Ready(kind.as_raw_value());
            }
        }
        std::task::Poll::Pending
    })
    .await
}
