//! What opens each direction: a magic number, so that words of a login script are recognised as what they are, and which
//! program of which version speaks which versions of the protocol.
//!
//! The form of the opening is the same for good, or two sides could not even tell each other what does not fit.

use std::fmt;
use std::io::{self, Read, Write};

use super::WireError;
use super::bytes::{Put, Take};
use crate::limits::{CHATTER, PROGRAM};

const MAGIC: &[u8; 8] = b"xssh\x00syn";
/// The version of the protocol that is spoken here, and the oldest that is still understood. A release raises the first only
/// where it cannot say what is new by what a `Start` may grow by, and then keeps the second at the release before it.
const VERSIONS: (u16, u16) = (2, 2);
/// What we are, for messages on the other side.
const OURSELVES: &str = concat!("xssh ", env!("CARGO_PKG_VERSION"));

/// What one side speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speaker {
    /// The program and its version, printable.
    pub program: String,
    newest: u16,
    oldest: u16,
}

impl Speaker {
    /// This side.
    pub fn here() -> Self {
        Self { program: OURSELVES.to_owned(), newest: VERSIONS.0, oldest: VERSIONS.1 }
    }

    fn understands(&self, other: &Self) -> bool {
        self.newest.min(other.newest) >= self.oldest.max(other.oldest)
    }
}

impl fmt::Display for Speaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { program, newest, oldest } = self;
        if newest == oldest {
            return write!(f, "{program} (protocol {newest})");
        }
        write!(f, "{program} (protocols {oldest} to {newest})")
    }
}

/// How the other side opened.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// As one that we understand.
    Understood(Speaker),
    /// As one of ours, of a version that is too far from this one.
    Foreign(Speaker),
    /// As something else: the first of what it said, which may be nothing at all.
    Chatter(Vec<u8>),
}

/// Opens our direction.
pub(crate) fn write(output: &mut impl Write) -> io::Result<()> {
    let Speaker { program, newest, oldest } = Speaker::here();
    let mut put = Put::default();
    put.raw(MAGIC);
    put.raw(&newest.to_le_bytes());
    put.raw(&oldest.to_le_bytes());
    put.byte(program.len() as u8);
    put.raw(program.as_bytes());
    output.write_all(&put.0)
}

pub(super) fn read(input: &mut impl Read) -> Result<Opening, WireError> {
    let mut magic = Vec::new();
    input.by_ref().take(MAGIC.len() as u64).read_to_end(&mut magic).map_err(WireError::Line)?;
    if magic != MAGIC {
        return Ok(Opening::Chatter(chatter(input, magic)));
    }
    let mut fixed = [0; 5];
    input.read_exact(&mut fixed).map_err(WireError::Line)?;
    let mut take = Take::new(fixed.to_vec().into());
    let (newest, oldest) = (u16::from_le_bytes(take.array()?), u16::from_le_bytes(take.array()?));
    let length = usize::from(take.byte()?);
    if length > PROGRAM {
        return Err(WireError::TooLong { length, limit: PROGRAM });
    }
    let mut program = vec![0; length];
    input.read_exact(&mut program).map_err(WireError::Line)?;
    let program = String::from_utf8(program).map_err(|_| WireError::Value("program"))?;
    if newest < oldest || !program.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(WireError::Value("program"));
    }
    let theirs = Speaker { program, newest, oldest };
    Ok(if Speaker::here().understands(&theirs) { Opening::Understood(theirs) } else { Opening::Foreign(theirs) })
}

/// Reads a little more of what is none of ours, without waiting for an end that may never come.
fn chatter(input: &mut impl Read, mut said: Vec<u8>) -> Vec<u8> {
    if !said.is_empty() {
        let mut more = [0; CHATTER];
        let n = input.read(&mut more).unwrap_or(0);
        said.extend_from_slice(&more[..n]);
    }
    // What opens behind the words of a login script is none of them.
    if let Some(opening) = said.windows(MAGIC.len()).position(|window| window == MAGIC) {
        said.truncate(opening);
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_opening_is_understood() {
        let mut line = Vec::new();
        write(&mut line).unwrap();
        assert_eq!(read(&mut line.as_slice()).unwrap(), Opening::Understood(Speaker::here()));
    }

    #[test]
    fn a_release_understands_those_next_to_it_and_names_the_others() {
        let speaker = |newest, oldest| Speaker { program: "xssh 9.8.7".to_owned(), newest, oldest };
        let (now, before) = (speaker(5, 4), speaker(4, 3));
        assert!(now.understands(&before) && before.understands(&now));
        assert!(!now.understands(&speaker(3, 2)) && !speaker(3, 2).understands(&now));
        assert_eq!(now.to_string(), "xssh 9.8.7 (protocols 4 to 5)");
        let line = b"xssh\0syn\xf1\x01\xf0\x01\x0axssh 9.8.7";
        match read(&mut &line[..]).unwrap() {
            Opening::Foreign(theirs) => assert_eq!(theirs.to_string(), "xssh 9.8.7 (protocols 496 to 497)"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_program_s_name_steers_no_terminal() {
        let line = b"xssh\0syn\x02\0\x02\0\x04\x1b[2J";
        assert!(matches!(read(&mut &line[..]), Err(WireError::Value("program"))));
    }

    #[test]
    fn words_of_a_login_script_are_not_taken_for_an_opening() {
        assert_eq!(read(&mut &b"Welcome to host!\n"[..]).unwrap(), Opening::Chatter(b"Welcome to host!\n".to_vec()));
        let mut line = b"Welcome to host!\n".to_vec();
        write(&mut line).unwrap();
        assert_eq!(read(&mut &line[..]).unwrap(), Opening::Chatter(b"Welcome to host!\n".to_vec()));
    }
}
