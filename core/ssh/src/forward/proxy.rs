//! The SOCKS proxies: one here, whose connections the host makes (`-D`), and one there, whose connections we make
//! (`-R port`).

use std::future::Future;
use std::io;

use log::{debug, info, warn};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::dial::dial;
use super::local::tell;
use super::open::Entry;
use super::socks::{Dialogue, Outcome, Step, Wish};
use super::{Inner, Target, run};
use crate::exec::{Input, Output, Socket};
use crate::hop::system_words;
use crate::limits::{SOCKS_DIALOGUE, SOCKS_READ};
use crate::session::{SessionError, StreamTo};
use crate::terminal::visible::visible;

/// What a client wants, and what it has said behind that.
type Asked = Option<(Wish, Vec<u8>)>;

/// Serves a client of the proxy here.
pub(super) async fn local(forwards: &Inner, entry: &Entry, socket: Socket, output: Output, from: (String, u16)) {
    let flushing = output.clone().drain();
    let asked = async {
        let mut input = Input::socket(&socket);
        let mut dialogue = Dialogue::default();
        loop {
            let step = dialogue.step();
            match step {
                Step::More => match input.read().await {
                    Ok(Some(said)) => dialogue.push(&said),
                    _ => return None,
                },
                Step::Say(answer) => output.accept(answer).await,
                Step::Connect(wish) => return Some((wish, dialogue.rest())),
                Step::Refuse { answer, reason } => {
                    refused(entry, reason);
                    output.accept(&answer).await;
                    output.flushed().await;
                    return None;
                }
            }
        }
    };
    let asked = tokio::select! {
        asked = in_time(entry, asked) => asked,
        () = flushing => None,
    };
    let Some((wish, said)) = asked else { return };
    entry.is(format!("direct-tcpip to {}:{} for a SOCKS client", visible(wish.host.as_bytes()), wish.port));
    let to = StreamTo::Tcp { host: wish.host.clone(), port: wish.port, from };
    // The answer stands before whatever the host sends.
    let opened = forwards.session.stream_behind(&to, output.clone(), &wish.answer(Outcome::Granted)).await;
    match opened {
        Ok(channel) => {
            if !said.is_empty() && channel.send(said.into()).await.is_err() {
                return;
            }
            run(entry, &channel, &socket, output).await;
        }
        Err(failure) => {
            tell(entry.number, &failure);
            if let SessionError::ChannelOpen(refusal) = failure {
                let outcome = if refusal.is_prohibition() { Outcome::NotAllowed } else { Outcome::NotReached };
                output.accept(&wish.answer(outcome)).await;
            }
        }
    }
}

/// Serves a client of the proxy there; `client` is our end of a pair whose other end is the channel's.
pub(super) async fn remote(forwards: &Inner, entry: &Entry, mut client: UnixStream) -> io::Result<()> {
    let asked = in_time(entry, async { ask(entry, &mut client).await.unwrap_or_default() }).await;
    let Some((wish, said)) = asked else { return Ok(()) };
    let host = visible(wish.host.as_bytes());
    if !forwards.rules.permitted.allows(&wish.host, wish.port) {
        info!("Received request to connect to host {host} port {}, but the request was denied.", wish.port);
        return client.write_all(&wish.answer(Outcome::NotAllowed)).await;
    }
    entry.is(format!("forwarded-tcpip to {host}:{} for a SOCKS client there", wish.port));
    let target = Target::Port { host: wish.host.clone(), port: wish.port };
    let dialled = match dial(&target, forwards.rules.family).await {
        Ok(dialled) => dialled,
        Err(failure) => {
            warn!("connect_to {host} port {}: failed: {}", wish.port, system_words(&failure));
            return client.write_all(&wish.answer(Outcome::NotReached)).await;
        }
    };
    let mut dialled = TcpStream::from_std(dialled.into())?;
    client.write_all(&wish.answer(Outcome::Granted)).await?;
    dialled.write_all(&said).await?;
    copy_bidirectional(&mut client, &mut dialled).await?;
    Ok(())
}

async fn ask(entry: &Entry, client: &mut UnixStream) -> io::Result<Asked> {
    let mut dialogue = Dialogue::default();
    let mut piece = [0; SOCKS_READ];
    loop {
        match dialogue.step() {
            Step::More => match client.read(&mut piece).await? {
                0 => return Ok(None),
                n => dialogue.push(&piece[..n]),
            },
            Step::Say(answer) => client.write_all(answer).await?,
            Step::Connect(wish) => return Ok(Some((wish, dialogue.rest()))),
            Step::Refuse { answer, reason } => {
                refused(entry, reason);
                client.write_all(&answer).await?;
                return Ok(None);
            }
        }
    }
}

/// A client that does not come to the point is left.
async fn in_time(entry: &Entry, asking: impl Future<Output = Asked>) -> Asked {
    let asked = timeout(SOCKS_DIALOGUE, asking).await;
    asked.unwrap_or_else(|_| {
        debug!("channel {}: a SOCKS client did not say where it wants to go", entry.number);
        None
    })
}

fn refused(entry: &Entry, reason: &str) {
    debug!("channel {}: a SOCKS client is turned away: {reason}", entry.number);
}
