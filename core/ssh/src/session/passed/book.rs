//! What is open, and what is waited for.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use russh::Error;
use tokio::sync::{Notify, oneshot};

use super::Far;
use crate::session::carrier::{Answer, Opened};

/// Who hears whether the host opens a channel.
pub(super) type Opener = oneshot::Sender<Result<Opened, Error>>;

/// All of it, by our numbers.
#[derive(Default)]
pub(super) struct Book {
    entries: Mutex<Entries>,
    changed: Notify,
}

#[derive(Default)]
struct Entries {
    last: u32,
    awaited: HashMap<u32, Opener>,
    open: HashMap<u32, Far>,
    /// Who hears what is answered without a channel: answers come in the order of the requests (RFC 4254, section 4).
    asked: VecDeque<oneshot::Sender<Answer>>,
    over: bool,
}

impl Entries {
    /// A number that is not in use. None is used again soon: what is still under way for the last one is for nobody.
    fn number(&mut self) -> u32 {
        loop {
            self.last = self.last.wrapping_add(1);
            if !self.awaited.contains_key(&self.last) && !self.open.contains_key(&self.last) {
                return self.last;
            }
        }
    }
}

impl Book {
    fn with<T>(&self, f: impl FnOnce(&mut Entries) -> T) -> T {
        f(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The number for a channel that the host is to open, and where its answer will be.
    pub(super) fn expect_channel(&self) -> (u32, oneshot::Receiver<Result<Opened, Error>>) {
        let (opener, answer) = oneshot::channel();
        let number = self.with(|entries| {
            let number = entries.number();
            if !entries.over {
                entries.awaited.insert(number, opener);
            }
            number
        });
        (number, answer)
    }

    /// Who waits for this channel.
    pub(super) fn opener(&self, number: u32) -> Option<Opener> {
        self.with(|entries| entries.awaited.remove(&number))
    }

    /// A channel is open, by this number.
    pub(super) fn opened(&self, number: u32, far: Far) {
        self.with(|entries| entries.open.insert(number, far));
    }

    /// A channel that the host opens; our number for it.
    pub(super) fn offered(&self, far: Far) -> u32 {
        self.with(|entries| {
            let number = entries.number();
            entries.open.insert(number, far);
            number
        })
    }

    pub(super) fn far(&self, number: u32) -> Option<Far> {
        self.with(|entries| entries.open.get(&number).cloned())
    }

    /// The host has closed it, or we have not taken it.
    pub(super) fn closed(&self, number: u32) -> Option<Far> {
        let far = self.with(|entries| entries.open.remove(&number));
        self.changed.notify_waiters();
        far
    }

    pub(super) fn open(&self) -> Vec<Far> {
        self.with(|entries| entries.open.values().cloned().collect())
    }

    /// Waits until none is open.
    pub(super) async fn emptied(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.with(|entries| entries.open.is_empty()) {
                return;
            }
            changed.await;
        }
    }

    /// Where the next answer without a channel will be, behind those that are waited for.
    pub(super) fn expect_answer(&self) -> oneshot::Receiver<Answer> {
        let (asked, answer) = oneshot::channel();
        self.with(|entries| {
            if !entries.over {
                entries.asked.push_back(asked);
            }
        });
        answer
    }

    /// The first of those is here.
    pub(super) fn answered(&self, answer: Answer) {
        if let Some(asked) = self.with(|entries| entries.asked.pop_front()) {
            // Who waits no more has no use for it.
            let _ = asked.send(answer);
        }
    }

    /// Nothing comes any more.
    pub(super) fn end(&self) {
        self.with(|entries| {
            let last = entries.last;
            *entries = Entries { last, over: true, ..Entries::default() };
        });
        self.changed.notify_waiters();
    }
}
