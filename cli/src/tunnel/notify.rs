//! systemd's notification protocol (sd_notify(3)): a datagram with lines, to the socket that NOTIFY_SOCKET names.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use ::log::debug;

use super::record::State;
use crate::environment;

/// The service manager, where there is one.
pub(super) struct Manager(Option<UnixDatagram>);

impl Manager {
    /// The one that the environment names; programs that we start do not inherit it.
    pub(super) fn of_environment() -> Self {
        let Some(name) = environment::variable("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
            return Self(None);
        };
        let address = match name.strip_prefix('@') {
            Some(abstract_name) => SocketAddr::from_abstract_name(abstract_name),
            None => SocketAddr::from_pathname(&name),
        };
        let connected = address.and_then(|address| {
            let socket = UnixDatagram::unbound()?;
            socket.connect_addr(&address)?;
            // A manager that does not read holds nothing up.
            socket.set_nonblocking(true)?;
            Ok(socket)
        });
        match connected {
            Ok(socket) => Self(Some(socket)),
            Err(error) => {
                debug!("NOTIFY_SOCKET {name}: {error}");
                Self(None)
            }
        }
    }

    fn say(&self, lines: &str) {
        if let Some(Err(error)) = self.0.as_ref().map(|socket| socket.send(lines.as_bytes())) {
            debug!("sd_notify: {error}");
        }
    }

    /// Tells of a change.
    pub(super) fn tell(&self, state: &State) {
        match state {
            State::Connecting => self.say("STATUS=connecting"),
            State::Up(_) => self.say("READY=1\nSTATUS=up"),
            State::Waiting { reason, seconds } => self.say(&format!("STATUS=down, next try in {seconds} s: {reason}")),
            State::Failed { reason } => self.say(&format!("STATUS=failed: {reason}")),
        }
    }

    /// The end is near.
    pub(super) fn stopping(&self) {
        self.say("STOPPING=1");
    }
}
