//! A line as it is typed on a terminal that does not edit: the keys that the terminal knows for it, as a machine without
//! I/O.

use rustix::termios::{SpecialCodeIndex, Termios};
use zeroize::Zeroizing;

use super::ANSWER;

/// What came of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Typed {
    /// The line goes on.
    More,
    /// The line is complete.
    Done,
    /// No line: the end of the file.
    End,
    /// The person wants to interrupt, or to quit.
    Interrupt,
    /// The person wants to stop the program.
    Suspend,
}

/// The line, and the keys.
pub(super) struct Typing {
    line: Zeroizing<Vec<u8>>,
    keys: Keys,
    /// The next key is taken as it is.
    literal: bool,
}

/// The terminal's keys; 0 is a key that is not set (_POSIX_VDISABLE on Linux).
struct Keys {
    erase: u8,
    erase_word: u8,
    kill: u8,
    end: u8,
    interrupt: u8,
    quit: u8,
    suspend: u8,
    literal: u8,
}

impl Typing {
    /// With the keys of a terminal.
    pub(super) fn new(termios: &Termios) -> Self {
        let key = |index| termios.special_codes[index];
        Self {
            // All at once: growing would leave copies of what is secret behind.
            line: Zeroizing::new(Vec::with_capacity(ANSWER)),
            keys: Keys {
                erase: key(SpecialCodeIndex::VERASE),
                erase_word: key(SpecialCodeIndex::VWERASE),
                kill: key(SpecialCodeIndex::VKILL),
                end: key(SpecialCodeIndex::VEOF),
                interrupt: key(SpecialCodeIndex::VINTR),
                quit: key(SpecialCodeIndex::VQUIT),
                suspend: key(SpecialCodeIndex::VSUSP),
                literal: key(SpecialCodeIndex::VLNEXT),
            },
            literal: false,
        }
    }

    /// Takes one byte.
    pub(super) fn push(&mut self, byte: u8) -> Typed {
        let is = |key: u8| key != 0 && byte == key;
        if std::mem::take(&mut self.literal) {
            return self.take(byte);
        }
        match byte {
            b'\r' | b'\n' => Typed::Done,
            _ if is(self.keys.interrupt) || is(self.keys.quit) => Typed::Interrupt,
            _ if is(self.keys.suspend) => Typed::Suspend,
            _ if is(self.keys.end) && self.line.is_empty() => Typed::End,
            _ if is(self.keys.end) => Typed::Done,
            _ if is(self.keys.literal) => {
                self.literal = true;
                Typed::More
            }
            // Either key erases: which one a keyboard sends is wrong too often.
            0x7f | 0x08 => self.erase(),
            _ if is(self.keys.erase) => self.erase(),
            _ if is(self.keys.kill) || is(self.keys.erase_word) => {
                self.line.clear();
                Typed::More
            }
            _ => self.take(byte),
        }
    }

    /// Takes the last character back, all its bytes.
    fn erase(&mut self) -> Typed {
        while let Some(byte) = self.line.pop()
            && byte & 0xc0 == 0x80
        {}
        Typed::More
    }

    fn take(&mut self, byte: u8) -> Typed {
        if self.line.len() < ANSWER {
            self.line.push(byte);
        }
        Typed::More
    }

    /// The line as it is.
    pub(super) fn into_line(self) -> Zeroizing<Vec<u8>> {
        self.line
    }

    /// Begins anew.
    pub(super) fn clear(&mut self) {
        self.line.clear();
        self.literal = false;
    }
}

#[cfg(test)]
mod tests {
    use super::{Typed, Typing};
    use crate::prompt::keyboard::tests::pseudo_terminal;
    use rustix::termios::tcgetattr;

    fn typed(bytes: &[u8]) -> (Vec<u8>, Typed) {
        let (_person, terminal) = pseudo_terminal();
        let mut typing = Typing::new(&tcgetattr(&terminal).unwrap());
        let mut last = Typed::More;
        for &byte in bytes {
            last = typing.push(byte);
        }
        (typing.into_line().to_vec(), last)
    }

    #[test]
    fn a_line_ends_with_return() {
        assert_eq!(typed(b"secret\r"), (b"secret".to_vec(), Typed::Done));
        assert_eq!(typed(b"secret\n"), (b"secret".to_vec(), Typed::Done));
        assert_eq!(typed(b"secret\x04"), (b"secret".to_vec(), Typed::Done));
        assert_eq!(typed(b"\x04"), (Vec::new(), Typed::End));
    }

    #[test]
    fn what_is_erased_is_gone() {
        assert_eq!(typed("größ\x7fße\r".as_bytes()).0, "größe".as_bytes());
        assert_eq!(typed(b"\x08\x7fabc\x15de\r").0, b"de");
        assert_eq!(typed(b"one two\x17three\r").0, b"three");
    }

    #[test]
    fn a_control_character_can_be_meant() {
        assert_eq!(typed(b"a\x16\x03\x16\x7f\r").0, b"a\x03\x7f");
    }

    #[test]
    fn the_person_can_get_out() {
        for (key, expected) in [(3, Typed::Interrupt), (0x1c, Typed::Interrupt), (0x1a, Typed::Suspend)] {
            assert_eq!(typed(&[b'x', key]).1, expected);
        }
    }

    #[test]
    fn there_is_an_end_to_it() {
        let mut bytes = vec![b'x'; 100_000];
        bytes.push(b'\r');
        assert_eq!(typed(&bytes).0.len(), super::ANSWER);
    }
}
