//! What a client has the host listen on, until it is gone.

use std::sync::Arc;

use log::debug;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{Broken, Relay};
use crate::forward::{ForwardError, Forwards, Place};
use crate::limits::{GOODBYE, INCOMING_CHANNELS};
use crate::mux::{GlobalRequest, Packet};
use crate::session::IncomingChannel;

/// A request, and whether the client wants an answer.
pub(super) type Asked = (GlobalRequest, bool);

/// The places on the host, and what is opened for them.
pub(super) struct Listening {
    forwards: Arc<Forwards>,
    relay: Arc<Relay>,
    places: Vec<Place>,
    taker: mpsc::Sender<IncomingChannel>,
    incoming: mpsc::Receiver<IncomingChannel>,
}

impl Listening {
    pub(super) fn new(forwards: Arc<Forwards>, relay: Arc<Relay>) -> Self {
        let (taker, incoming) = mpsc::channel(INCOMING_CHANNELS);
        Self { forwards, relay, places: Vec::new(), taker, incoming }
    }

    /// Does what is asked for, one after the other, since the answers have no numbers (RFC 4254, section 4).
    pub(super) async fn serve(&mut self, mut asked: mpsc::Receiver<Asked>) -> Result<(), Broken> {
        loop {
            tokio::select! {
                Some((request, wants_reply)) = asked.recv() => {
                    let answer = self.answer(request).await;
                    if wants_reply {
                        self.relay.say(answer).await?;
                    }
                }
                Some(incoming) = self.incoming.recv() => self.relay.offer(incoming).await?,
                else => return Err(Broken::Gone),
            }
        }
    }

    async fn answer(&mut self, request: GlobalRequest) -> Packet {
        let done = match request {
            GlobalRequest::Listen { address, port } => self.listen(Place::Port { bind: Some(address), port }).await,
            GlobalRequest::ListenAt(path) => self.listen(Place::Path(path)).await,
            GlobalRequest::ListenNoMore { address, port } => {
                self.no_more(&Place::Port { bind: Some(address), port }).await
            }
            GlobalRequest::ListenAtNoMore(path) => self.no_more(&Place::Path(path)).await,
            GlobalRequest::Other(name) => {
                debug!("mux proxy: a request is refused: {name}");
                return Packet::RequestFailure;
            }
        };
        match done {
            Ok(port) => Packet::RequestSuccess { port: port.map(u32::from) },
            Err(reason) => {
                debug!("mux proxy: {reason}");
                Packet::RequestFailure
            }
        }
    }

    async fn listen(&mut self, place: Place) -> Result<Option<u16>, ForwardError> {
        // Before it is asked for: a client may be gone before the host has answered.
        self.places.push(place.clone());
        let answer = self.forwards.remote_for(&place, self.taker.clone()).await;
        match (&answer, place, self.places.pop()) {
            (Ok(Some(port)), Place::Port { bind, .. }, _) => self.places.push(Place::Port { bind, port: *port }),
            (Ok(_), place, _) => self.places.push(place),
            (Err(_), ..) => {}
        }
        answer
    }

    async fn no_more(&mut self, place: &Place) -> Result<Option<u16>, ForwardError> {
        let index = self.places.iter().position(|own| own == place).ok_or(ForwardError::Unknown)?;
        self.places.swap_remove(index);
        self.forwards.cancel_remote(place, None).await.map(|()| None)
    }

    /// The client is gone: the host listens for it no more.
    pub(super) async fn end(&mut self) {
        for place in &self.places {
            // A host that does not answer is somebody else's to notice.
            let _ = timeout(GOODBYE, self.forwards.cancel_remote(place, None)).await;
        }
    }
}
