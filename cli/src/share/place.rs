//! Where the control socket of a call is.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use ::log::debug;
use xssh_ssh::config::tokens::{Scope, Tokens};
use xssh_ssh::config::{self, LocalContext};
use xssh_ssh::mux::name_of;
use xssh_ssh::settings::{Mastering, SessionType, Settings};

use crate::environment;

/// Where a control socket is.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Its path.
    pub(crate) path: PathBuf,
    /// Nobody has named it: `XsshShare auto` did.
    pub(crate) automatic: bool,
    /// A run of `xssh sync` has, whose first call serves the others as long as it runs.
    pub(crate) of_a_run: bool,
}

impl Place {
    /// Whether a call without a master leaves one behind for later calls.
    pub(crate) fn is_for_later_calls(&self, settings: &Settings) -> bool {
        let sharing = &settings.sharing;
        let runs_something = settings.session.kind != SessionType::None;
        self.automatic
            || !self.of_a_run && runs_something && sharing.master != Mastering::No && sharing.persist.is_some()
    }
}

/// The place for a call; `None` where it shares nothing.
pub(crate) fn of(settings: &Settings, context: &LocalContext) -> Result<Option<Place>, String> {
    if let Some(template) = &settings.sharing.path {
        let tokens = Tokens::new(settings, context);
        let path = tokens.expand(template, Scope::CONTROL_PATH).map_err(|error| error.to_string())?;
        return Ok(Some(Place { path: path.into(), automatic: false, of_a_run: false }));
    }
    if !settings.sharing.automatic || keeps_to_itself(settings) {
        let of_a_run = |path| Place { path, automatic: false, of_a_run: true };
        return Ok(environment::own_connection().map(of_a_run));
    }
    let configuration = config::dump(settings, context).map_err(|error| error.to_string())?;
    match directory() {
        Ok(directory) => {
            Ok(Some(Place { path: directory.join(name_of(&configuration)), automatic: true, of_a_run: false }))
        }
        Err(reason) => {
            debug!("XsshShare: {reason}; this call has a connection of its own");
            Ok(None)
        }
    }
}

/// What a call brings along that would outlive it on a connection of others, or be theirs.
fn keeps_to_itself(settings: &Settings) -> bool {
    let forwarding = &settings.forwarding;
    let forwards = !forwarding.local.is_empty() || !forwarding.remote.is_empty();
    forwards || forwarding.x11.is_some() || forwarding.agent.is_some() || settings.session.kind == SessionType::None
}

/// A directory that is ours alone: in XDG_RUNTIME_DIR, or in ~/.ssh. It is made where there is none.
pub(crate) fn directory() -> Result<PathBuf, String> {
    let parent = parent();
    if !parent.is_dir() {
        return Err(format!("there is no directory {}", parent.display()));
    }
    let directory = made(parent.join("xssh"))?;
    ours_alone(&directory)?;
    Ok(directory)
}

/// The same where it has been made already.
pub(crate) fn existing() -> Result<Option<PathBuf>, String> {
    let directory = parent().join("xssh");
    if fs::symlink_metadata(&directory).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Ok(None);
    }
    ours_alone(&directory)?;
    Ok(Some(directory))
}

fn parent() -> PathBuf {
    let runtime = environment::variable("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    runtime.unwrap_or_else(|| environment::home().join(".ssh"))
}

/// Makes a directory for us alone, unless it is there.
pub(crate) fn made(directory: PathBuf) -> Result<PathBuf, String> {
    match DirBuilder::new().mode(0o700).create(&directory) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(format!("{}: {error}", directory.display())),
        _ => Ok(directory),
    }
}

fn ours_alone(directory: &Path) -> Result<(), String> {
    let found = fs::symlink_metadata(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let ours = found.is_dir() && found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o077 == 0;
    ours.then_some(()).ok_or_else(|| format!("{} is not a directory of ours alone (mode 0700)", directory.display()))
}
