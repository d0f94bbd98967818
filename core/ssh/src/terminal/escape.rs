//! The `~` commands of a person at a terminal (ssh(1), ESCAPE CHARACTERS), as a machine without I/O.
//!
//! [`Escapes::push`] takes what was typed and answers with [`Action`]s, to be carried out in order. It does not matter
//! where the input is split. The escape character counts at the start and after a newline, and only there; typed twice
//! it is sent once, so that `~~.` reaches an inner session as `~.`.

use super::visible::visible;
use crate::limits::COMMAND_LINE;
use crate::settings::LogLevel;

/// What the caller has to do, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Send these bytes to the far side.
    Send(Vec<u8>),
    /// Show this text on our terminal's standard error. The terminal is raw: the text brings its own `\r\n`.
    Show(String),
    /// Have the program's output wait, or let it go on: what is typed behind `~C` is not to be torn apart.
    Hold(bool),
    /// End the connection; what was typed after it is gone.
    Disconnect,
    /// Leave raw mode, stop the program, and when it goes on, enter raw mode and tell the far side our window's size.
    Suspend,
    /// Show the open channels, each on a line with `\r\n`.
    ListConnections,
    /// Do what this line says, which was typed behind `~C`, and show what comes of it.
    Command(String),
    /// Renew the keys.
    Rekey,
    /// Show messages from this level on.
    Verbosity(LogLevel),
}

/// What the commands depend on.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// `EscapeChar`; `None` passes everything on.
    pub escape: Option<u8>,
    /// `EnableEscapeCommandline`.
    pub command_line: bool,
    /// The level from which on messages are shown now.
    pub level: LogLevel,
    /// Whether messages go to standard error, and not to a file (`-E`) or the system's log (`-y`).
    pub log_on_stderr: bool,
    /// Whether the terminal is that of a client whose session we carry: its program is not ours to stop, and the connection, its
    /// forwards and the messages are not its own.
    pub shared: bool,
}

/// The machine.
#[derive(Debug)]
pub struct Escapes {
    options: Options,
    /// Nothing, or a newline, came last.
    at_line_start: bool,
    /// The escape character came last, at a line's start, and is held back.
    pending: bool,
    /// What has been typed behind `~C`, up to the line's end.
    line: Option<String>,
}

impl Escapes {
    /// A machine at the start of a line.
    pub fn new(options: Options) -> Self {
        Self { options, at_line_start: true, pending: false, line: None }
    }

    /// Takes what was typed.
    pub fn push(&mut self, input: &[u8]) -> Vec<Action> {
        let mut actions = Vec::new();
        let Some(escape) = self.options.escape else {
            send(&mut actions, input);
            return actions;
        };
        for &byte in input {
            if self.line.is_some() {
                self.edit(byte, &mut actions);
                continue;
            }
            if self.pending {
                self.pending = false;
                if self.command(escape, byte, &mut actions) {
                    if actions.last() == Some(&Action::Disconnect) {
                        break;
                    }
                    // The line's start is still where we are.
                    continue;
                }
                if byte != escape {
                    send(&mut actions, &[escape]);
                }
            } else if self.at_line_start && byte == escape {
                self.pending = true;
                continue;
            }
            self.at_line_start = matches!(byte, b'\r' | b'\n');
            send(&mut actions, &[byte]);
        }
        actions
    }

    /// The end of the input: an escape character that was held back is sent after all.
    pub fn finish(&mut self) -> Option<Action> {
        let escape = self.options.escape?;
        std::mem::take(&mut self.pending).then(|| Action::Send(vec![escape]))
    }

    /// Whether `byte`, typed after the escape character, is a command; if so, what it does is in `actions`.
    fn command(&mut self, escape: u8, byte: u8, actions: &mut Vec<Action>) -> bool {
        let sign = shown(escape);
        let show = |text: &str| Action::Show(format!("{sign}{text}\r\n"));
        match byte {
            b'.' => actions.extend([show("."), Action::Disconnect]),
            CTRL_Z | b'&' | b'C' | b'V' | b'v' if self.options.shared => {
                actions.push(show(&format!("{} escape not available to multiplexed sessions", shown(byte))));
            }
            CTRL_Z => actions.extend([show("^Z [suspend ssh]"), Action::Suspend]),
            b'#' => actions.extend([show("#"), Action::ListConnections]),
            b'R' => actions.push(Action::Rekey),
            b'v' | b'V' => self.verbosity(escape, byte, actions),
            b'?' => actions.push(Action::Show(self.help(&sign))),
            b'C' if !self.options.command_line => actions.push(Action::Show("commandline disabled\r\n".to_owned())),
            b'C' => {
                self.line = Some(String::new());
                actions.extend([Action::Hold(true), Action::Show("\r\nssh> ".to_owned())]);
            }
            b'&' => actions.push(show("& escape not available: -f goes into the background")),
            // russh has no channel request of this name (RFC 4335).
            b'B' => actions.push(show("B escape not available: a BREAK cannot be sent yet")),
            _ => return false,
        }
        true
    }

    /// A byte behind `~C`. The terminal is raw, so what is typed is shown from here.
    fn edit(&mut self, byte: u8, actions: &mut Vec<Action>) {
        let Some(line) = &mut self.line else { return };
        let erased = match byte {
            b'\r' | b'\n' => {
                let line = self.line.take().unwrap_or_default();
                return actions.extend([Action::Show("\r\n".to_owned()), Action::Command(line), Action::Hold(false)]);
            }
            CTRL_C | CTRL_D | ESCAPE => {
                self.line = None;
                return actions.extend([Action::Show("\r\n".to_owned()), Action::Hold(false)]);
            }
            BACKSPACE | DELETE => usize::from(line.pop().is_some()),
            CTRL_U => std::mem::take(line).len(),
            b' '..=b'~' if line.len() < COMMAND_LINE => {
                line.push(char::from(byte));
                return actions.push(Action::Show(char::from(byte).to_string()));
            }
            _ => return actions.push(Action::Show("\x07".to_owned())),
        };
        actions.push(Action::Show("\x08 \x08".repeat(erased)));
    }

    fn help(&self, sign: &str) -> String {
        let commands = if self.options.shared { &HELP_SHARED[..] } else { &HELP[..] };
        let mut text = format!("{sign}?\r\nSupported escape sequences:\r\n");
        for (command, meaning) in commands.iter().filter(|(command, _)| self.options.command_line || *command != "C") {
            text.push_str(&format!(" {sign}{command:<3} - {meaning}\r\n"));
        }
        text.push_str(&format!(
            " {sign}{sign}   - send the escape character by typing it twice\r\n\
             (Note that escapes are only recognized immediately after newline.)\r\n"
        ));
        text
    }

    fn verbosity(&mut self, escape: u8, command: u8, actions: &mut Vec<Action>) {
        let sign = shown(escape);
        let command = char::from(command);
        if !self.options.log_on_stderr {
            actions.push(Action::Show(format!("{sign}{command} [Logging to a file]\r\n")));
            return;
        }
        let level = match command {
            'v' => louder(self.options.level),
            _ => quieter(self.options.level),
        };
        self.options.level = level;
        actions.push(Action::Verbosity(level));
        actions.push(Action::Show(format!("{sign}{command} [LogLevel {}]\r\n", name(level))));
    }
}

const CTRL_Z: u8 = b'Z' & 0x1f;
const CTRL_C: u8 = b'C' & 0x1f;
const CTRL_D: u8 = b'D' & 0x1f;
const CTRL_U: u8 = b'U' & 0x1f;
const BACKSPACE: u8 = 0x08;
const ESCAPE: u8 = 0x1b;
const DELETE: u8 = 0x7f;

/// Adds to what is sent, as one action as long as nothing else comes between.
fn send(actions: &mut Vec<Action>, bytes: &[u8]) {
    match actions.last_mut() {
        Some(Action::Send(sent)) => sent.extend_from_slice(bytes),
        _ if bytes.is_empty() => {}
        _ => actions.push(Action::Send(bytes.to_vec())),
    }
}

/// The escape character as people write it: `~`, `^X`.
fn shown(escape: u8) -> String {
    match escape {
        0..0x20 | 0x7f => format!("^{}", char::from(escape ^ 0x40)),
        _ => visible(&[escape]),
    }
}

/// The commands that do something here, in a session of our own.
const HELP: [(&str, &str); 7] = [
    (".", "terminate connection (and any multiplexed sessions)"),
    ("C", "open a command line"),
    ("R", "request rekey"),
    ("V/v", "decrease/increase verbosity (LogLevel)"),
    ("^Z", "suspend ssh"),
    ("#", "list forwarded connections"),
    ("?", "this message"),
];
/// And in one that we carry for another.
const HELP_SHARED: [(&str, &str); 4] =
    [(".", "terminate session"), ("R", "request rekey"), ("#", "list forwarded connections"), ("?", "this message")];

fn louder(level: LogLevel) -> LogLevel {
    match level {
        LogLevel::Quiet => LogLevel::Fatal,
        LogLevel::Fatal => LogLevel::Error,
        LogLevel::Error => LogLevel::Info,
        LogLevel::Info => LogLevel::Verbose,
        LogLevel::Verbose => LogLevel::Debug1,
        LogLevel::Debug1 => LogLevel::Debug2,
        LogLevel::Debug2 | LogLevel::Debug3 => LogLevel::Debug3,
    }
}

fn quieter(level: LogLevel) -> LogLevel {
    match level {
        LogLevel::Quiet | LogLevel::Fatal => LogLevel::Quiet,
        LogLevel::Error => LogLevel::Fatal,
        LogLevel::Info => LogLevel::Error,
        LogLevel::Verbose => LogLevel::Info,
        LogLevel::Debug1 => LogLevel::Verbose,
        LogLevel::Debug2 => LogLevel::Debug1,
        LogLevel::Debug3 => LogLevel::Debug2,
    }
}

fn name(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Quiet => "QUIET",
        LogLevel::Fatal => "FATAL",
        LogLevel::Error => "ERROR",
        LogLevel::Info => "INFO",
        LogLevel::Verbose => "VERBOSE",
        LogLevel::Debug1 => "DEBUG",
        LogLevel::Debug2 => "DEBUG2",
        LogLevel::Debug3 => "DEBUG3",
    }
}

#[cfg(test)]
mod tests;
