//! What the host says, as the master passes it on.

use std::sync::Arc;

use russh::{ChannelOpenFailure, Error};

use super::Far;
use super::book::Book;
use super::offer::Offer;
use super::outbox::{Outbox, Said};
use crate::mux::{ChannelRequest, Grant, Line, Opening, Packet};
use crate::session::board::Board;
use crate::session::carrier::{Answer, Opened, Reply, Writer};
use crate::session::incoming::{Origin, arrive, refuse};
use crate::session::{Cause, Exit, Refusal};

/// Whoever takes it in.
pub(super) struct Hearing {
    pub(super) book: Arc<Book>,
    pub(super) board: Arc<Board>,
    pub(super) outbox: Outbox,
}

const NOT_LISTENING: Cause = Cause::Master("does not listen any more");
const OUT_OF_PLACE: Cause = Cause::Master("breaks the protocol: a packet out of place");

impl Hearing {
    /// Takes in what comes; why that ends.
    pub(super) async fn run(&self, line: &Line) -> Cause {
        loop {
            let packet = match line.receive().await {
                Ok(Some(packet)) => packet,
                Ok(None) | Err(_) => return Cause::Master("has hung up"),
            };
            let heard = match Packet::decode(&packet.into()) {
                Ok(packet) => self.hear(packet).await,
                Err(_) => Err(Cause::Master("breaks the protocol: a malformed packet")),
            };
            if let Err(cause) = heard {
                return cause;
            }
        }
    }

    async fn hear(&self, packet: Packet) -> Result<(), Cause> {
        match packet {
            Packet::Data { to, data } => {
                let far = self.far(to)?;
                if let Some(line) = self.board.table.line(to) {
                    line.pass();
                    line.output.accept(&data).await;
                }
                in_time(far.took(data.len()))
            }
            Packet::ExtendedData { to, data, .. } => {
                let far = self.far(to)?;
                if let Some(line) = self.board.table.line(to)
                    && let Some(errors) = &line.errors
                {
                    line.pass();
                    errors.accept(&data).await;
                }
                in_time(far.took(data.len()))
            }
            Packet::WindowAdjust { to, more } => {
                self.far(to)?.grow(more);
                Ok(())
            }
            Packet::Eof { to } => self.note(to, |line| line.note(|progress| progress.eof = true)),
            Packet::Close { to } => self.close(to),
            Packet::Request { to, wants_reply, request } => self.told(to, request, wants_reply),
            Packet::Success { to } => self.note(to, |line| line.succeeded()),
            Packet::Failure { to } => self.note(to, |line| line.failed()),
            Packet::Open { opening, grant } => self.offered(opening, grant).await,
            Packet::OpenConfirmation { to, grant } => self.confirmed(to, grant).await,
            Packet::OpenFailure { to, reason, words } => self.refused(to, Refusal { reason, words }),
            Packet::GlobalRequest { wants_reply: true, .. } => {
                in_time(self.outbox.answer(Said::alone(Packet::RequestFailure)))
            }
            Packet::RequestSuccess { port } => {
                self.book.answered(Answer::Yes(port.unwrap_or(0)));
                Ok(())
            }
            Packet::RequestFailure => {
                self.book.answered(Answer::No);
                Ok(())
            }
            Packet::GlobalRequest { .. } | Packet::Unknown { .. } => Ok(()),
        }
    }

    fn far(&self, number: u32) -> Result<Far, Cause> {
        self.board.heard();
        self.book.far(number).ok_or(OUT_OF_PLACE)
    }

    /// Tells whoever has the channel, if anybody still has.
    fn note(&self, number: u32, tell: impl FnOnce(&crate::session::table::Line)) -> Result<(), Cause> {
        self.far(number)?;
        if let Some(line) = self.board.table.line(number) {
            tell(&line);
        }
        Ok(())
    }

    fn close(&self, number: u32) -> Result<(), Cause> {
        let far = self.book.closed(number).ok_or(OUT_OF_PLACE)?;
        if let Some(line) = self.board.table.forget(number) {
            line.note(|progress| progress.closed = true);
        }
        in_time(far.answer(Packet::Close { to: far.number() }))
    }

    /// What the host says of a program.
    fn told(&self, number: u32, request: ChannelRequest, wants_reply: bool) -> Result<(), Cause> {
        let exit = match request {
            ChannelRequest::ExitStatus(status) => Some(Exit::Status(status)),
            ChannelRequest::ExitSignal { name, message } => Some(Exit::Signal { name, message }),
            _ => None,
        };
        match exit {
            Some(exit) => self.note(number, |line| line.note(|progress| progress.exit = Some(exit))),
            None if wants_reply => {
                let far = self.far(number)?;
                in_time(far.answer(Packet::Failure { to: far.number() }))
            }
            None => self.far(number).map(|_| ()),
        }
    }

    async fn offered(&self, opening: Opening, grant: Grant) -> Result<(), Cause> {
        if grant.packet == 0 {
            return Err(OUT_OF_PLACE);
        }
        let far = Far::new(grant, self.outbox.clone());
        let number = self.book.offered(far.clone());
        let reply = Reply::Passed(Offer::new(number, far.clone(), self.book.clone(), self.outbox.clone()));
        let origin = match opening {
            Opening::ForwardedPort { address, port, from } => Origin::Tcp { address, port, from },
            Opening::ForwardedPath(path) => Origin::Unix { path },
            other => {
                refuse(other.name(), reply).await;
                return Ok(());
            }
        };
        arrive(&self.board, origin, Opened { id: number, writer: Arc::new(Writer::Passed(far)) }, reply).await;
        Ok(())
    }

    async fn confirmed(&self, number: u32, grant: Grant) -> Result<(), Cause> {
        let opener = self.book.opener(number).ok_or(OUT_OF_PLACE)?;
        if grant.packet == 0 {
            return Err(OUT_OF_PLACE);
        }
        let far = Far::new(grant, self.outbox.clone());
        self.book.opened(number, far.clone());
        let opened = Opened { id: number, writer: Arc::new(Writer::Passed(far.clone())) };
        if opener.send(Ok(opened)).is_err() {
            // Whoever wanted it has given up.
            return in_time(far.answer(Packet::Close { to: far.number() }));
        }
        self.board.table.claimed(number).await;
        Ok(())
    }

    fn refused(&self, number: u32, refusal: Refusal) -> Result<(), Cause> {
        let opener = self.book.opener(number).ok_or(OUT_OF_PLACE)?;
        let reason = match refusal.reason {
            1 => ChannelOpenFailure::AdministrativelyProhibited,
            3 => ChannelOpenFailure::UnknownChannelType,
            4 => ChannelOpenFailure::ResourceShortage,
            _ => ChannelOpenFailure::ConnectFailed,
        };
        self.board.refused_open(refusal);
        // Who waits no more has no use for it.
        let _ = opener.send(Err(Error::ChannelOpenFailure(reason)));
        Ok(())
    }
}

/// A master that asks and does not take the answers is left.
fn in_time(answered: bool) -> Result<(), Cause> {
    if answered { Ok(()) } else { Err(NOT_LISTENING) }
}
