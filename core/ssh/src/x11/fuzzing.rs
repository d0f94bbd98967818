//! For the fuzz targets alone (feature `fuzzing`): ways in to the parsers that are otherwise this room's own.

use zeroize::Zeroizing;

use super::cookie::{Cookie, MAGIC};
use super::setup::{HEADER, Header};
use super::{Display, xauth};

/// The cookie that [`setup`] lets in.
pub const FAKE: &[u8; 16] = b"0123456789abcdef";
/// What it puts in its place.
pub const REAL: &[u8; 16] = b"REAL REAL REAL 1";

/// A client's first packet: what goes on to the X server, where anything does.
#[must_use]
pub fn setup(data: &[u8]) -> Option<Vec<u8>> {
    let (first, rest) = data.split_first_chunk::<HEADER>()?;
    let header = Header::parse(first).ok()?;
    let cookie = |data: &[u8]| Cookie { protocol: MAGIC.to_owned(), data: Zeroizing::new(data.to_vec()) };
    let rest = rest.get(..header.rest())?;
    header.exchange(first, rest, &cookie(FAKE), &cookie(REAL)).ok().map(|packet| packet.to_vec())
}

/// What xauth prints, and what DISPLAY says.
pub fn words(data: &[u8]) {
    let _ = xauth::cookie(data);
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Display::parse(text);
    }
}
