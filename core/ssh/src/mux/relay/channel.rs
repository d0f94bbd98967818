//! One channel of a client's, joined to one of the shared session.

use std::future::pending;
use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::FuturesOrdered;
use log::{debug, error};
use tokio::sync::{Notify, OwnedSemaphorePermit, mpsc, oneshot, watch};

use super::inbox::Inbox;
use super::{Broken, Offers, Relay};
use crate::exec::Output;
use crate::limits::{PROXY_PACKET, PROXY_REQUESTS};
use crate::mux::window::Window;
use crate::mux::{ChannelRequest, Grant, Packet};
use crate::session::{Ask, Channel, Exit, Progress};

/// SSH_EXTENDED_DATA_STDERR (RFC 4254, section 5.2).
const STDERR: u32 = 1;

/// What comes from the host, until the client takes it.
pub(super) struct Outputs {
    pub(super) stdout: Output,
    pub(super) stderr: Option<Output>,
}

/// A request of the client's, and whether it wants an answer.
pub(super) type Asked = (ChannelRequest, bool);

/// The channel.
pub(super) struct Proxied {
    host: Channel,
    outputs: Outputs,
    /// The client's number for it, and what its packets may hold.
    to: u32,
    packet: usize,
    window: Window,
    inbox: Inbox,
    requests: mpsc::Sender<Asked>,
    /// Requests that the host has not been told of.
    untold: watch::Sender<usize>,
    /// The client has closed it.
    closed: watch::Sender<bool>,
    /// All that the client has sent is the host's.
    fed: Notify,
    packets: mpsc::Sender<Packet>,
    offers: Arc<Offers>,
    /// Its place among those that the client may have.
    _room: OwnedSemaphorePermit,
}

impl Proxied {
    /// Joins `host` to the client's channel; [`Self::run`] wants what else is given.
    pub(super) fn new(
        host: Channel,
        outputs: Outputs,
        grant: Grant,
        relay: &Relay,
        room: OwnedSemaphorePermit,
    ) -> (Self, mpsc::Receiver<Asked>) {
        let (requests, asked) = mpsc::channel(PROXY_REQUESTS);
        let proxied = Self {
            host,
            outputs,
            to: grant.number,
            packet: grant.packet.min(PROXY_PACKET) as usize,
            window: Window::new(grant.window),
            inbox: Inbox::new(),
            requests,
            untold: watch::Sender::new(0),
            closed: watch::Sender::new(false),
            fed: Notify::new(),
            packets: relay.packets.clone(),
            offers: relay.offers.clone(),
            _room: room,
        };
        (proxied, asked)
    }

    /// The client sends data.
    pub(super) fn push(&self, data: &[u8]) -> Result<(), Broken> {
        self.inbox.push(data).then_some(()).ok_or(Broken::OutOfPlace("more data than was granted"))
    }

    /// The client sends no more.
    pub(super) fn end(&self) {
        self.inbox.end();
    }

    /// The client takes more.
    pub(super) fn grant(&self, more: u32) {
        self.window.grow(more);
    }

    /// The client has closed it.
    pub(super) fn close(&self) {
        self.closed.send_replace(true);
        self.inbox.end();
        self.discard();
    }

    pub(super) fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// Nobody takes what comes from the host any more.
    fn discard(&self) {
        let Outputs { stdout, stderr } = &self.outputs;
        [stdout].into_iter().chain(stderr).for_each(Output::cut);
    }

    /// The client asks for something. One whose channel is over has nothing more to ask for.
    pub(super) async fn ask(&self, asked: Asked) {
        self.untold.send_modify(|untold| *untold += 1);
        let _ = self.requests.send(asked).await;
    }

    /// Tells the client something, unless it has closed the channel.
    async fn say(&self, packet: Packet) -> Result<(), Broken> {
        if self.is_closed() { Ok(()) } else { self.say_anyway(packet).await }
    }

    async fn say_anyway(&self, packet: Packet) -> Result<(), Broken> {
        self.packets.send(packet).await.map_err(|_| Broken::Gone)
    }

    /// Carries everything both ways, until one side has closed the channel and the other has been told.
    pub(super) async fn run(&self, requests: mpsc::Receiver<Asked>) -> Result<(), Broken> {
        let mut closed = self.closed.subscribe();
        let closed = async { closed.wait_for(|closed| *closed).await.is_ok() };
        let upward = async { tokio::try_join!(self.pass_on(requests), self.to_the_host()) };
        tokio::pin!(upward, closed);
        let close = Packet::Close { to: self.to };
        tokio::select! {
            biased;
            _ = &mut closed => {}
            // Before the data: the answer to a request goes before what the program says.
            ended = &mut upward => return ended.map(|_| ()),
            ended = self.to_the_client() => {
                ended?;
                return self.say_anyway(close).await;
            }
        }
        // What it sent before is for the host all the same, even if it is gone by now.
        let _ = self.say_anyway(close).await;
        tokio::select! {
            ended = upward => ended.map(|_| ()),
            () = self.fed.notified() => Ok(()),
            _ = self.when(|progress| progress.closed || progress.lost) => Ok(()),
        }
    }

    async fn to_the_host(&self) -> Result<(), Broken> {
        while let Some(piece) = self.inbox.next().await {
            let size = piece.len();
            // What is sent behind a request is for the program that it started.
            let _ = self.untold.subscribe().wait_for(|untold| *untold == 0).await;
            if self.host.send(piece).await.is_err() {
                // What comes from the host ends too, and says so.
                return pending().await;
            }
            if let Some(more) = self.inbox.took(size) {
                self.say(Packet::WindowAdjust { to: self.to, more }).await?;
            }
        }
        self.host.eof().await;
        self.fed.notify_one();
        pending().await
    }

    /// Passes requests on, or refuses them, and answers them in their order (RFC 4254, section 4).
    async fn pass_on(&self, mut requests: mpsc::Receiver<Asked>) -> Result<(), Broken> {
        let mut replies = FuturesOrdered::new();
        loop {
            tokio::select! {
                Some((request, wants_reply)) = requests.recv(), if replies.len() < PROXY_REQUESTS => {
                    let answer = self.tell(request, wants_reply).await;
                    self.untold.send_modify(|untold| *untold -= 1);
                    if wants_reply {
                        replies.push_back(async move {
                            match answer {
                                Some(answer) => answer.await.unwrap_or(false),
                                None => false,
                            }
                        });
                    }
                }
                Some(accepted) = replies.next() => {
                    let to = self.to;
                    self.say(if accepted { Packet::Success { to } } else { Packet::Failure { to } }).await?;
                }
                else => return pending().await,
            }
        }
    }

    /// Tells the host of a request; where its answer will be heard, unless we refuse.
    async fn tell(&self, request: ChannelRequest, wants_reply: bool) -> Option<oneshot::Receiver<bool>> {
        let refused = match (request, &self.offers.x11) {
            (ChannelRequest::Ask(Ask::Agent), _) if !self.offers.agent => "the agent".to_owned(),
            (ChannelRequest::Ask(ask), _) => return self.host.ask(&ask, wants_reply).await.ok(),
            (ChannelRequest::X11, Some(x11)) => return self.host.ask_x11(x11, wants_reply).await.ok(),
            (ChannelRequest::X11, None) => "X11".to_owned(),
            (ChannelRequest::Other(name), _) => name,
            (ChannelRequest::ExitStatus(_) | ChannelRequest::ExitSignal { .. }, _) => "a status".to_owned(),
        };
        debug!("mux proxy: a request is refused: {refused}");
        None
    }

    /// Tells the client all that comes from the host, until the host has closed the channel.
    async fn to_the_client(&self) -> Result<(), Broken> {
        let data = async {
            tokio::try_join!(self.pour(&self.outputs.stdout, None), async {
                match &self.outputs.stderr {
                    Some(stderr) => self.pour(stderr, Some(STDERR)).await,
                    None => Ok(()),
                }
            })?;
            let more = self.host.progress().borrow().eof.then_some(Packet::Eof { to: self.to });
            match more {
                Some(eof) => self.say(eof).await,
                None => Ok(()),
            }
        };
        match tokio::try_join!(data, self.tell_the_status()) {
            Ok(_) => {}
            Err(Broken::Line(reason)) => {
                // A part is missing: a status would say that all is well.
                error!("mux proxy: output is lost: {reason}");
                self.discard();
                self.host.close().await;
                return Ok(());
            }
            Err(other) => return Err(other),
        }
        let ended = self.when(|progress| progress.closed || progress.lost).await;
        // Some servers drop the connection right behind the status.
        if ended.closed || ended.eof && ended.exit.is_some() {
            return Ok(());
        }
        // The session is gone, and the client with it.
        pending().await
    }

    /// Sends what `output` holds and will hold, to its end.
    async fn pour(&self, output: &Output, code: Option<u32>) -> Result<(), Broken> {
        let ended = self.when(|progress| progress.eof || progress.closed || progress.lost);
        tokio::pin!(ended);
        let mut is_last = false;
        loop {
            while output.waiting() > 0 {
                let waiting = usize::try_from(output.waiting()).unwrap_or(usize::MAX);
                let size = self.window.reserve(self.packet.min(waiting)).await;
                let data = output.take(size)?;
                // The queue may hand out less at a time.
                self.window.grow(u32::try_from(size - data.len()).unwrap_or(0));
                let to = self.to;
                self.say(match code {
                    None => Packet::Data { to, data },
                    Some(code) => Packet::ExtendedData { to, code, data },
                })
                .await?;
            }
            if is_last {
                return Ok(());
            }
            tokio::select! {
                () = output.filled() => {}
                _ = &mut ended => is_last = true,
            }
        }
    }

    async fn tell_the_status(&self) -> Result<(), Broken> {
        let progress = self.when(|progress| progress.exit.is_some() || progress.closed || progress.lost).await;
        let request = match progress.exit {
            Some(Exit::Status(status)) => ChannelRequest::ExitStatus(status),
            Some(Exit::Signal { name, message }) => ChannelRequest::ExitSignal { name, message },
            None => return Ok(()),
        };
        self.say(Packet::Request { to: self.to, wants_reply: false, request }).await
    }

    /// The state of the host's side as soon as it is like this.
    async fn when(&self, like: impl FnMut(&Progress) -> bool) -> Progress {
        let mut progress = self.host.progress();
        let found = progress.wait_for(like).await.map(|progress| progress.clone());
        found.unwrap_or_else(|_| Progress { lost: true, ..Progress::default() })
    }
}

impl Drop for Proxied {
    fn drop(&mut self) {
        // The connection may be waiting for room that nobody makes any more.
        self.discard();
    }
}
