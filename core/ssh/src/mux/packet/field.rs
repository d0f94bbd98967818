//! The fields of a packet, one after the other.

use bytes::Bytes;

use super::Grant;
use crate::fields::Fields;
use crate::mux::message::Malformed;

/// What is left of a packet.
pub(super) struct Field<'a> {
    packet: &'a Bytes,
    rest: Fields<'a>,
}

impl<'a> Field<'a> {
    pub(super) fn of(packet: &'a Bytes) -> Self {
        Self { packet, rest: Fields(packet) }
    }

    pub(super) fn byte(&mut self) -> Result<u8, Malformed> {
        self.rest.byte().ok_or(Malformed)
    }

    pub(super) fn flag(&mut self) -> Result<bool, Malformed> {
        Ok(self.byte()? != 0)
    }

    pub(super) fn uint(&mut self) -> Result<u32, Malformed> {
        self.rest.uint().ok_or(Malformed)
    }

    /// A string, which shares the packet's memory.
    pub(super) fn bytes(&mut self) -> Result<Bytes, Malformed> {
        self.rest.string().map(|bytes| self.packet.slice_ref(bytes)).ok_or(Malformed)
    }

    /// A string that must be text.
    pub(super) fn text(&mut self) -> Result<String, Malformed> {
        let bytes = self.rest.string().ok_or(Malformed)?;
        str::from_utf8(bytes).map(str::to_owned).map_err(|_| Malformed)
    }

    /// A port, which takes four bytes.
    pub(super) fn port(&mut self) -> Result<u16, Malformed> {
        u16::try_from(self.uint()?).map_err(|_| Malformed)
    }

    pub(super) fn grant(&mut self) -> Result<Grant, Malformed> {
        Ok(Grant { number: self.uint()?, window: self.uint()?, packet: self.uint()? })
    }

    pub(super) fn has_more(&self) -> bool {
        !self.rest.0.is_empty()
    }

    /// Whatever is left is of no interest.
    pub(super) fn skip(&mut self) {
        self.rest.0 = &[];
    }
}
