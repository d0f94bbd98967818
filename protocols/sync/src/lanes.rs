//! More lanes between a source and its helper: streams that carry contents beside the one that a run begins with.
//!
//! A server lets one channel have a window of some MiB; on a long line that is less than the line takes in a round trip. So the
//! client's side opens further channels or connections ([`Lanes`]), at the far end of which a process says to the helper, at the
//! [`meeting_place`], which run it belongs to ([`Joining`]), and hands its standard input over ([`Landing`]).
//!
//! What is opened so carries nothing but stripes of the one direction, and only after the helper has acknowledged it.

use std::fmt;
use std::io::{self, Read, Write};

/// Opens a lane.
const OPENING: &[u8; 8] = b"xssh\x00ln\n";
/// What a joining process answers when the helper has it.
pub const JOINED: &[u8; 8] = b"xssh\x00in\n";

/// How the user's side opens more lanes to its helper.
pub trait Lanes: Sync {
    /// How many it opens at the most.
    fn most(&self) -> u8;

    /// Opens one, which the helper knows by this number, and waits until the helper has it.
    ///
    /// # Errors
    /// There is none to be had. The run goes on without.
    fn open(&self, joining: Joining) -> io::Result<Box<dyn Write + Send>>;

    /// No more are needed: what is being opened fails.
    fn close(&self);
}

/// Where lanes reach the helper.
pub trait Landing: Sync {
    /// Waits for lanes of the run with this key from now on.
    ///
    /// # Errors
    /// The system does not let it.
    fn expect(&self, key: [u8; 32]) -> io::Result<()>;

    /// The lane with this number, once, if it has come.
    fn take(&self, number: u8) -> Option<Box<dyn Read + Send>>;
}

/// What a lane says first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Joining {
    /// The run's key, which nobody else knows.
    pub key: [u8; 32],
    /// Which of the run's lanes it is.
    pub number: u8,
}

impl fmt::Debug for Joining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Joining").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Joining {
    const LENGTH: usize = OPENING.len() + 32 + 1;

    /// Writes it, as the first of a lane.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn write(&self, output: &mut impl Write) -> io::Result<()> {
        let words = [&OPENING[..], &self.key, &[self.number]].concat();
        output.write_all(&words)?;
        output.flush()
    }

    /// Reads it, and not a byte more.
    ///
    /// # Errors
    /// Those of the stream, or it is something else.
    pub fn read(input: &mut impl Read) -> io::Result<Self> {
        let mut words = [0; Self::LENGTH];
        input.read_exact(&mut words)?;
        let rest = words.strip_prefix(&OPENING[..]).and_then(|rest| rest.split_first_chunk::<32>());
        match rest {
            Some((key, &[number])) => Ok(Self { key: *key, number }),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// The name under which the helper of a run waits for its lanes. It tells nothing of the key.
pub fn meeting_place(key: &[u8; 32]) -> String {
    let name = blake3::derive_key("xssh sync 2026 lanes of a run", key);
    format!("xssh-sync-{}", &blake3::Hash::from(name).to_hex()[..32])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who reads a log must not be able to join the run.
    #[test]
    fn the_key_is_not_shown() {
        assert_eq!(format!("{:?}", Joining { key: [0xab; 32], number: 7 }), "Joining { number: 7, .. }");
        let start = crate::Start::new(crate::Role::Target, [0xab; 32]);
        let shown = format!("{start:?} {start:#?}");
        assert!(shown.contains("role: Target") && !shown.contains("171") && !shown.contains("ab, ab"), "{shown}");
    }
}
