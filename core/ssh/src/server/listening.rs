//! Who may connect, how many at once, and the end.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use log::{debug, info, warn};
use russh::server::{Config, RunningSession, run_stream};
use russh::{Disconnect, Limits, MethodKind, MethodSet, SshId};
use rustix::net::Shutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::peer::{Peer, Standing};
use super::startups::{Place, Startups};
use super::{Gatekeeper, HostKey};
use crate::hop::TcpWire;
use crate::limits::{
    ACCEPT_PAUSE, GOODBYE, LOGIN_ATTEMPTS, LOGIN_GRACE, LOGIN_REJECTION, PARTING, PEER_PROBE, PEER_PROBES, PEERS,
    REKEY_BYTES, REKEY_SECONDS, SERVED_READS, SERVED_WINDOW, WRITE_STALL,
};

/// How the server goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It does.
    No,
    /// It takes no new connections, and ends when those that are at work have done it.
    Gently,
    /// It ends.
    Now,
}

/// What a server is made of.
pub struct Plan {
    /// Where it listens. Port 0 is any that is free.
    pub addresses: Vec<SocketAddr>,
    /// What it proves itself with.
    pub host_key: HostKey,
    /// Whom it lets in.
    pub gatekeeper: Arc<dyn Gatekeeper>,
    /// Where what a program does not take is kept, in files without names.
    pub spill: PathBuf,
}

/// A server that listens.
pub struct Server {
    listeners: Vec<TcpListener>,
    shared: Arc<Shared>,
}

struct Shared {
    config: Arc<Config>,
    gatekeeper: Arc<dyn Gatekeeper>,
    spill: PathBuf,
    connections: Arc<Semaphore>,
    startups: Arc<Startups>,
}

impl Server {
    /// Listens. Must be called inside a runtime.
    ///
    /// # Errors
    /// One of the addresses is taken, or is not ours; with it.
    pub async fn bind(plan: Plan) -> Result<Self, (SocketAddr, io::Error)> {
        let mut listeners = Vec::new();
        for address in plan.addresses {
            listeners.push(TcpListener::bind(address).await.map_err(|error| (address, error))?);
        }
        let shared = Shared {
            config: Arc::new(config(plan.host_key)),
            gatekeeper: plan.gatekeeper,
            spill: plan.spill,
            connections: Arc::new(Semaphore::new(PEERS)),
            startups: Startups::new(),
        };
        Ok(Self { listeners, shared: Arc::new(shared) })
    }

    /// Where it listens.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// Serves until it is told to stop.
    pub async fn run(self, stop: watch::Receiver<Stop>) {
        let mut peers = JoinSet::new();
        let mut stopped = stop.clone();
        let mut is_short = false;
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stopped.wait_for(|stop| *stop != Stop::No) => break,
                Some(_) = peers.join_next() => continue,
                accepted = accept(&self.listeners) => accepted,
            };
            match accepted {
                Ok((socket, from)) => {
                    is_short = false;
                    let (shared, stop) = (self.shared.clone(), stop.clone());
                    peers.spawn(async move { shared.meet(socket, from, stop).await });
                }
                Err(error) => {
                    // Descriptors may be short for a while, and whoever waits makes the listener ready all the time.
                    if !is_short {
                        warn!("a connection could not be taken, and waits: {error}");
                    }
                    is_short = true;
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(self.listeners);
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop == Stop::Now) => {}
            () = async { while peers.join_next().await.is_some() {} } => {}
        }
    }
}

async fn accept(listeners: &[TcpListener]) -> io::Result<(TcpStream, SocketAddr)> {
    let each = listeners.iter().map(|listener| Box::pin(listener.accept()));
    futures::future::select_all(each).await.0
}

fn config(host_key: HostKey) -> Config {
    let mut methods = MethodSet::empty();
    methods.push(MethodKind::PublicKey);
    Config {
        server_id: SshId::Standard(concat!("SSH-2.0-xssh_", env!("CARGO_PKG_VERSION")).into()),
        methods,
        auth_rejection_time: LOGIN_REJECTION,
        // OpenSSH asks which methods there are.
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![host_key.0],
        window_size: SERVED_WINDOW,
        event_buffer_size: SERVED_READS,
        max_auth_attempts: LOGIN_ATTEMPTS,
        inactivity_timeout: None,
        keepalive_interval: Some(PEER_PROBE),
        keepalive_max: PEER_PROBES,
        limits: Limits {
            rekey_write_limit: usize::try_from(REKEY_BYTES).unwrap_or(usize::MAX),
            rekey_read_limit: usize::try_from(REKEY_BYTES).unwrap_or(usize::MAX),
            rekey_time_limit: Duration::from_secs(REKEY_SECONDS),
        },
        ..Config::default()
    }
}

impl Shared {
    /// One connection, from its first byte to its end.
    async fn meet(&self, socket: TcpStream, from: SocketAddr, stop: watch::Receiver<Stop>) {
        let Ok(_connection) = self.connections.clone().try_acquire_owned() else {
            return info!("{from}: turned away, because too many are connected");
        };
        let (standing, progress) = watch::channel(Standing::default());
        let Some(place) = self.startups.enter(from.ip(), &progress).await else {
            return info!("{from}: turned away, because too many are logging in");
        };
        let prepared = prepare(&socket).and_then(|own| Ok((own, socket.local_addr()?)));
        let (own, to) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return debug!("{from}: {error}"),
        };
        let peer = Peer::new(self.gatekeeper.clone(), self.spill.clone(), (from, to), standing);
        let wire = TcpWire::served(socket, WRITE_STALL);
        let greeted = tokio::select! {
            greeted = timeout(LOGIN_GRACE, run_stream(self.config.clone(), wire, peer)) => Some(greeted),
            () = place.lost() => None,
        };
        match greeted {
            Some(Ok(Ok(running))) => {
                attend(running, progress, place, stop).await.unwrap_or_else(|| debug!("{from}: {GAVE_WAY}"))
            }
            Some(Ok(Err(error))) => debug!("{from}: {error}"),
            Some(Err(_)) => info!("{from}: said nothing for {} s", LOGIN_GRACE.as_secs()),
            None => debug!("{from}: {GAVE_WAY}"),
        }
        // Whatever still holds the socket holds a dead one.
        let _ = rustix::net::shutdown(&own, Shutdown::Both);
    }
}

/// Why a connection ends that others came after.
const GAVE_WAY: &str = "gave way to others before it had logged in";

/// A hold of the socket of our own, to end it with.
fn prepare(socket: &TcpStream) -> io::Result<OwnedFd> {
    socket.set_nodelay(true)?;
    socket.as_fd().try_clone_to_owned()
}

/// Waits for the end of a connection, and ends one that does not log in in time, or that has nothing to do when we stop.
/// `None` where its place went to another.
async fn attend(
    running: RunningSession<Peer>,
    mut progress: watch::Receiver<Standing>,
    place: Place,
    mut stop: watch::Receiver<Stop>,
) -> Option<()> {
    let handle = running.handle();
    let mut running = running;
    let logged_in = timeout(LOGIN_GRACE, progress.wait_for(|standing| standing.logged_in));
    let in_time = tokio::select! {
        _ = &mut running => return Some(()),
        logged_in = logged_in => matches!(logged_in, Ok(Ok(_))),
        () = place.lost() => return None,
    };
    drop(place);
    if in_time {
        let over = async {
            let _ = stop.wait_for(|stop| *stop != Stop::No).await;
            let _ = progress.wait_for(|standing| standing.programs == 0).await;
            // A goodbye that comes before the client has taken leave of its channel is a failure to it, however its program ended.
            let _ = timeout(PARTING, progress.wait_for(|standing| standing.channels == 0)).await;
        };
        tokio::select! {
            _ = &mut running => return Some(()),
            () = over => {}
        }
    }
    let why = if in_time { "the server ends" } else { "no login in time" };
    let goodbye = handle.disconnect(Disconnect::ByApplication, why.to_owned(), String::new());
    // What it does not hear ends with the socket.
    let _ = timeout(GOODBYE, async {
        let _ = goodbye.await;
        let _ = running.await;
    })
    .await;
    Some(())
}
