//! What the host sends, as russh reports it from inside its event loop.
//!
//! What comes on a channel goes straight to its outputs; everything else becomes [`super::Progress`] or a line in the log.
//! What the host opens by itself goes to whoever asked for it ([`super::incoming`]), and is refused where nobody did.

use std::sync::{Arc, Weak};

use futures::future::BoxFuture;
use log::{debug, warn};
use russh::client::{ChannelOpenHandle, DisconnectReason, Handler, Msg, Session};
use russh::keys::{PublicKey, PublicKeyOrCertificate};
use russh::{Channel, ChannelId, ChannelOpenFailure, Sig};

use super::board::Board;
use super::carrier::Reply;
use super::chosen::Chosen;
use super::incoming::{Origin, arrive, refuse};
use super::table::Line;
use super::{Cause, Exit, Peer, Refusal, SessionError};
use crate::hostkey::Verified;
use crate::limits::{BANNER_COUNT, BANNERS};
use crate::terminal::visible::{visible, visible_lines};

/// The check of a host's key; it mints the proof.
pub(super) type HostCheck =
    Box<dyn FnMut(PublicKeyOrCertificate) -> BoxFuture<'static, Result<Verified, SessionError>> + Send>;
/// Shows a banner, already safe, line ends kept.
pub(super) type Banner = Arc<dyn Fn(&str) + Send + Sync>;

/// The handler of one connection.
pub(crate) struct Events {
    pub(super) board: Arc<Board>,
    peer: Peer,
    pub(super) check: HostCheck,
    pub(super) accepted: Option<PublicKey>,
    pub(super) banner: Banner,
    /// How many banners there were, and their length together.
    banners: (usize, usize),
    /// The channel whose data came last, so that nothing is looked up for each packet.
    recent: Option<(ChannelId, Weak<Line>)>,
}

impl Events {
    pub(super) fn new(board: Arc<Board>, peer: Peer, check: HostCheck, banner: Banner) -> Self {
        Self { board, peer, check, accepted: None, banner, banners: (0, 0), recent: None }
    }

    fn line(&mut self, channel: ChannelId) -> Option<Arc<Line>> {
        self.board.heard();
        if let Some((id, line)) = &self.recent
            && *id == channel
        {
            return line.upgrade();
        }
        let line = self.board.table.line(channel.number())?;
        self.recent = Some((channel, Arc::downgrade(&line)));
        Some(line)
    }

    fn misbehaved(&self, what: &'static str) -> SessionError {
        SessionError::Transport { peer: self.peer.clone(), cause: Cause::Misbehaved(what) }
    }
}

impl Handler for Events {
    type Error = SessionError;

    async fn auth_banner(&mut self, banner: &str, _: &mut Session) -> Result<(), SessionError> {
        self.banners.0 += 1;
        self.banners.1 += banner.len();
        if self.banners.0 > BANNER_COUNT || self.banners.1 > BANNERS {
            return Err(self.misbehaved("sends banners without end"));
        }
        (self.banner)(&visible_lines(banner.as_bytes()));
        Ok(())
    }

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, SessionError> {
        let presented = key.public_key();
        if let Some(accepted) = &self.accepted {
            // A rekey: the host that was checked, or nobody.
            return Ok(accepted.key_data() == presented.key_data());
        }
        let copy = match key {
            PublicKeyOrCertificate::PublicKey { key, hash_alg } => {
                PublicKeyOrCertificate::PublicKey { key: key.clone(), hash_alg: *hash_alg }
            }
            PublicKeyOrCertificate::Certificate(certificate) => {
                PublicKeyOrCertificate::Certificate(certificate.clone())
            }
        };
        let verified = (self.check)(copy).await?;
        self.board.verify(verified);
        self.accepted = Some(presented);
        Ok(true)
    }

    async fn kex_done(&mut self, _: Option<&[u8]>, names: &russh::Names, _: &mut Session) -> Result<(), SessionError> {
        let chosen = Chosen::from(names);
        chosen.log();
        debug!("SSH2_MSG_NEWKEYS sent");
        debug!("SSH2_MSG_NEWKEYS received");
        self.board.choose(chosen);
        Ok(())
    }

    async fn channel_open_confirmation(
        &mut self,
        id: ChannelId,
        _: u32,
        window: u32,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        self.board.table.claimed(id.number()).await;
        if let Some(line) = self.line(id) {
            line.flow.adjusted(window);
        }
        Ok(())
    }

    async fn window_adjusted(&mut self, id: ChannelId, now: u32, _: &mut Session) -> Result<(), SessionError> {
        if let Some(line) = self.line(id) {
            line.flow.adjusted(now);
        }
        Ok(())
    }

    async fn channel_open_failure(
        &mut self,
        channel: ChannelId,
        reason: ChannelOpenFailure,
        description: &str,
        _: &str,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        if self.board.table.line(channel.number()).is_some() {
            // russh has forgotten the channel: nothing more would ever come of it.
            return Err(self.misbehaved("refused a channel that was open"));
        }
        self.board.refused_open(Refusal { reason: reason.code(), words: visible(description.as_bytes()) });
        Ok(())
    }

    async fn channel_success(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), SessionError> {
        if let Some(line) = self.line(channel) {
            line.succeeded();
        }
        Ok(())
    }

    async fn channel_failure(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), SessionError> {
        if let Some(line) = self.line(channel) {
            line.failed();
        }
        Ok(())
    }

    async fn data(&mut self, channel: ChannelId, data: &[u8], _: &mut Session) -> Result<(), SessionError> {
        if let Some(line) = self.line(channel) {
            line.pass();
            line.output.accept(data).await;
        }
        Ok(())
    }

    async fn extended_data(
        &mut self,
        channel: ChannelId,
        kind: u32,
        data: &[u8],
        _: &mut Session,
    ) -> Result<(), SessionError> {
        // SSH_EXTENDED_DATA_STDERR (RFC 4254, section 5.2); there is no other kind.
        if kind == 1
            && let Some(line) = self.line(channel)
            && let Some(errors) = &line.errors
        {
            line.pass();
            errors.accept(data).await;
        }
        Ok(())
    }

    async fn exit_status(&mut self, channel: ChannelId, status: u32, _: &mut Session) -> Result<(), SessionError> {
        debug!("client_input_channel_req: channel {channel} rtype exit-status reply 0");
        if let Some(line) = self.line(channel) {
            line.note(|progress| progress.exit = Some(Exit::Status(status)));
        }
        Ok(())
    }

    async fn exit_signal(
        &mut self,
        channel: ChannelId,
        signal: Sig,
        _: bool,
        message: &str,
        _: &str,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        debug!("client_input_channel_req: channel {channel} rtype exit-signal reply 0");
        if let Some(line) = self.line(channel) {
            let (name, message) = (signal_name(&signal), visible(message.as_bytes()));
            line.note(|progress| progress.exit = Some(Exit::Signal { name, message }));
        }
        Ok(())
    }

    async fn channel_eof(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), SessionError> {
        if let Some(line) = self.line(channel) {
            line.note(|progress| progress.eof = true);
        }
        Ok(())
    }

    async fn channel_close(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), SessionError> {
        self.recent.take_if(|(id, _)| *id == channel);
        if let Some(line) = self.board.table.forget(channel.number()) {
            line.note(|progress| progress.closed = true);
        }
        Ok(())
    }

    async fn openssh_ext_host_keys_announced(
        &mut self,
        keys: Vec<PublicKey>,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        debug!("client_input_hostkeys: received {} keys", keys.len());
        self.board.announce(keys);
        Ok(())
    }

    async fn server_channel_open_forwarded_tcpip(
        &mut self,
        channel: Channel<Msg>,
        address: &str,
        port: u32,
        from: &str,
        from_port: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        let origin = Origin::Tcp { address: address.to_owned(), port, from: (from.to_owned(), from_port) };
        arrive(&self.board, origin, channel.into(), Reply::Own(reply)).await;
        Ok(())
    }

    async fn server_channel_open_forwarded_streamlocal(
        &mut self,
        channel: Channel<Msg>,
        path: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        arrive(&self.board, Origin::Unix { path: path.to_owned() }, channel.into(), Reply::Own(reply)).await;
        Ok(())
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        arrive(&self.board, Origin::Agent, channel.into(), Reply::Own(reply)).await;
        Ok(())
    }

    async fn should_accept_unknown_server_channel(&mut self, _: ChannelId, kind: &str) -> bool {
        warn!(
            "Warning: the host tried to open a channel ({}) that was not asked for; refused.",
            visible(kind.as_bytes())
        );
        false
    }

    async fn server_channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        refuse("session", Reply::Own(reply)).await;
        Ok(())
    }

    async fn server_channel_open_direct_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        refuse("direct-tcpip", Reply::Own(reply)).await;
        Ok(())
    }

    async fn server_channel_open_direct_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        refuse("direct-streamlocal@openssh.com", Reply::Own(reply)).await;
        Ok(())
    }

    async fn server_channel_open_x11(
        &mut self,
        channel: Channel<Msg>,
        from: &str,
        from_port: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        arrive(&self.board, Origin::X11 { from: (from.to_owned(), from_port) }, channel.into(), Reply::Own(reply))
            .await;
        Ok(())
    }

    async fn disconnected(&mut self, reason: DisconnectReason<SessionError>) -> Result<(), SessionError> {
        let lost = match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                let cause =
                    Cause::Disconnected { code: info.reason_code as u32, message: visible(info.message.as_bytes()) };
                SessionError::Transport { peer: self.peer.clone(), cause }
            }
            DisconnectReason::Error(error) => error.of(&self.peer),
        };
        self.board.lose(lost);
        Ok(())
    }
}

fn signal_name(signal: &Sig) -> String {
    match signal {
        Sig::Custom(name) => visible(name.as_bytes()),
        known => format!("{known:?}"),
    }
}
