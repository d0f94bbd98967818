//! The first packet of an X client, with the cookie exchanged (X Window System Protocol, section 8, Connection Setup).
//! Pure: bytes in, bytes out.

use thiserror::Error;
use zeroize::Zeroizing;

use super::cookie::Cookie;
use crate::limits;

/// What every set-up packet begins with: byte order, version, two lengths.
pub(super) const HEADER: usize = 12;

/// Why a client is not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum SetupError {
    #[error("Initial X11 packet contains bad byte order byte: 0x{0:x}")]
    ByteOrder(u8),
    #[error("X11 connection rejected because of wrong authentication.")]
    WrongCookie,
    #[error("X11 connection rejected because its client says nothing.")]
    Silent,
}

/// The lengths in a set-up packet's header, which its client's byte order decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    protocol: usize,
    data: usize,
}

impl Header {
    pub(super) fn parse(bytes: &[u8; HEADER]) -> Result<Self, SetupError> {
        let [order, _, _, _, _, _, protocol1, protocol2, data1, data2, _, _] = *bytes;
        let number = match order {
            b'B' => u16::from_be_bytes,
            b'l' => u16::from_le_bytes,
            other => return Err(SetupError::ByteOrder(other)),
        };
        let header = Self { protocol: number([protocol1, protocol2]).into(), data: number([data1, data2]).into() };
        // No cookie of ours is longer, so it cannot be right.
        if header.protocol > limits::X11_PROTOCOL || header.data > limits::X11_COOKIE {
            return Err(SetupError::WrongCookie);
        }
        Ok(header)
    }

    /// Bytes that follow the header.
    pub(super) fn rest(self) -> usize {
        padded(self.protocol) + padded(self.data)
    }

    /// The packet for the X server, where `rest` presents `fake`: `real` takes its place.
    pub(super) fn exchange(
        self,
        header: &[u8; HEADER],
        rest: &[u8],
        fake: &Cookie,
        real: &Cookie,
    ) -> Result<Zeroizing<Vec<u8>>, SetupError> {
        let wrong = SetupError::WrongCookie;
        let protocol = rest.get(..self.protocol).ok_or(wrong)?;
        let at = padded(self.protocol);
        let data = rest.get(at..at + self.data).ok_or(wrong)?;
        let alike = fake.protocol == real.protocol && fake.data.len() == real.data.len();
        if !alike || !fake.is(protocol, data) || rest.len() != self.rest() {
            return Err(wrong);
        }
        let mut packet = Zeroizing::new(Vec::with_capacity(HEADER + rest.len()));
        packet.extend_from_slice(header);
        packet.extend_from_slice(&rest[..at]);
        packet.extend_from_slice(&real.data);
        packet.extend_from_slice(&rest[at + self.data..]);
        Ok(packet)
    }
}

/// Strings fill multiples of four bytes.
fn padded(length: usize) -> usize {
    length.next_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use super::super::cookie::MAGIC;
    use super::*;
    use proptest::prelude::*;

    fn cookie(protocol: &str, data: &[u8]) -> Cookie {
        Cookie { protocol: protocol.to_owned(), data: Zeroizing::new(data.to_vec()) }
    }

    /// A set-up packet as Xlib writes it.
    fn packet(order: u8, protocol: &str, data: &[u8]) -> Vec<u8> {
        let number = |value: usize| {
            let value = u16::try_from(value).unwrap();
            if order == b'B' { value.to_be_bytes() } else { value.to_le_bytes() }
        };
        let mut packet = vec![order, 0];
        for value in [11, 0, protocol.len(), data.len(), 0] {
            packet.extend(number(value));
        }
        for string in [protocol.as_bytes(), data] {
            packet.extend(string);
            packet.resize(packet.len().next_multiple_of(4), 0);
        }
        packet
    }

    fn exchanged(packet: &[u8], fake: &Cookie, real: &Cookie) -> Result<Vec<u8>, SetupError> {
        let (first, rest) = packet.split_first_chunk().unwrap();
        let header = Header::parse(first)?;
        header.exchange(first, rest, fake, real).map(|packet| packet.to_vec())
    }

    #[test]
    fn the_real_cookie_takes_the_place_of_the_other_and_nothing_else_changes() {
        let (fake, real) = (cookie(MAGIC, b"0123456789abcdef"), cookie(MAGIC, b"REAL REAL REAL 1"));
        for order in *b"Bl" {
            let expected = packet(order, MAGIC, b"REAL REAL REAL 1");
            assert_eq!(exchanged(&packet(order, MAGIC, b"0123456789abcdef"), &fake, &real), Ok(expected));
        }
    }

    #[test]
    fn whoever_presents_something_else_is_refused() {
        let (fake, real) = (cookie(MAGIC, b"0123456789abcdef"), cookie(MAGIC, b"REAL REAL REAL 1"));
        for (protocol, data) in [
            (MAGIC, &b"REAL REAL REAL 1"[..]),
            (MAGIC, b"0123456789abcdeF"),
            (MAGIC, b"0123456789abcde"),
            (MAGIC, b"0123456789abcdef0"),
            (MAGIC, b""),
            ("", b""),
            ("", b"0123456789abcdef"),
            ("MIT-MAGIC-COOKIE-2", b"0123456789abcdef"),
        ] {
            let refused = exchanged(&packet(b'l', protocol, data), &fake, &real);
            assert_eq!(refused, Err(SetupError::WrongCookie), "{protocol}");
        }
    }

    #[test]
    fn lengths_that_no_cookie_has_are_refused_before_anything_is_read() {
        for (protocol, data) in [(u16::MAX, 16), (18, u16::MAX), (u16::MAX, u16::MAX)] {
            let mut header = [0; HEADER];
            header[0] = b'l';
            header[6..8].copy_from_slice(&protocol.to_le_bytes());
            header[8..10].copy_from_slice(&data.to_le_bytes());
            assert_eq!(Header::parse(&header), Err(SetupError::WrongCookie));
        }
        assert_eq!(Header::parse(b"GET / HTTP/1"), Err(SetupError::ByteOrder(b'G')));
    }

    proptest! {
        #[test]
        fn only_the_data_is_exchanged(
            order in prop::sample::select(b"Bl".to_vec()),
            protocol in "[A-Z0-9-]{1,64}",
            (fake, real) in (1_usize..64).prop_flat_map(|length| {
                let bytes = || prop::collection::vec(any::<u8>(), length);
                (bytes(), bytes())
            }),
        ) {
            let taken = exchanged(&packet(order, &protocol, &fake), &cookie(&protocol, &fake), &cookie(&protocol, &real));
            prop_assert_eq!(taken, Ok(packet(order, &protocol, &real)));
        }

        #[test]
        fn nothing_but_the_cookie_opens(bytes in prop::collection::vec(any::<u8>(), HEADER..200)) {
            let (fake, real) = (cookie(MAGIC, b"0123456789abcdef"), cookie(MAGIC, b"REAL REAL REAL 1"));
            prop_assert!(exchanged(&bytes, &fake, &real).is_err());
        }

        #[test]
        fn a_packet_that_is_cut_does_not_open(cut in HEADER..48) {
            let (fake, real) = (cookie(MAGIC, b"0123456789abcdef"), cookie(MAGIC, b"REAL REAL REAL 1"));
            let whole = packet(b'l', MAGIC, b"0123456789abcdef");
            prop_assert_eq!(whole.len(), 48);
            prop_assert!(exchanged(&whole[..cut], &fake, &real).is_err());
        }
    }
}
