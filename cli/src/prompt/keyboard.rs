//! The controlling terminal.
//!
//! For a secret the terminal is raw: not to echo would leave it so where a signal ends the program, but raw mode is known
//! to [`xssh_ssh::terminal::raw::restore_now`], which every way out calls. The keys that a terminal then no longer acts on
//! are ours: Ctrl-C ends the program, Ctrl-Z stops it, with the terminal given back before.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};

use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{QueueSelector, tcflush, tcgetattr};
use xssh_os::suspend::suspend_self;
use xssh_ssh::terminal::raw::RawMode;
use zeroize::Zeroizing;

use super::typing::{Typed, Typing};
use super::{ANSWER, as_text};

/// The terminal, open.
pub(super) struct Keyboard {
    file: File,
}

/// What a person did instead of answering.
#[derive(Debug, PartialEq, Eq)]
enum Declined {
    /// Nothing, or an end of file.
    Silent,
    /// Ctrl-C.
    Interrupted,
}

impl Keyboard {
    /// The process's own terminal.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn open() -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
        Ok(Self { file })
    }

    /// Asks a question, and waits for a line.
    pub(super) fn ask(&mut self, question: &str, echo: bool) -> Option<Zeroizing<String>> {
        let answer = if echo { self.read_line(question) } else { self.read_secret(question) };
        match answer {
            Ok(answer) => as_text(&answer),
            Err(Declined::Silent) => None,
            Err(Declined::Interrupted) => {
                // As if the terminal had sent it: who waits for signals decides what becomes of us.
                let _ = kill_process(getpid(), Signal::INT);
                None
            }
        }
    }

    /// With echo the terminal does all the work.
    fn read_line(&mut self, question: &str) -> Result<Zeroizing<Vec<u8>>, Declined> {
        self.begin(question, false)?;
        let mut line = Zeroizing::new(Vec::with_capacity(ANSWER));
        while let Some(byte) = self.read()? {
            match byte {
                b'\n' | b'\r' => return Ok(line),
                _ if line.len() < ANSWER => line.push(byte),
                _ => {}
            }
        }
        if line.is_empty() { Err(Declined::Silent) } else { Ok(line) }
    }

    fn read_secret(&mut self, question: &str) -> Result<Zeroizing<Vec<u8>>, Declined> {
        let termios = tcgetattr(&self.file).map_err(|_| Declined::Silent)?;
        let mut typing = Typing::new(&termios);
        let raw = RawMode::enter(&self.file, false).ok_or(Declined::Silent)?;
        self.begin(question, true)?;
        loop {
            let typed = self.read()?.map_or(Typed::End, |byte| typing.push(byte));
            if typed == Typed::More {
                continue;
            }
            self.write(b"\r\n")?;
            match typed {
                Typed::Done => return Ok(typing.into_line()),
                Typed::Suspend => {
                    raw.suspend();
                    // Where it cannot be done the question simply stands again.
                    let _ = suspend_self();
                    raw.resume();
                    typing.clear();
                    self.begin(question, true)?;
                }
                Typed::Interrupt => return Err(Declined::Interrupted),
                Typed::End | Typed::More => return Err(Declined::Silent),
            }
        }
    }

    /// Shows the question at the start of a line. What was typed before it was not meant for it.
    fn begin(&mut self, question: &str, raw: bool) -> Result<(), Declined> {
        let _ = tcflush(&self.file, QueueSelector::IFlush);
        let question = if raw { question.replace('\n', "\r\n") } else { question.to_owned() };
        self.write(format!("\r{question}").as_bytes())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Declined> {
        self.file.write_all(bytes).map_err(|_| Declined::Silent)
    }

    /// One byte; `None` at the end of the file.
    fn read(&mut self) -> Result<Option<u8>, Declined> {
        let mut byte = [0];
        match self.file.read_exact(&mut byte) {
            Ok(()) => Ok(Some(u8::from_be_bytes(byte))),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(_) => Err(Declined::Silent),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Declined, Keyboard};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{LocalModes, tcgetattr};
    use std::fs::File;
    use std::io::{Read, Write};
    use std::thread;

    /// A person's side and a program's side.
    pub(in crate::prompt) fn pseudo_terminal() -> (File, File) {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, Vec::new()).unwrap().into_string().unwrap();
        let mut options = File::options();
        let options = options.read(true).write(true);
        let program = std::os::unix::fs::OpenOptionsExt::custom_flags(options, OpenptFlags::NOCTTY.bits() as i32);
        (person.into(), program.open(name).unwrap())
    }

    /// What was shown, with a person who types `keys` once the question is there, and what came of it.
    fn asked(question: &str, keys: &[u8], echo: bool) -> (String, Result<Vec<u8>, Declined>, bool) {
        let (mut person, terminal) = pseudo_terminal();
        let mut keyboard = Keyboard { file: terminal.try_clone().unwrap() };
        let (expected, keys, asked) = (question.lines().last().unwrap().to_owned(), keys.to_vec(), question.to_owned());
        let typing = thread::spawn(move || {
            let mut shown = Vec::new();
            let mut byte = [0];
            while !String::from_utf8_lossy(&shown).ends_with(&expected) {
                person.read_exact(&mut byte).unwrap();
                shown.push(byte[0]);
            }
            person.write_all(&keys).unwrap();
            // Until the program's side is closed.
            while matches!(person.read(&mut byte), Ok(1)) {
                shown.push(byte[0]);
            }
            String::from_utf8(shown).unwrap()
        });
        let answer = if echo { keyboard.read_line(&asked) } else { keyboard.read_secret(&asked) };
        let echoes = tcgetattr(&terminal).unwrap().local_modes.contains(LocalModes::ECHO | LocalModes::ICANON);
        drop((keyboard, terminal));
        (typing.join().unwrap(), answer.map(|line| line.to_vec()), echoes)
    }

    #[test]
    fn a_secret_is_read_and_not_shown() {
        let (shown, answer, echoes) = asked("Code for\nme: ", b"s3cret\x7ft\r", false);
        assert_eq!(answer, Ok(b"s3cret".to_vec()));
        assert_eq!(shown, "\rCode for\r\nme: \r\n");
        assert!(echoes);
    }

    #[test]
    fn a_line_is_read_and_shown() {
        let (shown, answer, _) = asked("Name: ", b"me\n", true);
        assert_eq!(answer, Ok(b"me".to_vec()));
        assert!(shown.starts_with("\rName: me"), "{shown:?}");
    }

    #[test]
    fn the_terminal_is_given_back_to_who_declines() {
        for (keys, expected) in [(&b"abc\x03"[..], Declined::Interrupted), (b"\x04", Declined::Silent)] {
            let (_, answer, echoes) = asked("Secret: ", keys, false);
            assert_eq!(answer, Err(expected));
            assert!(echoes);
        }
        assert_eq!(asked("Name: ", b"\x04", true).1, Err(Declined::Silent));
    }
}
