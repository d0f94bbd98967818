//! The stream of a client's requests, cut into requests and the contents of files.
//!
//! [`Requests::next`] takes from the front of what has come, and says nothing where a line is not complete. A line that has no end
//! within its bound is refused before more of it is kept. A zero byte is refused: what is behind it would not reach a server
//! that is written in C, which would then act on another request than the one that was judged.

use std::mem;

use super::request::{Begun, Request};
use crate::limits;
use crate::refusal::Refusal;

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A request.
    Request(Request),
    /// A part of the contents of the file that was announced last.
    Contents(&'a [u8]),
}

/// The client's stream.
#[derive(Debug, Default)]
pub struct Requests {
    /// The beginning of a line.
    line: Vec<u8>,
    state: State,
}

#[derive(Debug, Default)]
enum State {
    /// A request's first line is next.
    #[default]
    First,
    /// Its second line.
    Directory { local: Vec<u8>, relative: bool },
    /// As above.
    Notify { file: Vec<u8> },
    /// A file's mode.
    Mode { file: Vec<u8> },
    /// A file's size.
    Size { file: Vec<u8>, mode: Vec<u8> },
    /// Its contents, so many bytes.
    Contents { left: u64 },
}

impl Requests {
    /// Takes the next request, or a piece of a file, from the front of `input`; nothing where there is no whole one.
    ///
    /// # Errors
    /// Where the bytes are no request that may be passed on. The stream cannot be read any further then.
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Event<'a>>, Refusal> {
        loop {
            if let State::Contents { left } = &mut self.state {
                let length = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                let (piece, rest) = input.split_at(length);
                *left -= length as u64;
                *input = rest;
                if *left == 0 {
                    self.state = State::First;
                }
                if !piece.is_empty() {
                    return Ok(Some(Event::Contents(piece)));
                }
                if !matches!(self.state, State::First) {
                    return Ok(None);
                }
            }
            let Some(line) = self.line(input)? else { return Ok(None) };
            if let Some(request) = self.request(&line)? {
                return Ok(Some(Event::Request(request)));
            }
        }
    }

    /// The next whole line, without its newline.
    fn line(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, Refusal> {
        let end = input.iter().position(|byte| *byte == b'\n');
        let piece = &input[..end.unwrap_or(input.len())];
        if self.line.len() + piece.len() > limits::LINE {
            return Err(Refusal::Limit { what: "a longer line", most: limits::LINE as u64 });
        }
        if piece.contains(&0) {
            return Err(Refusal::Malformed("a zero byte in a line"));
        }
        self.line.extend_from_slice(piece);
        *input = end.map_or(&[], |end| &input[end + 1..]);
        Ok(end.is_some().then(|| mem::take(&mut self.line)))
    }

    /// What this line completes.
    fn request(&mut self, line: &[u8]) -> Result<Option<Request>, Refusal> {
        match mem::take(&mut self.state) {
            State::First => match Begun::parse(line)? {
                Begun::Whole(request) => return Ok(Some(request)),
                Begun::Directory { local, relative } => self.state = State::Directory { local, relative },
                Begun::Notify { file } => self.state = State::Notify { file },
                Begun::Modified { file } => self.state = State::Mode { file },
            },
            State::Directory { local, relative } => return Request::directory(local, relative, line).map(Some),
            State::Notify { file } => return Ok(Some(Request::Notify { file, event: line.to_owned() })),
            State::Mode { file } => self.state = State::Size { file, mode: line.to_owned() },
            State::Size { file, mode } => {
                let request = Request::modified(file, &mode, line)?;
                if let Request::Modified { size, .. } = request {
                    self.state = State::Contents { left: size };
                }
                return Ok(Some(request));
            }
            State::Contents { .. } => {}
        }
        Ok(None)
    }

    /// Whether the client stopped in the middle of a request.
    #[must_use]
    pub fn is_amid(&self) -> bool {
        !self.line.is_empty() || !matches!(self.state, State::First)
    }
}
