//! The way to a host: which hops, in which order, and a session at its end.
//!
//! A route is a chain read from its end: the last element of ProxyJump is the one that connects to the host; what stands
//! before it is the way to that element. The first element's own configuration may name a further way.

use std::net::SocketAddr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use futures::future::LocalBoxFuture;
use log::{debug, info};

use super::carrier::Carrier;
use super::connect::{Unauthenticated, connect};
use super::error::Peer;
use super::events::{Banner, HostCheck};
use super::{HopReport, Session, SessionError, checks};
use crate::auth::{AuthError, authenticate};
use crate::config::Resolver;
use crate::config::tokens::{Scope, Tokens};
use crate::hop::{self, Backlog, BoxedWire, Hop, HopError, Proxy, TcpWire, Trust, Tunnel, credentials};
use crate::hostkey::{self, KnownHosts};
use crate::limits;
use crate::prompt::Prompt;
use crate::settings::{Connection, Jump, Route, Settings};

/// What opening a way needs from outside.
#[derive(Clone)]
pub struct Guide {
    /// Resolves the hops' own configurations.
    pub resolver: Arc<Resolver>,
    /// Who can be asked.
    pub prompt: Arc<dyn Prompt>,
    /// Shows a banner, made safe already.
    pub banner: Banner,
    /// The shell that runs a ProxyCommand.
    pub shell: PathBuf,
}

/// A stream to a host, and what it runs through.
struct Reached {
    wire: BoxedWire,
    address: Option<SocketAddr>,
    before: Vec<Session>,
    reports: Vec<HopReport>,
    /// A ProxyCommand, which may say why its stream ended.
    watch: Option<hop::command::Watch>,
}

/// A session, and how it came about.
pub struct Opened {
    /// The session.
    pub session: Session,
    /// Every hop, nearest first, the host itself last.
    pub reports: Vec<HopReport>,
}

/// Opens a session with the host that `settings` are for.
///
/// # Errors
/// The hop that failed, what it answered, and what may help.
pub async fn open(guide: &Guide, settings: &Settings) -> Result<Opened, SessionError> {
    session_to(guide, settings, 0).await
}

fn session_to<'a>(
    guide: &'a Guide,
    settings: &'a Settings,
    depth: usize,
) -> LocalBoxFuture<'a, Result<Opened, SessionError>> {
    Box::pin(async move {
        let started = Instant::now();
        let target = &settings.target;
        let way = Way { guide, settings, connection: &settings.connection, depth };
        let reached = way.reach(&target.host, target.port, &settings.route).await?;
        let connecting = started.elapsed();
        let (mut opened, watch) = log_in(guide, settings, reached, depth).await?;
        // The ProxyCommand goes with its wire; what it could have said is no longer of interest.
        drop(watch);
        if let Some(last) = opened.reports.last_mut() {
            last.connecting = connecting;
        }
        Ok(opened)
    })
}

type LoggedIn = (Opened, Option<hop::command::Watch>);

async fn log_in(guide: &Guide, settings: &Settings, reached: Reached, depth: usize) -> Result<LoggedIn, SessionError> {
    let Reached { wire, address, before, mut reports, watch } = reached;
    let tokens = Tokens::new(settings, guide.resolver.context());
    let target = &settings.target;
    let peer = Peer { host: target.host.clone(), port: target.port, address };
    let policy = checks::policy(settings, &tokens)?;
    let host = checks::host(settings, &tokens, &peer)?;
    let known = Arc::new(KnownHosts::load(&policy, &host)?);
    let offered = &settings.algorithms.host_key;
    let ordered = if settings.algorithms.host_key_given {
        offered.clone()
    } else {
        known.order_algorithms(&policy, &host, offered)?
    };
    let check: HostCheck = {
        let (policy, host, known, prompt) = (policy.clone(), host.clone(), known.clone(), guide.prompt.clone());
        Box::new(move |key| {
            let checking = hostkey::verify(policy.clone(), host.clone(), known.clone(), key, prompt.clone());
            Box::pin(async move { Ok(checking.await?) })
        })
    };
    let started = Instant::now();
    let connected = connect(wire, peer, settings, &ordered, check, guide.banner.clone()).await;
    let unauthenticated = match (connected, &watch) {
        (Err(error), Some(watch)) if error.is_bare_end() => {
            return Err(watch.ended().await.map_or(error, SessionError::Hop));
        }
        (connected, _) => connected?,
    };
    let key_exchange = started.elapsed();
    let Unauthenticated { mut handle, board, peer, verified, chosen } = unauthenticated;
    let request = checks::auth_request(settings, &tokens, &verified)?;
    let started = Instant::now();
    let auth = authenticate(&mut handle, &verified.proof, &request, guide.prompt.clone()).await;
    let auth = match auth {
        Ok(auth) => auth,
        Err(denied @ AuthError::Denied(_)) => return Err(denied.into()),
        Err(error) => {
            return Err(match board.reason().await {
                Some(reason) => reason.during(error),
                None => error.into(),
            });
        }
    };
    let place = peer.address.map_or_else(|| "via proxy".to_owned(), |a| format!("[{}]:{}", a.ip(), a.port()));
    info!("Authenticated to {} ({place}) using \"{}\".", peer.host, auth.method);
    debug!("the way to {} has {depth} hop(s) behind it", peer.host);
    reports.push(HopReport {
        kind: "ssh",
        name: format!("{}@{}:{}", target.user, target.host, target.port),
        address,
        host_key: Some(format!("{} {} ({})", verified.key_type, verified.fingerprint, verified.how)),
        auth: Some(auth),
        algorithms: chosen,
        key_exchange,
        authentication: started.elapsed(),
        ..HopReport::default()
    });
    let learning = super::learning::Learning { policy, host, verified, prompt: guide.prompt.clone() };
    let session = Session { carrier: Carrier::Own(handle), board, peer, before, learning: Some(learning) };
    Ok((Opened { session, reports }, watch))
}

/// The way to one place, under the settings of whoever wants to go there.
struct Way<'a> {
    guide: &'a Guide,
    settings: &'a Settings,
    connection: &'a Connection,
    depth: usize,
}

impl Way<'_> {
    fn reach<'b>(
        &'b self,
        host: &'b str,
        port: u16,
        route: &'b Route,
    ) -> LocalBoxFuture<'b, Result<Reached, SessionError>> {
        Box::pin(async move {
            if let Some(command) = &route.command {
                return self.by_command(command, route.use_fdpass).await;
            }
            if let Some((last, before)) = route.jumps.split_last() {
                return self.by_jump(host, port, last, before).await;
            }
            if route.proxy_from_environment {
                let context = self.guide.resolver.context();
                let variable = |name: &str| (context.environment)(name);
                if let Some(proxy) = hop::environment::proxy_for(variable, host, port)? {
                    return self.by_proxy(host, port, &proxy, &[]).await;
                }
            }
            let (wire, address) = self.dial(host, port).await?;
            Ok(Reached { wire, address: Some(address), before: Vec::new(), reports: Vec::new(), watch: None })
        })
    }

    async fn dial(&self, host: &str, port: u16) -> Result<(BoxedWire, SocketAddr), SessionError> {
        let (socket, address) = hop::tcp::connect(host, port, self.connection).await?;
        Ok((Box::new(TcpWire::new(socket, stall(self.connection))), address))
    }

    async fn by_command(&self, command: &crate::settings::Template, fdpass: bool) -> Result<Reached, SessionError> {
        let started = Instant::now();
        let tokens = Tokens::new(self.settings, self.guide.resolver.context());
        let command = tokens.expand(command, Scope::PROXY_COMMAND).map_err(checks::config)?;
        let report = |started: Instant| HopReport {
            kind: "command",
            name: command.clone(),
            connecting: started.elapsed(),
            ..HopReport::default()
        };
        let mut reached = Reached {
            wire: Box::new(tokio::io::empty()),
            address: None,
            before: Vec::new(),
            reports: Vec::new(),
            watch: None,
        };
        if command == "-" {
            reached.wire = hop::standard_io(own(rustix::stdio::stdin())?, own(rustix::stdio::stdout())?)?;
        } else if fdpass {
            let deadline = hop::deadline(self.connection.connect_timeout);
            reached.wire = hop::command::dial(&self.guide.shell, command.as_ref(), deadline).await?.into();
        } else {
            let (wire, watch) = hop::command::spawn(&self.guide.shell, command.as_ref())?;
            (reached.wire, reached.watch) = (wire, Some(watch));
        }
        // A command may stop to read from us until we have read from it.
        reached.wire = Box::new(Backlog::new(reached.wire));
        reached.reports.push(report(started));
        Ok(reached)
    }

    async fn by_jump(&self, host: &str, port: u16, last: &Jump, before: &[Jump]) -> Result<Reached, SessionError> {
        if self.depth >= limits::HOPS {
            return Err(SessionError::TooManyHops(self.settings.target.host.clone()));
        }
        let destination = match hop::jump::parse(last)? {
            Hop::Proxy(proxy) => return self.by_proxy(host, port, &proxy, before).await,
            Hop::Ssh(destination) => destination,
        };
        debug!("Going through {} to {host} port {port}", last.0);
        let mut settings = self.guide.resolver.resolve_jump(&destination)?;
        if !before.is_empty() {
            settings.route = Route { jumps: before.to_vec(), command: None, ..settings.route };
        }
        let Opened { session, reports } = session_to(self.guide, &settings, self.depth + 1).await?;
        let wire = session.tunnel(host, port).await?;
        Ok(Reached { wire, address: None, before: vec![session], reports, watch: None })
    }

    async fn by_proxy(&self, host: &str, port: u16, proxy: &Proxy, before: &[Jump]) -> Result<Reached, SessionError> {
        let started = Instant::now();
        let tokens = Tokens::new(self.settings, self.guide.resolver.context());
        let (file, named) = checks::credentials(self.settings, &tokens, self.guide.resolver.context())?;
        let store = if named { credentials::Store::Named(&file) } else { credentials::Store::Netrc(&file) };
        let mut known = credentials::stored(proxy, Some(store));
        loop {
            let mut reached = self.to_proxy(proxy, before).await?;
            let tunnel = Tunnel {
                target: (host, port),
                credentials: known.as_ref(),
                address_family: self.connection.address_family,
                trust: &Trust::System,
                deadline: hop::deadline(self.connection.connect_timeout),
            };
            match hop::through_proxy(reached.wire, proxy, &tunnel).await {
                Ok(wire) => {
                    reached.wire = wire;
                    let address = reached.address.take();
                    let (name, connecting) = (proxy.to_string(), started.elapsed());
                    let kind = proxy.scheme.name();
                    reached.reports.push(HopReport { kind, name, address, connecting, ..HopReport::default() });
                    return Ok(reached);
                }
                Err(error @ HopError::NeedsCredentials { .. }) if known.is_none() => {
                    known = credentials::ask(proxy, self.guide.prompt.clone()).await?;
                    if known.is_none() {
                        return Err(error.into());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A stream to the proxy itself.
    async fn to_proxy(&self, proxy: &Proxy, before: &[Jump]) -> Result<Reached, SessionError> {
        let route = Route { jumps: before.to_vec(), ..Route::default() };
        let way = Way { depth: self.depth + 1, ..*self };
        way.reach(&proxy.host, proxy.port, &route).await
    }
}

fn own(fd: BorrowedFd<'_>) -> Result<OwnedFd, HopError> {
    let what = "duplicate standard input or output".to_owned();
    fd.try_clone_to_owned().map_err(|source| HopError::Local { what, source })
}

/// With keepalives wanted, a host that takes nothing for as long as it may be silent is gone.
fn stall(connection: &Connection) -> Option<std::time::Duration> {
    let interval = connection.server_alive_interval;
    (!interval.is_zero()).then(|| interval.saturating_mul(connection.server_alive_count_max.saturating_add(1)))
}
