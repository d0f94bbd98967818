//! A session through a master in proxy mode (PROTOCOL.mux, section 9): we speak SSH's connection protocol (RFC 4254) by ourselves,
//! in clear packets without padding, and the master passes them on to the host.
//!
//! One channel, for a program without a terminal or for a stream. Whatever the host opens or asks for is refused.

use bytes::Bytes;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use super::client::{ClientError, gone};
use super::{ChannelRequest, Grant, Line, Opening, Packet};
use crate::exec::{Input, Output};
use crate::limits::{PROXY_PACKET, PROXY_WINDOW};
use crate::session::{Ask, Exit, Refusal, Request, Start, StartKind, StreamTo};

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

    /// Runs `start` with these ends; how it ended, where the host says.
    ///
    /// # Errors
    /// The host opens no channel or refuses the program, or one of the two others breaks off.
    pub async fn run(self, start: &Start, ends: Ends) -> Result<Option<Exit>, ClientError> {
        let (theirs, window) = self.open(start).await?;
        let asked = self.request(theirs, start).await?;
        let mut drains = JoinSet::new();
        for output in [&ends.stdout, &ends.stderr] {
            drains.spawn(output.clone().drain());
        }
        let room = watch::Sender::new(window);
        let feeding = async {
            if let Err(error) = feed(&self, theirs, ends.input, room.subscribe()).await {
                // Where the connection is gone, whoever listens learns it too.
                log::debug!("channel 0: the input ends: {error}");
            }
            std::future::pending::<()>().await;
        };
        let exit = tokio::select! {
            () = feeding => None,
            exit = self.take_in(theirs, asked, &room, (&ends.stdout, &ends.stderr)) => exit?,
        };
        tokio::join!(ends.stdout.flushed(), ends.stderr.flushed());
        Ok(exit)
    }

    async fn open(&self, start: &Start) -> Result<(Theirs, u64), ClientError> {
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
                Ok((Theirs { number, packet: packet.min(PROXY_PACKET) as usize }, window.into()))
            }
            Packet::OpenFailure { reason, words, .. } => {
                Err(ClientError::Failed(format!("channel 0: open failed: {}", Refusal { reason, words })))
            }
            _ => Err(ClientError::Broken("no answer to an opening")),
        }
    }

    /// Asks for the program; what the host answers comes later.
    async fn request(&self, theirs: Theirs, start: &Start) -> Result<Option<Request>, ClientError> {
        let ask = |ask: Ask, wants_reply: bool| {
            self.say(Packet::Request { to: theirs.number, wants_reply, request: ChannelRequest::Ask(ask) })
        };
        for (name, value) in &start.environment {
            ask(Ask::Variable { name: name.clone(), value: value.clone() }, false).await?;
        }
        let (program, asked) = match &start.kind {
            StartKind::Exec(command) => (Ask::Exec(command.clone()), Request::Exec),
            StartKind::Shell => (Ask::Shell, Request::Shell),
            StartKind::Subsystem(name) => (Ask::Subsystem(name.clone()), Request::Subsystem),
            StartKind::Forward(_) => return Ok(None),
        };
        ask(program, true).await?;
        Ok(Some(asked))
    }

    /// What comes, until the channel is closed.
    async fn take_in(
        &self,
        theirs: Theirs,
        asked: Option<Request>,
        room: &watch::Sender<u64>,
        (stdout, stderr): (&Output, &Output),
    ) -> Result<Option<Exit>, ClientError> {
        let to = theirs.number;
        let (mut exit, mut taken) = (None, 0);
        loop {
            if taken > PROXY_WINDOW as usize / 2 {
                let more = u32::try_from(taken).unwrap_or(u32::MAX);
                self.say(Packet::WindowAdjust { to, more }).await?;
                taken = 0;
            }
            match self.hear().await? {
                Packet::Data { data, .. } => {
                    stdout.accept(&data).await;
                    taken += data.len();
                }
                Packet::ExtendedData { data, .. } => {
                    stderr.accept(&data).await;
                    taken += data.len();
                }
                Packet::WindowAdjust { more, .. } => {
                    room.send_modify(|room| *room = room.saturating_add(more.into()));
                }
                Packet::Request { wants_reply, request, .. } => match request {
                    ChannelRequest::ExitStatus(status) => exit = Some(Exit::Status(status)),
                    ChannelRequest::ExitSignal { name, message } => exit = Some(Exit::Signal { name, message }),
                    _ if wants_reply => self.say(Packet::Failure { to }).await?,
                    _ => {}
                },
                Packet::Failure { .. } => {
                    let what = asked.map_or("a", Request::name);
                    return Err(ClientError::Failed(format!("{what} request failed on channel 0")));
                }
                Packet::Close { .. } => {
                    self.say(Packet::Close { to }).await?;
                    return Ok(exit);
                }
                Packet::Success { .. } | Packet::Eof { .. } => {}
                _ => return Err(ClientError::Broken("a packet out of place")),
            }
        }
    }
}

/// Sends the input, as the host's window takes it, to its end.
async fn feed(
    proxy: &Proxy,
    theirs: Theirs,
    mut input: Input,
    mut room: watch::Receiver<u64>,
) -> Result<(), ClientError> {
    let mut sent = 0_u64;
    while let Some(mut piece) = input.read().await? {
        while !piece.is_empty() {
            let gone = |_| ClientError::Gone;
            let left = *room.wait_for(|room| *room > sent).await.map_err(gone)? - sent;
            let size = piece.len().min(theirs.packet).min(usize::try_from(left).unwrap_or(usize::MAX));
            let part: Bytes = piece.split_to(size);
            proxy.say(Packet::Data { to: theirs.number, data: part }).await?;
            sent += size as u64;
        }
    }
    proxy.say(Packet::Eof { to: theirs.number }).await
}
