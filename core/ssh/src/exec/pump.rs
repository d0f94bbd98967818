//! Keeps the pipe going until one of its ends is gone.

use std::future::pending;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use futures::future::BoxFuture;
use log::debug;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Input, Killers, Output};
use crate::limits::GOODBYE;
use crate::session::{Channel, Exit, Progress, Request, Session, SessionError};
use crate::settings::LogLevel;
use crate::terminal::escape::{Action, Escapes};
use crate::terminal::raw::RawMode;
use crate::terminal::size::WindowSize;

/// A person at a terminal on our side.
pub struct Keyboard {
    /// The terminal, whose size the host is told.
    pub terminal: OwnedFd,
    /// The terminal in raw mode.
    pub raw: Option<RawMode>,
    /// The `~` commands.
    pub escapes: Escapes,
    /// Called with a new level after `~v` and `~V`.
    pub set_level: Box<dyn FnMut(LogLevel) + Send + Sync>,
    /// What `~#` and `~C` are about.
    pub console: Option<Box<dyn Console>>,
}

/// What a person may see and have of a connection while a session runs on it.
pub trait Console: Send + Sync {
    /// The connections that are open beside the session, a line each.
    fn connections(&self) -> Vec<String>;

    /// Does what a line behind `~C` says, and tells what came of it, in lines.
    fn obey(&self, line: String) -> BoxFuture<'_, Vec<String>>;
}

/// What a pipe is made of.
pub struct Pump<'a> {
    /// The connection.
    pub session: &'a Session,
    /// The channel on it.
    pub channel: &'a Channel,
    /// What is sent.
    pub input: Input,
    /// Where the program's output goes.
    pub stdout: Output,
    /// Where its errors go.
    pub stderr: Output,
    /// Set where the session has a pseudo-terminal.
    pub keyboard: Option<Keyboard>,
}

/// How the pipe ended.
#[derive(Debug)]
pub enum Ending {
    /// The program ended; everything it wrote has been passed on.
    Exited(Exit),
    /// The host closed the channel and said nothing of the program.
    Closed,
    /// The host refused the request.
    Refused(Request),
    /// Nobody reads our output any more.
    OutputGone,
    /// The person typed `~.`.
    Escaped,
    /// We were told to end, by this signal.
    Killed(i32),
    /// The connection is gone.
    Lost(Arc<SessionError>),
    /// Standard input cannot be read.
    Input(std::io::Error),
}

enum Fed {
    End,
    Escaped,
    Failed(std::io::Error),
}

/// Runs the pipe until one of its ends is gone, or one of `killers` comes. Must be called inside a runtime.
pub async fn pump(mut pump: Pump<'_>, killers: &mut Killers) -> Ending {
    // They end with this future, however it ends: nothing holds the descriptors longer.
    let mut drains = JoinSet::new();
    for output in [&pump.stdout, &pump.stderr] {
        drains.spawn(output.clone().drain());
    }
    let channel = pump.channel;
    let (stdout, stderr) = (pump.stdout.clone(), pump.stderr.clone());
    let ending = tokio::select! {
        biased;
        signal = killers.next() => Ending::Killed(signal),
        ending = run(&mut pump) => ending,
        _ = stdout.broke() => Ending::OutputGone,
    };
    if matches!(ending, Ending::OutputGone) {
        // The connection's end says it too.
        let _ = timeout(GOODBYE, channel.close()).await;
    }
    stdout.hold(false);
    let flushed = async { tokio::join!(stdout.flushed(), stderr.flushed()) };
    match ending {
        Ending::Killed(_) | Ending::OutputGone | Ending::Escaped => ending,
        other => tokio::select! {
            signal = killers.next() => Ending::Killed(signal),
            _ = flushed => other,
        },
    }
}

/// Feeds the input until it ends, and waits for the channel's end.
async fn run(pump: &mut Pump<'_>) -> Ending {
    let session = pump.session;
    let mut progress = pump.channel.progress();
    let mut feeding = true;
    let feed = feed(pump);
    tokio::pin!(feed);
    loop {
        let now = progress.borrow_and_update().clone();
        if let Some(ending) = judge(session, now).await {
            return ending;
        }
        tokio::select! {
            biased;
            fed = &mut feed, if feeding => match fed {
                Fed::End => feeding = false,
                Fed::Escaped => return Ending::Escaped,
                Fed::Failed(error) => return Ending::Input(error),
            },
            changed = progress.changed() => if changed.is_err() { return Ending::Closed },
        }
    }
}

/// What the state of the channel means; `None` while it goes on. The status may come before the last of the output, so
/// only the channel's end counts (RFC 4254, section 6.10).
async fn judge(session: &Session, progress: Progress) -> Option<Ending> {
    if let Some(request) = progress.refused {
        return Some(Ending::Refused(request));
    }
    let ended = progress.exit.map(Ending::Exited);
    if progress.closed {
        return Some(ended.unwrap_or(Ending::Closed));
    }
    if !progress.lost {
        return None;
    }
    // Some servers drop the connection right behind the status.
    match ended.filter(|_| progress.eof) {
        Some(ended) => Some(ended),
        None => Some(session.ended().await.map_or(Ending::Closed, Ending::Lost)),
    }
}

async fn feed(pump: &mut Pump<'_>) -> Fed {
    let Pump { session, channel, input, stdout, stderr, keyboard } = pump;
    let mut sizes = keyboard.as_ref().and_then(|_| signal(SignalKind::window_change()).ok());
    loop {
        let piece = tokio::select! {
            piece = input.read() => piece,
            () = resized(&mut sizes) => {
                tell_size(channel, keyboard.as_ref()).await;
                continue;
            }
        };
        match piece {
            Ok(Some(piece)) => match keyboard {
                None => {
                    if channel.send(piece).await.is_err() {
                        return Fed::End;
                    }
                }
                Some(keyboard) => {
                    let actions = keyboard.escapes.push(&piece);
                    if act(session, channel, [stdout, stderr], keyboard, actions).await {
                        return Fed::Escaped;
                    }
                }
            },
            Ok(None) => {
                debug!("channel 0: read<=0: end of the input");
                if let Some(keyboard) = keyboard {
                    let held_back = keyboard.escapes.finish().into_iter().collect();
                    act(session, channel, [stdout, stderr], keyboard, held_back).await;
                    stdout.hold(false);
                }
                channel.eof().await;
                return wait_for_sizes(&mut sizes, channel, keyboard.as_ref()).await;
            }
            Err(error) => return Fed::Failed(error),
        }
    }
}

/// With the input at its end the window may still change its size.
async fn wait_for_sizes(
    sizes: &mut Option<tokio::signal::unix::Signal>,
    channel: &Channel,
    keyboard: Option<&Keyboard>,
) -> Fed {
    if sizes.is_none() {
        return Fed::End;
    }
    loop {
        resized(sizes).await;
        tell_size(channel, keyboard).await;
    }
}

async fn resized(sizes: &mut Option<tokio::signal::unix::Signal>) {
    match sizes {
        Some(sizes) => {
            sizes.recv().await;
        }
        None => pending().await,
    }
}

async fn tell_size(channel: &Channel, keyboard: Option<&Keyboard>) {
    if let Some(size) = keyboard.and_then(|keyboard| WindowSize::of(&keyboard.terminal)) {
        channel.resize(size).await;
    }
}

/// Carries out what was typed; true where it ends the session.
async fn act(
    session: &Session,
    channel: &Channel,
    [stdout, stderr]: [&Output; 2],
    keyboard: &mut Keyboard,
    actions: Vec<Action>,
) -> bool {
    for action in actions {
        match action {
            Action::Send(bytes) => {
                let _ = channel.send(bytes.into()).await;
            }
            Action::Show(text) => stderr.accept(text.as_bytes()).await,
            Action::Hold(on_hold) => stdout.hold(on_hold),
            Action::Disconnect => return true,
            Action::Suspend => suspend(keyboard, channel).await,
            Action::ListConnections => {
                let mut lines =
                    vec!["The following connections are open:".to_owned(), "  #0 client-session (open)".into()];
                let others = keyboard.console.iter().flat_map(|console| console.connections());
                lines.extend(others.map(|line| format!("  {line}")));
                show(stderr, &lines).await;
            }
            Action::Command(line) => {
                if let Some(console) = &keyboard.console {
                    let answer = console.obey(line).await;
                    show(stderr, &answer).await;
                }
            }
            Action::Rekey => session.rekey().await,
            Action::Verbosity(level) => (keyboard.set_level)(level),
        }
    }
    false
}

/// Shows lines on a terminal that is raw.
async fn show(stderr: &Output, lines: &[String]) {
    let text: String = lines.iter().flat_map(|line| [line, "\r\n"]).collect();
    stderr.accept(text.as_bytes()).await;
}

async fn suspend(keyboard: &mut Keyboard, channel: &Channel) {
    if let Some(raw) = &keyboard.raw {
        raw.suspend();
    }
    let _ = xssh_os::suspend::suspend_self();
    if let Some(raw) = &keyboard.raw {
        raw.resume();
    }
    tell_size(channel, Some(keyboard)).await;
}
