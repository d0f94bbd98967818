//! What the request for a pseudo-terminal carries.

use super::{modes, size::WindowSize};
use russh::Pty;
use rustix::termios::tcgetattr;
use std::os::fd::AsFd;

/// What a `pty-req` carries (RFC 4254, section 6.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PtyRequest {
    /// The terminal's name, from `SetEnv TERM` or the environment; empty where it is unknown.
    pub term: String,
    /// Its size; zeros where it is unknown.
    pub size: WindowSize,
    /// Its modes; empty where there is no terminal on our side (`-tt`).
    pub modes: Vec<(Pty, u32)>,
}

impl PtyRequest {
    /// Reads our terminal as it is now. Call it before [`RawMode::enter`](super::raw::RawMode::enter): the far side
    /// shall have the modes of a terminal in use, not those of one that passes everything on.
    pub fn gather(term: Option<&str>, stdin: impl AsFd) -> Self {
        Self {
            term: term.unwrap_or_default().to_owned(),
            size: WindowSize::of(&stdin).unwrap_or_default(),
            modes: tcgetattr(&stdin).map(|t| modes::encode(&t)).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PtyRequest;
    use crate::terminal::{size::WindowSize, test_terminal};

    #[test]
    fn without_a_terminal_nothing_is_told() {
        let request = PtyRequest::gather(Some("xterm"), tempfile::tempfile().unwrap());
        assert_eq!((request.term.as_str(), request.size), ("xterm", WindowSize::default()));
        assert!(request.modes.is_empty());
    }

    #[test]
    fn with_a_terminal_its_modes_are_told() {
        assert!(!PtyRequest::gather(None, test_terminal()).modes.is_empty());
    }
}
