//! Help, version and the lists of `-Q`: what is answered without any host.

#[cfg(test)]
mod reference;

use std::io::{self, ErrorKind, Write};

use xssh_ssh::config::algorithms;

use crate::args::definition::{self, AUTHORIZE, PROGRAM, ROUTE, SERVE, SYNC, TUNNEL};
use crate::args::{Help, Topic};
use crate::words;

/// The version of russh. It stands in Cargo.lock and nowhere in its code; a test keeps this in step.
const RUSSH: &str = "0.65.1";

/// Prints help to standard output.
pub(crate) fn print(help: Help) -> u8 {
    stdout(&text(help))
}

/// The text of help.
pub(crate) fn text(help: Help) -> String {
    let mut program = definition::command();
    let command = match help.topic {
        Topic::Program => Some(&mut program),
        Topic::Route => program.find_subcommand_mut(ROUTE),
        Topic::Tunnel => program.find_subcommand_mut(TUNNEL),
        Topic::Sync => program.find_subcommand_mut(SYNC),
        Topic::Serve => program.find_subcommand_mut(SERVE),
        Topic::Authorize => program.find_subcommand_mut(AUTHORIZE),
    };
    let render = |command: &mut clap::Command| {
        if help.long { command.render_long_help() } else { command.render_help() }.to_string()
    };
    command.map(render).unwrap_or_default()
}

/// What a faulty command line is answered with, after its fault.
pub(crate) fn usage(topic: Topic) -> String {
    let (usage, more) = match topic {
        Topic::Tunnel => (usage_of(TUNNEL), format!("help {TUNNEL} tells more")),
        Topic::Route => (usage_of(ROUTE), format!("help {ROUTE} tells more")),
        _ => (format!("{PROGRAM} [options] [user@]host [command ...]"), "-h lists the options".to_owned()),
    };
    format!("usage: {usage}\n       {PROGRAM} {more}")
}

fn usage_of(name: &str) -> String {
    definition::subcommand(name).get_overridden_usage().map(ToString::to_string).unwrap_or_default()
}

/// Prints the version to standard error, as ssh does: ourselves, what speaks SSH, and what does its cryptography.
pub(crate) fn version() -> u8 {
    words::say(&format_args!("{PROGRAM}_{}, russh {RUSSH}, ring", env!("CARGO_PKG_VERSION")));
    0
}

/// Answers `-Q`.
pub(crate) fn query(question: &str) -> u8 {
    match algorithms::query(question) {
        Some(answers) => stdout(&answers.iter().map(|answer| format!("{answer}\n")).collect::<String>()),
        None => words::fail(&format_args!("Unsupported query \"{question}\"")),
    }
}

/// Prints to standard output, and fails where nobody takes it. A reader that has seen enough (`| head`) is no failure
/// to speak of.
pub(crate) fn stdout(text: &str) -> u8 {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => 0,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => words::FAILED,
        Err(error) => words::fail(&format_args!("standard output: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{RUSSH, text};
    use crate::args::definition::options;
    use crate::args::{Help, Topic};

    #[test]
    fn the_version_of_russh_is_that_of_the_lock_file() {
        let lock = include_str!("../../Cargo.lock");
        let entry = format!("name = \"russh\"\nversion = \"{RUSSH}\"");
        assert!(lock.contains(&entry), "russh is not {RUSSH} any more");
    }

    #[test]
    fn help_names_every_letter() {
        for long in [false, true] {
            let help = text(Help { topic: Topic::Program, long });
            for option in options() {
                let letter = option.get_short().unwrap();
                assert!(help.contains(&format!("\n  -{letter}")), "-{letter}: {help}");
            }
        }
    }
}
