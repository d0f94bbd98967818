//! Where messages go: OpenSSH's levels and prefixes, to standard error or to a file.
//!
//! The `log` facade has five levels and OpenSSH eight. Ours say ERROR by `error!`, what is shown by default (INFO) by
//! `warn!`, VERBOSE by `info!`, DEBUG1 by `debug!`, DEBUG2 by `trace!`; what other crates say of themselves is DEBUG3,
//! whatever they call it. Lines end as a terminal in raw mode needs it, and as ssh's do, in files too.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use log::{Level, LevelFilter, Log, Metadata, Record};
use xssh_ssh::settings::LogLevel;
use xssh_ssh::terminal::visible::visible;

use crate::args::Invocation;
use crate::words;

static SINK: Sink = Sink { level: AtomicU8::new(LogLevel::Info as u8), file: OnceLock::new() };

/// The last words of a failure.
static FAILURE: Mutex<Option<String>> = Mutex::new(None);

struct Sink {
    level: AtomicU8,
    file: OnceLock<File>,
}

/// Starts with the default level, on standard error.
pub(crate) fn start() {
    // It can only fail where it was done before.
    let _ = log::set_logger(&SINK);
    set_level(LogLevel::Info);
}

/// Does what the command line says of messages, and then `action`. Its warnings about itself come first: ssh shows them
/// at every level, on standard error.
pub(crate) fn with(invocation: &Invocation, action: impl FnOnce() -> u8) -> u8 {
    for warning in &invocation.warnings {
        words::say(&format_args!("Warning: {warning}"));
    }
    if let Some(path) = &invocation.log.file
        && let Err(error) = append_to(path)
    {
        words::say(&format_args!("Couldn't open logfile {}: {error}", path.display()));
        return words::FAILED;
    }
    set_level(invocation.log.level);
    action()
}

/// Appends messages to `path` from here on. No child inherits the descriptor.
///
/// # Errors
/// The file cannot be opened.
pub(crate) fn append_to(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    let _ = SINK.file.set(file);
    Ok(())
}

/// Whether messages go to a file.
pub(crate) fn is_to_file() -> bool {
    SINK.file.get().is_some()
}

/// Shows messages from this level on.
pub(crate) fn set_level(level: LogLevel) {
    SINK.level.store(level as u8, Ordering::Relaxed);
    log::set_max_level(match level {
        LogLevel::Quiet | LogLevel::Fatal => LevelFilter::Off,
        LogLevel::Error => LevelFilter::Error,
        LogLevel::Info => LevelFilter::Warn,
        LogLevel::Verbose => LevelFilter::Info,
        LogLevel::Debug1 => LevelFilter::Debug,
        LogLevel::Debug2 | LogLevel::Debug3 => LevelFilter::Trace,
    });
}

/// The last words of a failure: shown unless QUIET was asked for.
pub(crate) fn fatal(text: &str) {
    note_failure(text);
    if SINK.level.load(Ordering::Relaxed) > LogLevel::Quiet as u8 {
        put(&message("", text));
    }
}

/// Keeps the words of a failure for [`failure`], and shows nothing.
pub(crate) fn note_failure(text: &str) {
    *FAILURE.lock().unwrap_or_else(PoisonError::into_inner) = Some(text.to_owned());
}

/// Why this program has failed, where it has, for whoever writes that down elsewhere.
pub(crate) fn failure() -> Option<String> {
    FAILURE.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// A host's banner: on standard error wherever messages go, unless quiet is wanted.
pub(crate) fn banner(text: &str) {
    if SINK.level.load(Ordering::Relaxed) >= LogLevel::Info as u8 {
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

impl Log for Sink {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_ours(metadata.target()) || self.level.load(Ordering::Relaxed) >= LogLevel::Debug3 as u8
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            put(&message(prefix(record.target(), record.level()), &record.args().to_string()));
        }
    }

    fn flush(&self) {}
}

/// Whether a crate of this workspace speaks.
fn is_ours(target: &str) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    name == "xssh" || name.starts_with("xssh_")
}

fn prefix(target: &str, level: Level) -> &'static str {
    match (is_ours(target), level) {
        (false, _) => "debug3: ",
        (true, Level::Debug) => "debug1: ",
        (true, Level::Trace) => "debug2: ",
        (true, _) => "",
    }
}

/// Each line on its own, with nothing in it that a terminal would act on: a peer's words may be among ours.
fn message(prefix: &str, text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 16);
    for line in text.lines() {
        bytes.extend_from_slice(prefix.as_bytes());
        bytes.extend_from_slice(visible(line.as_bytes()).as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

fn put(bytes: &[u8]) {
    // Nobody is left to be told that messages cannot be written.
    let _ = match SINK.file.get() {
        Some(mut file) => file.write_all(bytes),
        None => io::stderr().write_all(bytes),
    };
}

#[cfg(test)]
mod tests {
    use log::Level;

    use super::{is_ours, message, prefix};

    #[test]
    fn prefixes_are_those_of_openssh() {
        assert_eq!(prefix("xssh_ssh::hop", Level::Error), "");
        assert_eq!(prefix("xssh_ssh", Level::Warn), "");
        assert_eq!(prefix("xssh::remote_shell", Level::Info), "");
        assert_eq!(prefix("xssh", Level::Debug), "debug1: ");
        assert_eq!(prefix("xssh_os::names", Level::Trace), "debug2: ");
        for level in [Level::Error, Level::Warn, Level::Info, Level::Debug, Level::Trace] {
            assert_eq!(prefix("russh::client", level), "debug3: ");
        }
        assert!(!is_ours("xsshd") && !is_ours(""));
    }

    #[test]
    fn what_a_peer_says_cannot_reach_the_terminal_as_it_is() {
        assert_eq!(message("debug1: ", "a\x1b[2J\rb"), b"debug1: a\\033[2J\\015b\r\n");
    }

    #[test]
    fn every_line_ends_as_a_raw_terminal_needs_it() {
        assert_eq!(message("", "one\ntwo\n"), b"one\r\ntwo\r\n");
    }
}
