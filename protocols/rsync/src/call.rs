use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::cluster::Cluster;
use crate::error::CallError;
use crate::limits::WORDS;
use crate::option::Setting;
use crate::table::{KNOWN, REFUSED};
use crate::value::{Kind, Value, shown};

/// A word of the client's: its bytes, and where in it `*`, `?` and `[` stand for other bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Argument {
    /// Without quotes.
    pub bytes: Vec<u8>,
    /// In rising order.
    pub patterns: Vec<usize>,
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Self { bytes: text.as_bytes().to_vec(), patterns: Vec::new() }
    }
}

/// What a client asks of the remote side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCall {
    pub(crate) sender: bool,
    pub(crate) letters: Vec<u8>,
    pub(crate) capabilities: Option<Vec<u8>>,
    pub(crate) settings: Vec<Setting>,
    pub(crate) paths: Vec<Argument>,
}

impl ServerCall {
    /// Reads what stands behind `rsync --server`.
    ///
    /// # Errors
    /// A word is not on the list, or a value is none of its option's.
    pub fn parse(words: &[Argument]) -> Result<Self, CallError> {
        if words.len() > WORDS {
            return Err(CallError::TooMany);
        }
        let sender = words.first().is_some_and(|word| word.bytes == b"--sender");
        let mut call =
            Self { sender, letters: Vec::new(), capabilities: None, settings: Vec::new(), paths: Vec::new() };
        let mut rest = words.iter().skip(usize::from(sender));
        loop {
            match rest.next().ok_or(CallError::Incomplete)?.bytes.as_slice() {
                b"." => break,
                b"--sender" => return Err(CallError::Sender),
                [b'-', b'-', long @ ..] => call.long(long, &mut rest)?,
                [b'-', letters @ ..] if !letters.is_empty() => call.letters(letters)?,
                other => return Err(CallError::Option(shown(other), ": it is none")),
            }
        }
        call.paths = rest.cloned().collect();
        match call.paths.len() {
            0 if sender => call.paths.push(".".into()),
            0 => return Err(CallError::Incomplete),
            1 => {}
            several if !sender => return Err(CallError::Destinations(several)),
            _ => {}
        }
        Ok(call)
    }

    fn letters(&mut self, word: &[u8]) -> Result<(), CallError> {
        match Cluster::read(word)? {
            Cluster::Number(name, number) => {
                self.settings.push(Setting { name, value: Value::Text(number), path: None });
            }
            Cluster::Letters(letters, capabilities) => {
                self.letters.extend(letters);
                self.capabilities = capabilities.or(self.capabilities.take());
            }
        }
        Ok(())
    }

    fn long<'a>(&mut self, word: &[u8], rest: &mut impl Iterator<Item = &'a Argument>) -> Result<(), CallError> {
        let (name, value) = match word.iter().position(|byte| *byte == b'=') {
            Some(at) => (&word[..at], Some(&word[at + 1..])),
            None => (word, None),
        };
        let Some(known) = KNOWN.iter().find(|known| known.name.as_bytes() == name) else {
            let why = REFUSED.iter().find(|(refused, _)| refused.as_bytes() == name).map_or("", |(_, why)| why);
            return Err(CallError::Option(shown(name), why));
        };
        // A value may be the next word, whatever that looks like.
        let next = if known.kind != Kind::Flag && value.is_none() { rest.next() } else { None };
        let value = known.kind.read(known.name, value.or(next.map(|word| word.bytes.as_slice())))?;
        self.settings.push(Setting { name: known.name, value, path: known.path });
        Ok(())
    }

    /// Whether the client receives.
    pub fn is_sender(&self) -> bool {
        self.sender
    }

    /// The paths, as the client wrote them: one where it sends.
    pub fn paths(&self) -> &[Argument] {
        &self.paths
    }

    /// Whether an option was given: by its long name, or by its letter.
    pub fn has(&self, name: &str, letter: Option<u8>) -> bool {
        self.settings.iter().any(|setting| setting.name == name)
            || letter.is_some_and(|letter| self.letters.contains(&letter))
    }

    /// The last value of an option that takes a number.
    pub fn number(&self, name: &str) -> Option<i64> {
        let last = self.settings.iter().rev().find(|setting| setting.name == name)?;
        match &last.value {
            Value::Text(text) => std::str::from_utf8(text).ok()?.parse().ok(),
            Value::Nothing | Value::Path(_) => None,
        }
    }

    /// Whether names are sent with the directories that were named before them.
    pub fn is_relative(&self) -> bool {
        let last = self.settings.iter().rev().find(|setting| matches!(setting.name, "relative" | "no-relative"));
        last.map_or(self.letters.contains(&b'R'), |setting| setting.name == "relative")
    }

    /// Takes an option away, where that changes nothing for the client.
    pub fn leave_out(&mut self, name: &str) {
        self.settings.retain(|setting| setting.name != name);
    }

    /// The words for an rsync that does this, up to where the paths begin. The paths of options are to be these instead, in their
    /// order; an option for which there is none is left out.
    pub fn options(&self, paths: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
        let mut paths = paths.into_iter().map(OsString::into_vec);
        let mut words = vec![b"--server".to_vec()];
        if self.sender {
            words.push(b"--sender".to_vec());
        }
        if !self.letters.is_empty() || self.capabilities.is_some() {
            let mut word = [b"-", self.letters.as_slice()].concat();
            if let Some(capabilities) = &self.capabilities {
                word.push(b'e');
                word.extend(capabilities);
            }
            words.push(word);
        }
        for setting in &self.settings {
            let mut word = [b"--", setting.name.as_bytes()].concat();
            let value = match &setting.value {
                Value::Nothing => None,
                Value::Text(value) => Some(value.clone()),
                Value::Path(_) => match paths.next() {
                    Some(path) => Some(path),
                    None => continue,
                },
            };
            if let Some(value) = value {
                word.push(b'=');
                word.extend(value);
            }
            words.push(word);
        }
        words.into_iter().map(OsString::from_vec).collect()
    }
}
