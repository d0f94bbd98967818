//! A client in proxy mode (PROTOCOL.mux, section 9): it speaks the connection protocol (RFC 4254) with us, and we with the host.
//!
//! OpenSSH's master hands such packets on with other numbers in them. russh takes no packets of others, so the protocol ends here:
//! each channel of the client's is joined to one of the shared session ([`channel`]), with a window of its own on either side.
//!
//! One task reads what the client says, one writes what it is told, and each channel has one; whoever has something to say hands a
//! packet to the writer, so that none is ever left half-said.
//!
//! What this room must never do: hold more for a client than [`crate::limits`] allows, believe in a number or a window that it did
//! not give, let a client that reads or sends nothing hold up others, or outlive its client.

mod channel;
mod inbox;
mod listening;
mod opening;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use log::debug;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::sleep;

use super::master::{Inner, Terms, denied};
use super::message::FromMaster;
use super::{Line, Packet};
use crate::limits::{GOODBYE, PROXY_CHANNELS, PROXY_QUEUE, PROXY_REQUESTS};
use crate::session::Session;
use crate::x11;
use channel::Proxied;
use listening::{Asked, Listening};
use opening::Offered;

/// What ends a client.
#[derive(Debug, thiserror::Error)]
enum Broken {
    /// The line broke.
    #[error(transparent)]
    Line(#[from] io::Error),
    /// A packet that is none.
    #[error(transparent)]
    Packet(#[from] super::Malformed),
    /// A packet that may not come, or not now.
    #[error("{0}")]
    OutOfPlace(&'static str),
    /// Nobody writes any more.
    #[error("the client is gone")]
    Gone,
}

/// What clients may have besides.
struct Offers {
    x11: Option<x11::Request>,
    agent: bool,
    /// The directory for what a stalled client does not take.
    spill: PathBuf,
}

/// A channel that has a number of ours.
enum Slot {
    Open(Arc<Proxied>),
    /// The host has opened it, and the client has not said whether it takes it.
    Offered(Box<Offered>),
}

/// One client.
struct Relay {
    session: Arc<Session>,
    offers: Arc<Offers>,
    packets: mpsc::Sender<Packet>,
    /// The channels that are open or will be, by our numbers for them.
    channels: Mutex<HashMap<u32, Slot>>,
    /// What is asked for without a channel.
    globals: mpsc::Sender<Asked>,
    room: Arc<Semaphore>,
    over: watch::Sender<bool>,
}

impl Inner {
    /// Has a client speak with the host from here on, to its end.
    pub(super) async fn proxy_for(&self, line: &Line, id: u32) -> io::Result<()> {
        if !self.permits("Allow proxy connection to {host}? ").await {
            return line.send(&denied(id).encode()).await;
        }
        if !self.is_alive().await {
            let reason = "the host does not answer any more".to_owned();
            return line.send(&FromMaster::Failure { id, reason }.encode()).await;
        }
        line.send(&FromMaster::ProxyBegins { id }.encode()).await?;
        let (packets, queue) = mpsc::channel(PROXY_QUEUE);
        let (globals, asked) = mpsc::channel(PROXY_REQUESTS);
        let Terms { x11, agent, spill, .. } = self.terms.clone();
        let offers = Offers { x11, agent, spill };
        let relay = Arc::new(Relay {
            session: self.session.clone(),
            offers: Arc::new(offers),
            packets,
            channels: Mutex::default(),
            globals,
            room: Arc::new(Semaphore::new(PROXY_CHANNELS)),
            over: watch::Sender::new(false),
        });
        let mut listening = Listening::new(self.forwards.clone(), relay.clone());
        let lost = async {
            self.session.ended().await;
            // What had come before is still told.
            sleep(GOODBYE).await;
        };
        let ended = tokio::select! {
            ended = relay.listen(line) => ended,
            ended = write(line, queue) => ended.map_err(Broken::from),
            ended = listening.serve(asked) => ended,
            () = lost => Ok(()),
        };
        relay.end();
        listening.end().await;
        ended.map_err(|reason| match reason {
            Broken::Line(error) => error,
            other => io::Error::new(io::ErrorKind::InvalidData, other.to_string()),
        })
    }
}

async fn write(line: &Line, mut packets: mpsc::Receiver<Packet>) -> io::Result<()> {
    while let Some(packet) = packets.recv().await {
        line.send(&packet.encode()).await?;
    }
    Ok(())
}

impl Relay {
    fn channels(&self) -> MutexGuard<'_, HashMap<u32, Slot>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn channel(&self, number: u32) -> Result<Arc<Proxied>, Broken> {
        match self.channels().get(&number) {
            Some(Slot::Open(channel)) => Ok(channel.clone()),
            Some(Slot::Offered(_)) | None => Err(Broken::OutOfPlace("a packet for a channel that is not open")),
        }
    }

    async fn say(&self, packet: Packet) -> Result<(), Broken> {
        self.packets.send(packet).await.map_err(|_| Broken::Gone)
    }

    /// Does what the client says, until it is gone.
    async fn listen(self: &Arc<Self>, line: &Line) -> Result<(), Broken> {
        while let Some(packet) = line.receive().await? {
            self.hear(Packet::decode(&packet.into())?).await?;
        }
        Ok(())
    }

    async fn hear(self: &Arc<Self>, packet: Packet) -> Result<(), Broken> {
        match packet {
            Packet::Data { to, data } => self.channel(to)?.push(&data),
            Packet::WindowAdjust { to, more } => {
                self.channel(to)?.grant(more);
                Ok(())
            }
            Packet::Eof { to } => {
                self.channel(to)?.end();
                Ok(())
            }
            Packet::Close { to } => {
                self.channel(to)?.close();
                self.channels().remove(&to);
                Ok(())
            }
            Packet::Request { to, wants_reply, request } => {
                self.channel(to)?.ask((request, wants_reply)).await;
                Ok(())
            }
            Packet::Open { opening, grant } => self.opening(opening, grant).await,
            Packet::OpenConfirmation { to, grant } => self.taken(to, grant).await,
            Packet::OpenFailure { to, .. } => self.not_taken(to).await,
            Packet::GlobalRequest { wants_reply, request } => {
                self.globals.send((request, wants_reply)).await.map_err(|_| Broken::Gone)
            }
            Packet::Unknown { kind } => {
                debug!("mux proxy: a packet of type {kind} is ignored");
                Ok(())
            }
            // Nothing that we say asks for these.
            Packet::Success { .. } | Packet::Failure { .. } => Ok(()),
            Packet::RequestSuccess { .. } | Packet::RequestFailure => Ok(()),
            Packet::ExtendedData { .. } => Err(Broken::OutOfPlace("a packet that only a host may send")),
        }
    }

    /// The client is gone, and so is all that was done for it.
    fn end(&self) {
        self.over.send_replace(true);
        self.channels().clear();
    }
}
