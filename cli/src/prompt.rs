//! Asking the person: on the terminal, or through the program that SSH_ASKPASS names (ssh(1), ENVIRONMENT).
//!
//! Standard input and output are the caller's and are never used for it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::process::{Command, Stdio};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use xssh_ssh::prompt::Prompt;
use zeroize::Zeroizing;

use crate::environment;

/// The longest answer.
const ANSWER: usize = 8 << 10;

/// The person at the terminal, or at the screen.
pub struct Terminal {
    askpass: Option<String>,
    require: Require,
}

/// SSH_ASKPASS_REQUIRE.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Require {
    /// The program, where there is a screen and no terminal.
    Unset,
    Never,
    Prefer,
    Force,
}

impl Terminal {
    /// As the environment has it.
    pub fn from_environment() -> Self {
        let screen = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| environment::variable(name).is_some());
        let require = match environment::variable("SSH_ASKPASS_REQUIRE").as_deref() {
            Some("never") => Require::Never,
            Some("prefer") => Require::Prefer,
            Some("force") => Require::Force,
            _ => Require::Unset,
        };
        let usable = screen || require == Require::Force;
        let askpass = environment::variable("SSH_ASKPASS").filter(|program| usable && !program.is_empty());
        Self { askpass, require }
    }

    fn ask(&self, question: &str, echo: bool) -> Option<Zeroizing<String>> {
        let by_program = || self.askpass.as_deref().and_then(|program| run(program, question));
        if matches!(self.require, Require::Prefer | Require::Force) && self.askpass.is_some() {
            return by_program();
        }
        match Tty::open() {
            Ok(mut tty) => tty.ask(question, echo),
            Err(_) if self.require == Require::Never => None,
            Err(error) => {
                ::log::debug!("read_passphrase: can't open /dev/tty: {error}");
                by_program()
            }
        }
    }
}

impl Prompt for Terminal {
    fn secret(&self, question: &str) -> Option<Zeroizing<String>> {
        self.ask(question, false)
    }

    fn line(&self, question: &str) -> Option<String> {
        self.ask(question, true).map(|answer| answer.to_string())
    }

    fn show(&self, text: &str) {
        crate::log::banner(&format!("{}\r\n", text.trim_end()));
    }
}

/// The program's first line of output; none where it fails, which is how a person declines.
fn run(program: &str, question: &str) -> Option<Zeroizing<String>> {
    let mut child = Command::new(program).arg(question).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().ok()?;
    let mut answer = Zeroizing::new(Vec::with_capacity(ANSWER));
    let read = child.stdout.take().map(|output| output.take(ANSWER as u64).read_to_end(&mut answer));
    let status = child.wait().ok()?;
    read?.ok()?;
    status.success().then(|| first_line(&answer)).flatten()
}

fn first_line(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let line = bytes.split(|&byte| byte == b'\n' || byte == b'\r').next()?;
    Some(Zeroizing::new(String::from_utf8_lossy(line).into_owned()))
}

/// The controlling terminal, with its echo given back when it is dropped.
struct Tty {
    file: File,
    before: Option<Termios>,
}

impl Tty {
    fn open() -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
        Ok(Self { file, before: None })
    }

    fn silence(&mut self) -> io::Result<()> {
        let before = tcgetattr(&self.file)?;
        let mut silent = before.clone();
        silent.local_modes -= LocalModes::ECHO | LocalModes::ECHOE | LocalModes::ECHOK | LocalModes::ECHONL;
        tcsetattr(&self.file, OptionalActions::Flush, &silent)?;
        self.before = Some(before);
        Ok(())
    }

    fn ask(&mut self, question: &str, echo: bool) -> Option<Zeroizing<String>> {
        if !echo {
            self.silence().ok()?;
        }
        self.file.write_all(question.as_bytes()).ok()?;
        let mut answer = Zeroizing::new(Vec::with_capacity(ANSWER));
        let mut byte = [0];
        while answer.len() < ANSWER {
            match self.file.read(&mut byte) {
                Ok(0) if answer.is_empty() => return None,
                Ok(0) => break,
                Ok(_) if byte == *b"\n" || byte == *b"\r" => break,
                Ok(_) => answer.push(byte[0]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
        if !echo {
            let _ = self.file.write_all(b"\n");
        }
        first_line(&answer)
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(&self.file, OptionalActions::Flush, before);
        }
    }
}
