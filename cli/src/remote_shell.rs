//! From an [`Invocation`] to a program on the host and back to an exit code.

mod around;
mod beside;
mod console;
mod ending;
mod local_command;
pub(crate) mod pipes;
pub(crate) mod start;

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use ::log::{debug, warn};
use rustix::stdio;
use xssh_os::code;
use xssh_os::daemon::{self, Background, Forked, Verdict};
use xssh_ssh::config::{self, LocalContext, Resolver};
use xssh_ssh::exec::{Console, Ending, Keyboard, Killers, Pump, pump};
use xssh_ssh::prompt::{Nobody, Prompt};
use xssh_ssh::session::route::{self, Guide};
use xssh_ssh::session::{Channel, Session, SessionError, Start};
use xssh_ssh::settings::{LogLevel, Mastering, SessionType, Settings};
use xssh_ssh::terminal::escape::{Escapes, Options};
use xssh_ssh::terminal::raw::RawMode;

pub(crate) use around::{Around, Orders, raise_descriptors};
pub(crate) use beside::Beside;
pub(crate) use ending::{NO_PTY, ended, killed, lost};
use ending::{no_session, not_opened, verdict};
use pipes::Pipes;

use crate::args::{Control, Invocation};
use crate::prompt::Terminal;
use crate::share::place::{self, Place};
use crate::{environment, help, log, runtime, share, words};

/// Whether a subsystem is wanted, by whatever line, and none is named.
fn lacks_subsystem(invocation: &Invocation, settings: &Settings) -> bool {
    let is_named = invocation.command.is_some() || settings.session.remote_command.is_some();
    settings.session.kind == SessionType::Subsystem && invocation.stdio_forward.is_none() && !is_named
}

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
    if invocation.command.is_some() && resolved.settings.session.remote_command.is_some() {
        return words::fail(&"Cannot execute command-line and remote command.");
    }
    let settings = &resolved.settings;
    let place = match place::of(settings, &context) {
        Ok(place) => place,
        Err(error) => return words::fail(&error),
    };
    if let Some(what) = invocation.control.filter(|what| *what != Control::Proxy) {
        return share::control::run(what, place.as_ref(), invocation, settings, &context, None);
    }
    if lacks_subsystem(invocation, settings) {
        return words::fail(&"You must specify a subsystem to invoke.");
    }
    // Before there is a thread, a runtime or a secret.
    let mut background = match settings.session.fork_after_authentication.then(daemon::fork).transpose() {
        Ok(None) => None,
        Ok(Some(Forked::Child(background))) => Some(background),
        Ok(Some(Forked::Caller(waiting))) => {
            return match waiting.verdict() {
                Verdict::Stays => 0,
                Verdict::Ended(code) => code,
            };
        }
        Err(error) => return words::fail(&format_args!("cannot go into the background: {error}")),
    };
    if let Some(what) = invocation.control {
        return share::control::run(what, place.as_ref(), invocation, settings, &context, background);
    }
    if let Some(place) = &place {
        if let Some(code) = share::join(place, invocation, settings, &context, &mut background) {
            return code;
        }
        if background.is_none() && place.is_for_later_calls(settings) {
            return share::background::run(invocation, &resolved, &context, place);
        }
    }
    runtime::block_on(connect_and_run(invocation, &resolved, &context, place.as_ref(), background))
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

async fn connect_and_run(
    invocation: &Invocation,
    resolved: &Resolved,
    context: &LocalContext,
    place: Option<&Place>,
    background: Option<Background>,
) -> u8 {
    let is_session = is_session(invocation, &resolved.settings);
    let opening = open(resolved, context, place, is_session, background);
    carry_out(invocation, &resolved.settings, context, opening).await
}

/// Whether a program runs on the host.
fn is_session(invocation: &Invocation, settings: &Settings) -> bool {
    settings.session.kind != SessionType::None && invocation.stdio_forward.is_none()
}

/// Runs it on a connection that is there.
pub(crate) async fn run_over(
    session: Arc<Session>,
    invocation: &Invocation,
    settings: &Settings,
    context: &LocalContext,
    background: Option<Background>,
) -> u8 {
    let is_session = is_session(invocation, settings);
    let opening = async {
        let begun = begin(&session, settings, context, None, is_session, background).await;
        Ok((session.clone(), begun.map_err(|error| words::fail(&error))?))
    };
    carry_out(invocation, settings, context, opening).await
}

/// Does what a call is for, once its connection is open and what comes before has begun.
async fn carry_out(
    invocation: &Invocation,
    settings: &Settings,
    context: &LocalContext,
    opening: impl Future<Output = Result<(Arc<Session>, Around), u8>>,
) -> u8 {
    let runs_nothing = settings.session.kind == SessionType::None && invocation.stdio_forward.is_none();
    let pipes = match (!runs_nothing).then(|| Pipes::open(settings)).transpose() {
        Ok(pipes) => pipes,
        Err(error) => return words::fail(&format!("standard input or output cannot be used: {error}")),
    };
    let mut killers = Killers::watch();
    code::let_go();
    let opened = tokio::select! {
        opened = opening => opened,
        signal = killers.next() => return killed(signal),
    };
    let (session, around) = match opened {
        Ok(opened) => opened,
        Err(code) => return code,
    };
    code::let_go();
    let start = match start::start(invocation, settings, context) {
        Ok(start) => start,
        Err(error) => return words::fail(&error),
    };
    let code = match start.zip(pipes) {
        None => wait_for_end(&session, &around, &mut killers).await,
        Some((mut start, pipes)) => {
            around.tell(&mut start);
            run_on(&session, &start, pipes, settings, &around, &mut killers).await
        }
    };
    session.learn_host_keys().await;
    session.close().await;
    code
}

/// Connects.
pub(crate) async fn connect(resolved: &Resolved) -> Result<Arc<Session>, SessionError> {
    let opened = route::open(&guide(resolved), &resolved.settings).await?;
    Ok(Arc::new(opened.session))
}

/// Connects, and begins what comes before a call's own session; the exit code where that fails.
pub(crate) async fn open(
    resolved: &Resolved,
    context: &LocalContext,
    place: Option<&Place>,
    is_session: bool,
    background: Option<Background>,
) -> Result<(Arc<Session>, Around), u8> {
    let session = connect(resolved).await.map_err(|error| no_session(&error))?;
    let begun = begin(&session, &resolved.settings, context, place, is_session, background).await;
    Ok((session, begun.map_err(|error| words::fail(&error))?))
}

/// What comes before the session: forwards, the local command, and the background.
async fn begin(
    session: &Arc<Session>,
    settings: &Settings,
    context: &LocalContext,
    place: Option<&Place>,
    is_session: bool,
    background: Option<Background>,
) -> Result<Around, String> {
    let mut around = Around::begin(session.clone(), settings, context).await?;
    let shares = place.filter(|place| place.of_a_run || !place.automatic && settings.sharing.master != Mastering::No);
    if is_session || shares.is_some() {
        around.serve(session, settings, context).await?;
    }
    if let Some(code) = local_command::run(settings, context) {
        debug!("the local command ended with {code}");
    }
    around.ask(background.is_some()).await?;
    if let Some(place) = shares {
        around.share(session.clone(), place, settings)?;
    }
    if let Some(background) = background {
        debug!("forking to background");
        let shows_messages = settings.log_level >= LogLevel::Debug1 && !log::is_to_file();
        background.detach(!shows_messages).map_err(|error| format!("cannot go into the background: {error}"))?;
    }
    Ok(around)
}

async fn run_on(
    session: &Session,
    start: &Start,
    pipes: Pipes,
    settings: &Settings,
    around: &Around,
    killers: &mut Killers,
) -> u8 {
    let Pipes { input, stdout, stderr } = pipes;
    let opening = session.start(start, stdout.clone(), stderr.clone());
    let opened = tokio::select! {
        opened = opening => opened,
        signal = killers.next() => return killed(signal),
    };
    let channel = match opened {
        Ok(channel) => channel,
        Err(error) => return not_opened(&error, start),
    };
    let keyboard = match start.pty.as_ref().map(|_| keyboard(settings, Some(around.console(settings)))).transpose() {
        Ok(keyboard) => keyboard,
        Err(error) => return words::fail(&format!("the terminal cannot be used: {error}")),
    };
    let pumping = pump(Pump { session, channel: &channel, input, stdout, stderr, keyboard }, killers);
    let ending = tokio::select! {
        ending = pumping => ending,
        () = around.told_to_end() => Ending::Closed,
        never = without_terminal(&channel) => match never {},
    };
    xssh_ssh::terminal::raw::restore_now();
    if matches!(ending, Ending::Exited(_) | Ending::Closed) {
        tokio::select! {
            () = around.all_closed() => {}
            _ = session.ended() => {}
            _ = killers.next() => {}
        }
    }
    if start.pty.is_some() && matches!(ending, Ending::Exited(_) | Ending::Closed | Ending::Escaped) {
        warn!("Connection to {} closed.", session.peer.host);
    }
    verdict(ending, start, session)
}

/// Says once that the host gave no terminal: ours is as it was, and the session goes on.
async fn without_terminal(channel: &Channel) -> Infallible {
    if channel.progress().wait_for(|progress| progress.pty_refused).await.is_ok() {
        warn!("{NO_PTY}");
        xssh_ssh::terminal::raw::restore_now();
    }
    std::future::pending().await
}

/// The person at our terminal, which is raw from here on; `console` is for what only the owner of a connection can do.
pub(crate) fn keyboard(settings: &Settings, console: Option<Box<dyn Console>>) -> std::io::Result<Keyboard> {
    let forced = settings.session.request_tty == xssh_ssh::settings::RequestTty::Force;
    Ok(Keyboard {
        terminal: stdio::stdin().try_clone_to_owned()?,
        raw: RawMode::enter(stdio::stdin(), forced),
        escapes: Escapes::new(Options {
            escape: settings.session.escape_char,
            command_line: settings.session.escape_command_line && console.is_some(),
            level: settings.log_level,
            log_on_stderr: !log::is_to_file(),
            shared: false,
        }),
        set_level: Box::new(log::set_level),
        console,
    })
}

/// `-N`: until the connection or we are ended.
async fn wait_for_end(session: &Session, around: &Around, killers: &mut Killers) -> u8 {
    tokio::select! {
        () = around.told_to_end() => words::FAILED,
        () = around.given_up() => words::FAILED,
        lost = session.ended() => match lost {
            Some(error) => words::fail(&error),
            None => words::FAILED,
        },
        signal = killers.next() => ended(signal),
    }
}
