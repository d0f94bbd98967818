//! Keeps the pipe going until one of its ends is gone.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::feed::{Far, Fed, Keyboard, feed};
use super::{Input, Killers, Output};
use crate::limits::GOODBYE;
use crate::session::{Channel, Exit, Progress, Request, Session, SessionError};

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
    let Pump { channel, input, stdout, stderr, keyboard, .. } = pump;
    let feed = feed(Far { session, channel }, input, [stdout, stderr], keyboard.as_mut());
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
