//! Forwards of ports and sockets, both ways, and SOCKS proxies at either end.
//!
//! Order of use: an [`Order`] is a configured forward with its paths decided; [`Forwards`] sets orders up on a session
//! ([`Forwards::local`], [`Forwards::remote`]), takes them back, and lists what is open. Each accepted connection is a task
//! of its own: connect at the other end, then [`carry`], so that none waits for another.
//!
//! What this room must never do: accept a channel that the host opens for a forward that was not asked for, connect for a
//! remote SOCKS client where PermitRemoteOpen does not allow it, leave a unix socket open to others for even a moment, or
//! turn in circles where descriptors run out.

mod dial;
mod error;
mod listener;
mod local;
mod open;
mod order;
mod proxy;
mod remote;
pub mod socks;

pub use error::{ForwardError, Missed};
pub use order::{Order, Place, Target};

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use log::{debug, warn};

use crate::exec::{Carried, Output, Socket, Storeroom, carry};
use crate::session::{Channel, Session};
use crate::settings::{AddressFamily, Permitted, Settings};
use listener::SocketRules;
use local::Standing;
use open::{Entry, Open};
use remote::Granted;

/// What holds for all forwards of a connection.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    gateway_ports: bool,
    family: AddressFamily,
    sockets: SocketRules,
    permitted: Permitted,
    /// For what stalled connections do not take.
    store: Storeroom,
}

impl Rules {
    /// Those of the settings.
    #[must_use]
    pub fn new(settings: &Settings, spill: PathBuf) -> Self {
        let forwarding = &settings.forwarding;
        Self {
            gateway_ports: forwarding.gateway_ports,
            family: settings.connection.address_family,
            sockets: SocketRules { unlink: forwarding.bind_unlink, mask: forwarding.bind_mask },
            permitted: forwarding.permit_remote_open.clone(),
            store: Storeroom::new(spill),
        }
    }
}

/// A forward that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stands {
    /// What was asked for.
    pub order: Order,
    /// It listens on the host.
    pub remote: bool,
    /// The port, where the host chose it.
    pub chosen: Option<u16>,
}

/// The forwards of one connection. Dropped, nothing is listened on any more.
pub struct Forwards(Arc<Inner>);

struct Inner {
    session: Arc<Session>,
    rules: Rules,
    open: Arc<Open>,
    standing: Mutex<Vec<Standing>>,
    /// Held while the host chooses a port, so that nobody who comes in meanwhile is turned away.
    granted: tokio::sync::Mutex<Vec<Granted>>,
    receiving: Mutex<remote::Receiving>,
}

impl Forwards {
    /// None yet.
    #[must_use]
    pub fn new(session: Arc<Session>, rules: Rules) -> Self {
        Self(Arc::new(Inner {
            session,
            rules,
            open: Arc::default(),
            standing: Mutex::default(),
            granted: tokio::sync::Mutex::default(),
            receiving: Mutex::default(),
        }))
    }

    /// Waits until no connection is open, which may be for ever: new ones are still taken.
    pub async fn all_closed(&self) {
        self.0.open.all_closed().await;
    }

    /// Every forward that stands, those that listen here first.
    pub async fn standing(&self) -> Vec<Stands> {
        let here = |standing: &Standing| Stands { order: standing.order.clone(), remote: false, chosen: None };
        let mut found: Vec<Stands> = lock(&self.0.standing).iter().map(here).collect();
        let granted = self.0.granted.lock().await;
        found.extend(granted.iter().filter_map(Granted::stands));
        found
    }

    /// What is open, a line each.
    #[must_use]
    pub fn connections(&self) -> Vec<String> {
        self.0.open.lines()
    }
}

impl Drop for Forwards {
    fn drop(&mut self) {
        // The tasks hold what is behind us; without these they end.
        lock(&self.0.standing).clear();
        lock(&self.0.receiving).stop();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A socket of ours, and what a channel is opened with to be joined to it.
fn joint(fd: OwnedFd, rules: &Rules) -> io::Result<(Socket, Output)> {
    let socket = Socket::new(fd)?;
    let output = Output::socket(&socket, rules.store.clone());
    Ok((socket, output))
}

/// Carries a connection to its end.
async fn run(entry: &Entry, channel: &Channel, socket: &Socket, output: Output) {
    match carry(channel, socket, output).await {
        Carried::Broken(kind) => debug!("channel {}: closed: {kind}", entry.number),
        Carried::Stalled => warn!(
            "channel {}: {}: closed: its reader takes nothing, and there is no room left for what comes",
            entry.number,
            entry.what()
        ),
        Carried::Done | Carried::Lost => debug!("channel {}: closed", entry.number),
    }
}
