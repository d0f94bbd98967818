//! A session through a master in proxy mode (PROTOCOL.mux, section 9): we speak SSH's connection protocol (RFC 4254) by ourselves,
//! in clear packets without padding, and the master passes them on to the host.
//!
//! One channel, for a program or for a stream. Whatever the host opens or asks for is refused.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use log::warn;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::client::{ClientError, gone};
use super::window::Window;
use super::{ChannelRequest, Grant, Line, Opening, Packet};
use crate::exec::{Far, Fed, Input, Keyboard, Output, feed};
use crate::limits::{GOODBYE, PROXY_PACKET, PROXY_WINDOW};
use crate::session::{Ask, ConnectionGone, Exit, Refusal, Request, Start, StartKind, StreamTo};
use crate::terminal::size::WindowSize;

/// Administratively prohibited (RFC 4254, section 5.1).
const PROHIBITED: u32 = 1;
/// Our number for the one channel.
const OURS: u32 = 0;

/// A connection to a master that passes packets on.
pub struct Proxy {
    line: Line,
    sending: Mutex<()>,
}

/// The ends of the pipe on our side.
pub struct Ends {
    /// What is sent.
    pub input: Input,
    /// Where the program's output goes.
    pub stdout: Output,
    /// Where its errors go.
    pub stderr: Output,
    /// Set where it has a pseudo-terminal.
    pub keyboard: Option<Keyboard>,
}

/// The channel at the host.
#[derive(Clone, Copy)]
struct Theirs {
    number: u32,
    /// What one packet may hold.
    packet: usize,
}

impl Proxy {
    pub(super) fn new(line: Line) -> Self {
        Self { line, sending: Mutex::new(()) }
    }

    async fn say(&self, packet: Packet) -> Result<(), ClientError> {
        let _whole = self.sending.lock().await;
        self.line.send(&packet.encode()).await.map_err(gone)
    }

    /// The next packet for our channel. What comes without one is answered here.
    async fn hear(&self) -> Result<Packet, ClientError> {
        loop {
            let packet = self.line.receive().await.map_err(gone)?.ok_or(ClientError::Gone)?;
            match Packet::decode(&packet.into())? {
                Packet::GlobalRequest { wants_reply: true, .. } => self.say(Packet::RequestFailure).await?,
                Packet::GlobalRequest { .. } | Packet::Unknown { .. } => {}
                Packet::Open { grant, .. } => {
                    let words = "not asked for".to_owned();
                    self.say(Packet::OpenFailure { to: grant.number, reason: PROHIBITED, words }).await?;
                }
                packet => return Ok(packet),
            }
        }
    }

    /// Has the host open a channel and start what is wanted on it.
    ///
    /// # Errors
    /// It opens none, or the master is gone.
    pub async fn start(self, start: &Start) -> Result<Proxied, ClientError> {
        let (theirs, window) = self.open(start).await?;
        let asked = self.request(theirs, start).await?;
        Ok(Proxied { proxy: self, theirs, window: Window::new(window), asked, left: AtomicBool::new(false) })
    }

    async fn open(&self, start: &Start) -> Result<(Theirs, u32), ClientError> {
        let opening = match &start.kind {
            StartKind::Forward(StreamTo::Tcp { host, port, from }) => {
                Opening::Port { host: host.clone(), port: *port, from: from.clone() }
            }
            StartKind::Forward(StreamTo::Unix { path }) => Opening::Path(path.clone()),
            _ => Opening::Session,
        };
        let grant = Grant { number: OURS, window: PROXY_WINDOW, packet: PROXY_PACKET };
        self.say(Packet::Open { opening, grant }).await?;
        match self.hear().await? {
            Packet::OpenConfirmation { grant: Grant { number, window, packet: packet @ 1.. }, .. } => {
                Ok((Theirs { number, packet: packet.min(PROXY_PACKET) as usize }, window))
            }
            Packet::OpenFailure { reason, words, .. } => {
                Err(ClientError::Failed(format!("channel 0: open failed: {}", Refusal { reason, words })))
            }
            _ => Err(ClientError::Broken("no answer to an opening")),
        }
    }

    /// Asks for the program; the answers that come later are to these requests.
    async fn request(&self, theirs: Theirs, start: &Start) -> Result<VecDeque<Request>, ClientError> {
        let mut asked = VecDeque::new();
        for ask in start.asks() {
            let request = ask.request();
            let (to, wants_reply) = (theirs.number, request.is_some());
            asked.extend(request);
            self.say(Packet::Request { to, wants_reply, request: ChannelRequest::Ask(ask) }).await?;
        }
        Ok(asked)
    }
}

/// What runs on the host.
pub struct Proxied {
    proxy: Proxy,
    theirs: Theirs,
    window: Window,
    /// The requests that the host has not answered.
    asked: VecDeque<Request>,
    /// We have closed the channel.
    left: AtomicBool,
}

impl Proxied {
    /// Carries it to its end; how it ended, where the host says.
    ///
    /// # Errors
    /// The host refuses the program, or the master or the input breaks off.
    pub async fn run(self, ends: Ends) -> Result<Option<Exit>, ClientError> {
        let Ends { mut input, stdout, stderr, mut keyboard } = ends;
        let mut drains = JoinSet::new();
        for output in [&stdout, &stderr] {
            drains.spawn(output.clone().drain());
        }
        let feeding = async {
            match feed(&self, &mut input, [&stdout, &stderr], keyboard.as_mut()).await {
                // Where the connection is gone, whoever listens learns it too.
                Fed::End => std::future::pending().await,
                Fed::Escaped => Ok(None),
                Fed::Failed(error) => Err(ClientError::Io(error)),
            }
        };
        let taking_in = self.take_in((&stdout, &stderr));
        tokio::pin!(taking_in);
        let exit = tokio::select! {
            ended = feeding => {
                // A master may take it ill if we just go (OpenSSH 9.2 ends).
                let leaving = async {
                    self.left.store(true, Ordering::Relaxed);
                    self.proxy.say(Packet::Close { to: self.theirs.number }).await?;
                    taking_in.await
                };
                let _ = timeout(GOODBYE, leaving).await;
                return ended;
            }
            exit = &mut taking_in => exit?,
        };
        tokio::join!(stdout.flushed(), stderr.flushed());
        Ok(exit)
    }

    /// What comes, until the channel is closed.
    async fn take_in(&self, (stdout, stderr): (&Output, &Output)) -> Result<Option<Exit>, ClientError> {
        let (proxy, to) = (&self.proxy, self.theirs.number);
        let mut asked = self.asked.iter().copied();
        let (mut exit, mut taken) = (None, 0);
        loop {
            if taken > PROXY_WINDOW as usize / 2 {
                let more = u32::try_from(taken).unwrap_or(u32::MAX);
                proxy.say(Packet::WindowAdjust { to, more }).await?;
                taken = 0;
            }
            match proxy.hear().await? {
                Packet::Data { data, .. } => {
                    stdout.accept(&data).await;
                    taken += data.len();
                }
                Packet::ExtendedData { data, .. } => {
                    stderr.accept(&data).await;
                    taken += data.len();
                }
                Packet::WindowAdjust { more, .. } => self.window.grow(more),
                Packet::Request { wants_reply, request, .. } => match request {
                    ChannelRequest::ExitStatus(status) => exit = Some(Exit::Status(status)),
                    ChannelRequest::ExitSignal { name, message } => exit = Some(Exit::Signal { name, message }),
                    _ if wants_reply => proxy.say(Packet::Failure { to }).await?,
                    _ => {}
                },
                Packet::Failure { .. } => match asked.next() {
                    Some(request @ (Request::Pty | Request::X11 | Request::Agent)) => {
                        warn!("{} request failed on channel 0", request.name());
                    }
                    request => {
                        let what = request.map_or("a", Request::name);
                        return Err(ClientError::Failed(format!("{what} request failed on channel 0")));
                    }
                },
                Packet::Success { .. } => {
                    asked.next();
                }
                Packet::Close { .. } => {
                    if !self.left.load(Ordering::Relaxed) {
                        proxy.say(Packet::Close { to }).await?;
                    }
                    return Ok(exit);
                }
                Packet::Eof { .. } => {}
                _ => return Err(ClientError::Broken("a packet out of place")),
            }
        }
    }
}

impl Far for Proxied {
    async fn send(&self, mut piece: Bytes) -> Result<(), ConnectionGone> {
        while !piece.is_empty() {
            let size = self.window.reserve(piece.len().min(self.theirs.packet)).await;
            let data = piece.split_to(size);
            let data = Packet::Data { to: self.theirs.number, data };
            self.proxy.say(data).await.map_err(|_| ConnectionGone)?;
        }
        Ok(())
    }

    async fn eof(&self) {
        // An error says that the master is gone, which whoever listens learns too.
        let _ = self.proxy.say(Packet::Eof { to: self.theirs.number }).await;
    }

    async fn resize(&self, size: WindowSize) {
        let request = ChannelRequest::Ask(Ask::Size(size));
        let _ = self.proxy.say(Packet::Request { to: self.theirs.number, wants_reply: false, request }).await;
    }

    async fn rekey(&self) {
        // The keys are the master's.
    }
}
