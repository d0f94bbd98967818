//! Channels that a client opens.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use super::channel::{Outputs, Proxied};
use super::{Broken, Relay};
use crate::exec::{Held, Output};
use crate::limits::{PROXY_PACKET, PROXY_SERVED_WINDOW};
use crate::mux::{Grant, Opening, Packet};
use crate::session::{Channel, Refusal, SessionError, StreamTo};

/// Reasons of RFC 4254, section 5.1.
mod reason {
    pub(super) const CONNECT_FAILED: u32 = 2;
    pub(super) const UNKNOWN_TYPE: u32 = 3;
    pub(super) const SHORTAGE: u32 = 4;
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
        let mut over = self.over.subscribe();
        let Some(number) = self.enter(&proxied) else { return };
        let own = Grant { number, window: PROXY_SERVED_WINDOW, packet: PROXY_PACKET };
        let serving = async {
            self.say(Packet::OpenConfirmation { to: grant.number, grant: own }).await?;
            proxied.run(requests).await
        };
        // It is the client that is gone where this fails, which the reader learns too.
        tokio::select! {
            _ = serving => {}
            _ = over.wait_for(|over| *over) => {}
        }
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
    fn enter(&self, channel: &Arc<Proxied>) -> Option<u32> {
        let mut channels = self.channels();
        if *self.over.borrow() {
            return None;
        }
        let number = (0..).find(|number| !channels.contains_key(number))?;
        channels.insert(number, channel.clone());
        Some(number)
    }
}

fn refusal(error: SessionError) -> Refusal {
    match error {
        SessionError::ChannelOpen(refusal) => refusal,
        other => Refusal { reason: reason::CONNECT_FAILED, words: other.to_string() },
    }
}
