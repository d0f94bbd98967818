//! X11 programs on the host, shown on the display here (RFC 4254, section 6.3).
//!
//! Order of use: [`Display::parse`] reads DISPLAY; [`Forward::prepare`] asks xauth for the cookie that the X server here
//! takes and makes up another one, which alone goes to the host. What connects there has to present the made-up one in
//! its set-up packet (`setup`), is checked in constant time, and gets the real one put in its place.
//!
//! What this room must never do: let a real cookie out to the host, into a log, an error or an argument of a child; let
//! anyone through to the X server who has not presented the made-up one; or, where the host is not trusted, go on without
//! the restricted cookie that was asked for.

mod cookie;
mod display;
mod error;
mod forward;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod private_folder;
mod setup;
mod xauth;

pub use display::Display;
pub use error::X11Error;
pub use forward::{Forward, Request};
