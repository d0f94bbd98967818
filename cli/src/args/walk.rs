//! The way through the arguments, as ssh goes it with getopt(3): letters until the first other word, which is the host;
//! letters again until the next other word, where the command begins. `--` ends the letters; before the host it ends
//! them for good.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use super::Fault;
use super::definition::{Letters, Wants};

/// What an argument turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A letter without a value.
    Flag(char),
    /// A letter with its value.
    Value(char, OsString),
    /// A word such as `--help` that the walk was told of.
    Long(&'static str),
    /// The host, as written.
    Destination(OsString),
    /// The command: all remaining words, joined by single spaces.
    Command(Vec<u8>),
}

/// Where the walk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before a word that may hold letters.
    Letters,
    /// Within such a word, before this byte.
    Cluster(usize),
    /// Behind the letters: the next word is the host or begins the command.
    Words,
    /// At the end, or behind a fault.
    Done,
}

/// An iterator over the steps. It ends at the first fault.
pub(super) struct Walk<'a> {
    letters: &'a Letters,
    long: &'static [&'static str],
    words: &'a [OsString],
    next: usize,
    place: Place,
    host_is_known: bool,
    no_more_letters: bool,
}

impl<'a> Walk<'a> {
    /// A walk over `words`, which are argv without the program. The long words in `long` (`--json`) are taken wherever
    /// letters are.
    pub(super) fn new(letters: &'a Letters, long: &'static [&'static str], words: &'a [OsString]) -> Self {
        Self { letters, long, words, next: 0, place: Place::Letters, host_is_known: false, no_more_letters: false }
    }

    fn word(&mut self) -> Option<&'a OsString> {
        let word = self.words.get(self.next)?;
        self.next += 1;
        Some(word)
    }

    /// Looks at the next word, which may hold letters.
    fn letters(&mut self) -> Option<Result<Step, Fault>> {
        let bytes = match self.words.get(self.next) {
            Some(word) => word.as_bytes(),
            None => b"",
        };
        if bytes == b"--" {
            self.next += 1;
        }
        if bytes.len() < 2 || bytes.first() != Some(&b'-') || bytes == b"--" {
            self.place = Place::Words;
            return None;
        }
        let Some(name) = bytes.strip_prefix(b"--") else {
            self.place = Place::Cluster(1);
            return None;
        };
        self.next += 1;
        let known = self.long.iter().find(|known| known.as_bytes() == name);
        let unknown = || Fault::UnknownLong(String::from_utf8_lossy(bytes).into_owned());
        Some(known.map(|known| Step::Long(known)).ok_or_else(unknown))
    }

    /// Takes the letter at `at` of the next word.
    fn cluster(&mut self, at: usize) -> Result<Step, Fault> {
        let bytes = match self.words.get(self.next) {
            Some(word) => word.as_bytes(),
            None => b"",
        };
        let (taken, rest) = bytes.split_at_checked(at + 1).unwrap_or((bytes, b""));
        let letter = taken.last().copied().unwrap_or_default();
        self.place = Place::Cluster(at + 1);
        if rest.is_empty() {
            self.next += 1;
            self.place = Place::Letters;
        }
        let wants = self.letters.wants(letter).ok_or_else(|| Fault::UnknownLetter(shown(letter)))?;
        let letter = char::from(letter);
        if wants == Wants::Nothing {
            return Ok(Step::Flag(letter));
        }
        if rest.is_empty() {
            return self.word().map(|value| Step::Value(letter, value.clone())).ok_or(Fault::MissingValue(letter));
        }
        self.next += 1;
        self.place = Place::Letters;
        Ok(Step::Value(letter, std::ffi::OsStr::from_bytes(rest).to_owned()))
    }

    /// Takes the host, or all the rest.
    fn words(&mut self) -> Option<Step> {
        // ssh looks whether the word before the host is `--`, be it as the value of a letter.
        let before = self.next.checked_sub(1).and_then(|before| self.words.get(before));
        self.no_more_letters |= !self.host_is_known && before.is_some_and(|word| word == "--");
        if self.host_is_known {
            self.place = Place::Done;
            let command = self.words.get(self.next..).filter(|words| !words.is_empty())?;
            let words: Vec<&[u8]> = command.iter().map(|word| word.as_bytes()).collect();
            return Some(Step::Command(words.join(&b' ')));
        }
        let host = self.word().cloned();
        self.host_is_known = true;
        self.place = if self.no_more_letters { Place::Words } else { Place::Letters };
        if host.is_none() {
            self.place = Place::Done;
        }
        host.map(Step::Destination)
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<Step, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let step = match self.place {
                Place::Letters => self.letters(),
                Place::Cluster(at) => Some(self.cluster(at)),
                Place::Words => self.words().map(Ok),
                Place::Done => return None,
            };
            match step {
                Some(Err(fault)) => {
                    self.place = Place::Done;
                    return Some(Err(fault));
                }
                Some(step) => return Some(step),
                None => {}
            }
        }
    }
}

fn shown(letter: u8) -> String {
    if letter.is_ascii_graphic() { char::from(letter).to_string() } else { format!("\\{letter:03o}") }
}
