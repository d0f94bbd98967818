//! The terminal on our side: what a session with a pseudo-terminal needs to know of it, and what may be shown on it.
//!
//! In order of use: [`decision`] says whether to ask for a pseudo-terminal at all; [`request`] gathers what the request
//! carries ([`size`], [`modes`]); [`raw`] switches our terminal over and back; [`escape`] watches what is typed for `~`
//! commands. [`visible`] stands apart: every text of a peer goes through it before a person sees it.
//!
//! This room never opens a terminal, never prints and never waits for signals: descriptors and bytes come in, values go
//! out. Reading the keyboard, SIGWINCH and SIGTSTP belong to the caller.

pub mod decision;
pub mod escape;
pub mod modes;
pub mod raw;
pub mod request;
pub mod size;
pub mod visible;

/// A fresh terminal: on Linux the master of a pseudo-terminal answers for its other end.
#[cfg(test)]
fn test_terminal() -> std::fs::File {
    std::fs::OpenOptions::new().read(true).write(true).open("/dev/ptmx").unwrap()
}
