//! A channel that the host opens, until it is answered.

use std::sync::Arc;

use super::book::Book;
use super::outbox::{Outbox, Said};
use super::{Far, own};
use crate::mux::Packet;

/// Administratively prohibited (RFC 4254, section 5.1).
const PROHIBITED: u32 = 1;

/// The channel. Dropped, it is refused.
pub(in crate::session) struct Offer(Option<Inner>);

struct Inner {
    number: u32,
    far: Far,
    book: Arc<Book>,
    outbox: Outbox,
}

impl Offer {
    pub(super) fn new(number: u32, far: Far, book: Arc<Book>, outbox: Outbox) -> Self {
        Self(Some(Inner { number, far, book, outbox }))
    }

    pub(in crate::session) async fn accept(mut self) {
        if let Some(Inner { number, far, outbox, .. }) = self.0.take() {
            let confirmation = Packet::OpenConfirmation { to: far.number(), grant: own(number) };
            // An error says that the connection is gone, which whoever waits for its end learns too.
            let _ = outbox.say(Said::alone(confirmation)).await;
        }
    }

    pub(in crate::session) fn refuse(mut self, reason: u32) {
        if let Some(inner) = self.0.take() {
            inner.refuse(reason);
        }
    }
}

impl Inner {
    fn refuse(&self, reason: u32) {
        self.book.closed(self.number);
        let failure = Packet::OpenFailure { to: self.far.number(), reason, words: String::new() };
        // Where there is no room even for that, the master is not listening any more, which the next packet tells.
        let _ = self.outbox.answer(Said::alone(failure));
    }
}

impl Drop for Offer {
    fn drop(&mut self) {
        if let Some(inner) = self.0.take() {
            inner.refuse(PROHIBITED);
        }
    }
}
