//! A client of ssh-agent (draft-miller-ssh-agent; PROTOCOL.agent).
//!
//! In this order: [`Agent::connect`], [`Agent::bind`] (so that keys which are bound to hosts are shown and may be used),
//! [`Agent::identities`], then [`Agent::sign`]; [`Agent::add`] at any time.
//!
//! An agent may be someone else's program, or forwarded from afar: what it sends is checked against the limits before it
//! is kept, an identity that cannot be read costs only itself, and it never has for ever to answer. russh's own client
//! stands back for this one because it drops the whole list for one odd identity, waits without end, and logs what is
//! signed.

mod error;

mod wire;

pub use error::AgentError;

use super::hostbound;
use super::public_key::PublicHalf;
use crate::limits;
use crate::settings::AddKeys;
use log::trace;
use russh::keys::agent::AgentSessionBinding;
use russh::keys::{PrivateKey, ssh_encoding::Encode};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;
use zeroize::Zeroizing;

/// SSH_AGENT_RSA_SHA2_256 and SSH_AGENT_RSA_SHA2_512 (draft-miller-ssh-agent, section 5.3).
pub(super) const RSA_SHA2_256: u32 = 2;
pub(super) const RSA_SHA2_512: u32 = 4;

/// A key that the agent holds.
#[derive(Debug, Clone)]
pub(super) struct AgentKey {
    pub(super) public: PublicHalf,
    pub(super) comment: String,
}

/// A connection to an agent.
#[derive(Debug)]
pub(crate) struct Agent {
    path: PathBuf,
    /// Gone once an exchange has failed half way: an answer to it would be taken for that of the next.
    stream: Option<UnixStream>,
    /// The key of the host that this connection was bound to.
    host_key: Option<Vec<u8>>,
}

/// What a connection to an agent is for (PROTOCOL.agent, section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// We log in ourselves.
    LogIn,
    /// The host's programs use it.
    Forward,
}

impl Agent {
    pub(crate) async fn connect(path: &Path) -> Result<Self, AgentError> {
        let path = path.to_owned();
        match timeout(limits::AGENT_REPLY, UnixStream::connect(&path)).await {
            Ok(Ok(stream)) => Ok(Self { path, stream: Some(stream), host_key: None }),
            Ok(Err(source)) => Err(AgentError::Connect { path, source }),
            Err(_) => Err(AgentError::silent(path, limits::AGENT_REPLY)),
        }
    }

    /// Whether the connection can still be used, whatever came of the last request.
    pub(crate) fn is_usable(&self) -> bool {
        self.stream.is_some()
    }

    /// Tells the agent which host and session its signatures are for (PROTOCOL.agent, section 1). An agent that does not
    /// know of this says no; nothing is lost then but the use of keys that are bound to hosts.
    pub(crate) async fn bind(&mut self, binding: &AgentSessionBinding, purpose: Purpose) -> Result<(), AgentError> {
        let mut request = wire::Request::new(wire::EXTENSION);
        request
            .string(b"session-bind@openssh.com")
            .string(binding.host_key())
            .string(binding.session_id())
            .string(binding.signature())
            .byte(u8::from(purpose == Purpose::Forward));
        self.expect_success(request, limits::AGENT_REPLY).await?;
        self.host_key = Some(binding.host_key().to_vec());
        Ok(())
    }

    /// A request to log in (what is signed of it) in the form that names the host which this connection was bound to.
    pub(super) fn names_host(&self, request: &[u8]) -> Option<Vec<u8>> {
        hostbound::of(request, self.host_key.as_deref()?)
    }

    /// The stream itself, unless an exchange failed half way.
    pub(crate) fn into_stream(mut self) -> Result<UnixStream, AgentError> {
        self.stream.take().ok_or_else(|| self.broke("has failed before"))
    }

    /// The keys that the agent holds, in its order. Such that cannot be read are left out.
    pub(super) async fn identities(&mut self) -> Result<Vec<AgentKey>, AgentError> {
        let request = wire::Request::new(wire::REQUEST_IDENTITIES);
        let reply = self.exchange(request, limits::AGENT_REPLY).await?;
        let listed = wire::read_identities(&reply).map_err(|what| self.broke(what))?;
        let mut keys = Vec::with_capacity(listed.len());
        for (blob, comment) in listed {
            match PublicHalf::from_blob(blob) {
                Some(public) => keys.push(AgentKey { public, comment }),
                None => trace!("the agent's key {comment} is of a kind that is not known here"),
            }
        }
        Ok(keys)
    }

    /// Has `data` signed with the key that the agent knows by `blob`. The answer is a signature as it goes onto the wire,
    /// of the type `expected`.
    pub(super) async fn sign(
        &mut self,
        blob: &[u8],
        data: &[u8],
        flags: u32,
        expected: &str,
    ) -> Result<Vec<u8>, AgentError> {
        let mut request = wire::Request::new(wire::SIGN_REQUEST);
        request.string(blob).string(data).uint(flags);
        let reply = self.exchange(request, limits::AGENT_SIGNATURE).await?;
        let (name, signature) = wire::read_signature(&reply).map_err(|what| self.broke(what))?;
        if name != expected.as_bytes() {
            return Err(AgentError::SignatureType {
                path: self.path.clone(),
                got: crate::terminal::visible::visible(name),
                expected: expected.to_owned(),
            });
        }
        Ok(signature.to_vec())
    }

    /// Gives the agent a private key.
    pub(super) async fn add(&mut self, key: &PrivateKey, comment: &str, how: AddKeys) -> Result<(), AgentError> {
        let confirm = how.mode == AddKeys::CONFIRM;
        let constrained = confirm || how.lifetime != 0;
        let mut fields = Zeroizing::new(Vec::new());
        key.key_data().encode(&mut *fields).map_err(|_| self.broke("cannot hold a key of this kind"))?;
        let mut request = wire::Request::new(if constrained { wire::ADD_ID_CONSTRAINED } else { wire::ADD_IDENTITY });
        request.raw(&fields).string(comment.as_bytes());
        if how.lifetime != 0 {
            request.byte(wire::CONSTRAIN_LIFETIME).uint(how.lifetime);
        }
        if confirm {
            request.byte(wire::CONSTRAIN_CONFIRM);
        }
        self.expect_success(request, limits::AGENT_REPLY).await
    }

    async fn expect_success(&mut self, request: wire::Request, patience: Duration) -> Result<(), AgentError> {
        let reply = self.exchange(request, patience).await?;
        if reply.first() == Some(&wire::SUCCESS) {
            Ok(())
        } else {
            Err(self.broke("sent an answer of an unknown kind"))
        }
    }

    /// Sends one message and reads one; a refusal is an error.
    async fn exchange(&mut self, request: wire::Request, patience: Duration) -> Result<Vec<u8>, AgentError> {
        let Some(mut stream) = self.stream.take() else {
            return Err(self.broke("has failed before"));
        };
        let message = match timeout(patience, talk(&mut stream, &request.finish())).await {
            Ok(Ok(Some(message))) => message,
            Ok(Ok(None)) => return Err(self.broke("sent a message that is empty or too long")),
            Ok(Err(source)) => {
                let path = self.path.clone();
                return Err(AgentError::Talk { path, source });
            }
            Err(_) => return Err(AgentError::silent(self.path.clone(), patience)),
        };
        self.stream = Some(stream);
        if message.first().is_some_and(|kind| wire::is_failure(*kind)) {
            return Err(AgentError::Refused { path: self.path.clone() });
        }
        Ok(message)
    }

    fn broke(&self, what: &'static str) -> AgentError {
        AgentError::Broke { path: self.path.clone(), what }
    }
}

/// One exchange. `None` for a length that no message has.
async fn talk(stream: &mut UnixStream, request: &[u8]) -> io::Result<Option<Vec<u8>>> {
    stream.write_all(request).await?;
    let length = stream.read_u32().await? as usize;
    if length == 0 || length > limits::AGENT_MESSAGE {
        return Ok(None);
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message).await?;
    Ok(Some(message))
}
