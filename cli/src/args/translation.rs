//! Letters into lines of configuration, as the switch in ssh.c's main does it.
//!
//! ssh has two kinds. Some letters overwrite: `-T` beats an earlier `-o RequestTTY=yes`, and the last `-c` counts. Others
//! give way to what came before: `-l`, `-p`, `-P`, `-J`. As configuration keeps the first value of a keyword, the lines of
//! the first kind go before all others, and those of the second stay in order among the lines of `-o`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use xssh_ssh::config::{CommandLine, ConfigFile, ForwardKind, lexer, option_line};
use xssh_ssh::destination::Destination;
use xssh_ssh::session::StreamTo;
use xssh_ssh::settings::LogLevel;

use super::{Control, Fault, Invocation, LogChoice, identity, loudness, refusal, stdio_forward};

/// What the letters have said so far.
#[derive(Debug, Default)]
pub(super) struct Translation {
    overwriting: BTreeMap<&'static str, String>,
    /// The lines before the destination, and those after it.
    lines: [Vec<String>; 2],
    forwards: Vec<(ForwardKind, String)>,
    destination: Option<Destination>,
    command: Option<Vec<u8>>,
    config_file: ConfigFile,
    log_file: Option<PathBuf>,
    stdio_forward: Option<StreamTo>,
    dump: bool,
    control: Option<Control>,
    loudness: loudness::Loudness,
    warnings: Vec<String>,
}

impl Translation {
    /// Whether the host has been named.
    pub(super) fn has_destination(&self) -> bool {
        self.destination.is_some()
    }

    /// Takes a letter without a value.
    pub(super) fn flag(&mut self, letter: char) -> Result<(), Fault> {
        match letter {
            '4' => self.overwrite("AddressFamily", "inet"),
            '6' => self.overwrite("AddressFamily", "inet6"),
            'A' => self.overwrite("ForwardAgent", "yes"),
            'C' => self.overwrite("Compression", "yes"),
            'G' => self.dump = true,
            'N' => {
                self.session_type("none", "Cannot specify -N with -s/SessionType")?;
                self.overwrite("RequestTTY", "no");
            }
            'M' => {
                let again = self.overwriting.get("ControlMaster").is_some_and(|value| value == "yes");
                self.overwrite("ControlMaster", if again { "ask" } else { "yes" });
            }
            'T' => self.overwrite("RequestTTY", "no"),
            'X' => self.overwrite("ForwardX11", "yes"),
            'Y' => {
                self.overwrite("ForwardX11", "yes");
                self.overwrite("ForwardX11Trusted", "yes");
            }
            'a' => self.overwrite("ForwardAgent", "no"),
            'f' => {
                self.overwrite("ForkAfterAuthentication", "yes");
                self.overwrite("StdinNull", "yes");
            }
            'g' => self.overwrite("GatewayPorts", "yes"),
            'k' => self.overwrite("GSSAPIDelegateCredentials", "no"),
            'n' => self.overwrite("StdinNull", "yes"),
            'q' => self.loudness.quiet(),
            's' => self.session_type("subsystem", "Cannot specify -s with -N/SessionType")?,
            't' => self.terminal(),
            'v' => self.loudness.louder(),
            'x' => self.overwrite("ForwardX11", "no"),
            letter => return refusal::of(letter).map_or(Ok(()), Err),
        }
        Ok(())
    }

    /// Takes a letter with its value.
    pub(super) fn value(&mut self, letter: char, value: OsString) -> Result<(), Fault> {
        if let Some(refusal) = refusal::of(letter) {
            return Err(refusal);
        }
        match letter {
            'E' => self.log_file = Some(value.into()),
            'F' if value.eq_ignore_ascii_case("none") => self.config_file = ConfigFile::None,
            'F' => self.config_file = ConfigFile::File(value.into()),
            letter => self.text(letter, value.into_string().map_err(|_| Fault::NotText(letter))?)?,
        }
        Ok(())
    }

    fn text(&mut self, letter: char, text: String) -> Result<(), Fault> {
        match letter {
            'B' => self.overwrite("BindInterface", &text),
            'D' => self.forwards.push((ForwardKind::Dynamic, text)),
            'J' => self.jump(&text)?,
            'L' => self.forwards.push((ForwardKind::Local, text)),
            'O' => self.control = Some(Control::parse(&text)?),
            'P' => self.give_way("Tag", &text),
            'R' => self.forwards.push((ForwardKind::Remote, text)),
            // An empty path is no path.
            'S' if text.is_empty() => self.overwrite("ControlPath", "none"),
            'S' => self.overwrite("ControlPath", &text),
            'W' => self.stdio_forward(&text)?,
            'b' => self.overwrite("BindAddress", &text),
            'c' => self.overwrite("Ciphers", &text),
            'e' => self.escape_character(text)?,
            'i' => self.identity(&text),
            // An empty user is the local one.
            'l' if text.is_empty() => {}
            'l' => self.give_way("User", &text),
            'm' => self.overwrite("MACs", &text),
            'o' => self.add(text),
            'p' => self.give_way("Port", &text),
            _ => {}
        }
        Ok(())
    }

    /// Takes the host.
    pub(super) fn destination(&mut self, word: &OsStr) -> Result<(), Fault> {
        let text = word.to_str().ok_or(Fault::DestinationNotText)?;
        self.destination = Some(Destination::parse(text)?);
        Ok(())
    }

    /// Takes the command.
    pub(super) fn command(&mut self, command: Vec<u8>) {
        self.command = Some(command);
    }

    /// What a tunnel is beside what the letters say: nobody is asked, nothing runs, and every forward has to stand.
    pub(super) fn for_tunnel(mut self) -> Self {
        for (keyword, value) in [("BatchMode", "yes"), ("SessionType", "none"), ("ExitOnForwardFailure", "yes")] {
            self.overwrite(keyword, value);
        }
        self
    }

    /// Puts it all together.
    pub(super) fn finish(mut self) -> Result<Invocation, Fault> {
        let level = self.level();
        if let Some(name) = self.loudness.name() {
            self.overwrite("LogLevel", name);
        }
        let destination = self.destination.take().ok_or(Fault::NoDestination)?;
        let is_subsystem = self.overwriting.get("SessionType").is_some_and(|kind| kind == "subsystem");
        if is_subsystem && self.command.is_none() {
            return Err(Fault::NoSubsystem);
        }
        let mut command_line = CommandLine::new(destination);
        command_line.overrides = self.overwriting.iter().map(|(keyword, value)| option_line(keyword, value)).collect();
        [command_line.options, command_line.options_after] = self.lines;
        command_line.forwards = self.forwards;
        command_line.command = self.command.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        command_line.stdio_forward = self.stdio_forward.is_some();
        Ok(Invocation {
            command_line,
            config_file: self.config_file,
            command: self.command,
            stdio_forward: self.stdio_forward,
            dump: self.dump,
            control: self.control,
            log: LogChoice { level, file: self.log_file },
            warnings: self.warnings,
        })
    }

    fn overwrite(&mut self, keyword: &'static str, value: &str) {
        self.overwriting.insert(keyword, value.to_owned());
    }

    fn add(&mut self, line: String) {
        let [before, after] = &mut self.lines;
        if self.destination.is_some() { after.push(line) } else { before.push(line) }
    }

    /// Adds a line unless the keyword has a value.
    fn give_way(&mut self, keyword: &str, value: &str) {
        if self.value_of(keyword).is_none() {
            self.add(option_line(keyword, value));
        }
    }

    /// The value that a keyword has by now, as written.
    fn value_of(&self, keyword: &str) -> Option<String> {
        let overwritten = self.overwriting.get(keyword).cloned();
        overwritten.or_else(|| self.lines.iter().flatten().find_map(|line| argument(line, keyword)))
    }

    fn session_type(&mut self, kind: &'static str, complaint: &'static str) -> Result<(), Fault> {
        match self.value_of("SessionType") {
            Some(other) if !other.eq_ignore_ascii_case(kind) => Err(Fault::Conflict(complaint)),
            _ => {
                self.overwrite("SessionType", kind);
                Ok(())
            }
        }
    }

    /// `-t`, and the second time `-tt`.
    fn terminal(&mut self) {
        let asked = |value: String| matches!(value.to_ascii_lowercase().as_str(), "yes" | "true");
        let twice = self.value_of("RequestTTY").is_some_and(asked);
        self.overwrite("RequestTTY", if twice { "force" } else { "yes" });
    }

    fn identity(&mut self, file: &str) {
        match identity::trouble(file) {
            None => self.add(option_line("IdentityFile", file)),
            Some(trouble) => self.warnings.push(trouble),
        }
    }

    fn jump(&mut self, hops: &str) -> Result<(), Fault> {
        if self.value_of("ProxyJump").is_some() {
            return Err(Fault::Conflict(
                "Only a single -J option is permitted (use commas to separate multiple jump hops)",
            ));
        }
        if self.value_of("ProxyCommand").is_some() {
            return Err(Fault::Conflict("Cannot specify -J with ProxyCommand"));
        }
        self.add(option_line("ProxyJump", hops));
        Ok(())
    }

    fn stdio_forward(&mut self, text: &str) -> Result<(), Fault> {
        if self.stdio_forward.is_some() {
            return Err(Fault::Conflict("stdio forward already specified"));
        }
        let forward = stdio_forward::parse(text).ok_or_else(|| Fault::StdioForward(text.to_owned()))?;
        self.stdio_forward = Some(forward);
        self.overwrite("RequestTTY", "no");
        self.overwrite("SessionType", "none");
        Ok(())
    }

    fn escape_character(&mut self, text: String) -> Result<(), Fault> {
        match text.as_bytes() {
            [_] | b"none" | [b'^', 64..=127] => self.overwrite("EscapeChar", &text),
            _ => return Err(Fault::EscapeCharacter(text)),
        }
        Ok(())
    }

    fn level(&self) -> LogLevel {
        let named = || loudness::level_called(&self.value_of("LogLevel")?);
        self.loudness.level().or_else(named).unwrap_or_default()
    }
}

/// The first argument of `line`, if the line is about `keyword`.
fn argument(line: &str, keyword: &str) -> Option<String> {
    let (name, rest) = lexer::keyword(line)?;
    let arguments = name.eq_ignore_ascii_case(keyword).then(|| lexer::split_arguments(rest, true))?;
    arguments.ok()?.into_iter().next()
}
