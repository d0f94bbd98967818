//! One connection, as russh reports it from inside its event loop.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use log::{debug, info};
use russh::keys::ssh_key::certificate::CertType;
use russh::keys::{Algorithm, Certificate, PublicKey};
use russh::server::{Auth, ChannelOpenHandle, Handle, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelOpenFailure, ChannelWriteHalf, Pty, Sig};
use tokio::sync::{Notify, watch};

use super::program;
use super::stdin::Stdin;
use super::{ClientCertificate, ClientKey, Gatekeeper, Service};
use crate::limits::{PEER_PROGRAMS, SERVED_WINDOW_WIDE};
use crate::terminal::visible::visible;

/// How far a connection is.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// The key exchange is behind it.
    pub(super) has_keys: bool,
    pub(super) logged_in: bool,
    /// Programs that run for it.
    pub(super) programs: usize,
    /// Channels that the client has not closed.
    pub(super) channels: usize,
}

pub(super) struct Peer {
    gatekeeper: Arc<dyn Gatekeeper>,
    spill: PathBuf,
    from: SocketAddr,
    to: SocketAddr,
    standing: watch::Sender<Standing>,
    service: Option<Arc<dyn Service>>,
    channels: HashMap<ChannelId, Slot>,
    /// One of its programs has something to say.
    talk: Arc<Notify>,
}

/// A channel of a session.
enum Slot {
    /// Nothing was asked for.
    Open(ChannelWriteHalf<Msg>),
    /// A program reads what comes; nothing more where its end has come.
    Running(Option<Stdin>, program::Child),
}

impl Peer {
    pub(super) fn new(
        gatekeeper: Arc<dyn Gatekeeper>,
        spill: PathBuf,
        (from, to): (SocketAddr, SocketAddr),
        standing: watch::Sender<Standing>,
    ) -> Self {
        Self { gatekeeper, spill, from, to, standing, service: None, channels: HashMap::new(), talk: Arc::default() }
    }

    fn count(&self) {
        self.standing.send_modify(|standing| standing.channels = self.channels.len());
    }

    fn admit(&self, key: &PublicKey, algorithm: &Algorithm) -> Option<Arc<dyn Service>> {
        if is_weak(algorithm) {
            return None;
        }
        self.gatekeeper.admit(&ClientKey(key), self.from)
    }

    /// A certificate of which russh knows that it is valid now and what its authority has signed.
    fn admit_certificate(&self, certificate: &Certificate) -> Option<Arc<dyn Service>> {
        if certificate.cert_type() != CertType::User || is_weak(&certificate.signature().algorithm()) {
            return None;
        }
        self.gatekeeper.admit_certificate(&ClientCertificate(certificate), self.from)
    }

    /// Starts what serves the key. Where that cannot be, the client is told.
    fn start(&mut self, channel: ChannelId, asked: Option<&[u8]>, session: &mut Session) -> Result<(), russh::Error> {
        let (Some(service), Some(slot)) = (&self.service, self.channels.remove(&channel)) else {
            return session.channel_failure(channel);
        };
        let writer = match slot {
            Slot::Open(writer) => writer,
            running @ Slot::Running(..) => {
                // One program a channel (RFC 4254, section 6.5).
                self.channels.insert(channel, running);
                return session.channel_failure(channel);
            }
        };
        let asked = program::Asked::Session(asked);
        match program::start(service.program(), asked, (self.from, self.to), writer, self.of_program(session.handle()))
        {
            Ok((stdin, child)) => {
                self.channels.insert(channel, Slot::Running(Some(stdin), child));
                session.channel_success(channel)
            }
            Err(error) => {
                log::error!("{}: the program that serves cannot be started: {error}", self.from);
                session.channel_failure(channel)
            }
        }
    }
}

/// A signature with SHA-1 proves nothing any more (RFC 8332).
fn is_weak(algorithm: &Algorithm) -> bool {
    matches!(algorithm, Algorithm::Rsa { hash: None })
}

impl Peer {
    fn of_program(&self, handle: Handle) -> program::Peer {
        program::Peer { handle, standing: self.standing.clone(), spill: self.spill.clone(), talk: self.talk.clone() }
    }

    /// Starts what passes the bytes of a channel to a host; or says why it is not opened.
    async fn reach(
        &mut self,
        channel: Channel<Msg>,
        (host, port): (&str, u32),
        handle: Handle,
    ) -> Result<(), ChannelOpenFailure> {
        let service = self.service.clone().ok_or(ChannelOpenFailure::AdministrativelyProhibited)?;
        if self.channels.len() >= PEER_PROGRAMS {
            return Err(ChannelOpenFailure::ResourceShortage);
        }
        let ends = (self.from, self.to);
        let (asked, allowed) = service.tunnel(host, port);
        if let Err(reason) = allowed {
            info!("{}: a channel to {}, port {port}: {reason}", self.from, visible(host.as_bytes()));
            program::note(service.program(), &asked, ends).await;
            // SSH_OPEN_ADMINISTRATIVELY_PROHIBITED (RFC 4254, section 5.1), with its reason.
            return Err(ChannelOpenFailure::Other { code: 1, reason });
        }
        let (_, writer) = channel.split();
        let id = writer.id();
        match program::start(service.program(), program::Asked::Tunnel(&asked), ends, writer, self.of_program(handle)) {
            Ok((stdin, child)) => {
                self.channels.insert(id, Slot::Running(Some(stdin), child));
                self.count();
                Ok(())
            }
            Err(error) => {
                log::error!("{}: the program that serves cannot be started: {error}", self.from);
                Err(ChannelOpenFailure::ConnectFailed)
            }
        }
    }
}

impl Handler for Peer {
    type Error = russh::Error;

    async fn auth_none(&mut self, _user: &str) -> Result<Auth, russh::Error> {
        self.standing.send_modify(|standing| standing.has_keys = true);
        Ok(Auth::reject())
    }

    async fn auth_publickey_offered(&mut self, _user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, russh::Error> {
        self.standing.send_modify(|standing| standing.has_keys = true);
        // Of a certificate russh shows its key, and the rest when that is proved.
        let is_asked_for = self.gatekeeper.knows_authorities() && !is_weak(offer.algorithm);
        let admitted = is_asked_for || self.admit(offer.public_key, offer.algorithm).is_some();
        Ok(if admitted { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_publickey(&mut self, _user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, russh::Error> {
        self.service = self.admit(key.public_key, key.algorithm);
        let fingerprint = ClientKey(key.public_key).fingerprint();
        if self.service.is_none() {
            info!("{}: the key {fingerprint} may not come in", self.from);
            return Ok(Auth::reject());
        }
        info!("{}: {fingerprint} has logged in", self.from);
        Ok(Auth::Accept)
    }

    async fn auth_openssh_certificate(&mut self, _user: &str, shown: &Certificate) -> Result<Auth, russh::Error> {
        self.service = self.admit_certificate(shown);
        let key_id = visible(shown.key_id().as_bytes());
        if self.service.is_none() {
            info!("{}: the certificate '{key_id}' may not come in", self.from);
            return Ok(Auth::reject());
        }
        info!("{}: the certificate '{key_id}' has logged in", self.from);
        Ok(Auth::Accept)
    }

    async fn auth_succeeded(&mut self, _session: &mut Session) -> Result<(), russh::Error> {
        self.standing.send_modify(|standing| standing.logged_in = true);
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        if self.channels.len() >= PEER_PROGRAMS {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        let (_, writer) = channel.split();
        self.channels.insert(writer.id(), Slot::Open(writer));
        self.count();
        reply.accept().await;
        Ok(())
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host_to_connect: &str,
        port_to_connect: u32,
        _originator_address: &str,
        _originator_port: u32,
        reply: ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        match self.reach(channel, (host_to_connect, port_to_connect), session.handle()).await {
            Ok(()) => reply.accept().await,
            Err(failure) => reply.reject(failure).await,
        }
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.start(channel, Some(data), session)
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), russh::Error> {
        self.start(channel, None, session)
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let asked = self.service.as_ref().map(|service| service.subsystem(name));
        self.start(channel, asked.as_deref(), session)
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _term: &str,
        _columns: u32,
        _rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.channel_failure(channel)
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        _name: &str,
        _value: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.channel_failure(channel)
    }

    async fn data(&mut self, channel: ChannelId, data: &[u8], _session: &mut Session) -> Result<(), russh::Error> {
        if let Some(Slot::Running(Some(stdin), _)) = self.channels.get(&channel) {
            stdin.accept(data).await;
        }
        Ok(())
    }

    fn adjust_window(&mut self, channel: ChannelId, _current: u32) -> u32 {
        match self.channels.get(&channel) {
            Some(Slot::Running(Some(stdin), _)) => stdin.window(),
            _ => SERVED_WINDOW_WIDE,
        }
    }

    async fn channel_eof(&mut self, channel: ChannelId, _session: &mut Session) -> Result<(), russh::Error> {
        if let Some(Slot::Running(stdin, _)) = self.channels.get_mut(&channel)
            && let Some(stdin) = stdin.take()
        {
            stdin.end();
        }
        Ok(())
    }

    async fn channel_close(&mut self, channel: ChannelId, _session: &mut Session) -> Result<(), russh::Error> {
        debug!("{}: channel {channel} is closed", self.from);
        self.channels.remove(&channel);
        self.count();
        Ok(())
    }

    async fn signal(&mut self, channel: ChannelId, signal: Sig, _session: &mut Session) -> Result<(), russh::Error> {
        if let Some(Slot::Running(_, child)) = self.channels.get(&channel) {
            child.signal(&signal);
        }
        Ok(())
    }
}
