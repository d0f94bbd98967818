//! Keeps the pipe going until one of its ends is gone.

use std::future::pending;
use std::os::fd::AsFd;
use std::sync::Arc;

use log::debug;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Input, Output};
use crate::limits::GOODBYE;
use crate::session::{Exit, Progress, Request, Session, SessionError, Started};
use crate::settings::LogLevel;
use crate::terminal::escape::{Action, Escapes};
use crate::terminal::raw::RawMode;
use crate::terminal::size::WindowSize;

/// A person at a terminal on our side.
pub struct Keyboard {
    /// The terminal in raw mode.
    pub raw: Option<RawMode>,
    /// The `~` commands.
    pub escapes: Escapes,
    /// Called with a new level after `~v` and `~V`.
    pub set_level: Box<dyn FnMut(LogLevel) + Send>,
}

/// What a pipe is made of.
pub struct Pump<'a> {
    /// The connection.
    pub session: &'a Session,
    /// The channel on it.
    pub started: Started,
    /// What is sent.
    pub input: Input,
    /// Where the program's output goes.
    pub stdout: Output,
    /// Where its errors go.
    pub stderr: Output,
    /// Set where the session has a pseudo-terminal.
    pub keyboard: Option<Keyboard>,
    /// The signals that end us, without those that our caller made us ignore.
    pub signals: Vec<SignalKind>,
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

/// Runs the pipe. Must be called inside a current-thread runtime's `block_on` or a task.
pub async fn pump(mut pump: Pump<'_>) -> Ending {
    let drains = [spawn_drain(&pump.stdout), spawn_drain(&pump.stderr)];
    let mut progress = pump.session.progress();
    let mut killed = Killers::new(&pump.signals);
    let (stdout, stderr) = (pump.stdout.clone(), pump.stderr.clone());
    let ending = tokio::select! {
        biased;
        signal = killed.next() => Ending::Killed(signal),
        ending = run(&mut pump, &mut progress) => ending,
        _ = stdout.broke() => Ending::OutputGone,
    };
    if matches!(ending, Ending::OutputGone) {
        // The event loop takes no message while input waits for a window; the connection's end says it too.
        let _ = timeout(GOODBYE, pump.started.writer.close()).await;
    }
    let flushed = async { tokio::join!(stdout.flushed(), stderr.flushed()) };
    let ending = match ending {
        Ending::Killed(_) | Ending::OutputGone | Ending::Escaped => ending,
        other => tokio::select! {
            signal = killed.next() => Ending::Killed(signal),
            _ = flushed => other,
        },
    };
    drains.iter().for_each(JoinHandle::abort);
    ending
}

fn spawn_drain(output: &Output) -> JoinHandle<()> {
    tokio::spawn(output.clone().drain())
}

/// Feeds the input until it ends, and waits for the channel's end.
async fn run(pump: &mut Pump<'_>, progress: &mut watch::Receiver<Progress>) -> Ending {
    let mut feeding = true;
    let feed = feed(pump);
    tokio::pin!(feed);
    loop {
        if let Some(ending) = judge(&progress.borrow_and_update()) {
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
fn judge(progress: &Progress) -> Option<Ending> {
    if let Some(request) = progress.refused {
        return Some(Ending::Refused(request));
    }
    let ended = || progress.exit.clone().map(Ending::Exited);
    if progress.closed {
        return Some(ended().unwrap_or(Ending::Closed));
    }
    let lost = progress.lost.clone()?;
    // Some servers drop the connection right behind the status.
    Some(if progress.eof { ended().unwrap_or(Ending::Lost(lost)) } else { Ending::Lost(lost) })
}

async fn feed(pump: &mut Pump<'_>) -> Fed {
    let Pump { session, started, input, stderr, keyboard, .. } = pump;
    let mut sizes = keyboard.as_ref().and_then(|_| signal(SignalKind::window_change()).ok());
    loop {
        let piece = tokio::select! {
            piece = input.read() => piece,
            () = resized(&mut sizes) => {
                tell_size(started).await;
                continue;
            }
        };
        match piece {
            Ok(Some(piece)) => match keyboard {
                None => {
                    if session.send(started, piece).await.is_err() {
                        return Fed::End;
                    }
                }
                Some(keyboard) => {
                    let actions = keyboard.escapes.push(&piece);
                    if act(session, started, stderr, keyboard, actions).await {
                        return Fed::Escaped;
                    }
                }
            },
            Ok(None) => {
                debug!("channel 0: read<=0: end of the input");
                if let Some(keyboard) = keyboard {
                    let held_back = keyboard.escapes.finish().into_iter().collect();
                    act(session, started, stderr, keyboard, held_back).await;
                }
                let _ = started.writer.eof().await;
                return wait_for_sizes(&mut sizes, started).await;
            }
            Err(error) => return Fed::Failed(error),
        }
    }
}

/// With the input at its end the window may still change its size.
async fn wait_for_sizes(sizes: &mut Option<tokio::signal::unix::Signal>, started: &Started) -> Fed {
    if sizes.is_none() {
        return Fed::End;
    }
    loop {
        resized(sizes).await;
        tell_size(started).await;
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

async fn tell_size(started: &Started) {
    if let Some(size) = WindowSize::of(rustix::stdio::stdin().as_fd()) {
        let _ = started.writer.window_change(size.columns, size.rows, size.pixel_width, size.pixel_height).await;
    }
}

/// Carries out what was typed; true where it ends the session.
async fn act(
    session: &Session,
    started: &Started,
    stderr: &Output,
    keyboard: &mut Keyboard,
    actions: Vec<Action>,
) -> bool {
    for action in actions {
        match action {
            Action::Send(bytes) => {
                let _ = session.send(started, bytes.into()).await;
            }
            Action::Show(text) => stderr.accept(text.as_bytes()).await,
            Action::Disconnect => return true,
            Action::Suspend => suspend(keyboard, started).await,
            Action::ListConnections => {
                stderr.accept(b"The following connections are open:\r\n  #0 client-session (open)\r\n").await;
            }
            Action::Rekey => session.rekey().await,
            Action::Verbosity(level) => (keyboard.set_level)(level),
        }
    }
    false
}

async fn suspend(keyboard: &mut Keyboard, started: &Started) {
    if let Some(raw) = &keyboard.raw {
        raw.suspend();
    }
    let _ = xssh_os::suspend::suspend_self();
    if let Some(raw) = &keyboard.raw {
        raw.resume();
    }
    tell_size(started).await;
}

/// The signals that end us.
struct Killers(Vec<(i32, tokio::signal::unix::Signal)>);

impl Killers {
    fn new(kinds: &[SignalKind]) -> Self {
        Self(kinds.iter().filter_map(|kind| Some((kind.as_raw_value(), signal(*kind).ok()?))).collect())
    }

    async fn next(&mut self) -> i32 {
        std::future::poll_fn(|cx| {
            for (number, signal) in &mut self.0 {
                if signal.poll_recv(cx).is_ready() {
                    return std::task::Poll::Ready(*number);
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}
