//! Forwards that listen here.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use log::{debug, error, warn};
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::listener::{Accepted, Listener, addresses};
use super::{ForwardError, Forwards, Inner, Order, Place, Target, joint, lock, proxy, run};
use crate::hop::system_words;
use crate::limits::ACCEPT_PAUSE;
use crate::session::{SessionError, StreamTo};
use crate::terminal::visible::visible;

/// A forward that listens. Dropped, it does no more; what it has accepted goes on.
pub(super) struct Standing {
    order: Order,
    accepting: Vec<AbortHandle>,
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.accepting.iter().for_each(AbortHandle::abort);
    }
}

impl Forwards {
    /// Listens here. Of the addresses of one port, some may fail. Must be called inside a runtime.
    ///
    /// # Errors
    /// None of its addresses, or its path, can be listened on.
    pub async fn local(&self, order: &Order) -> Result<(), ForwardError> {
        debug!("Local connections to {} forwarded to remote address {}", order.place, order.target);
        let listeners = match &order.place {
            Place::Port { bind, port } => self.ports(bind.as_deref(), *port).await?,
            Place::Path(path) => vec![self.socket(path)?],
        };
        let accepting = listeners.into_iter().map(|listener| {
            let task = tokio::spawn(accept(self.0.clone(), Arc::new(order.clone()), listener));
            task.abort_handle()
        });
        lock(&self.0.standing).push(Standing { order: order.clone(), accepting: accepting.collect() });
        Ok(())
    }

    /// Whether this one stands already.
    #[must_use]
    pub fn stands_here(&self, order: &Order) -> bool {
        lock(&self.0.standing).iter().any(|standing| standing.order == *order)
    }

    /// Listens no more.
    ///
    /// # Errors
    /// Nobody listens there.
    pub fn cancel_local(&self, place: &Place) -> Result<(), ForwardError> {
        let mut standing = lock(&self.0.standing);
        let index = standing.iter().position(|standing| standing.order.place == *place);
        standing.swap_remove(index.ok_or(ForwardError::Unknown)?);
        Ok(())
    }

    async fn ports(&self, bind: Option<&str>, port: u16) -> Result<Vec<Listener>, ForwardError> {
        let rules = &self.0.rules;
        let found = addresses(bind, port, rules.gateway_ports, rules.family).await.unwrap_or_else(|error| {
            error!("channel_setup_fwd_listener_tcpip: {}: {}", bind.unwrap_or_default(), system_words(&error));
            Vec::new()
        });
        let mut listeners = Vec::new();
        let mut failures = Vec::new();
        for address in found {
            debug!("Local forwarding listening on {} port {}.", address.ip(), address.port());
            match Listener::tcp(address) {
                Ok(listener) => listeners.push(listener),
                Err(failure) => {
                    failures.push(format!("bind [{}]:{}: {}", address.ip(), address.port(), system_words(&failure)));
                }
            }
        }
        if listeners.is_empty() {
            failures.iter().for_each(|failure| error!("{failure}"));
            return Err(ForwardError::Port(port));
        }
        // One family of two is usual on a machine that has no IPv6.
        failures.iter().for_each(|failure| debug!("{failure}"));
        Ok(listeners)
    }

    fn socket(&self, path: &str) -> Result<Listener, ForwardError> {
        debug!("Local forwarding listening on path {path}.");
        Listener::unix(Path::new(path), self.0.rules.sockets)
            .map_err(|error| ForwardError::Path { path: path.to_owned(), reason: system_words(&error) })
    }
}

async fn accept(forwards: Arc<Inner>, order: Arc<Order>, listener: Listener) {
    loop {
        match listener.accept().await {
            Ok(accepted) => {
                tokio::spawn(serve(forwards.clone(), order.clone(), accepted));
            }
            Err(failure) => {
                // Mostly no descriptors are left (EMFILE): it will be the same at once, so wait until some are.
                error!("accept: {}", system_words(&failure));
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(forwards: Arc<Inner>, order: Arc<Order>, accepted: Accepted) {
    let from = originator(accepted.peer);
    let shown_from = accepted.peer.map_or_else(String::new, |peer| format!(" from {} port {}", peer.ip(), peer.port()));
    debug!("Connection to {} forwarding to {} requested.", order.place, order.target);
    let entry = forwards.open.enter(format!("{} to {}{shown_from}", kind(&order.target), order.target));
    let (socket, output) = match joint(accepted.socket, &forwards.rules) {
        Ok(joint) => joint,
        Err(failure) => return error!("a forwarded connection cannot be carried: {}", system_words(&failure)),
    };
    let to = match &order.target {
        Target::Port { host, port } => StreamTo::Tcp { host: host.clone(), port: *port, from },
        Target::Path(path) => StreamTo::Unix { path: path.clone() },
        Target::Socks => return proxy::local(&forwards, &entry, socket, output, from).await,
    };
    match forwards.session.stream(&to, output.clone()).await {
        Ok(channel) => run(&entry, &channel, &socket, output).await,
        Err(failure) => tell(entry.number, &failure),
    }
}

/// A channel was not opened.
pub(super) fn tell(number: u64, failure: &SessionError) {
    match failure {
        SessionError::ChannelOpen(words) => warn!("channel {number}: open failed: {words}"),
        // The connection's end is told by whoever waits for it.
        other => debug!("channel {number}: {}", visible(other.to_string().as_bytes())),
    }
}

/// Who has connected, as the host is told (RFC 4254, section 7.2).
fn originator(peer: Option<SocketAddr>) -> (String, u16) {
    peer.map_or_else(|| ("127.0.0.1".to_owned(), 65535), |peer| (peer.ip().to_string(), peer.port()))
}

fn kind(target: &Target) -> &'static str {
    match target {
        Target::Path(_) => "direct-streamlocal@openssh.com",
        Target::Port { .. } => "direct-tcpip",
        Target::Socks => "dynamic-tcpip",
    }
}
