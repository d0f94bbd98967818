//! Channels that a client opens, and those that the host opens for it.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::sleep;

use super::channel::{Asked, Outputs, Proxied};
use super::{Broken, Relay, Slot};
use crate::exec::{Held, Output};
use crate::limits::{LAST_CLOSE, PROXY_PACKET, PROXY_SERVED_WINDOW};
use crate::mux::{Grant, Opening, Packet};
use crate::session::{Channel, IncomingChannel, Origin, Refusal, SessionError, StreamTo};

/// Reasons of RFC 4254, section 5.1.
mod reason {
    pub(super) const CONNECT_FAILED: u32 = 2;
    pub(super) const UNKNOWN_TYPE: u32 = 3;
    pub(super) const SHORTAGE: u32 = 4;
}

/// A channel that the host has opened for a client.
pub(super) struct Offered {
    incoming: IncomingChannel,
    /// Its place among those that the client may have.
    room: OwnedSemaphorePermit,
}

impl Relay {
    /// Begins to open a channel.
    pub(super) async fn opening(self: &Arc<Self>, opening: Opening, grant: Grant) -> Result<(), Broken> {
        if grant.packet == 0 {
            return Err(Broken::OutOfPlace("a channel whose packets hold nothing"));
        }
        let refuse = |reason: u32, words: &str| {
            self.say(Packet::OpenFailure { to: grant.number, reason, words: words.to_owned() })
        };
        let Ok(room) = self.room.clone().try_acquire_owned() else {
            return refuse(reason::SHORTAGE, "too many channels").await;
        };
        match opening {
            Opening::Session | Opening::Port { .. } | Opening::Path(_) => {
                // Not ended with the client: what the host opens for one that is gone is closed again.
                tokio::spawn(self.clone().open(opening, grant, room));
                Ok(())
            }
            Opening::ForwardedPort { .. } | Opening::ForwardedPath(_) | Opening::Other(_) => {
                refuse(reason::UNKNOWN_TYPE, "no such channel").await
            }
        }
    }

    /// Has the host open it, and serves it to its end.
    async fn open(self: Arc<Self>, opening: Opening, grant: Grant, room: OwnedSemaphorePermit) {
        let held = |like| Output::held(like, self.offers.spill.clone());
        let outputs = match opening {
            Opening::Session => Outputs { stdout: held(Held::Session), stderr: Some(held(Held::Session)) },
            _ => Outputs { stdout: held(Held::Forward), stderr: None },
        };
        let opened = match self.has_opened(opening, &outputs).await {
            Ok(channel) => channel,
            Err(error) => {
                let Refusal { reason, words } = refusal(error);
                // A client that is gone hears nothing.
                let _ = self.say(Packet::OpenFailure { to: grant.number, reason, words }).await;
                return;
            }
        };
        let (proxied, requests) = Proxied::new(opened, outputs, grant, &self, room);
        let proxied = Arc::new(proxied);
        let Some(number) = self.enter(Slot::Open(proxied.clone())) else { return };
        let confirmation = Packet::OpenConfirmation { to: grant.number, grant: own(number) };
        if self.say(confirmation).await.is_ok() {
            self.serve(&proxied, requests).await;
        }
    }

    /// Serves a channel to its end, or the client's.
    async fn serve(&self, channel: &Proxied, requests: mpsc::Receiver<Asked>) {
        let mut over = self.over.subscribe();
        let gone = async {
            let _ = over.wait_for(|over| *over).await;
            // One that has closed the channel in order has its last data passed on.
            if channel.is_closed() {
                sleep(LAST_CLOSE).await;
            }
        };
        tokio::select! {
            // It is the client that is gone where this fails, which the reader learns too.
            _ = channel.run(requests) => {}
            () = gone => {}
        }
    }

    /// Offers the client a channel that the host has opened for it.
    pub(super) async fn offer(&self, incoming: IncomingChannel) -> Result<(), Broken> {
        let opening = match &incoming.origin {
            Origin::Tcp { address, port, from } => {
                Opening::ForwardedPort { address: address.clone(), port: *port, from: from.clone() }
            }
            Origin::Unix { path } => Opening::ForwardedPath(path.clone()),
            Origin::X11 { .. } | Origin::Agent => return Ok(()),
        };
        let Ok(room) = self.room.clone().try_acquire_owned() else {
            incoming.cannot_connect().await;
            return Ok(());
        };
        match self.enter(Slot::Offered(Box::new(Offered { incoming, room }))) {
            Some(number) => self.say(Packet::Open { opening, grant: own(number) }).await,
            None => Err(Broken::Gone),
        }
    }

    fn offered(&self, number: u32) -> Result<Offered, Broken> {
        let mut channels = self.channels();
        match channels.remove(&number) {
            Some(Slot::Offered(offered)) => Ok(*offered),
            Some(open @ Slot::Open(_)) => {
                channels.insert(number, open);
                Err(Broken::OutOfPlace("an answer for a channel that is open"))
            }
            None => Err(Broken::OutOfPlace("an answer for a channel that was not offered")),
        }
    }

    /// The client takes one. It may send at once: so the channel is there when this returns.
    pub(super) async fn taken(self: &Arc<Self>, number: u32, grant: Grant) -> Result<(), Broken> {
        let Offered { incoming, room } = self.offered(number)?;
        if grant.packet == 0 {
            return Err(Broken::OutOfPlace("a channel whose packets hold nothing"));
        }
        let stdout = Output::held(Held::Forward, self.offers.spill.clone());
        let channel = incoming.accept(stdout.clone()).await;
        let outputs = Outputs { stdout, stderr: None };
        let (proxied, requests) = Proxied::new(channel, outputs, grant, self, room);
        let proxied = Arc::new(proxied);
        self.channels().insert(number, Slot::Open(proxied.clone()));
        let relay = self.clone();
        tokio::spawn(async move { relay.serve(&proxied, requests).await });
        Ok(())
    }

    /// The client does not take one.
    pub(super) async fn not_taken(&self, number: u32) -> Result<(), Broken> {
        self.offered(number)?.incoming.cannot_connect().await;
        Ok(())
    }

    async fn has_opened(&self, opening: Opening, outputs: &Outputs) -> Result<Channel, SessionError> {
        let stdout = outputs.stdout.clone();
        let to = match (opening, &outputs.stderr) {
            (Opening::Port { host, port, from }, _) => StreamTo::Tcp { host, port, from },
            (Opening::Path(path), _) => StreamTo::Unix { path },
            (_, stderr) => {
                let stderr = stderr.clone().unwrap_or_else(|| stdout.clone());
                return self.session.session(stdout, stderr).await;
            }
        };
        self.session.stream(&to, stdout).await
    }

    /// Gives it the lowest number that is free; none where the client is gone.
    fn enter(&self, slot: Slot) -> Option<u32> {
        let mut channels = self.channels();
        if *self.over.borrow() {
            return None;
        }
        let number = (0..).find(|number| !channels.contains_key(number))?;
        channels.insert(number, slot);
        Some(number)
    }
}

/// What we grant on a channel with this number.
fn own(number: u32) -> Grant {
    Grant { number, window: PROXY_SERVED_WINDOW, packet: PROXY_PACKET }
}

fn refusal(error: SessionError) -> Refusal {
    match error {
        SessionError::ChannelOpen(refusal) => refusal,
        other => Refusal { reason: reason::CONNECT_FAILED, words: other.to_string() },
    }
}
