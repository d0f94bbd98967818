//! A channel that the host opens and whose bytes pass something of ours before they reach what they are for.

use std::fmt::Display;
use std::future::Future;
use std::io;

use log::{debug, error, warn};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::{Carried, Output, Socket, Storeroom, carry};
use crate::limits::LAST_CLOSE;
use crate::session::IncomingChannel;

/// Takes the channel and has `between` read and write it, until that has ended, or the channel has. An error of `between`
/// is said, and closes the channel.
pub(crate) async fn interpose<F, E>(incoming: IncomingChannel, store: Storeroom, between: impl FnOnce(UnixStream) -> F)
where
    F: Future<Output = Result<(), E>>,
    E: Display,
{
    let (stream, socket) = match pair() {
        Ok(pair) => pair,
        Err(error) => {
            error!("a channel cannot be taken: {error}");
            return incoming.cannot_connect().await;
        }
    };
    let output = Output::socket(&socket, store);
    let channel = incoming.accept(output.clone()).await;
    let mut carrying = Box::pin(carry(&channel, &socket, output));
    let between = between(stream);
    tokio::pin!(between);
    let outcome = tokio::select! {
        carried = &mut carrying => {
            if carried == Carried::Stalled {
                warn!("a channel of the host's is closed: what it is for takes nothing, and there is no room left");
            }
            debug!("a channel of the host's has ended: {carried:?}");
            None
        }
        outcome = &mut between => Some(outcome),
    };
    match outcome {
        None => {
            drop(carrying);
            drop((channel, socket));
            // What the host has said last is still on its way.
            let _ = timeout(LAST_CLOSE, between).await;
        }
        Some(Err(refusal)) => {
            warn!("{refusal}");
            // Nobody writes out what comes any more, and the connection may be waiting for that.
            drop(carrying);
            channel.close().await;
        }
        // And so is what our side has said last.
        Some(Ok(())) => {
            let _ = timeout(LAST_CLOSE, carrying).await;
        }
    }
}

fn pair() -> io::Result<(UnixStream, Socket)> {
    let (ours, theirs) = UnixStream::pair()?;
    Ok((ours, Socket::new(theirs.into_std()?)?))
}
