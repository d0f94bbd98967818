//! The host's end of one channel.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use russh::Error;

use super::outbox::{Outbox, Said};
use crate::limits::{PROXY_PACKET, PROXY_WINDOW};
use crate::mux::{ChannelRequest, Grant, Packet, Window};

/// What we know of it; shared by whoever speaks on the channel and whoever hears.
#[derive(Clone)]
pub(in crate::session) struct Far(Arc<Inner>);

struct Inner {
    /// Its number for the channel.
    to: u32,
    /// What one packet may hold.
    packet: usize,
    window: Window,
    /// What it has sent since we have last granted more.
    taken: AtomicUsize,
    closed: Arc<AtomicBool>,
    outbox: Outbox,
}

impl Far {
    pub(super) fn new(grant: Grant, outbox: Outbox) -> Self {
        Self(Arc::new(Inner {
            to: grant.number,
            packet: grant.packet.min(PROXY_PACKET) as usize,
            window: Window::new(grant.window),
            taken: AtomicUsize::new(0),
            closed: Arc::default(),
            outbox,
        }))
    }

    /// Its number for the channel.
    pub(super) fn number(&self) -> u32 {
        self.0.to
    }

    async fn say(&self, packet: Packet) -> Result<(), Error> {
        self.0.outbox.say(Said::on(&self.0.closed, packet)).await
    }

    pub(in crate::session) async fn data(&self, mut piece: Bytes) -> Result<(), Error> {
        while !piece.is_empty() {
            let size = self.0.window.reserve(piece.len().min(self.0.packet)).await;
            self.say(Packet::Data { to: self.0.to, data: piece.split_to(size) }).await?;
        }
        Ok(())
    }

    pub(in crate::session) async fn eof(&self) -> Result<(), Error> {
        self.say(Packet::Eof { to: self.0.to }).await
    }

    pub(in crate::session) async fn close(&self) -> Result<(), Error> {
        self.say(Packet::Close { to: self.0.to }).await
    }

    pub(in crate::session) async fn ask(&self, request: ChannelRequest, wants_reply: bool) -> Result<(), Error> {
        self.say(Packet::Request { to: self.0.to, wants_reply, request }).await
    }

    /// It takes more.
    pub(super) fn grow(&self, more: u32) {
        self.0.window.grow(more);
    }

    /// Answers it; whether there is room for that.
    pub(super) fn answer(&self, packet: Packet) -> bool {
        self.0.outbox.answer(Said::on(&self.0.closed, packet))
    }

    /// It has sent so much: grants more, where half of what it may send is used; whether there is room to say so.
    pub(super) fn took(&self, size: usize) -> bool {
        let taken = self.0.taken.fetch_add(size, Ordering::Relaxed) + size;
        if taken <= PROXY_WINDOW as usize / 2 {
            return true;
        }
        self.0.taken.store(0, Ordering::Relaxed);
        let more = u32::try_from(taken).unwrap_or(u32::MAX);
        self.answer(Packet::WindowAdjust { to: self.0.to, more })
    }
}
