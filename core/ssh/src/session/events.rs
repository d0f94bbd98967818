//! What the host sends, as russh reports it from inside its event loop.
//!
//! The channel that carries our program's data goes straight to the outputs; everything else becomes [`Progress`] or a
//! line in the log. Whatever the host opens by itself is refused.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use log::{debug, warn};
use russh::client::{ChannelOpenHandle, DisconnectReason, Handler, Msg, Session};
use russh::keys::{PublicKey, PublicKeyOrCertificate};
use russh::{Channel, ChannelId, ChannelOpenFailure, Sig};
use tokio::sync::watch;
use tokio::time::timeout;

use super::chosen::Chosen;
use super::{Cause, Exit, Peer, Progress, Request, SessionError};
use crate::exec::Output;
use crate::hostkey::Verified;
use crate::limits::{BANNER_COUNT, BANNERS, GOODBYE};
use crate::terminal::visible::{visible, visible_lines};

/// The check of a host's key; it mints the proof.
pub(super) type HostCheck =
    Box<dyn FnMut(PublicKeyOrCertificate) -> BoxFuture<'static, Result<Verified, SessionError>> + Send>;
/// Shows a banner, already safe, line ends kept.
pub(super) type Banner = Arc<dyn Fn(&str) + Send + Sync>;

/// What the event loop and the rest share.
#[derive(Default)]
pub(super) struct Board {
    pub(super) progress: watch::Sender<Progress>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    verified: Option<Verified>,
    chosen: Option<Chosen>,
    announced: Vec<PublicKey>,
    outputs: Option<(Output, Output)>,
    /// The next channel that the host confirms is ours to read from.
    expecting: bool,
    main: Option<ChannelId>,
    requests: VecDeque<Request>,
    open_failure: Option<String>,
}

impl Board {
    fn with<T>(&self, f: impl FnOnce(&mut Inner) -> T) -> T {
        f(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn take_verified(&self) -> Option<Verified> {
        self.with(|inner| inner.verified.take())
    }

    pub(super) fn chosen(&self) -> Option<Chosen> {
        self.with(|inner| inner.chosen.clone())
    }

    pub(super) fn announced(&self) -> Vec<PublicKey> {
        self.with(|inner| std::mem::take(&mut inner.announced))
    }

    /// The next channel's data goes to these outputs, from its first byte on.
    pub(super) fn expect_channel(&self, stdout: Output, stderr: Output) {
        self.with(|inner| {
            inner.outputs = Some((stdout, stderr));
            inner.expecting = true;
        });
    }

    pub(super) fn await_reply(&self, request: Request) {
        self.with(|inner| inner.requests.push_back(request));
    }

    /// Why the connection ended, where it did.
    ///
    /// It may take a moment: whoever waits for an answer learns that there is none before the reason is known.
    pub(super) async fn reason(&self) -> Option<SessionError> {
        let mut progress = self.progress.subscribe();
        let _ = timeout(GOODBYE, progress.wait_for(|progress| progress.lost.is_some())).await;
        self.known_reason()
    }

    /// The same where it is known already.
    pub(super) fn known_reason(&self) -> Option<SessionError> {
        let lost = self.progress.borrow().lost.clone()?;
        self.progress.send_modify(|progress| progress.lost = None);
        Arc::into_inner(lost)
    }

    pub(super) fn open_failure(&self) -> Option<String> {
        self.with(|inner| inner.open_failure.take())
    }

    fn output(&self, channel: ChannelId, stderr: bool) -> Option<Output> {
        self.with(|inner| {
            let (out, err) = inner.outputs.as_ref().filter(|_| inner.main == Some(channel))?;
            Some(if stderr { err.clone() } else { out.clone() })
        })
    }

    fn is_main(&self, channel: ChannelId) -> bool {
        self.with(|inner| inner.main == Some(channel))
    }

    fn note(&self, channel: ChannelId, change: impl FnOnce(&mut Progress)) {
        if self.is_main(channel) {
            self.progress.send_modify(change);
        }
    }
}

/// The handler of one connection.
pub(crate) struct Events {
    pub(super) board: Arc<Board>,
    peer: Peer,
    pub(super) check: HostCheck,
    pub(super) accepted: Option<PublicKey>,
    pub(super) banner: Banner,
    /// How many banners there were, and their length together.
    banners: (usize, usize),
    /// The outputs of the channel whose data comes, so that no lock is taken for each packet.
    pub(super) stdout: Option<(ChannelId, Output)>,
}

impl Events {
    pub(super) fn new(board: Arc<Board>, peer: Peer, check: HostCheck, banner: Banner) -> Self {
        Self { board, peer, check, accepted: None, banner, banners: (0, 0), stdout: None }
    }

    fn misbehaved(&self, what: &'static str) -> SessionError {
        SessionError::Transport { peer: self.peer.clone(), cause: Cause::Misbehaved(what) }
    }
}

/// Refuses a channel that nobody asked for, and says so.
async fn refuse(kind: &str, reply: ChannelOpenHandle) {
    warn!("Warning: the host tried to open a channel ({kind}) that was not asked for; refused.");
    reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
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
        self.board.with(|inner| inner.verified = Some(verified));
        self.accepted = Some(presented);
        Ok(true)
    }

    async fn kex_done(&mut self, _: Option<&[u8]>, names: &russh::Names, _: &mut Session) -> Result<(), SessionError> {
        let chosen = Chosen::from(names);
        chosen.log();
        debug!("SSH2_MSG_NEWKEYS sent");
        debug!("SSH2_MSG_NEWKEYS received");
        self.board.with(|inner| inner.chosen = Some(chosen));
        Ok(())
    }

    async fn channel_open_confirmation(
        &mut self,
        id: ChannelId,
        _: u32,
        _: u32,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        let stdout = self.board.with(|inner| {
            let ours = std::mem::take(&mut inner.expecting);
            if ours {
                inner.main = Some(id);
            }
            inner.outputs.as_ref().filter(|_| ours).map(|(stdout, _)| stdout.clone())
        });
        if let Some(stdout) = stdout {
            self.stdout = Some((id, stdout));
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
        if self.board.is_main(channel) {
            // russh has forgotten the channel: nothing more would ever come of it.
            return Err(self.misbehaved("refused a channel that was open"));
        }
        let text = format!("{}: {}", reason_words(&reason), visible(description.as_bytes()));
        self.board.with(|inner| inner.open_failure = Some(text));
        Ok(())
    }

    async fn channel_success(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), SessionError> {
        if self.board.is_main(channel) {
            self.board.with(|inner| inner.requests.pop_front());
        }
        Ok(())
    }

    async fn channel_failure(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), SessionError> {
        let request = self.board.with(|inner| inner.requests.pop_front());
        self.board.note(channel, |progress| match request {
            Some(Request::Pty) => progress.pty_refused = true,
            request => progress.refused = progress.refused.or(request),
        });
        Ok(())
    }

    async fn data(&mut self, channel: ChannelId, data: &[u8], _: &mut Session) -> Result<(), SessionError> {
        if let Some((_, stdout)) = self.stdout.as_ref().filter(|(id, _)| *id == channel) {
            stdout.accept(data).await;
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
            && let Some(stderr) = self.board.output(channel, true)
        {
            stderr.accept(data).await;
        }
        Ok(())
    }

    async fn exit_status(&mut self, channel: ChannelId, status: u32, _: &mut Session) -> Result<(), SessionError> {
        debug!("client_input_channel_req: channel {channel} rtype exit-status reply 0");
        self.board.note(channel, |progress| progress.exit = Some(Exit::Status(status)));
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
        let name = signal_name(&signal);
        let message = visible(message.as_bytes());
        debug!("client_input_channel_req: channel {channel} rtype exit-signal reply 0");
        self.board.note(channel, |progress| progress.exit = Some(Exit::Signal { name, message }));
        Ok(())
    }

    async fn channel_eof(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), SessionError> {
        self.board.note(channel, |progress| progress.eof = true);
        Ok(())
    }

    async fn channel_close(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), SessionError> {
        self.board.note(channel, |progress| progress.closed = true);
        Ok(())
    }

    async fn openssh_ext_host_keys_announced(
        &mut self,
        keys: Vec<PublicKey>,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        debug!("client_input_hostkeys: received {} keys", keys.len());
        self.board.with(|inner| inner.announced = keys);
        self.board.progress.send_modify(|_| {});
        Ok(())
    }

    async fn server_channel_open_forwarded_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        refuse("forwarded-tcpip", reply).await;
        Ok(())
    }

    async fn server_channel_open_forwarded_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        refuse("forwarded-streamlocal@openssh.com", reply).await;
        Ok(())
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        refuse("auth-agent@openssh.com", reply).await;
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
        refuse("session", reply).await;
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
        refuse("direct-tcpip", reply).await;
        Ok(())
    }

    async fn server_channel_open_direct_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        refuse("direct-streamlocal@openssh.com", reply).await;
        Ok(())
    }

    async fn server_channel_open_x11(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        refuse("x11", reply).await;
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
        self.board.progress.send_modify(|progress| progress.lost = Some(Arc::new(lost)));
        Ok(())
    }
}

/// The reasons of RFC 4254, section 5.1, in OpenSSH's words (channels.c).
fn reason_words(reason: &ChannelOpenFailure) -> &'static str {
    match reason {
        ChannelOpenFailure::AdministrativelyProhibited => "administratively prohibited",
        ChannelOpenFailure::ConnectFailed => "connect failed",
        ChannelOpenFailure::UnknownChannelType => "unknown channel type",
        ChannelOpenFailure::ResourceShortage => "resource shortage",
        _ => "unknown reason",
    }
}

fn signal_name(signal: &Sig) -> String {
    match signal {
        Sig::Custom(name) => visible(name.as_bytes()),
        known => format!("{known:?}"),
    }
}
