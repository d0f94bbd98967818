//! The caller's standard descriptors, as the two ends of the pipe want them.

use std::os::fd::AsFd;

use rustix::stdio;
use xssh_ssh::exec::{Input, Output};
use xssh_ssh::settings::Settings;

use crate::environment;

/// The caller's descriptors, opened before any secret is held: a process that forbids core dumps may no longer open
/// them anew.
pub(crate) struct Pipes {
    pub(crate) input: Input,
    pub(crate) stdout: Output,
    pub(crate) stderr: Output,
}

impl Pipes {
    pub(crate) fn open(settings: &Settings) -> std::io::Result<Self> {
        let spill = environment::temporary();
        Ok(Self {
            input: if settings.session.stdin_null { Input::null() } else { Input::open(stdio::stdin().as_fd())? },
            stdout: Output::open(stdio::stdout().as_fd(), spill.clone())?,
            stderr: Output::open(stdio::stderr().as_fd(), spill)?,
        })
    }
}
