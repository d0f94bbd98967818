//! The requests (cvsclient 5.8), each a value. A request that is not here is not passed on.

use super::field;
use crate::command::Command;
use crate::refusal::{Refusal, shown};

/// One request, with all of its lines but a file's contents.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the request of its name")]
pub enum Request {
    Argument(Vec<u8>),
    Argumentx(Vec<u8>),
    CheckinTime(Vec<u8>),
    Command(Command),
    Directory { local: Vec<u8>, repository: Vec<u8>, relative: bool },
    Entry(Vec<u8>),
    GlobalOption(Vec<u8>),
    Hostname(Vec<u8>),
    IsModified(Vec<u8>),
    Kopt(Vec<u8>),
    LocalDir(Vec<u8>),
    MaxDotdot(u32),
    Modified { file: Vec<u8>, mode: Vec<u8>, size: u64 },
    Notify { file: Vec<u8>, event: Vec<u8> },
    Questionable(Vec<u8>),
    Root(Vec<u8>),
    Set(Vec<u8>),
    StaticDirectory,
    Sticky(Vec<u8>),
    Unchanged(Vec<u8>),
    UseUnchanged,
    ValidRequests,
    ValidResponses(Vec<u8>),
}

/// The requests that a client may be told of, beside the commands. `gzip-file-contents` and `Gzip-stream` are left out, so that
/// nothing is compressed which the gate must read; `Command-prep` and `Referrer` are about servers that stand in for others.
const OFFERED: [&str; 22] = [
    "Argument",
    "Argumentx",
    "Checkin-time",
    "Directory",
    "Entry",
    "Global_option",
    "Hostname",
    "Is-modified",
    "Kopt",
    "LocalDir",
    "Max-dotdot",
    "Modified",
    "Notify",
    "Questionable",
    "Root",
    "Set",
    "Static-directory",
    "Sticky",
    "Unchanged",
    "UseUnchanged",
    "Valid-responses",
    "valid-requests",
];

/// [`Request::Directory`] in its other form.
const RELATIVE: &str = "Relative-directory";

/// What is known after a request's first line.
#[derive(Debug)]
pub(super) enum Begun {
    /// The whole request.
    Whole(Request),
    /// A name, and one or two further lines.
    Directory { local: Vec<u8>, relative: bool },
    /// As above.
    Notify { file: Vec<u8> },
    /// As above: mode, size, and contents.
    Modified { file: Vec<u8> },
}

/// Whether a client may be told of the request with this name.
pub(crate) fn is_offered(name: &[u8]) -> bool {
    OFFERED.iter().chain([&RELATIVE]).any(|known| known.as_bytes() == name) || Command::named(name).is_some()
}

impl Begun {
    /// Reads a first line, without its newline.
    pub(super) fn parse(line: &[u8]) -> Result<Self, Refusal> {
        let (name, rest) = match line.iter().position(|byte| *byte == b' ') {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &line[line.len()..]),
        };
        if let Some(command) = Command::named(name) {
            return Ok(Self::Whole(Request::Command(command)));
        }
        Ok(match name {
            b"Directory" => Self::Directory { local: field::path(rest)?, relative: false },
            b"Relative-directory" => Self::Directory { local: field::path(rest)?, relative: true },
            b"Notify" => Self::Notify { file: field::file(rest)? },
            b"Modified" => Self::Modified { file: field::file(rest)? },
            name => Self::Whole(Request::of_one_line(name, rest)?),
        })
    }
}

impl Request {
    fn of_one_line(name: &[u8], rest: &[u8]) -> Result<Self, Refusal> {
        Ok(match name {
            b"Argument" => Self::Argument(rest.to_owned()),
            b"Argumentx" => Self::Argumentx(rest.to_owned()),
            b"Checkin-time" => Self::CheckinTime(rest.to_owned()),
            b"Entry" => Self::Entry(field::entry(rest)?),
            b"Global_option" => Self::GlobalOption(field::global_option(rest)?),
            b"Hostname" => Self::Hostname(field::path(rest)?),
            b"Is-modified" => Self::IsModified(field::file(rest)?),
            b"Kopt" => Self::Kopt(rest.to_owned()),
            b"LocalDir" => Self::LocalDir(field::path(rest)?),
            b"Max-dotdot" => Self::MaxDotdot(field::level(rest)?),
            b"Questionable" => Self::Questionable(field::file(rest)?),
            b"Root" => Self::Root(field::path(rest)?),
            b"Set" => Self::Set(field::variable(rest)?),
            b"Static-directory" => Self::StaticDirectory,
            b"Sticky" => Self::Sticky(rest.to_owned()),
            b"Unchanged" => Self::Unchanged(field::file(rest)?),
            b"UseUnchanged" => Self::UseUnchanged,
            b"valid-requests" => Self::ValidRequests,
            b"Valid-responses" => Self::ValidResponses(rest.to_owned()),
            b"" => return Err(Refusal::Malformed("an empty line")),
            name => return Err(Refusal::Forbidden(shown(name))),
        })
    }

    /// The request with its second line.
    pub(super) fn directory(local: Vec<u8>, relative: bool, line: &[u8]) -> Result<Self, Refusal> {
        Ok(Self::Directory { local, repository: field::path(line)?, relative })
    }

    /// The request with its mode and its size.
    pub(super) fn modified(file: Vec<u8>, mode: &[u8], size: &[u8]) -> Result<Self, Refusal> {
        Ok(Self::Modified { file, mode: field::mode(mode)?, size: field::size(size)? })
    }

    /// Its name in the protocol.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Argument(_) => "Argument",
            Self::Argumentx(_) => "Argumentx",
            Self::CheckinTime(_) => "Checkin-time",
            Self::Command(command) => command.name(),
            Self::Directory { relative: false, .. } => "Directory",
            Self::Directory { relative: true, .. } => RELATIVE,
            Self::Entry(_) => "Entry",
            Self::GlobalOption(_) => "Global_option",
            Self::Hostname(_) => "Hostname",
            Self::IsModified(_) => "Is-modified",
            Self::Kopt(_) => "Kopt",
            Self::LocalDir(_) => "LocalDir",
            Self::MaxDotdot(_) => "Max-dotdot",
            Self::Modified { .. } => "Modified",
            Self::Notify { .. } => "Notify",
            Self::Questionable(_) => "Questionable",
            Self::Root(_) => "Root",
            Self::Set(_) => "Set",
            Self::StaticDirectory => "Static-directory",
            Self::Sticky(_) => "Sticky",
            Self::Unchanged(_) => "Unchanged",
            Self::UseUnchanged => "UseUnchanged",
            Self::ValidRequests => "valid-requests",
            Self::ValidResponses(_) => "Valid-responses",
        }
    }

    /// Writes it as a server reads it.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut line = |parts: &[&[u8]]| {
            parts.iter().for_each(|part| out.extend_from_slice(part));
            out.push(b'\n');
        };
        let name = self.name().as_bytes();
        match self {
            Self::Argument(text)
            | Self::Argumentx(text)
            | Self::CheckinTime(text)
            | Self::Entry(text)
            | Self::GlobalOption(text)
            | Self::Hostname(text)
            | Self::IsModified(text)
            | Self::Kopt(text)
            | Self::LocalDir(text)
            | Self::Questionable(text)
            | Self::Root(text)
            | Self::Set(text)
            | Self::Sticky(text)
            | Self::Unchanged(text)
            | Self::ValidResponses(text) => line(&[name, b" ", text]),
            Self::Command(_) | Self::StaticDirectory | Self::UseUnchanged | Self::ValidRequests => line(&[name]),
            Self::MaxDotdot(level) => line(&[name, b" ", level.to_string().as_bytes()]),
            Self::Directory { local, repository, .. } => {
                line(&[name, b" ", local]);
                line(&[repository]);
            }
            Self::Notify { file, event } => {
                line(&[name, b" ", file]);
                line(&[event]);
            }
            Self::Modified { file, mode, size } => {
                line(&[name, b" ", file]);
                line(&[mode]);
                line(&[size.to_string().as_bytes()]);
            }
        }
    }
}
