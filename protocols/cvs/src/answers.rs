//! What the server says before the first command: the answer to a login, and the list of requests.
//!
//! Until a command is passed on whose answer may hold a file's contents, all that comes is lines. Those are looked at one by one;
//! afterwards everything is passed as it is.

use std::mem;

use crate::limits;
use crate::refusal::{Refusal, shown};
use crate::wire::request::is_offered;

/// The server's side of the stream.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    state: State,
    /// The beginning of a line.
    line: Vec<u8>,
    /// A list of requests was asked for, and has not come.
    list_is_due: bool,
    /// Nothing but that list is to be looked at any more.
    opening: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The answer to a login is next.
    Login,
    /// Lines, one of which may be the list of requests.
    #[default]
    Lines,
    /// Anything.
    Open,
    /// Nothing: the login has failed.
    Shut,
}

impl Answers {
    /// The gate has sent a login, which is answered first.
    pub(crate) fn expect_login(&mut self) {
        self.state = State::Login;
    }

    /// The server has been asked for the list of requests.
    pub(crate) fn expect_list(&mut self) {
        self.list_is_due = true;
    }

    /// What has been asked for may be answered with more than lines.
    pub(crate) fn open(&mut self) {
        self.opening = true;
    }

    /// Takes what the server says, and gives what the client is to hear.
    pub(crate) fn take(&mut self, mut input: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
        while !input.is_empty() {
            if self.opening && !self.list_is_due && self.state == State::Lines {
                self.state = State::Open;
                out.append(&mut self.line);
            }
            if self.state == State::Open {
                out.extend_from_slice(input);
                break;
            }
            if self.state == State::Shut {
                break;
            }
            let end = input.iter().position(|byte| *byte == b'\n').map_or(input.len(), |at| at + 1);
            self.line.extend_from_slice(&input[..end]);
            input = &input[end..];
            if !self.line.ends_with(b"\n") && self.line.len() <= limits::ANSWER {
                break;
            }
            self.whole_line(out)?;
        }
        Ok(())
    }

    fn whole_line(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let line = mem::take(&mut self.line);
        if self.state == State::Login {
            match line.as_slice() {
                b"I LOVE YOU\n" => self.state = State::Lines,
                // The reason comes behind it.
                line if line.starts_with(b"E ") => {}
                line => {
                    self.state = State::Shut;
                    return Err(Refusal::Login(shown(line.trim_ascii_end())));
                }
            }
            return Ok(());
        }
        let Some(list) = line.strip_prefix(b"Valid-requests ") else {
            out.extend_from_slice(&line);
            return Ok(());
        };
        self.list_is_due = false;
        let names = list.trim_ascii_end().split(|byte| *byte == b' ');
        let kept: Vec<&[u8]> = names.filter(|name| is_offered(name)).collect();
        out.extend_from_slice(b"Valid-requests ");
        out.extend_from_slice(&kept.join(&b' '));
        out.push(b'\n');
        Ok(())
    }

    /// The server has said all; `out` gets what was held back.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal> {
        if self.state == State::Login {
            return Err(Refusal::Login(shown(&self.line)));
        }
        out.append(&mut self.line);
        Ok(())
    }
}
