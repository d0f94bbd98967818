//! Forwards that listen here.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use log::{debug, error, warn};
use rustix::io::Errno;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::listener::{Accepted, Listener, addresses};
use super::{ForwardError, Forwards, Inner, Missed, Order, Place, Target, joint, lock, proxy, run};
use crate::hop::system_words;
use crate::limits::ACCEPT_PAUSE;
use crate::session::{SessionError, StreamTo};
use crate::terminal::visible::visible;

/// A forward that listens. Dropped, it does no more; what it has accepted goes on.
pub(super) struct Standing {
    pub(super) order: Order,
    accepting: Vec<AbortHandle>,
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.accepting.iter().for_each(AbortHandle::abort);
    }
}

impl Forwards {
    /// Listens here. Of the addresses of one port, some may fail: these are logged and returned, but for those of a family that
    /// this machine does not have. Must be called inside a runtime.
    ///
    /// # Errors
    /// None of its addresses, or its path, can be listened on.
    pub async fn local(&self, order: &Order) -> Result<Vec<Missed>, ForwardError> {
        debug!("Local connections to {} forwarded to remote address {}", order.place, order.target);
        let (listeners, missed) = match &order.place {
            Place::Port { bind, port } => self.ports(bind.as_deref(), *port).await?,
            Place::Path(path) => (vec![self.socket(path)?], Vec::new()),
        };
        let accepting = listeners.into_iter().map(|listener| {
            let task = tokio::spawn(accept(self.0.clone(), Arc::new(order.clone()), listener));
            task.abort_handle()
        });
        lock(&self.0.standing).push(Standing { order: order.clone(), accepting: accepting.collect() });
        Ok(missed)
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

    async fn ports(&self, bind: Option<&str>, port: u16) -> Result<(Vec<Listener>, Vec<Missed>), ForwardError> {
        let rules = &self.0.rules;
        let found = addresses(bind, port, rules.gateway_ports, rules.family).await.map_err(|error| {
            let reason = format!("{}: {}", bind.unwrap_or_default(), system_words(&error));
            error!("channel_setup_fwd_listener_tcpip: {reason}");
            ForwardError::Port { port, reasons: vec![reason] }
        })?;
        let (mut listeners, mut missed, mut absent) = (Vec::new(), Vec::new(), Vec::new());
        for address in found {
            debug!("Local forwarding listening on {} port {}.", address.ip(), address.port());
            match Listener::tcp(address) {
                Ok(listener) => listeners.push(listener),
                Err(failure) => {
                    let of = if is_absent(&failure) { &mut absent } else { &mut missed };
                    of.push(Missed { address, reason: system_words(&failure) });
                }
            }
        }
        if listeners.is_empty() {
            missed.append(&mut absent);
        }
        missed.iter().for_each(|missed| error!("{missed}"));
        absent.iter().for_each(|missed| debug!("{missed}"));
        if listeners.is_empty() {
            return Err(ForwardError::Port { port, reasons: missed.iter().map(ToString::to_string).collect() });
        }
        Ok((listeners, missed))
    }

    fn socket(&self, path: &str) -> Result<Listener, ForwardError> {
        debug!("Local forwarding listening on path {path}.");
        Listener::unix(Path::new(path), self.0.rules.sockets)
            .map_err(|error| ForwardError::Path { path: path.to_owned(), reason: system_words(&error) })
    }
}

/// Whether this machine has no such address: one family of two is usual where there is no IPv6 (socket(2), ip(7)).
fn is_absent(failure: &io::Error) -> bool {
    let code = failure.raw_os_error().map(Errno::from_raw_os_error);
    matches!(code, Some(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_that_this_machine_lacks_is_not_one_that_is_taken() {
        // TEST-NET-1 (RFC 5737) is nobody's.
        let lacking = Listener::tcp("192.0.2.1:0".parse().unwrap()).err().unwrap();
        assert!(is_absent(&lacking), "{lacking}");
        assert!(is_absent(&Errno::AFNOSUPPORT.into()));
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = Listener::tcp(taken.local_addr().unwrap()).err().unwrap();
        assert!(!is_absent(&taken), "{taken}");
    }
}
