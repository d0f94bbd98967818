//! One connection for many calls: as a client of a master, as the master, and as whoever tells one what to do.
//!
//! Order of use: [`place::of`] says where the control socket of a call is, if it has one. [`join`] has a master there carry the
//! call; where there is none, [`background::run`] starts one that stays, or the remote shell connects by itself and serves others
//! as long as it runs ([`foreground::Foreground`]). [`control::run`] is `-O`.
//!
//! What this room must never do: run a call twice (a master that was given a command is the only one to run it), keep a descriptor
//! of the caller's in a master that stays, or trust a directory that others can write to.

pub(crate) mod background;
pub(crate) mod control;
pub(crate) mod foreground;
mod passenger;
pub(crate) mod place;

use ::log::{debug, error, warn};
use xssh_os::daemon::Background;
use xssh_ssh::config::LocalContext;
use xssh_ssh::limits::MUX_PROBE;
use xssh_ssh::mux::{Client, ClientError, SocketError, dial};
use xssh_ssh::settings::{Mastering, Settings};

use crate::args::Invocation;
use place::Place;

/// Has the master at `place` carry the call; `None` where there is no master, or none that can.
pub(crate) fn join(
    place: &Place,
    invocation: &Invocation,
    settings: &Settings,
    context: &LocalContext,
    background: &mut Option<Background>,
) -> Option<u8> {
    if !place.automatic && !place.of_a_run && !settings.sharing.master.joins() {
        return None;
    }
    debug!("auto-mux: Trying existing master at '{}'", place.path.display());
    let socket = match dial(&place.path) {
        Ok(socket) => socket,
        Err(reason) => {
            no_master(place, settings.sharing.master, &reason);
            return None;
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let joined = runtime.block_on(async {
        let mut client = Client::greet(socket, MUX_PROBE).await?;
        let master = client.alive(MUX_PROBE).await?;
        passenger::ride((client, master), invocation, settings, context, background).await
    });
    match joined {
        Ok(code) => Some(code),
        Err(reason) => {
            give_up(place, &reason);
            // One that was killed just now leaves a name to which nobody answers.
            if matches!(reason, ClientError::Gone)
                && let Err(gone) = dial(&place.path)
            {
                no_master(place, settings.sharing.master, &gone);
            }
            None
        }
    }
}

fn no_master(place: &Place, mastering: Mastering, reason: &SocketError) {
    match reason {
        SocketError::Absent(_) => debug!("{reason}"),
        SocketError::Stale(path) if place.automatic || mastering != Mastering::No => {
            debug!("Stale control socket {}, unlinking", path.display());
            // Another call may have been faster.
            let _ = std::fs::remove_file(path);
        }
        SocketError::Stale(_) | SocketError::Exists(_) | SocketError::Io { .. } => error!("{reason}"),
    }
}

/// The call goes by a connection of its own. A master that hangs is in nobody's way any longer.
fn give_up(place: &Place, reason: &ClientError) {
    if place.automatic {
        debug!("shared connection: {reason}; connecting by ourselves");
    } else {
        warn!("shared connection: {reason}; connecting by ourselves");
    }
    if matches!(reason, ClientError::Silent) {
        let _ = std::fs::remove_file(&place.path);
    }
}
