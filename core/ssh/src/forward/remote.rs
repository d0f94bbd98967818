//! Forwards that listen on the far side.

use std::sync::Arc;

use log::{debug, error, info, warn};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::AbortHandle;

use super::dial::dial;
use super::{ForwardError, Forwards, Inner, Order, Place, Stands, Target, joint, lock, proxy, run};
use crate::hop::system_words;
use crate::session::{IncomingChannel, Kind, Origin, SessionError};
use crate::terminal::visible::visible;

/// A forward that the host was asked for.
pub(super) struct Granted {
    place: Place,
    leads: Leads,
    /// The port, where the host chose it.
    chosen: Option<u16>,
}

/// Where it leads.
#[derive(Clone)]
enum Leads {
    To(Target),
    /// To somebody else here, who takes the channels as they are.
    Elsewhere(mpsc::Sender<IncomingChannel>),
}

impl Leads {
    fn target(&self) -> Option<&Target> {
        match self {
            Self::To(target) => Some(target),
            Self::Elsewhere(_) => None,
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::To(own), Self::To(other)) => own == other,
            (Self::Elsewhere(own), Self::Elsewhere(other)) => own.same_channel(other),
            _ => false,
        }
    }
}

/// Who takes in what the host opens, once there is something to take in.
#[derive(Default)]
pub(super) struct Receiving {
    ports: Option<AbortHandle>,
    sockets: Option<AbortHandle>,
}

impl Receiving {
    pub(super) fn stop(&mut self) {
        [self.ports.take(), self.sockets.take()].into_iter().flatten().for_each(|task| task.abort());
    }
}

/// The address to listen on, as the host is asked (RFC 4254, section 7.1): nothing said is the loopback.
fn asked_address(bind: Option<&str>) -> &str {
    match bind {
        None => "localhost",
        Some("*") => "",
        Some(address) => address,
    }
}

impl Forwards {
    /// Has the host listen, several times: all requests are under way before the first answer is waited for.
    pub async fn remotes(&self, orders: &[Order]) -> Vec<Result<Option<u16>, ForwardError>> {
        futures::future::join_all(orders.iter().map(|order| self.remote(order))).await
    }

    /// Has the host listen. Where it was to choose a port, says which. Must be called inside a runtime.
    ///
    /// # Errors
    /// The host refuses, or the connection is gone.
    pub async fn remote(&self, order: &Order) -> Result<Option<u16>, ForwardError> {
        debug!("Remote connections from {} forwarded to local address {}", order.place, order.target);
        self.ask(&order.place, Leads::To(order.target.clone())).await
    }

    /// Has the host listen for somebody else here, who takes the channels as they are; one whose queue is full, or who is gone, gets
    /// none. Must be called inside a runtime.
    ///
    /// # Errors
    /// As [`Self::remote`].
    pub(crate) async fn remote_for(
        &self,
        place: &Place,
        taker: mpsc::Sender<IncomingChannel>,
    ) -> Result<Option<u16>, ForwardError> {
        debug!("Remote connections from {place} go to a client");
        self.ask(place, Leads::Elsewhere(taker)).await
    }

    async fn ask(&self, place: &Place, leads: Leads) -> Result<Option<u16>, ForwardError> {
        let session = &self.0.session;
        self.receive(place);
        let new = |chosen| Granted { place: place.clone(), leads: leads.clone(), chosen };
        let mut granted = self.0.granted.lock().await;
        let (bind, port) = match place {
            Place::Port { bind, port } => (asked_address(bind.as_deref()), *port),
            Place::Path(path) => {
                granted.push(new(None));
                drop(granted);
                let what = format!("path {path}");
                return match session.forward_socket(path).await.map_err(|error| unanswered(error, &what))? {
                    true => Ok(None),
                    false => Err(self.withdraw(place, &leads, what).await),
                };
            }
        };
        let what = format!("port {port}");
        if port == 0 {
            let answer = session.forward_port(bind, 0).await;
            let chosen = match answer.map_err(|error| unanswered(error, &what))? {
                Some(chosen) => {
                    u16::try_from(chosen).ok().filter(|port| *port > 0).ok_or(ForwardError::NoPort(chosen))?
                }
                None => return Err(ForwardError::Refused(what)),
            };
            granted.push(new(Some(chosen)));
            return Ok(Some(chosen));
        }
        granted.push(new(None));
        drop(granted);
        match session.forward_port(bind, port).await.map_err(|error| unanswered(error, &what))? {
            Some(_) => Ok(None),
            None => Err(self.withdraw(place, &leads, what).await),
        }
    }

    async fn withdraw(&self, place: &Place, leads: &Leads, what: String) -> ForwardError {
        self.0.granted.lock().await.retain(|granted| granted.place != *place || !granted.leads.is_same(leads));
        ForwardError::Refused(what)
    }

    /// Whether the host listens for this one already; one whose port it chose is never the same.
    pub async fn stands_there(&self, order: &Order) -> bool {
        let granted = self.0.granted.lock().await;
        let leads = Leads::To(order.target.clone());
        let same = |granted: &Granted| granted.place == order.place && granted.leads.is_same(&leads);
        granted.iter().any(|granted| same(granted) && granted.chosen.is_none())
    }

    /// Has the host listen no more. Where it chose the port, that one is meant, or 0 with the same `target`, as it was asked for.
    ///
    /// # Errors
    /// It was not asked to, or refuses.
    pub async fn cancel_remote(&self, place: &Place, target: Option<&Target>) -> Result<(), ForwardError> {
        let mut granted = self.0.granted.lock().await;
        let same = |granted: &Granted| granted.place == *place && granted.leads.target() == target && target.is_some();
        let at = granted.iter().position(|granted| granted.is_at(place));
        let index = at.or_else(|| granted.iter().position(same)).ok_or(ForwardError::Unknown)?;
        let session = &self.0.session;
        let done = match place {
            Place::Port { bind, port } => {
                let port = granted[index].chosen.unwrap_or(*port);
                session.cancel_port(asked_address(bind.as_deref()), port).await?
            }
            Place::Path(path) => session.cancel_socket(path).await?,
        };
        granted.swap_remove(index);
        if done { Ok(()) } else { Err(ForwardError::Refused(place.to_string())) }
    }

    /// From now on the host may open channels of this kind.
    fn receive(&self, place: &Place) {
        let mut receiving = lock(&self.0.receiving);
        let (kind, task) = match place {
            Place::Port { .. } => (Kind::ForwardedTcp, &mut receiving.ports),
            Place::Path(_) => (Kind::ForwardedUnix, &mut receiving.sockets),
        };
        if task.is_none() {
            let incoming = self.0.session.admit(kind);
            *task = Some(tokio::spawn(take_in(self.0.clone(), incoming)).abort_handle());
        }
    }
}

fn unanswered(error: SessionError, what: &str) -> ForwardError {
    match error {
        SessionError::Untold => ForwardError::Untold(what.to_owned()),
        other => ForwardError::Session(other),
    }
}

impl Granted {
    /// As one that stands; one that leads elsewhere is not ours to tell of.
    pub(super) fn stands(&self) -> Option<Stands> {
        let order = Order { place: self.place.clone(), target: self.leads.target()?.clone() };
        Some(Stands { order, remote: true, chosen: self.chosen })
    }

    fn is_at(&self, place: &Place) -> bool {
        match (&self.place, place) {
            (Place::Path(own), Place::Path(path)) => own == path,
            (Place::Port { bind: own, port: asked }, Place::Port { bind, port }) => {
                self.chosen.unwrap_or(*asked) == *port
                    && asked_address(own.as_deref()) == asked_address(bind.as_deref())
            }
            _ => false,
        }
    }

    /// Whether the host opens a channel for this one.
    fn is_for(&self, origin: &Origin) -> bool {
        match origin {
            Origin::Tcp { address, port, .. } => {
                u16::try_from(*port).is_ok_and(|port| self.is_at(&Place::Port { bind: Some(address.clone()), port }))
            }
            Origin::Unix { path } => self.is_at(&Place::Path(path.clone())),
            Origin::X11 { .. } | Origin::Agent => false,
        }
    }
}

async fn take_in(forwards: Arc<Inner>, mut incoming: mpsc::Receiver<IncomingChannel>) {
    while let Some(channel) = incoming.recv().await {
        let leads = {
            let granted = forwards.granted.lock().await;
            granted.iter().find(|granted| granted.is_for(&channel.origin)).map(|granted| granted.leads.clone())
        };
        match leads {
            Some(Leads::To(target)) => {
                tokio::spawn(serve(forwards.clone(), target, channel));
            }
            Some(Leads::Elsewhere(taker)) => {
                if let Err(TrySendError::Full(channel) | TrySendError::Closed(channel)) = taker.try_send(channel) {
                    channel.cannot_connect().await;
                }
            }
            None => {
                warn!(
                    "Warning: the host tried to open a channel ({}) that was not asked for; refused.",
                    shown(&channel.origin)
                );
                channel.prohibit().await;
            }
        }
    }
}

fn shown(origin: &Origin) -> String {
    match origin {
        Origin::Tcp { address, port, .. } => format!("forwarded-tcpip, {} port {port}", visible(address.as_bytes())),
        Origin::Unix { path } => format!("forwarded-streamlocal@openssh.com, {}", visible(path.as_bytes())),
        Origin::X11 { .. } | Origin::Agent => String::new(),
    }
}

async fn serve(forwards: Arc<Inner>, target: Target, incoming: IncomingChannel) {
    let from = match &incoming.origin {
        Origin::Tcp { from: (host, port), .. } => format!(" from {} port {port}", visible(host.as_bytes())),
        _ => String::new(),
    };
    let entry = forwards.open.enter(format!("{} to {target}{from}", incoming.origin.kind().name()));
    debug!("channel {}: {}{from}, to {target}", entry.number, shown(&incoming.origin));
    if target == Target::Socks {
        let (ours, theirs) = match UnixStream::pair().and_then(|(ours, theirs)| Ok((ours, theirs.into_std()?))) {
            Ok(pair) => pair,
            Err(failure) => return cannot(incoming, &failure).await,
        };
        let (socket, output) = match joint(theirs.into(), &forwards.rules) {
            Ok(joint) => joint,
            Err(failure) => return cannot(incoming, &failure).await,
        };
        let channel = incoming.accept(output.clone()).await;
        // With the channel goes its end of the pair, so that the other one is told.
        let entry = &entry;
        let carrying = async move { run(entry, &channel, &socket, output).await };
        let (served, ()) = tokio::join!(proxy::remote(&forwards, entry, ours), carrying);
        return served.unwrap_or_else(|failure| info!("channel {}: {}", entry.number, system_words(&failure)));
    }
    let dialled = match dial(&target, forwards.rules.family).await {
        Ok(dialled) => dialled,
        Err(failure) => {
            match &target {
                Target::Port { host, port } => {
                    error!("connect_to {host} port {port}: failed: {}", system_words(&failure))
                }
                other => error!("connect_to {other}: failed: {}", system_words(&failure)),
            }
            return incoming.cannot_connect().await;
        }
    };
    match joint(dialled, &forwards.rules) {
        Ok((socket, output)) => {
            let channel = incoming.accept(output.clone()).await;
            run(&entry, &channel, &socket, output).await;
        }
        Err(failure) => cannot(incoming, &failure).await,
    }
}

async fn cannot(incoming: IncomingChannel, failure: &std::io::Error) {
    error!("a forwarded connection cannot be carried: {}", system_words(failure));
    incoming.cannot_connect().await;
}
