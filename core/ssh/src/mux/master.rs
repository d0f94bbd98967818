//! The master: whoever comes to the control socket is served on its session.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use log::{debug, error};
use tokio::net::UnixListener;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::message::{Forward, ForwardKind, FromClient, FromMaster, Request, VERSION};
use super::{ControlSocket, Line};
use crate::forward::Forwards;
use crate::limits::{ACCEPT_PAUSE, MUX_CLIENTS, MUX_SILENCE};
use crate::prompt::Prompt;
use crate::session::Session;
use crate::x11;

/// What a master allows, and how long it stays.
#[derive(Clone)]
pub struct Terms {
    /// How the host was named, for questions.
    pub host: String,
    /// Who is asked before a client is served (`ControlMaster ask`, `autoask`).
    pub ask: Option<Arc<dyn Prompt>>,
    /// The display that clients may have forwarded, where somebody serves one.
    pub x11: Option<x11::Request>,
    /// Whether somebody serves an agent that clients may have forwarded.
    pub agent: bool,
    /// The directory for what a stalled client does not take.
    pub spill: PathBuf,
}

/// Why a master ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A client wanted it (`-O exit`).
    Terminated,
    /// Nobody used it for as long as it may stay unused.
    Idle,
    /// The connection to the host is gone, or the host does not answer.
    Lost,
}

/// Serves clients on one session.
pub struct Master {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) session: Arc<Session>,
    pub(super) terms: Terms,
    pub(super) forwards: Arc<Forwards>,
    state: watch::Sender<State>,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    clients: usize,
    /// Sessions that clients have had, for their numbers.
    sessions: u32,
    stopped: bool,
    ended: Option<Verdict>,
}

impl Master {
    /// A master that nobody knows yet.
    pub fn new(session: Arc<Session>, forwards: Arc<Forwards>, terms: Terms) -> Self {
        Self { inner: Arc::new(Inner { session, forwards, terms, state: watch::Sender::default() }) }
    }

    /// Serves whoever comes to `socket`, until a client wants that to stop or the master ends; the name goes before this
    /// returns. Those who are served already stay.
    pub async fn listen(&self, socket: ControlSocket) {
        let mut state = self.inner.state.subscribe();
        let closed = state.wait_for(|state| state.stopped || state.ended.is_some());
        tokio::select! {
            accepted = accept(&self.inner, &socket) => {
                if let Err(reason) = accepted {
                    error!("{}: {reason}; no further clients are served", socket.path().display());
                }
            }
            _ = closed => debug!("mux listener: {} closed", socket.path().display()),
        }
    }

    /// Serves one client that is connected already.
    pub async fn serve(&self, client: UnixStream) {
        serve(self.inner.clone(), client).await;
    }

    /// Waits until it has to end; with nobody to serve and no channel open that is after `unused`, or never.
    pub async fn ended(&self, unused: Option<Duration>) -> Verdict {
        let mut state = self.inner.state.subscribe();
        let lost = self.inner.session.ended();
        tokio::pin!(lost);
        loop {
            let now = *state.borrow_and_update();
            if let Some(verdict) = now.ended {
                return verdict;
            }
            let idle = async {
                match unused.filter(|_| now.clients == 0) {
                    Some(time) => self.inner.unused_for(time).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = state.changed() => if changed.is_err() { return Verdict::Lost },
                _ = &mut lost => return Verdict::Lost,
                () = idle => return Verdict::Idle,
            }
        }
    }

    /// Waits until a client has wanted that no further ones are served, and none is left.
    pub async fn given_up(&self) {
        let mut state = self.inner.state.subscribe();
        let _ = state.wait_for(|state| state.stopped && state.clients == 0).await;
    }

    /// Waits until no client is served; at once where there is none.
    pub async fn unused(&self) {
        let mut state = self.inner.state.subscribe();
        let _ = state.wait_for(|state| state.clients == 0 || state.ended.is_some()).await;
    }
}

async fn accept(inner: &Arc<Inner>, socket: &ControlSocket) -> io::Result<()> {
    let listener = socket.listener().try_clone()?;
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener)?;
    let mut state = inner.state.subscribe();
    loop {
        let _ = state.wait_for(|state| state.clients < MUX_CLIENTS).await;
        match listener.accept().await {
            Ok((client, _)) => {
                let client = client.into_std()?;
                tokio::spawn(serve(inner.clone(), client));
            }
            Err(reason) => {
                // A full table of descriptors is no reason to turn in circles.
                error!("mux listener: {reason}");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// One client, counted as long as it is there.
async fn serve(inner: Arc<Inner>, client: UnixStream) {
    let _counted = Counted::new(&inner);
    if let Err(reason) = converse(&inner, client).await {
        debug!("mux client: {reason}");
    }
}

struct Counted<'a>(&'a Inner);

impl<'a> Counted<'a> {
    fn new(inner: &'a Inner) -> Self {
        inner.state.send_modify(|state| state.clients += 1);
        Self(inner)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.state.send_modify(|state| state.clients -= 1);
    }
}

async fn converse(inner: &Inner, client: UnixStream) -> io::Result<()> {
    let line = Line::new(client)?;
    let user = line.peer_user()?;
    if user != 0 && user != rustix::process::geteuid().as_raw() {
        error!("multiplex uid mismatch: peer euid {user}");
        return Ok(());
    }
    line.send(&FromMaster::Hello { version: VERSION }.encode()).await?;
    let mut greeted = false;
    while let Some(packet) = line.receive().await? {
        let malformed = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        match FromClient::decode(&packet).map_err(malformed)? {
            FromClient::Hello { version: VERSION } if !greeted => greeted = true,
            FromClient::Request { id, request } if greeted => {
                if !inner.request(&line, id, request).await? {
                    return Ok(());
                }
            }
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "no greeting, or a second one")),
        }
    }
    Ok(())
}

impl Inner {
    /// Waits until no channel was open for so long, or little longer: a forwarded connection may outlive the client that asked for it.
    async fn unused_for(&self, time: Duration) {
        let mut since = Instant::now();
        while since.elapsed() < time {
            sleep(time / 8).await;
            if self.session.has_channels() {
                since = Instant::now();
            }
        }
    }

    /// Does what a client wants; false where the conversation is over.
    async fn request(&self, line: &Line, id: u32, request: Request) -> io::Result<bool> {
        let answer = match request {
            Request::NewSession(wanted) => {
                self.session_for(line, id, wanted).await?;
                return Ok(false);
            }
            Request::StdioForward { host, port } => {
                self.stream_for(line, id, (host, port)).await?;
                return Ok(false);
            }
            Request::AliveCheck => match self.is_alive().await {
                true => FromMaster::Alive { id, pid: std::process::id() },
                false => return Ok(false),
            },
            Request::Terminate => {
                if self.permits("Terminate shared connection to {host}? ").await {
                    line.send(&FromMaster::Ok { id }.encode()).await?;
                    self.end(Verdict::Terminated);
                    return Ok(false);
                }
                denied(id)
            }
            Request::StopListening => {
                if self.permits("Disable further multiplexing on shared connection to {host}? ").await {
                    self.state.send_modify(|state| state.stopped = true);
                    FromMaster::Ok { id }
                } else {
                    denied(id)
                }
            }
            Request::OpenForward(forward) => self.open(id, forward).await,
            Request::CloseForward(forward) => self.close(id, forward).await,
            Request::Proxy => {
                self.proxy_for(line, id).await?;
                return Ok(false);
            }
            Request::Unknown => FromMaster::Failure { id, reason: "unsupported request".to_owned() },
        };
        line.send(&answer.encode()).await?;
        Ok(true)
    }

    async fn open(&self, id: u32, forward: Forward) -> FromMaster {
        let (kind, order) = (forward.kind, forward.order());
        let question = format!("Open forward from {} to {} on {{host}}? ", order.place, order.target);
        if !self.permits(&question).await {
            return denied(id);
        }
        let opened = match kind {
            ForwardKind::Remote if self.forwards.stands_there(&order).await => Ok(None),
            ForwardKind::Local | ForwardKind::Dynamic if self.forwards.stands_here(&order) => Ok(None),
            ForwardKind::Remote => self.forwards.remote(&order).await,
            ForwardKind::Local | ForwardKind::Dynamic => self.forwards.local(&order).await.map(|_| None),
        };
        match opened {
            Ok(None) => FromMaster::Ok { id },
            Ok(Some(port)) => FromMaster::RemotePort { id, port: port.into() },
            Err(error) => FromMaster::Failure { id, reason: error.to_string() },
        }
    }

    async fn close(&self, id: u32, forward: Forward) -> FromMaster {
        let (kind, order) = (forward.kind, forward.order());
        let closed = match kind {
            ForwardKind::Remote => self.forwards.cancel_remote(&order.place, Some(&order.target)).await,
            ForwardKind::Local | ForwardKind::Dynamic => self.forwards.cancel_local(&order.place),
        };
        match closed {
            Ok(()) => FromMaster::Ok { id },
            Err(error) => FromMaster::Failure { id, reason: error.to_string() },
        }
    }

    /// Asks the person, where somebody is to be asked.
    pub(super) async fn permits(&self, question: &str) -> bool {
        let Some(prompt) = self.terms.ask.clone() else { return true };
        let question = question.replace("{host}", &self.terms.host);
        tokio::task::spawn_blocking(move || prompt.confirm(&question)).await.unwrap_or(false)
    }

    pub(super) fn end(&self, verdict: Verdict) {
        self.state.send_modify(|state| state.ended = state.ended.or(Some(verdict)));
    }

    /// The number of the next session.
    pub(super) fn number(&self) -> u32 {
        let mut number = 0;
        self.state.send_modify(|state| {
            state.sessions = state.sessions.wrapping_add(1);
            number = state.sessions;
        });
        number
    }

    /// Whether the host is still there: one that has been silent is asked, so that a connection which died while the
    /// machine slept takes nobody by surprise. Where it is not, this is the end of the master.
    pub(super) async fn is_alive(&self) -> bool {
        let alive = self.session.answers(MUX_SILENCE).await;
        if !alive {
            self.end(Verdict::Lost);
        }
        alive
    }
}

pub(super) fn denied(id: u32) -> FromMaster {
    FromMaster::PermissionDenied { id, reason: "Permission denied".to_owned() }
}
