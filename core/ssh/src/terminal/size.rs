//! The window's size.

use rustix::termios::tcgetwinsize;
use std::os::fd::AsFd;

/// A terminal's size, as a `pty-req` and a `window-change` carry it (RFC 4254, sections 6.2 and 6.7).
///
/// The default, all zeros, says that nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WindowSize {
    /// Width in characters.
    pub columns: u32,
    /// Height in characters.
    pub rows: u32,
    /// Width in pixels; 0 where the terminal does not tell.
    pub pixel_width: u32,
    /// Height in pixels; 0 where the terminal does not tell.
    pub pixel_height: u32,
}

impl WindowSize {
    /// The size that the terminal has now; `None` where `fd` is no terminal.
    ///
    /// Ask again after each SIGWINCH, and after a suspension: the signal does not reach a stopped program in time.
    pub fn of(fd: impl AsFd) -> Option<Self> {
        let size = tcgetwinsize(fd).ok()?;
        Some(Self {
            columns: size.ws_col.into(),
            rows: size.ws_row.into(),
            pixel_width: size.ws_xpixel.into(),
            pixel_height: size.ws_ypixel.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::WindowSize;
    use crate::terminal::test_terminal;
    use rustix::termios::{Winsize, tcsetwinsize};

    #[test]
    fn a_terminal_tells_its_size() {
        let terminal = test_terminal();
        let size = Winsize { ws_col: 132, ws_row: 50, ws_xpixel: 1320, ws_ypixel: 1000 };
        tcsetwinsize(&terminal, size).unwrap();
        let told = WindowSize { columns: 132, rows: 50, pixel_width: 1320, pixel_height: 1000 };
        assert_eq!(WindowSize::of(&terminal), Some(told));
    }

    #[test]
    fn a_file_has_no_size() {
        assert_eq!(WindowSize::of(tempfile::tempfile().unwrap()), None);
    }
}
