//! Feeds a channel with the input, byte for byte or as a person types it.

use std::future::pending;
use std::os::fd::OwnedFd;

use futures::future::BoxFuture;
use log::debug;
use tokio::signal::unix::{SignalKind, signal};

use super::{Input, Output};
use crate::session::{Channel, Session};
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

    /// Whether what a line behind `~C` says runs at our terminal, which has to be as it was meanwhile.
    fn runs_here(&self, line: &str) -> bool;

    /// Does what a line behind `~C` says, and tells what came of it, in lines.
    fn obey(&self, line: String) -> BoxFuture<'_, Vec<String>>;
}

/// What is fed: a channel of a connection.
#[derive(Clone, Copy)]
pub(super) struct Far<'a> {
    pub(super) session: &'a Session,
    pub(super) channel: &'a Channel,
}

/// How the feeding ended.
pub(super) enum Fed {
    /// The input did.
    End,
    /// The person typed `~.`.
    Escaped,
    /// The input cannot be read.
    Failed(std::io::Error),
}

/// Sends `input` to its end, and what a person types as the escapes have it.
pub(super) async fn feed(
    far: Far<'_>,
    input: &mut Input,
    [stdout, stderr]: [&Output; 2],
    mut keyboard: Option<&mut Keyboard>,
) -> Fed {
    let mut sizes = keyboard.as_ref().and_then(|_| signal(SignalKind::window_change()).ok());
    loop {
        let piece = tokio::select! {
            piece = input.read() => piece,
            () = resized(&mut sizes) => {
                tell_size(far, keyboard.as_deref()).await;
                continue;
            }
        };
        match piece {
            Ok(Some(piece)) => match keyboard.as_deref_mut() {
                None => {
                    if far.channel.send(piece).await.is_err() {
                        return Fed::End;
                    }
                }
                Some(keyboard) => {
                    let actions = keyboard.escapes.push(&piece);
                    if act(far, [stdout, stderr], keyboard, actions).await {
                        return Fed::Escaped;
                    }
                }
            },
            Ok(None) => {
                debug!("channel 0: read<=0: end of the input");
                if let Some(keyboard) = keyboard.as_deref_mut() {
                    let held_back = keyboard.escapes.finish().into_iter().collect();
                    act(far, [stdout, stderr], keyboard, held_back).await;
                    stdout.hold(false);
                }
                far.channel.eof().await;
                return wait_for_sizes(&mut sizes, far, keyboard.as_deref()).await;
            }
            Err(error) => return Fed::Failed(error),
        }
    }
}

/// With the input at its end the window may still change its size.
async fn wait_for_sizes(
    sizes: &mut Option<tokio::signal::unix::Signal>,
    far: Far<'_>,
    keyboard: Option<&Keyboard>,
) -> Fed {
    if sizes.is_none() {
        return Fed::End;
    }
    loop {
        resized(sizes).await;
        tell_size(far, keyboard).await;
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

async fn tell_size(far: Far<'_>, keyboard: Option<&Keyboard>) {
    if let Some(size) = keyboard.and_then(|keyboard| WindowSize::of(&keyboard.terminal)) {
        far.channel.resize(size).await;
    }
}

/// Carries out what was typed; true where it ends the session.
async fn act(far: Far<'_>, [stdout, stderr]: [&Output; 2], keyboard: &mut Keyboard, actions: Vec<Action>) -> bool {
    for action in actions {
        match action {
            Action::Send(bytes) => {
                let _ = far.channel.send(bytes.into()).await;
            }
            Action::Show(text) => stderr.accept(text.as_bytes()).await,
            Action::Hold(on_hold) => stdout.hold(on_hold),
            Action::Disconnect => return true,
            Action::Suspend => suspend(keyboard, far).await,
            Action::ListConnections => {
                let mut lines =
                    vec!["The following connections are open:".to_owned(), "  #0 client-session (open)".into()];
                let others = keyboard.console.iter().flat_map(|console| console.connections());
                lines.extend(others.map(|line| format!("  {line}")));
                show(stderr, &lines).await;
            }
            Action::Command(line) => {
                if let Some(console) = &keyboard.console {
                    let raw = keyboard.raw.as_ref().filter(|_| console.runs_here(&line));
                    raw.inspect(|raw| raw.suspend());
                    let answer = console.obey(line).await;
                    raw.inspect(|raw| raw.resume());
                    show(stderr, &answer).await;
                }
            }
            Action::Rekey => far.session.rekey().await,
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

async fn suspend(keyboard: &mut Keyboard, far: Far<'_>) {
    if let Some(raw) = &keyboard.raw {
        raw.suspend();
    }
    let _ = xssh_os::suspend::suspend_self();
    if let Some(raw) = &keyboard.raw {
        raw.resume();
    }
    tell_size(far, Some(keyboard)).await;
}
