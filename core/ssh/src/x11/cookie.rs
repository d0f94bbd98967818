//! What an X client shows to be let in: a protocol's name, and data.

use std::fmt;

use ring::rand::{SecureRandom, SystemRandom};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::error::X11Error;
use crate::limits;

/// The protocol that all X servers have: whoever knows the data is let in.
pub(super) const MAGIC: &str = "MIT-MAGIC-COOKIE-1";
/// Bytes of its data.
const MAGIC_LENGTH: usize = 16;

/// A protocol and its data, which is a secret.
pub(super) struct Cookie {
    pub(super) protocol: String,
    pub(super) data: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookie").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}

impl Cookie {
    /// From the words of `xauth list`: a protocol, and data in hexadecimal.
    pub(super) fn parse(protocol: &str, hex: &str) -> Option<Self> {
        let named = !protocol.is_empty() && protocol.len() <= limits::X11_PROTOCOL;
        let length = hex.len() / 2;
        if !named || !protocol.is_ascii() || !hex.len().is_multiple_of(2) || length == 0 || length > limits::X11_COOKIE
        {
            return None;
        }
        let mut data = Zeroizing::new(Vec::with_capacity(length));
        for pair in hex.as_bytes().chunks_exact(2) {
            data.push(digit(pair[0])? << 4 | digit(pair[1])?);
        }
        Some(Self { protocol: protocol.to_owned(), data })
    }

    /// A new one of the usual kind.
    pub(super) fn random() -> Result<Self, X11Error> {
        Self::filled(MAGIC, MAGIC_LENGTH)
    }

    /// Another of the same kind and length, to be shown in its place.
    pub(super) fn stand_in(&self) -> Result<Self, X11Error> {
        Self::filled(&self.protocol, self.data.len())
    }

    fn filled(protocol: &str, length: usize) -> Result<Self, X11Error> {
        let mut data = Zeroizing::new(vec![0; length]);
        SystemRandom::new().fill(&mut data).map_err(|_| X11Error::Random)?;
        Ok(Self { protocol: protocol.to_owned(), data })
    }

    /// The data as the host is told it.
    pub(super) fn hex(&self) -> Zeroizing<String> {
        let mut hex = Zeroizing::new(String::with_capacity(self.data.len() * 2));
        for byte in self.data.iter() {
            for nibble in [byte >> 4, byte & 15] {
                hex.push(char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }));
            }
        }
        hex
    }

    /// Whether this is it. How long that takes tells nothing of where they differ.
    pub(super) fn is(&self, protocol: &[u8], data: &[u8]) -> bool {
        (self.protocol.as_bytes().ct_eq(protocol) & self.data.ct_eq(data)).into()
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_stand_in_is_alike_and_not_the_same() {
        let real = Cookie::parse(MAGIC, "00112233445566778899AABBCCDDEEFF").unwrap();
        let fake = real.stand_in().unwrap();
        assert_eq!((fake.protocol.as_str(), fake.data.len()), (MAGIC, 16));
        assert!(!fake.is(MAGIC.as_bytes(), &real.data));
        assert!(real.is(MAGIC.as_bytes(), &real.data) && !real.is(b"XDM-AUTHORIZATION-1", &real.data));
        assert!(!real.is(MAGIC.as_bytes(), &real.data[..15]) && !real.is(b"", b""));
    }

    #[test]
    fn nothing_shows_the_data() {
        let cookie = Cookie::parse(MAGIC, "0011223344556677889900112233abcd").unwrap();
        let shown = format!("{cookie:?}");
        assert!(shown.contains(MAGIC) && !shown.contains("abcd") && !shown.contains("205"), "{shown}");
    }

    #[test]
    fn what_is_no_cookie_is_refused() {
        let long = "0".repeat(2 * limits::X11_COOKIE + 2);
        for (protocol, hex) in [("", "00"), (MAGIC, ""), (MAGIC, "0"), (MAGIC, "0g"), (MAGIC, "+1"), (MAGIC, &long)] {
            assert!(Cookie::parse(protocol, hex).is_none(), "{protocol} {hex}");
        }
        assert!(Cookie::parse(&"X".repeat(limits::X11_PROTOCOL + 1), "00").is_none());
    }

    proptest! {
        #[test]
        fn hexadecimal_goes_both_ways(data in prop::collection::vec(any::<u8>(), 1..64)) {
            let cookie = Cookie { protocol: MAGIC.to_owned(), data: Zeroizing::new(data.clone()) };
            let again = Cookie::parse(MAGIC, &cookie.hex()).unwrap();
            prop_assert!(again.is(MAGIC.as_bytes(), &data));
        }

        #[test]
        fn no_words_panic(protocol in any::<String>(), hex in any::<String>()) {
            let _ = Cookie::parse(&protocol, &hex);
        }
    }
}
