//! The terminal on our side: what may be shown on it, and what a session with a pseudo-terminal needs to know of it.
//!
//! This room never opens a terminal, never prints and never waits for signals: descriptors and bytes come in, values go
//! out. Reading the keyboard, SIGWINCH and SIGTSTP belong to the caller.

pub mod visible;
