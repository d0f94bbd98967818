//! A session through a master in proxy mode (PROTOCOL.mux, section 9): we speak SSH's connection protocol (RFC 4254) by ourselves,
//! in clear packets without padding, and the master passes them on to the host.
//!
//! One channel, for a program without a terminal or for a stream. Whatever the host opens or asks for is refused.

use std::io;

use bytes::Bytes;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use super::Line;
use super::client::ClientError;
use super::draft::Draft;
use crate::exec::{Input, Output};
use crate::fields::Fields;
use crate::limits::{PROXY_PACKET, PROXY_WINDOW};
use crate::session::{Exit, Request, Start, StartKind};
use crate::terminal::visible::visible;

/// The messages (RFC 4254, section 9).
mod kind {
    pub(super) const GLOBAL_REQUEST: u8 = 80;
    pub(super) const REQUEST_FAILURE: u8 = 82;
    pub(super) const OPEN: u8 = 90;
    pub(super) const OPEN_CONFIRMATION: u8 = 91;
    pub(super) const OPEN_FAILURE: u8 = 92;
    pub(super) const WINDOW_ADJUST: u8 = 93;
    pub(super) const DATA: u8 = 94;
    pub(super) const EXTENDED_DATA: u8 = 95;
    pub(super) const EOF: u8 = 96;
    pub(super) const CLOSE: u8 = 97;
    pub(super) const REQUEST: u8 = 98;
    pub(super) const SUCCESS: u8 = 99;
    pub(super) const FAILURE: u8 = 100;
}

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

const BROKEN: ClientError = ClientError::Broken("a packet that is none");

impl Proxy {
    pub(super) fn new(line: Line) -> Self {
        Self { line, sending: Mutex::new(()) }
    }

    async fn say(&self, packet: Draft) -> Result<(), ClientError> {
        let _whole = self.sending.lock().await;
        Ok(self.line.send(&packet.0).await?)
    }

    /// A packet of the other side: its kind, and the rest. What comes without a channel of ours is answered here.
    async fn hear(&self) -> Result<(u8, Vec<u8>), ClientError> {
        loop {
            let mut packet = self.line.receive().await?.ok_or(ClientError::Gone)?;
            let [_padding, kind, ..] = packet[..] else { return Err(BROKEN) };
            packet.drain(..2);
            match kind {
                kind::GLOBAL_REQUEST => {
                    let mut fields = Fields(&packet);
                    let wants_reply = fields.string().and_then(|_| fields.0.first()).ok_or(BROKEN)?;
                    if *wants_reply != 0 {
                        self.say(Draft::packet(kind::REQUEST_FAILURE)).await?;
                    }
                }
                kind::OPEN => {
                    let mut fields = Fields(&packet);
                    let number = fields.string().and_then(|_| fields.uint()).ok_or(BROKEN)?;
                    let refusal = Draft::packet(kind::OPEN_FAILURE).uint(number).uint(PROHIBITED);
                    self.say(refusal.string("not asked for").string("")).await?;
                }
                _ => return Ok((kind, packet)),
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
        let open = |name: &str| Draft::packet(kind::OPEN).string(name).uint(OURS).uint(PROXY_WINDOW).uint(PROXY_PACKET);
        self.say(match &start.kind {
            StartKind::Forward { host, port } => {
                open("direct-tcpip").string(host).uint((*port).into()).string("127.0.0.1").uint(65535)
            }
            _ => open("session"),
        })
        .await?;
        let (kind, packet) = self.hear().await?;
        let mut fields = Fields(&packet);
        let _ours = fields.uint().ok_or(BROKEN)?;
        match kind {
            kind::OPEN_CONFIRMATION => {
                let (number, window) = (fields.uint().ok_or(BROKEN)?, fields.uint().ok_or(BROKEN)?);
                let packet = fields.uint().filter(|size| *size > 0).ok_or(BROKEN)?;
                Ok((Theirs { number, packet: packet.min(PROXY_PACKET) as usize }, window.into()))
            }
            kind::OPEN_FAILURE => {
                let words = fields.uint().and_then(|_| fields.string()).ok_or(BROKEN)?;
                Err(ClientError::Failed(format!("channel 0: open failed: {}", visible(words))))
            }
            _ => Err(BROKEN),
        }
    }

    /// Asks for the program; what the host answers comes later.
    async fn request(&self, theirs: Theirs, start: &Start) -> Result<Option<Request>, ClientError> {
        let request = |name: &str, wants_reply: bool| {
            Draft::packet(kind::REQUEST).uint(theirs.number).string(name).byte(wants_reply.into())
        };
        for (name, value) in &start.environment {
            self.say(request("env", false).string(name).string(value)).await?;
        }
        let (packet, asked) = match &start.kind {
            StartKind::Exec(command) => (request("exec", true).string(command), Request::Exec),
            StartKind::Shell => (request("shell", true), Request::Shell),
            StartKind::Subsystem(name) => (request("subsystem", true).string(name), Request::Subsystem),
            StartKind::Forward { .. } => return Ok(None),
        };
        self.say(packet).await?;
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
        let (mut exit, mut taken) = (None, 0_u32);
        loop {
            let (kind, packet) = self.hear().await?;
            let mut fields = Fields(&packet);
            let _ours = fields.uint().ok_or(BROKEN)?;
            match kind {
                kind::DATA | kind::EXTENDED_DATA => {
                    let output = match kind {
                        kind::DATA => stdout,
                        _ => fields.uint().map(|_| stderr).ok_or(BROKEN)?,
                    };
                    let data = fields.string().ok_or(BROKEN)?;
                    output.accept(data).await;
                    taken = taken.saturating_add(u32::try_from(data.len()).unwrap_or(u32::MAX));
                    if taken > PROXY_WINDOW / 2 {
                        self.say(Draft::packet(kind::WINDOW_ADJUST).uint(theirs.number).uint(taken)).await?;
                        taken = 0;
                    }
                }
                kind::WINDOW_ADJUST => {
                    let more = fields.uint().ok_or(BROKEN)?;
                    room.send_modify(|room| *room = room.saturating_add(more.into()));
                }
                kind::REQUEST => exit = self.asked(theirs, fields).await?.or(exit),
                kind::FAILURE => {
                    let what = asked.map_or("a", Request::name);
                    return Err(ClientError::Failed(format!("{what} request failed on channel 0")));
                }
                kind::CLOSE => {
                    self.say(Draft::packet(kind::CLOSE).uint(theirs.number)).await?;
                    return Ok(exit);
                }
                kind::SUCCESS | kind::EOF => {}
                _ => return Err(BROKEN),
            }
        }
    }

    /// A request of the host's: how the program ended, or something that is refused.
    async fn asked(&self, theirs: Theirs, mut fields: Fields<'_>) -> Result<Option<Exit>, ClientError> {
        let name = fields.string().ok_or(BROKEN)?;
        let (wants_reply, rest) = fields.0.split_first().ok_or(BROKEN)?;
        let mut rest = Fields(rest);
        match name {
            b"exit-status" => return Ok(Some(Exit::Status(rest.uint().ok_or(BROKEN)?))),
            b"exit-signal" => {
                let name = visible(rest.string().ok_or(BROKEN)?);
                return Ok(Some(Exit::Signal { name, message: String::new() }));
            }
            _ if *wants_reply != 0 => self.say(Draft::packet(kind::FAILURE).uint(theirs.number)).await?,
            _ => {}
        }
        Ok(None)
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
            let gone = |_| ClientError::Io(io::ErrorKind::BrokenPipe.into());
            let left = *room.wait_for(|room| *room > sent).await.map_err(gone)? - sent;
            let size = piece.len().min(theirs.packet).min(usize::try_from(left).unwrap_or(usize::MAX));
            let part: Bytes = piece.split_to(size);
            proxy.say(Draft::packet(kind::DATA).uint(theirs.number).string(&part)).await?;
            sent += size as u64;
        }
    }
    proxy.say(Draft::packet(kind::EOF).uint(theirs.number)).await
}
