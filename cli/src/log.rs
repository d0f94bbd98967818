//! Where messages go: OpenSSH's levels and prefixes, to standard error or to a file.
//!
//! The `log` facade has five levels and OpenSSH eight. Ours say ERROR by `error!`, what is shown by default (INFO) by
//! `warn!`, VERBOSE by `info!`, DEBUG1 by `debug!`, DEBUG2 and DEBUG3 by `trace!`; what russh says of itself is DEBUG3.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use log::{Level, LevelFilter, Log, Metadata, Record};
use xssh_ssh::settings::LogLevel;

static SINK: Sink = Sink { level: AtomicU8::new(LogLevel::Info as u8), file: OnceLock::new() };

struct Sink {
    level: AtomicU8,
    file: OnceLock<File>,
}

/// Starts with the default level, on standard error.
pub fn start() {
    // It can only fail where it was done before.
    let _ = log::set_logger(&SINK);
    set_level(LogLevel::Info);
}

/// Appends messages to `path` from here on.
///
/// # Errors
/// The file cannot be opened.
pub fn append_to(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    let _ = SINK.file.set(file);
    Ok(())
}

/// Whether messages go to a file.
pub fn is_to_file() -> bool {
    SINK.file.get().is_some()
}

/// Shows messages from this level on.
pub fn set_level(level: LogLevel) {
    SINK.level.store(level as u8, Ordering::Relaxed);
    log::set_max_level(match level {
        LogLevel::Quiet | LogLevel::Fatal => LevelFilter::Off,
        LogLevel::Error => LevelFilter::Error,
        LogLevel::Info => LevelFilter::Warn,
        LogLevel::Verbose => LevelFilter::Info,
        LogLevel::Debug1 => LevelFilter::Debug,
        LogLevel::Debug2 => LevelFilter::Trace,
        LogLevel::Debug3 => LevelFilter::Trace,
    });
}

/// The last words of a failure: shown unless QUIET was asked for.
pub fn fatal(text: &str) {
    if SINK.level.load(Ordering::Relaxed) > LogLevel::Quiet as u8 {
        write("", text);
    }
}

/// A host's banner: on standard error wherever messages go, unless quiet is wanted.
pub fn banner(text: &str) {
    if SINK.level.load(Ordering::Relaxed) >= LogLevel::Info as u8 {
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

impl Log for Sink {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let ours = metadata.target().starts_with("xssh");
        ours || self.level.load(Ordering::Relaxed) >= LogLevel::Debug3 as u8
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let prefix = match (record.target().starts_with("xssh"), record.level()) {
            (false, _) => "debug3: ",
            (true, Level::Debug) => "debug1: ",
            (true, Level::Trace) => "debug2: ",
            (true, _) => "",
        };
        write(prefix, &record.args().to_string());
    }

    fn flush(&self) {}
}

/// Each line on its own, the line's end as a raw terminal needs it.
fn write(prefix: &str, text: &str) {
    let mut bytes = Vec::with_capacity(text.len() + 16);
    for line in text.lines() {
        bytes.extend_from_slice(prefix.as_bytes());
        bytes.extend_from_slice(xssh_ssh::terminal::visible::visible(line.as_bytes()).as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    put(&bytes);
}

fn put(bytes: &[u8]) {
    // Nobody is left to be told that messages cannot be written.
    let _ = match SINK.file.get() {
        Some(mut file) => file.write_all(bytes),
        None => io::stderr().write_all(bytes),
    };
}
