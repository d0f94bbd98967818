//! A connection of a master's that passes our packets on (PROTOCOL.mux, section 9): we speak SSH's connection protocol (RFC 4254) by
//! ourselves, in clear packets without padding.
//!
//! One task takes in what comes ([`hearing`]) and writes what is said ([`outbox`]), so that no packet is ever left half-said.
//!
//! What this room must never do: say anything on a channel that we have closed, which would cost all users of the master their
//! connection, or wait for the master to take something before what it says is heard.

mod book;
mod far;
mod hearing;
mod offer;
mod outbox;

use std::sync::Arc;

use russh::Error;
use tokio::task::AbortHandle;
use tokio::time::timeout;

pub(super) use far::Far;
pub(super) use offer::Offer;

use super::board::Board;
use super::carrier::{Answer, Carrier, Opened};
use super::{Cause, Peer, Session, SessionError, idle};
use crate::limits::{PROXY_ANSWER, PROXY_PACKET, PROXY_WINDOW};
use crate::mux::{GlobalRequest, Grant, Line, Opening, Packet};
use crate::settings::Settings;
use book::Book;
use hearing::Hearing;
use outbox::{Outbox, Said};

/// The connection. Dropped, it ends.
pub(super) struct Passed {
    outbox: Outbox,
    book: Arc<Book>,
    task: AbortHandle,
}

impl Session {
    /// A connection of a master's that passes packets on from here. Must be called inside a runtime.
    pub fn passed(line: Line, peer: Peer, settings: &Settings) -> Self {
        let limits = idle::Limits::new(&settings.forwarding.channel_timeouts);
        let board = Arc::new(Board::new(limits.clone()));
        idle::watch_all(&limits, &board);
        let carrier = Carrier::Passed(Passed::begin(line, peer.clone(), board.clone()));
        Self { carrier, board, peer, before: Vec::new(), learning: None }
    }

    /// Whether the connection is a master's: so are its keys, and the agent and the display that the host is shown.
    pub fn is_passed_on(&self) -> bool {
        matches!(self.carrier, Carrier::Passed(_))
    }
}

impl Passed {
    fn begin(line: Line, peer: Peer, board: Arc<Board>) -> Self {
        let (outbox, unsaid) = outbox::new();
        let book = Arc::new(Book::default());
        let hearing = Hearing { book: book.clone(), board: board.clone(), outbox: outbox.clone() };
        let ended_book = book.clone();
        let task = tokio::spawn(async move {
            let cause = tokio::select! {
                cause = hearing.run(&line) => cause,
                () = unsaid.write(&line) => Cause::Master("has hung up"),
            };
            // The other end of what is written may have said why it goes.
            board.lose(SessionError::Transport { peer, cause });
            ended_book.end();
        });
        Self { outbox, book, task: task.abort_handle() }
    }

    /// Has the host open a channel.
    pub(super) async fn open(&self, opening: Opening) -> Result<Opened, Error> {
        let (number, answer) = self.book.expect_channel();
        let grant = own(number);
        self.outbox.say(Said::alone(Packet::Open { opening, grant })).await?;
        answer.await.map_err(|_| Error::Disconnect)?
    }

    /// Asks the host for something. OpenSSH's master passes such requests on, and not the answers.
    pub(super) async fn ask(&self, request: GlobalRequest) -> Result<Answer, Error> {
        let answer = self.book.expect_answer();
        self.outbox.say(Said::alone(Packet::GlobalRequest { wants_reply: true, request })).await?;
        match timeout(PROXY_ANSWER, answer).await {
            Ok(answer) => answer.map_err(|_| Error::Disconnect),
            Err(_) => Ok(Answer::Untold),
        }
    }

    /// Closes what is open and hears it closed: a master may take it ill if we just go (OpenSSH 9.2 ends).
    pub(super) async fn leave(&self) {
        for far in self.book.open() {
            if far.close().await.is_err() {
                return;
            }
        }
        self.book.emptied().await;
    }
}

impl Drop for Passed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What we grant on a channel with this number.
fn own(number: u32) -> Grant {
    Grant { number, window: PROXY_WINDOW, packet: PROXY_PACKET }
}
