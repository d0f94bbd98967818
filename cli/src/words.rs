//! The words of failures, and the exit code.

use std::fmt::Display;
use std::io::{self, Write};

use rustix::process::Signal;
use xssh_ssh::terminal::visible::visible_lines;

use crate::args::Fault;
use crate::{help, log, sync};

/// What every failure of our own ends with, as ssh's do. Otherwise the exit code is that of the program there.
pub(crate) const FAILED: u8 = 255;

/// Says why, and fails.
pub(crate) fn fail(why: &dyn Display) -> u8 {
    log::fatal(&why.to_string());
    FAILED
}

/// Says what is wrong with a command line, and fails.
pub(crate) fn usage(fault: &Fault) -> u8 {
    say(&format_args!("xssh: {fault}"));
    if let Some(topic) = fault.usage() {
        say(&help::usage(topic));
    }
    if matches!(fault, Fault::Sync(_)) { sync::USAGE } else { FAILED }
}

/// What has ended a session.
pub(crate) fn ended_by(signal: i32) -> String {
    let names =
        [(Signal::HUP, "SIGHUP"), (Signal::INT, "SIGINT"), (Signal::QUIT, "SIGQUIT"), (Signal::TERM, "SIGTERM")];
    let name = names.iter().find(|(known, _)| known.as_raw() == signal).map_or("a signal", |(_, name)| name);
    format!("the session was ended by {name}")
}

/// Writes to standard error, whatever the level of messages. Where that fails, there is nobody left to tell.
pub(crate) fn say(text: &dyn Display) {
    let line = format!("{text}\n");
    let _ = io::stderr().write_all(visible_lines(line.as_bytes()).as_bytes());
}
