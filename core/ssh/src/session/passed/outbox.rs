//! What is still to be said.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use russh::Error;
use tokio::sync::mpsc;

use crate::limits::{PROXY_ANSWERS, PROXY_QUEUE};
use crate::mux::{Line, Packet};

/// A packet, and whether the channel that it is for has been closed by us.
pub(super) struct Said {
    packet: Packet,
    closed: Option<Arc<AtomicBool>>,
}

impl Said {
    /// One without a channel that is open.
    pub(super) fn alone(packet: Packet) -> Self {
        Self { packet, closed: None }
    }

    pub(super) fn on(closed: &Arc<AtomicBool>, packet: Packet) -> Self {
        Self { packet, closed: Some(closed.clone()) }
    }

    /// Whether it comes too late, behind our close.
    fn is_late(&self) -> bool {
        let Some(closed) = &self.closed else { return false };
        match self.packet {
            Packet::Close { .. } => closed.swap(true, Ordering::Relaxed),
            _ => closed.load(Ordering::Relaxed),
        }
    }
}

/// Where packets are put.
#[derive(Clone)]
pub(super) struct Outbox {
    words: mpsc::Sender<Said>,
    answers: mpsc::Sender<Said>,
}

/// Where they are taken from.
pub(super) struct Unsaid {
    words: mpsc::Receiver<Said>,
    answers: mpsc::Receiver<Said>,
}

pub(super) fn new() -> (Outbox, Unsaid) {
    let (words, unsaid) = mpsc::channel(PROXY_QUEUE);
    let (answers, unanswered) = mpsc::channel(PROXY_ANSWERS);
    (Outbox { words, answers }, Unsaid { words: unsaid, answers: unanswered })
}

impl Outbox {
    /// Says something as soon as there is room.
    pub(super) async fn say(&self, said: Said) -> Result<(), Error> {
        self.words.send(said).await.map_err(|_| Error::SendError)
    }

    /// Answers what has come, without waiting; whether there is room for it.
    pub(super) fn answer(&self, said: Said) -> bool {
        self.answers.try_send(said).is_ok()
    }
}

impl Unsaid {
    /// Writes all of it, until the line is gone.
    pub(super) async fn write(mut self, line: &Line) {
        loop {
            let said = tokio::select! {
                biased;
                Some(said) = self.answers.recv() => said,
                Some(said) = self.words.recv() => said,
                else => return,
            };
            if !said.is_late() && line.send(&said.packet.encode()).await.is_err() {
                return;
            }
        }
    }
}
