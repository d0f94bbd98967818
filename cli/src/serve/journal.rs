//! A line of JSON for each session of a key: who, from where, what was asked, what became of it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Access, AtFlags, CWD, OFlags, accessat};
use serde_json::{Map, Value, json};
use xssh_gate::{Confined, Grant, ServedCommand};
use xssh_ssh::terminal::visible::visible;

use crate::args::serve::{Log, Serve};
use crate::environment;

/// Where syslog listens (syslog(3)), and what we are to it: of authorisation, and for information (RFC 5424, section 6.2.1).
const SYSLOG: &str = "/dev/log";
const PRIORITY: u8 = 10 * 8 + 6;
/// How long a daemon is waited for that takes nothing, or whoever reads a FIFO.
const PATIENCE: Duration = Duration::from_secs(5);

/// What became of a session.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// What this program ends with.
    pub(super) code: u8,
    /// Why it was refused; the client has been told.
    pub(super) refused: Option<String>,
    /// What went wrong on the way.
    pub(super) failed: Option<String>,
    /// How far it was confined; none where nothing was started.
    pub(super) confined: Option<Confined>,
    /// What was run, as far as it was another program.
    pub(super) ran: Option<String>,
    /// Files whose contents came or went, and their sizes together.
    pub(super) moved: Option<(u64, u64)>,
}

impl Outcome {
    /// Nothing was done.
    pub(super) fn refused(why: String) -> Self {
        Self { code: REFUSED, refused: Some(why), ..Self::default() }
    }
}

/// How many letters of what was asked for, and of what was run, are logged.
const RAN: usize = 1000;
/// What a refused session ends with.
pub(super) const REFUSED: u8 = 1;

/// An open log, and what is known of a session from its beginning.
pub(super) struct Journal {
    to: Option<Sink>,
    began: Instant,
    name: Option<String>,
    kind: &'static str,
    command: Option<String>,
    is_written: AtomicBool,
}

enum Sink {
    File(File),
    Syslog(UnixDatagram),
}

impl Sink {
    fn open(log: &Log) -> Result<Self, String> {
        match log {
            Log::File(path) => {
                // One that is a FIFO is not waited for until somebody reads it, and not for ever for room.
                let mut options = OpenOptions::new();
                let options = options.append(true).create(true).mode(0o600);
                let opened = options.custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path);
                opened.map(Self::File).map_err(|error| format!("the log cannot be written: {error}"))
            }
            Log::Syslog => {
                let socket = UnixDatagram::unbound().and_then(|socket| {
                    socket.connect(SYSLOG)?;
                    socket.set_write_timeout(Some(PATIENCE)).map(|()| socket)
                });
                socket.map(Self::Syslog).map_err(|error| format!("syslog cannot be reached: {error}"))
            }
        }
    }
}

impl Journal {
    /// Opens it before anything is confined.
    ///
    /// # Errors
    /// It cannot be opened: a session that would leave no trace is not served.
    pub(super) fn open(call: &Serve, asked: &ServedCommand, command: Option<&[u8]>) -> Result<Self, String> {
        Ok(Self {
            to: call.log.as_ref().map(Sink::open).transpose()?,
            began: Instant::now(),
            name: call.grant.name.as_ref().map(|name| name.as_str().to_owned()),
            kind: asked.kind(),
            command: said(&call.grant, asked, command),
            is_written: AtomicBool::new(false),
        })
    }

    /// Writes the line, the first time that one is to be written.
    pub(super) fn write(&self, outcome: &Outcome) {
        let Some(to) = &self.to else { return };
        if self.is_written.swap(true, Ordering::Relaxed) {
            return;
        }
        let line = self.line(outcome);
        let written = match to {
            // One write, so that lines of several sessions do not mix.
            Sink::File(file) => write_whole(file, format!("{line}\n").as_bytes(), PATIENCE),
            Sink::Syslog(socket) => {
                socket.send(format!("<{PRIORITY}>xssh[{}]: {line}", std::process::id()).as_bytes()).map(drop)
            }
        };
        if let Err(error) = written {
            ::log::error!("the session could not be logged: {error}");
        }
    }

    fn line(&self, outcome: &Outcome) -> Value {
        let mut line = Map::new();
        let mut put = |name: &str, value: Value| drop(line.insert(name.to_owned(), value));
        put("time", json!(timestamp(SystemTime::now())));
        put("name", json!(self.name));
        put("address", json!(environment::client_address()));
        put("kind", json!(self.kind));
        put("command", json!(self.command));
        let verdict = match (&outcome.refused, &outcome.failed) {
            (Some(_), _) => "refused",
            (None, Some(_)) => "failed",
            (None, None) => "served",
        };
        put("verdict", json!(verdict));
        if let Some(why) = outcome.refused.as_ref().or(outcome.failed.as_ref()) {
            put("reason", json!(short(why)));
        }
        put("ran", json!(outcome.ran.as_deref().map(short)));
        put("landlock", json!(outcome.confined.map(Confined::word)));
        put("files", json!(outcome.moved.map(|(files, _)| files)));
        put("bytes", json!(outcome.moved.map(|(_, bytes)| bytes)));
        put("code", json!(outcome.code));
        put("milliseconds", json!(u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)));
        Value::Object(line)
    }
}

/// Writes a line, and waits for room where it is a FIFO's that is full.
fn write_whole(mut file: &File, mut line: &[u8], patience: Duration) -> io::Result<()> {
    let until = Instant::now() + patience;
    while !line.is_empty() {
        match file.write(line) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => line = line.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < until => {
                let left = until.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
                let left = Timespec::try_from(left).map_err(io::Error::other)?;
                let _ = poll(&mut [PollFd::new(file, PollFlags::OUT)], Some(&left));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether a session of this account could write to a log, which is not made for that.
///
/// # Errors
/// Why it could not, and what to do.
pub(crate) fn try_log(log: &Log) -> Result<(), String> {
    let Log::File(path) = log else {
        return Sink::open(log).map(drop).map_err(|why| format!("no session is served: {why}"));
    };
    // One that is a FIFO is not waited for.
    let opened = OpenOptions::new().append(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path);
    let error = match opened {
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    let (user, shown) = (environment::account().user, path.display());
    if error.kind() != io::ErrorKind::NotFound {
        return Err(format!("no session is served: {user} cannot write to the log {shown}: {error}"));
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    match accessat(CWD, folder, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS) {
        Ok(()) => Ok(()),
        Err(errno) => Err(format!(
            "no session is served: {user} cannot make the log {shown} ({}: {}); as root: install -o {user} -m 600 /dev/null {shown}",
            folder.display(),
            io::Error::from(errno)
        )),
    }
}

/// What a client has asked for. `xssh sync` sends a script that looks for xssh in several places, of which this program heeds no more
/// than what it is for; another host would heed all of it.
fn said(grant: &Grant, asked: &ServedCommand, command: Option<&[u8]>) -> Option<String> {
    match asked {
        ServedCommand::Sync if grant.relay.is_none() => Some("xssh serve --sync".to_owned()),
        ServedCommand::SyncJoin if grant.relay.is_none() => Some("xssh serve --sync-join".to_owned()),
        _ => command.map(plain),
    }
}

/// Bytes of a client's as a text: what a terminal would act on, and what is no UTF-8, as octal escapes.
pub(super) fn plain(bytes: &[u8]) -> String {
    // A letter has no more than four bytes.
    short(&visible(bytes.get(..4 * RAN + 4).unwrap_or(bytes)))
}

/// As much of a text as a line has room for: a client chooses how long its paths are.
fn short(text: &str) -> String {
    let more = if text.chars().nth(RAN).is_some() { "…" } else { "" };
    text.chars().take(RAN).collect::<String>() + more
}

/// A moment as RFC 3339 writes it, in UTC.
fn timestamp(moment: SystemTime) -> String {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", since.subsec_millis())
}

/// The date of a day since 1970, in the proleptic Gregorian calendar: 400 years have 146,097 days, and a year that begins in March
/// has its leap day at the end.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = (era * 400 + year, if month < 10 { month + 3 } else { month - 9 }, day - (153 * month + 2) / 5 + 1);
    if date.1 <= 2 { (date.0 + 1, date.1, date.2) } else { date }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use rustix::fs::{FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn a_full_fifo_is_waited_for_as_long_as_somebody_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let mut options = OpenOptions::new();
        let options = options.read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
        let mut reader = options.open(&path).unwrap();
        let Sink::File(writer) = Sink::open(&Log::File(path)).unwrap() else { panic!("a file") };
        let full = write_whole(&writer, &vec![b'x'; 1 << 22], Duration::from_millis(1)).unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
        // Longer than what goes into it in one piece.
        let line = [&[b'y'; 5_000][..], b"\n"].concat();
        std::thread::scope(|scope| {
            let written = scope.spawn(|| write_whole(&writer, &line, Duration::from_secs(60)));
            let mut found = Vec::new();
            while !found.ends_with(b"\n") && !written.is_finished() {
                let mut buffer = [0; 3_000];
                if let Ok(read) = reader.read(&mut buffer) {
                    found.extend(&buffer[..read]);
                }
            }
            written.join().unwrap().unwrap();
            let _ = reader.read_to_end(&mut found);
            assert!(found.ends_with(&line));
        });
    }

    #[test]
    fn what_was_run_is_logged_in_part_where_it_is_long() {
        assert_eq!(short("rsync"), "rsync");
        assert_eq!(short(&"ä".repeat(9_000)).chars().count(), RAN + 1);
        assert_eq!(plain("𝄞".repeat(9_000).as_bytes()), "𝄞".repeat(RAN) + "…");
    }

    #[test]
    fn what_a_client_says_is_logged_as_it_said_it_but_for_what_a_terminal_would_act_on() {
        assert_eq!(plain("rsync --server 'ä b' \"c\" \\".as_bytes()), "rsync --server 'ä b' \"c\" \\");
        assert_eq!(plain(b"a\x1b[2J\n\xff\x7f\xc2\x9b"), "a\\033[2J\\012\\377\\177\\302\\233");
    }

    #[test]
    fn moments_are_written_as_rfc_3339_has_them() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399, "2000-02-28T23:59:59.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_700_000_000, "2023-11-14T22:13:20.000Z"),
            (1_735_689_599, "2024-12-31T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(timestamp(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }
}
