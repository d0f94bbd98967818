//! One connection: over a wire, to a host that is checked, as a user that is authenticated.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use log::debug;
use russh::client::{self, Handle};
use russh::keys::agent::AgentSessionBinding;
use russh::{Limits, SshId};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::board::Board;
use super::carrier::Carrier;
use super::chosen::Chosen;
use super::error::{Cause, Peer};
use super::events::{Banner, Events, HostCheck};
use super::learning::Learning;
use super::{Refusal, SessionError, algorithms, idle};
use crate::hop::{Backlog, BoxedWire};
use crate::hostkey::Verified;
use crate::limits::{CHANNEL_WINDOW, FORWARD_WINDOW, GOODBYE, HOST_PROBE, REKEY_BYTES, REKEY_SECONDS};
use crate::settings::Settings;

/// An authenticated connection to one host, and the connections to the hops before it.
pub struct Session {
    pub(super) carrier: Carrier,
    pub(super) board: Arc<Board>,
    /// The other end.
    pub peer: Peer,
    /// The connections that this one runs through: they end with it.
    pub(super) before: Vec<Session>,
    pub(super) learning: Option<Learning>,
}

/// A connection whose host has proved itself, and to whom we have not.
pub(super) struct Unauthenticated {
    pub(super) handle: Handle<Events>,
    pub(super) board: Arc<Board>,
    pub(super) peer: Peer,
    pub(super) verified: Verified,
    pub(super) chosen: Option<Chosen>,
}

/// Exchanges keys over `wire` and has the host checked.
///
/// # Errors
/// The host is not the one known, speaks no SSH, has no algorithm in common with us, or does not answer in time.
pub(super) async fn connect(
    wire: BoxedWire,
    peer: Peer,
    settings: &Settings,
    host_key_algorithms: &[String],
    check: HostCheck,
    banner: Banner,
) -> Result<Unauthenticated, SessionError> {
    let idle = idle::Limits::new(&settings.forwarding.channel_timeouts);
    let board = Arc::new(Board::new(idle.clone()));
    idle::watch_all(&idle, &board);
    let config = Arc::new(config(settings, host_key_algorithms));
    let (checking, asked) = watch::channel(false);
    let check = announce(check, checking);
    let events = Events::new(board.clone(), peer.clone(), check, banner);
    let connecting = client::connect_stream(config, wire, events);
    let handle = within(settings.connection.connect_timeout, asked, connecting).await;
    // A host that leaves during the key exchange may have said why, which russh tells the board alone.
    let handle = handle.map_err(|error| board.known_reason().unwrap_or_else(|| error.of(&peer).early()))?;
    let Some(verified) = board.take_verified() else {
        return Err(SessionError::Transport { peer, cause: Cause::Closed });
    };
    let chosen = board.chosen();
    Ok(Unauthenticated { handle, board, peer, verified, chosen })
}

/// Lets the clock of [`within`] know that from here on a person may be thinking.
fn announce(mut check: HostCheck, checking: watch::Sender<bool>) -> HostCheck {
    Box::new(move |key| {
        checking.send_replace(true);
        check(key)
    })
}

/// ConnectTimeout covers the connection's set-up until the host's key is there to be looked at (ssh_config(5)).
async fn within<T>(
    limit: Option<Duration>,
    mut asked: watch::Receiver<bool>,
    work: impl Future<Output = Result<T, SessionError>>,
) -> Result<T, SessionError> {
    let Some(limit) = limit else { return work.await };
    let work = pin!(work);
    match select(work, pin!(sleep(limit))).await {
        Either::Left((done, _)) => done,
        Either::Right((_, work)) if *asked.borrow_and_update() => work.await,
        Either::Right(_) => Err(russh::Error::ConnectionTimeout.into()),
    }
}

fn config(settings: &Settings, host_key_algorithms: &[String]) -> client::Config {
    let connection = &settings.connection;
    let or = |value: u64, default: u64| if value == 0 { default } else { value };
    let bytes = usize::try_from(or(connection.rekey.bytes, REKEY_BYTES)).unwrap_or(usize::MAX);
    let alive = connection.server_alive_interval;
    client::Config {
        client_id: SshId::Standard(concat!("SSH-2.0-xssh_", env!("CARGO_PKG_VERSION")).into()),
        limits: Limits {
            rekey_write_limit: bytes,
            rekey_read_limit: bytes,
            rekey_time_limit: Duration::from_secs(or(connection.rekey.seconds.into(), REKEY_SECONDS)),
        },
        window_size: window(settings),
        preferred: algorithms::preferred(settings, host_key_algorithms),
        keepalive_interval: (!alive.is_zero()).then_some(alive),
        keepalive_max: connection.server_alive_count_max as usize,
        ..client::Config::default()
    }
}

/// The window that we grant on each channel.
fn window(settings: &Settings) -> u32 {
    let forwarding = &settings.forwarding;
    if forwarding.local.is_empty() && forwarding.remote.is_empty() { CHANNEL_WINDOW } else { FORWARD_WINDOW }
}

impl Session {
    /// Waits until the connection is gone, and says why.
    pub async fn ended(&self) -> Option<Arc<SessionError>> {
        let mut lost = self.board.lost.subscribe();
        lost.wait_for(Option::is_some).await.ok()?.clone()
    }

    /// Whether a channel is open.
    pub fn has_channels(&self) -> bool {
        !self.board.table.is_empty()
    }

    /// Whether the host is still there. One that was heard within `recently` is; another is asked, and has
    /// [`HOST_PROBE`] to answer. Time in which the machine slept counts.
    pub async fn answers(&self, recently: Duration) -> bool {
        if self.board.lost.borrow().is_some() {
            return false;
        }
        if self.board.silent_for() < recently {
            return true;
        }
        let answered = matches!(timeout(HOST_PROBE, self.carrier.ping()).await, Ok(Ok(())));
        let there = answered && self.board.lost.borrow().is_none();
        if there {
            self.board.heard();
        }
        there
    }

    /// What tells an agent which host and session this is.
    pub(crate) fn agent_binding(&self) -> Option<&AgentSessionBinding> {
        self.carrier.agent_binding()
    }

    /// What the key exchange chose.
    pub fn chosen(&self) -> Option<Chosen> {
        self.board.chosen()
    }

    /// Renews the keys at the next opportunity.
    pub async fn rekey(&self) {
        self.carrier.rekey().await;
    }

    /// Opens a stream to a further host, through this one.
    ///
    /// # Errors
    /// The host refuses, in its own words.
    pub async fn tunnel(&self, host: &str, port: u16) -> Result<BoxedWire, SessionError> {
        debug!("channel 0: new direct-tcpip to {host} port {port} through {}", self.peer);
        match self.carrier.open_tunnel(host, port).await {
            Ok(stream) => Ok(Box::new(Backlog::new(stream))),
            Err(error) => Err(match self.open_error(error).await {
                SessionError::ChannelOpen(Refusal { reason, words }) => {
                    let words = format!("{words} (from {} to {host} port {port})", self.peer.host);
                    SessionError::ChannelOpen(Refusal { reason, words })
                }
                other => other,
            }),
        }
    }

    pub(super) async fn open_error(&self, error: russh::Error) -> SessionError {
        match (self.board.open_failure(), error) {
            (Some(refusal), _) => SessionError::ChannelOpen(refusal),
            // Another who was refused at the same time has the words.
            (None, russh::Error::ChannelOpenFailure(reason)) => {
                SessionError::ChannelOpen(Refusal { reason: reason.code(), words: "open failed".to_owned() })
            }
            (None, error) => self.lost(error).await,
        }
    }

    /// Why the connection is gone: what the event loop saw, which says more than that it is gone.
    pub(super) async fn lost(&self, error: russh::Error) -> SessionError {
        match self.board.shared_reason().await {
            Some(reason) => SessionError::Lost(reason),
            None => SessionError::from(error).of(&self.peer),
        }
    }

    /// Says goodbye and ends the connection, and those before it, without waiting long for anyone.
    pub async fn close(&self) {
        let said = timeout(GOODBYE, self.carrier.leave()).await;
        // What a master passes on is not ours to end.
        if matches!(said, Ok(Ok(()))) && !self.is_passed_on() {
            let _ = timeout(GOODBYE, self.ended()).await;
        }
        for hop in self.before.iter().rev() {
            let _ = timeout(GOODBYE, hop.carrier.leave()).await;
        }
    }
}
