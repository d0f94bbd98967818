//! Splitting argv as ssh does: options, the destination, options again, then the command.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::UsageError;
use super::definition::takes_value;

/// One option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) letter: char,
    /// Its value; empty for a flag.
    pub(super) value: String,
    /// Whether it stood behind the destination.
    pub(super) after: bool,
}

/// An argv, split.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Split {
    pub(super) options: Vec<Given>,
    pub(super) destination: Option<String>,
    /// The words of the command, byte for byte.
    pub(super) command: Vec<Vec<u8>>,
}

/// Splits `argv`, without the program's name.
pub(super) fn split(argv: &[OsString]) -> Result<Split, UsageError> {
    let mut split = Split::default();
    let mut words = argv.iter();
    let mut only_words = false;
    while let Some(word) = words.next() {
        let bytes = word.as_bytes();
        if !only_words && bytes == b"--" {
            if split.destination.is_some() {
                // A second "--": what follows is the command.
                split.command = words.map(|word| word.as_bytes().to_vec()).collect();
                break;
            }
            only_words = true;
        } else if !only_words && bytes.len() > 1 && bytes[0] == b'-' {
            cluster(&bytes[1..], &mut words, &mut split)?;
        } else if split.destination.is_none() {
            split.destination = Some(text(word.clone(), "the destination")?);
            // getopt starts anew behind the destination, unless "--" ended the options for good.
        } else {
            split.command.push(bytes.to_vec());
            split.command.extend(words.map(|word| word.as_bytes().to_vec()));
            break;
        }
    }
    Ok(split)
}

/// The letters behind one dash.
fn cluster<'a>(
    mut letters: &[u8],
    words: &mut impl Iterator<Item = &'a OsString>,
    split: &mut Split,
) -> Result<(), UsageError> {
    let after = split.destination.is_some();
    while let Some((&byte, rest)) = letters.split_first() {
        let letter = char::from(byte);
        match takes_value(letter) {
            None => return Err(UsageError::Unknown(letter)),
            Some(false) => split.options.push(Given { letter, value: String::new(), after }),
            Some(true) => {
                let value = if rest.is_empty() { words.next().cloned() } else { Some(OsString::from_vec(rest.into())) };
                let value = value.ok_or(UsageError::NoValue(letter))?;
                let value = text(value, &format!("the value of -{letter}"))?;
                split.options.push(Given { letter, value, after });
                return Ok(());
            }
        }
        letters = rest;
    }
    Ok(())
}

fn text(word: OsString, what: &str) -> Result<String, UsageError> {
    word.into_string().map_err(|_| UsageError::NotText(what.to_owned()))
}
