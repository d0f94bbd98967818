//! `Host` and `Match`: which blocks apply.

use std::io::ErrorKind;
use std::process::{Command, Stdio};

use log::{debug, error, trace};

use super::directive::Line;
use super::error::{ConfigError, Fault, Stop, reason};
use super::keyword::Keyword;
use super::pattern::{self, Verdict};
use super::reader::Reader;
use super::tokens::Scope;
use super::{lexer, network};
use crate::settings::Template;

/// What `Match version` sees.
const VERSION: &str = concat!("xssh_", env!("CARGO_PKG_VERSION"));

/// A host matches if one pattern does and no negated one.
pub(super) fn host_line(reader: &mut Reader<'_>, line: &mut Line<'_>, active: &mut bool) -> Result<(), Stop> {
    let source = line.source;
    if source.on_command_line {
        return Err(Fault::NotAnOption("Host").into());
    }
    *active = false;
    let mut matched = None;
    while let Some(argument) = line.arguments.next() {
        if argument.is_empty() {
            return Err(Fault::EmptyArgument(line.name.to_owned()).into());
        }
        let (negated, wanted) = argument.strip_prefix('!').map_or((false, argument.as_str()), |rest| (true, rest));
        if source.never || !pattern::matches(&reader.host, wanted) {
            continue;
        }
        if negated {
            debug!("{} line {}: Skipping Host block because of negated match for {wanted}", source.file, source.line);
            matched = None;
            line.consume();
        } else {
            matched.get_or_insert(argument);
        }
    }
    if let Some(pattern) = matched {
        debug!("{} line {}: Applying options for {pattern}", source.file, source.line);
        *active = true;
    }
    Ok(())
}

/// All criteria of a line must hold. Each is read, but a command is run only where those before it hold.
pub(super) fn match_line(reader: &mut Reader<'_>, line: &mut Line<'_>, active: &mut bool) -> Result<(), Stop> {
    if line.source.on_command_line {
        return Err(Fault::NotAnOption("Match").into());
    }
    let mut words = Words { rest: line.rest };
    let holds = criteria(reader, line, &mut words)?;
    *active = holds && !line.source.never;
    if words.rest.is_empty() {
        line.consume();
    }
    Ok(())
}

/// What is left of a `Match` line.
struct Words<'a> {
    rest: &'a str,
}

impl Words<'_> {
    /// The next word. None at the end, which a comment is too, and at an empty word.
    fn next(&mut self) -> Result<Option<String>, Stop> {
        match lexer::match_word(self.rest).map_err(|_| Fault::Quotes)? {
            Some((word, _)) if word.starts_with('#') => {
                self.rest = "";
                Ok(None)
            }
            Some((word, rest)) => {
                self.rest = rest;
                Ok(Some(word).filter(|word| !word.is_empty()))
            }
            None => Ok(None),
        }
    }

    /// The argument of a criterion, which may be empty but must be there.
    fn argument(&mut self) -> Result<Option<String>, Stop> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.next()?.unwrap_or_default()))
    }
}

/// Logs what is wrong and ends the line in OpenSSH's words.
fn bad(complaint: &str) -> Stop {
    error!("{complaint}");
    Stop::Line(Fault::Phrase("Bad Match condition"))
}

fn criteria(reader: &mut Reader<'_>, line: &Line<'_>, words: &mut Words<'_>) -> Result<bool, Stop> {
    let source = line.source;
    let mut result = true;
    let mut count = 0;
    while let Some(word) = words.next()? {
        let (negated, name) = word.strip_prefix('!').map_or((false, word.as_str()), |name| (true, name));
        let name = name.to_ascii_lowercase();
        if name == "all" {
            if count > 1 || words.next()?.is_some() {
                let place = format!("{} line {}", source.file, source.line);
                return Err(bad(&format!("{place}: '{word}' cannot be combined with other Match attributes")));
            }
            return Ok(result && !negated);
        }
        count += 1;
        let holds = if matches!(name.as_str(), "canonical" | "final") {
            reader.wants_final_pass |= name == "final";
            reader.final_pass
        } else {
            let known = known_criterion(&name);
            let written = word.strip_prefix('!').unwrap_or(&word);
            let argument = words.argument()?;
            let argument = argument.filter(|argument| !argument.is_empty() || may_be_empty(&name));
            let Some(argument) = argument else {
                return Err(bad(&format!("Missing Match criteria for {written}")));
            };
            if !known {
                return Err(bad(&format!("Unsupported Match attribute {written}")));
            }
            let wanted = result && !source.never;
            criterion(reader, line, &name, &argument, wanted)?
        };
        trace!("{} line {}: {}matched '{word}'", source.file, source.line, if holds == negated { "not " } else { "" });
        result &= holds != negated;
    }
    if count == 0 {
        return Err(bad("One or more attributes required for Match"));
    }
    Ok(result)
}

fn known_criterion(name: &str) -> bool {
    const KNOWN: [&str; 10] = [
        "host",
        "originalhost",
        "user",
        "localuser",
        "localnetwork",
        "tagged",
        "command",
        "sessiontype",
        "version",
        "exec",
    ];
    KNOWN.contains(&name)
}

fn may_be_empty(name: &str) -> bool {
    matches!(name, "tagged" | "command")
}

/// Whether one criterion with an argument holds. A command is only run if the answer is `wanted`.
fn criterion(reader: &Reader<'_>, line: &Line<'_>, name: &str, argument: &str, wanted: bool) -> Result<bool, Stop> {
    let list = |text: &str| pattern::list(text, argument) == Verdict::Matches;
    // An empty text matches an empty argument and nothing else.
    let list_or_empty = |text: &str| {
        if text.is_empty() { argument.is_empty() } else { list(text) }
    };
    Ok(match name {
        "host" => pattern::host_list(&reader.current_host()?, argument) == Verdict::Matches,
        "originalhost" => pattern::host_list(&reader.original_host, argument) == Verdict::Matches,
        "user" => list(reader.current_user()),
        "localuser" => list(&reader.context.local_user),
        "localnetwork" => match network::Networks::parse(argument) {
            Ok(networks) => reader.context.names.interface_addresses().iter().any(|address| networks.contain(*address)),
            Err(complaint) => return Err(bad(&complaint.to_string())),
        },
        "tagged" => list_or_empty(reader.values.text(Keyword::Tag).unwrap_or_default()),
        "command" => list_or_empty(reader.command.as_deref().unwrap_or_default()),
        "sessiontype" => list(session_type(reader)),
        "version" => list(VERSION),
        _ => exec(reader, line, argument, wanted)?,
    })
}

fn session_type(reader: &Reader<'_>) -> &'static str {
    match reader.values.word(Keyword::SessionType) {
        Some(word @ ("subsystem" | "none")) => word,
        _ if reader.command.as_ref().is_some_and(|command| !command.is_empty()) => "exec",
        _ => "shell",
    }
}

/// Runs a command in the user's shell and tells whether it succeeded.
fn exec(reader: &Reader<'_>, line: &Line<'_>, argument: &str, wanted: bool) -> Result<bool, Stop> {
    let source = line.source;
    let command = reader.current_tokens()?.expand(&Template(argument.to_owned()), Scope::MATCH_EXEC)?;
    if !wanted {
        trace!("{} line {}: skipped exec \"{command}\"", source.file, source.line);
        return Ok(false);
    }
    let shell = reader.context.variable("SHELL").unwrap_or_else(|| "/bin/sh".to_owned());
    debug!("Executing command: '{command}'");
    let status = Command::new(&shell).arg("-c").arg(&command).stdin(Stdio::null()).stdout(Stdio::null()).status();
    let trouble = match status {
        Ok(status) => match status.code() {
            Some(code) => {
                trace!("command returned status {code}");
                return Ok(code == 0);
            }
            None => "it exited abnormally".to_owned(),
        },
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {
            format!("Shell \"{shell}\" is not executable: {}", reason(&error))
        }
        Err(error) => reason(&error),
    };
    Err(Stop::Everything(ConfigError::MatchExec {
        file: source.file.to_owned(),
        line: source.line,
        command,
        reason: trouble,
    }))
}
