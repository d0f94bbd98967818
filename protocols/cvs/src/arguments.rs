//! The arguments that a client gathers for its next command, and which of them are names of files.

use crate::command::Command;
use crate::limits;
use crate::refusal::{Refusal, shown};

/// Arguments since the last command.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    words: Vec<Vec<u8>>,
    size: usize,
}

/// A word of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word<'a> {
    /// A name, or something that could be one.
    Name(&'a [u8]),
    /// An option, perhaps with its value.
    Option(&'a [u8]),
}

/// The options of commands that take free text, which must not be mistaken for names: those without and those with a value.
const COMMIT: (&[u8], &[u8]) = (b"cnlRf", b"mr");
const IMPORT: (&[u8], &[u8]) = (b"dXQq", b"bmIkW");
const ADD: (&[u8], &[u8]) = (b"", b"km");

impl Arguments {
    /// Another argument.
    pub(crate) fn push(&mut self, text: &[u8]) -> Result<(), Refusal> {
        if self.words.len() >= limits::ARGUMENT_COUNT {
            return Err(Refusal::Limit { what: "more arguments", most: limits::ARGUMENT_COUNT as u64 });
        }
        self.grow(text)?;
        self.words.push(text.to_owned());
        Ok(())
    }

    /// One more line of the last argument.
    pub(crate) fn extend(&mut self, text: &[u8]) -> Result<(), Refusal> {
        self.grow(text)?;
        let last = self.words.last_mut().ok_or(Refusal::Malformed("an Argumentx before any Argument"))?;
        last.push(b'\n');
        last.extend_from_slice(text);
        Ok(())
    }

    fn grow(&mut self, text: &[u8]) -> Result<(), Refusal> {
        self.size += text.len() + 1;
        if self.size > limits::ARGUMENTS {
            return Err(Refusal::Limit { what: "longer arguments", most: limits::ARGUMENTS as u64 });
        }
        Ok(())
    }

    /// What they have together, in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size as u64
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The command has them now.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The words that could be names, and options whose values the gate does not know. Where a command takes free text, its
    /// options are read as the server reads them, up to the first word that is none.
    pub(crate) fn words(&self, command: Command) -> Result<Vec<Word<'_>>, Refusal> {
        match command {
            Command::Commit => self.names(command, COMMIT),
            Command::Import => self.names(command, IMPORT),
            Command::Add => self.names(command, ADD),
            _ => Ok(self.all(command).collect()),
        }
    }

    /// Every word as what it looks like. Behind `--` there are only names; behind `diff -I` is a pattern.
    fn all(&self, command: Command) -> impl Iterator<Item = Word<'_>> {
        let end = self.words.iter().position(|word| word == b"--").unwrap_or(self.words.len());
        let mut is_pattern = false;
        self.words.iter().enumerate().filter_map(move |(at, word)| {
            let was_pattern = std::mem::replace(&mut is_pattern, false);
            if was_pattern {
                return None;
            }
            is_pattern = command == Command::Diff && word == b"-I" && at < end;
            Some(if word.starts_with(b"-") && at < end { Word::Option(word) } else { Word::Name(word) })
        })
    }

    fn names(&self, command: Command, (plain, valued): (&[u8], &[u8])) -> Result<Vec<Word<'_>>, Refusal> {
        let mut words = self.words.iter().map(Vec::as_slice);
        while let Some(word) = words.clone().next() {
            let Some(letters) = word.strip_prefix(b"-").filter(|letters| !letters.is_empty()) else { break };
            let _ = words.next();
            if letters == b"-" {
                break;
            }
            for (at, letter) in letters.iter().enumerate() {
                if valued.contains(letter) {
                    if at + 1 == letters.len() {
                        let _ = words.next();
                    }
                    break;
                }
                if !plain.contains(letter) {
                    return Err(Refusal::Word { request: command.name(), text: shown(word) });
                }
            }
        }
        Ok(words.map(Word::Name).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(command: Command, words: &[&str]) -> Result<Vec<String>, Refusal> {
        let mut arguments = Arguments::default();
        words.iter().for_each(|word| arguments.push(word.as_bytes()).unwrap());
        let words = arguments.words(command)?.into_iter().filter_map(|word| match word {
            Word::Name(name) => Some(String::from_utf8_lossy(name).into_owned()),
            Word::Option(_) => None,
        });
        Ok(words.collect())
    }

    #[test]
    fn a_message_is_no_name() {
        assert_eq!(names(Command::Commit, &["-m", "/../CVSROOT", "--", "a"]), Ok(vec!["a".into()]));
        assert_eq!(names(Command::Commit, &["-lm/../x", "-rtag", "a", "-b"]), Ok(vec!["a".into(), "-b".into()]));
        assert_eq!(names(Command::Import, &["-I", "!", "-b1.1.3", "-m", "x", "p", "v", "r"]).unwrap(), ["p", "v", "r"]);
        assert_eq!(names(Command::Add, &["-kb", "-m", "", "f"]).unwrap(), ["f"]);
    }

    #[test]
    fn a_file_of_the_servers_is_no_message() {
        for words in [&["-F", "/etc/passwd", "a"][..], &["-F/etc/passwd"], &["-lF", "x"], &["-fRF/x"]] {
            assert!(names(Command::Commit, words).is_err(), "{words:?}");
        }
        assert!(names(Command::Import, &["-Z", "p"]).is_err());
    }

    #[test]
    fn other_commands_have_names_everywhere() {
        assert_eq!(names(Command::Rtag, &["-r", "x", "tag", "m", "--", "-n"]).unwrap(), ["x", "tag", "m", "--", "-n"]);
    }
}
