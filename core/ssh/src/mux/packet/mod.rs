//! The packets of SSH's connection protocol (RFC 4254) in proxy mode: in clear and without padding (PROTOCOL.mux, section 9).
//!
//! A packet is read whole or not at all: what is left over behind its last field makes it none.

mod field;
mod global;
mod opening;
mod request;
#[cfg(test)]
mod tests;

pub use global::GlobalRequest;
pub use opening::Opening;
pub use request::ChannelRequest;

use bytes::Bytes;

use super::draft::Draft;
use super::message::Malformed;
use crate::terminal::visible::visible;
use field::Field;

/// The messages (RFC 4254, section 9).
mod kind {
    pub(super) const GLOBAL_REQUEST: u8 = 80;
    pub(super) const REQUEST_SUCCESS: u8 = 81;
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

/// What a side grants on a channel, and its number for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The number by which the other side calls the channel.
    pub number: u32,
    /// How much the other side may send.
    pub window: u32,
    /// How much of it in one packet.
    pub packet: u32,
}

/// A packet. `to` is the receiver's number for the channel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Packet {
    GlobalRequest { wants_reply: bool, request: GlobalRequest },
    RequestSuccess { port: Option<u32> },
    RequestFailure,
    Open { opening: Opening, grant: Grant },
    OpenConfirmation { to: u32, grant: Grant },
    OpenFailure { to: u32, reason: u32, words: String },
    WindowAdjust { to: u32, more: u32 },
    Data { to: u32, data: Bytes },
    ExtendedData { to: u32, code: u32, data: Bytes },
    Eof { to: u32 },
    Close { to: u32 },
    Request { to: u32, wants_reply: bool, request: ChannelRequest },
    Success { to: u32 },
    Failure { to: u32 },
    Unknown { kind: u8 },
}

fn grant(draft: Draft, grant: Grant) -> Draft {
    draft.uint(grant.number).uint(grant.window).uint(grant.packet)
}

impl Packet {
    /// The packet's bytes, without the length before it.
    pub fn encode(&self) -> Vec<u8> {
        let packet = Draft::packet;
        let done = match self {
            Self::GlobalRequest { wants_reply, request } => {
                request.write(packet(kind::GLOBAL_REQUEST).string(request.name()).byte((*wants_reply).into()))
            }
            // OpenSSH's client takes no packet of less than five bytes (packet.c), so what is empty is filled up.
            Self::RequestSuccess { port } => packet(kind::REQUEST_SUCCESS).uint(port.unwrap_or(0)),
            Self::RequestFailure => packet(kind::REQUEST_FAILURE).uint(0),
            Self::Open { opening, grant: own } => opening.write(grant(packet(kind::OPEN).string(opening.name()), *own)),
            Self::OpenConfirmation { to, grant: own } => grant(packet(kind::OPEN_CONFIRMATION).uint(*to), *own),
            Self::OpenFailure { to, reason, words } => {
                packet(kind::OPEN_FAILURE).uint(*to).uint(*reason).string(words).string("")
            }
            Self::WindowAdjust { to, more } => packet(kind::WINDOW_ADJUST).uint(*to).uint(*more),
            Self::Data { to, data } => packet(kind::DATA).uint(*to).string(data),
            Self::ExtendedData { to, code, data } => packet(kind::EXTENDED_DATA).uint(*to).uint(*code).string(data),
            Self::Eof { to } => packet(kind::EOF).uint(*to),
            Self::Close { to } => packet(kind::CLOSE).uint(*to),
            Self::Request { to, wants_reply, request } => {
                request.write(packet(kind::REQUEST).uint(*to).string(request.name()).byte((*wants_reply).into()))
            }
            Self::Success { to } => packet(kind::SUCCESS).uint(*to),
            Self::Failure { to } => packet(kind::FAILURE).uint(*to),
            Self::Unknown { kind } => packet(*kind),
        };
        done.0
    }

    /// Reads a packet. Data is not copied.
    ///
    /// # Errors
    /// It is cut short or too long, or a value is none that it may have.
    pub fn decode(packet: &Bytes) -> Result<Self, Malformed> {
        let mut field = Field::of(packet);
        if field.byte()? != 0 {
            return Err(Malformed);
        }
        let read = match field.byte()? {
            kind::GLOBAL_REQUEST => {
                let (name, wants_reply) = (field.bytes()?, field.flag()?);
                Self::GlobalRequest { wants_reply, request: GlobalRequest::read(name, &mut field)? }
            }
            kind::REQUEST_SUCCESS => {
                let port = field.has_more().then(|| field.uint()).transpose()?;
                Self::RequestSuccess { port: port.filter(|port| *port > 0) }
            }
            kind::REQUEST_FAILURE => {
                field.skip();
                Self::RequestFailure
            }
            kind::OPEN => {
                let (name, grant) = (field.bytes()?, field.grant()?);
                Self::Open { opening: Opening::read(name, &mut field)?, grant }
            }
            kind::OPEN_CONFIRMATION => Self::OpenConfirmation { to: field.uint()?, grant: field.grant()? },
            kind::OPEN_FAILURE => {
                let (to, reason, words) = (field.uint()?, field.uint()?, visible(&field.bytes()?));
                let _language = field.bytes()?;
                Self::OpenFailure { to, reason, words }
            }
            kind::WINDOW_ADJUST => Self::WindowAdjust { to: field.uint()?, more: field.uint()? },
            kind::DATA => Self::Data { to: field.uint()?, data: field.bytes()? },
            kind::EXTENDED_DATA => Self::ExtendedData { to: field.uint()?, code: field.uint()?, data: field.bytes()? },
            kind::EOF => Self::Eof { to: field.uint()? },
            kind::CLOSE => Self::Close { to: field.uint()? },
            kind::REQUEST => {
                let (to, name, wants_reply) = (field.uint()?, field.bytes()?, field.flag()?);
                Self::Request { to, wants_reply, request: ChannelRequest::read(&name, &mut field)? }
            }
            kind::SUCCESS => Self::Success { to: field.uint()? },
            kind::FAILURE => Self::Failure { to: field.uint()? },
            kind => {
                field.skip();
                Self::Unknown { kind }
            }
        };
        if field.has_more() { Err(Malformed) } else { Ok(read) }
    }
}
