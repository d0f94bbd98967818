//! Help, version and the lists of `-Q`: what goes to standard output or error without any host.

use std::io::{self, Write};

use xssh_ssh::config::algorithms;

use crate::args::{Help, definition};
use crate::words;

/// Prints help to standard output.
pub fn print(help: Help) -> u8 {
    let mut command = definition::command();
    let text = match help {
        Help::Short => command.render_help(),
        Help::Long => command.render_long_help(),
    };
    stdout(&text.to_string())
}

/// Prints the version to standard error, as ssh does.
pub fn version() -> u8 {
    let _ = writeln!(io::stderr(), "xssh_{} (russh 0.65.1, ring)", env!("CARGO_PKG_VERSION"));
    0
}

/// Answers `-Q`.
pub fn query(question: &str) -> u8 {
    match algorithms::query(question) {
        Some(answers) => stdout(&answers.iter().map(|answer| format!("{answer}\n")).collect::<String>()),
        None => words::fail(&format!("Unsupported query \"{question}\"")),
    }
}

/// Prints, and fails where nobody takes it.
pub fn stdout(text: &str) -> u8 {
    match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Ok(()) => 0,
        Err(_) => words::FAILED,
    }
}
