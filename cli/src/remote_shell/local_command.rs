//! What is run here: LocalCommand, once the host knows us, and what a person types behind `~C`.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};

use ::log::debug;
use xssh_ssh::config::LocalContext;
use xssh_ssh::config::tokens::{Scope, Tokens};
use xssh_ssh::settings::Settings;

use crate::environment;

/// LocalCommand, where it is permitted; its exit code.
pub(super) fn run(settings: &Settings, context: &LocalContext) -> Option<i32> {
    let template = settings.session.local_command.as_ref().filter(|_| settings.session.permit_local_command)?;
    let tokens = Tokens::new(settings, context);
    let command = match tokens.expand(template, Scope::LOCAL_COMMAND) {
        Ok(command) => command,
        Err(error) => {
            ::log::error!("{error}");
            return None;
        }
    };
    let status = in_a_shell(&command);
    status.ok().and_then(|status| status.code())
}

/// Runs a command in the user's shell, to its end.
pub(super) fn in_a_shell(command: &str) -> io::Result<ExitStatus> {
    let shell =
        environment::variable("SHELL").filter(|shell| !shell.is_empty()).unwrap_or_else(|| "/bin/sh".to_owned());
    debug!("Executing command: '{command}'");
    let name = PathBuf::from(&shell).file_name().unwrap_or_default().to_owned();
    Command::new(&shell).arg0(name).arg("-c").arg(command).status()
}
