//! An X server without a screen, which lets in who has its cookie.

use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::call::Call;
use crate::daemon::Daemon;
use crate::peer;

/// Xvfb, until it is dropped.
pub struct XServer {
    _daemon: Daemon,
    number: u32,
    cookie: String,
    folder: TempDir,
}

impl XServer {
    /// A server on a free display that listens on its usual sockets, and on no port.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&["-nolisten", "tcp"])
    }

    /// The same with these options.
    ///
    /// # Panics
    /// If Xvfb or xauth is missing or fails.
    #[must_use]
    pub fn with(options: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("xssh-x-").tempdir().expect("a folder for an X server");
        let cookie = random_cookie();
        let keys = folder.path().join("server");
        add_cookie(&keys, ":0", &cookie);
        let log = folder.path().join("log");
        // Not to forget who was let in when the last client leaves.
        let own = ["-displayfd", "1", "-screen", "0", "320x200x24", "-noreset", "-auth"];
        let args = [&own[..], &[keys.to_str().expect("a path in UTF-8")], options].concat();
        let mut daemon = Daemon::start("Xvfb", &args, &log);
        let number = || fs::read_to_string(&log).ok()?.lines().find_map(|line| line.parse().ok());
        daemon.await_ready(|| number().is_some());
        let number = number().expect("the number of a display");
        let server = Self { _daemon: daemon, number, cookie, folder };
        add_cookie(&server.authority(), &server.display(), &server.cookie);
        server
    }

    /// For `DISPLAY`.
    #[must_use]
    pub fn display(&self) -> String {
        format!(":{}", self.number)
    }

    /// The number of the display.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// For `XAUTHORITY`.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority")
    }

    /// What it lets in, in hexadecimal.
    #[must_use]
    pub fn cookie(&self) -> &str {
        &self.cookie
    }

    /// Gives a call this display.
    #[must_use]
    pub fn shown(&self, call: Call) -> Call {
        call.env("DISPLAY", self.display()).env("XAUTHORITY", self.authority())
    }

    /// A call of an X client here.
    #[must_use]
    pub fn call(&self, program: &str) -> Call {
        self.shown(Call::new(peer::require(program))).dir(self.folder.path())
    }

    /// What is on the screen, as xwd writes it.
    ///
    /// # Panics
    /// If xwd fails.
    #[must_use]
    pub fn picture(&self) -> Picture {
        Picture(self.call("xwd").args(["-silent", "-root"]).run().ok().stdout)
    }
}

/// A screen, as xwd(1) writes it (XWDFile.h): a header of big-endian numbers, colours, and lines of pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture(Vec<u8>);

impl Picture {
    fn number(&self, index: usize) -> usize {
        let bytes = self.0[index * 4..].first_chunk().expect("a header of xwd's");
        usize::try_from(u32::from_be_bytes(*bytes)).expect("a number of xwd's")
    }

    /// The pixels of these columns and rows.
    ///
    /// # Panics
    /// If there are none.
    #[must_use]
    pub fn within(&self, columns: Range<usize>, rows: Range<usize>) -> Vec<&[u8]> {
        let (header, bits, stride, colours) = (self.number(0), self.number(11), self.number(12), self.number(19));
        let (start, size) = (header + colours * 12, bits / 8);
        let line = |row: usize| &self.0[start + row * stride..][..stride];
        rows.flat_map(|row| line(row)[columns.start * size..columns.end * size].chunks(size)).collect()
    }
}

fn random_cookie() -> String {
    let mut bytes = [0; 16];
    let mut random = fs::File::open("/dev/urandom").expect("random numbers");
    random.read_exact(&mut bytes).expect("random numbers");
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Has xauth write a cookie into a file.
fn add_cookie(file: &Path, display: &str, cookie: &str) {
    let add = format!("add {display} . {cookie}\n");
    let _ = Call::new(peer::require("xauth")).arg("-q").arg("-f").arg(file).input(add).run().ok();
}
