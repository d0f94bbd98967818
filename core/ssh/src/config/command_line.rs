use std::path::PathBuf;

use super::forward::ForwardKind;
use super::keyword::{self, Form, Keyword};
use super::lexer;
use crate::destination::Destination;

/// Which files are read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ConfigFile {
    /// `~/.ssh/config` and the system's `ssh_config`; neither needs to exist.
    #[default]
    Default,
    /// Only this one (`-F`), which must exist.
    File(PathBuf),
    /// None at all (`-F none`).
    None,
}

/// What a command line says about the connection. The letters are for the cli to translate; [`option_line`] helps.
#[derive(Debug, Clone)]
pub struct CommandLine {
    /// The destination.
    pub destination: Destination,
    /// Letters that ssh lets win over every `-o`, wherever they stand, and of which the last one wins: `-4 -6 -a -A -b
    /// -B -c -C -e -f -g -k -K -m -M -n -N -q -s -S -t -T -v -w -x -X -Y`. As lines, in their order.
    pub overrides: Vec<String>,
    /// The lines of `-o`, and of the letters of which the first one wins or all count (`-i -J`, and `-l -p -P`
    /// where their place among `-o` matters), in their order, as far as they stand before the destination.
    pub options: Vec<String>,
    /// The same as far as they stand after the destination, whose user and port come before them.
    pub options_after: Vec<String>,
    /// `-D`, `-L` and `-R`, as written, in their order.
    pub forwards: Vec<(ForwardKind, String)>,
    /// `-l`; yields to `options`, and goes before the destination's user.
    pub user: Option<String>,
    /// `-p`; yields to `options`, and goes before the destination's port.
    pub port: Option<u16>,
    /// `-P`; yields to `options`.
    pub tag: Option<String>,
    /// The remote command, if one was given.
    pub command: Option<String>,
    /// Whether `-W` was given: no session, no terminal, no other forwards.
    pub stdio_forward: bool,
}

impl CommandLine {
    /// A command line that names a destination and nothing else.
    #[must_use]
    pub fn new(destination: Destination) -> Self {
        Self {
            destination,
            overrides: Vec::new(),
            options: Vec::new(),
            options_after: Vec::new(),
            forwards: Vec::new(),
            user: None,
            port: None,
            tag: None,
            command: None,
            stdio_forward: false,
        }
    }
}

/// A line that sets `keyword` to exactly `value`: quoted where the keyword's arguments are split.
#[must_use]
pub fn option_line(keyword: &str, value: &str) -> String {
    let entry = keyword::find(&keyword.to_ascii_lowercase());
    let raw = entry.is_some_and(|entry| {
        matches!(entry.form, Form::Command)
            || matches!(entry.keyword, Some(Keyword::ProxyJump | Keyword::VersionAddendum))
    });
    let value = if raw { value.to_owned() } else { lexer::quote(value) };
    format!("{keyword}={value}")
}
