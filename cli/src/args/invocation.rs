use std::path::PathBuf;

use xssh_ssh::config::{CommandLine, ConfigFile};
use xssh_ssh::session::StreamTo;
use xssh_ssh::settings::LogLevel;

use super::Control;

/// A call of another host, as the command line gives it. No configuration has been read.
#[derive(Debug, Clone)]
pub(crate) struct Invocation {
    /// The destination and every option as a line of configuration, ready for
    /// [`xssh_ssh::config::Resolver::resolve`]. The lines of `-l`, `-p` and `-P` stand among the options, where ssh
    /// counts them; so the fields for them are empty.
    pub(crate) command_line: CommandLine,
    /// `-F`.
    pub(crate) config_file: ConfigFile,
    /// What to run there, or with `SessionType subsystem` the subsystem's name: the words joined by single spaces, every
    /// byte kept.
    pub(crate) command: Option<Vec<u8>>,
    /// `-W`: where the stream leads. `SessionType none` and `RequestTTY no` are among the options then.
    pub(crate) stdio_forward: Option<StreamTo>,
    /// `-G`: print the configuration and do not connect.
    pub(crate) dump: bool,
    /// `-O`: what the master of a shared connection is told.
    pub(crate) control: Option<Control>,
    /// Where messages go, and which are shown until the configuration has been read.
    pub(crate) log: LogChoice,
    /// Warnings about the command line itself, which ssh shows at every level.
    pub(crate) warnings: Vec<String>,
}

/// What the command line says of messages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LogChoice {
    /// `-v`, `-q`, or `LogLevel` among the options; INFO otherwise. Configuration files can change it only where the
    /// command line says nothing: set it again from the settings.
    pub(crate) level: LogLevel,
    /// `-E`.
    pub(crate) file: Option<PathBuf>,
}
