//! A forwarded connection: a socket on our side, a channel on the other, and the end of each direction by itself.

use std::io;

use tokio::time::timeout;

use super::{Input, Output, Socket};
use crate::limits::LAST_CLOSE;
use crate::session::Channel;

/// How a forwarded connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// Both sides said all they had to say, or the host closed the channel.
    Done,
    /// Our side broke: a reset, or nobody reads any more.
    Broken(io::ErrorKind),
    /// Our side took nothing any more, and what came for it could be kept nowhere.
    Stalled,
    /// The connection to the host is gone.
    Lost,
}

/// Carries bytes between `socket` and `channel` until both directions have ended.
///
/// `output` is what the channel was opened with: [`Output::socket`] of the same socket. An end of input at one side becomes
/// one at the other, and the other direction goes on (half-close). Must be called inside a runtime.
pub async fn carry(channel: &Channel, socket: &Socket, output: Output) -> Carried {
    let drained = Drained(&output);
    let carried = tokio::select! {
        carried = there_and_back(channel, socket, &output) => carried,
        kind = output.broke() => match kind {
            io::ErrorKind::StorageFull => Carried::Stalled,
            kind => Carried::Broken(kind),
        },
        () = output.clone().drain() => Carried::Done,
    };
    drop(drained);
    if matches!(carried, Carried::Broken(_) | Carried::Stalled) {
        channel.close().await;
    }
    carried
}

/// An output that is written out only as long as this lives. The connection may be waiting for room in it, and then takes no
/// word of ours either, not even that the channel is to be closed.
struct Drained<'a>(&'a Output);

impl Drop for Drained<'_> {
    fn drop(&mut self) {
        self.0.cut();
    }
}

async fn there_and_back(channel: &Channel, socket: &Socket, output: &Output) -> Carried {
    let mut progress = channel.progress();
    let ended = async {
        let _ = progress.wait_for(|progress| progress.closed || progress.lost).await;
    };
    tokio::pin!(ended);
    let both = async { tokio::try_join!(there(channel, Input::socket(socket)), back(channel, socket, output)) };
    tokio::select! {
        () = &mut ended => {}
        said = both => match said {
            // Both sides are done: the host says so too, as RFC 4254, section 5.3, wants it, or we do.
            Ok(_) => if timeout(LAST_CLOSE, ended).await.is_err() {
                channel.close().await;
            },
            Err(kind) => return Carried::Broken(kind),
        },
    }
    output.flushed().await;
    if channel.progress().borrow().lost { Carried::Lost } else { Carried::Done }
}

/// What our side says, to its end.
async fn there(channel: &Channel, mut input: Input) -> Result<(), io::ErrorKind> {
    loop {
        match input.read().await {
            Ok(Some(piece)) => {
                if channel.send(piece).await.is_err() {
                    // The other direction learns why.
                    return Ok(());
                }
            }
            Ok(None) => {
                channel.eof().await;
                return Ok(());
            }
            Err(error) => return Err(error.kind()),
        }
    }
}

/// What the host says, to its end.
async fn back(channel: &Channel, socket: &Socket, output: &Output) -> Result<(), io::ErrorKind> {
    let _ = channel.progress().wait_for(|progress| progress.eof).await.is_ok();
    output.flushed().await;
    socket.end_writing();
    Ok(())
}
