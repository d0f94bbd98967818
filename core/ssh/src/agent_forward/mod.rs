//! The agent here, for programs on the host (PROTOCOL.agent, section 1; draft-miller-ssh-agent, section 4).
//!
//! Order of use: [`AgentForward::prepare`] looks whether there is an agent; its channels are then served by
//! [`AgentForward::serve`]. Each gets a connection to the agent of its own, which is bound to the host first: the agent then
//! knows who asks, and signs with a key that is bound to hosts only where its owner has allowed that way.
//!
//! What this room must never do: hand a connection to the host on which the agent could not be told of it, answer in the
//! agent's place, or hold more of what the host asks than [`crate::limits`] allows.

mod relay;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use log::{debug, error};
use russh::keys::agent::AgentSessionBinding;
use tokio::net::UnixStream;

use crate::auth::AgentError;
use crate::auth::agent::{Agent, Purpose};
use crate::exec::{Storeroom, interpose};
use crate::limits::AGENT_CHANNELS;
use crate::session::{IncomingChannel, Kind, Service, Session};

/// An agent that is to be forwarded.
#[derive(Debug, Clone)]
pub struct AgentForward {
    socket: PathBuf,
    /// Where what waits for the agent may spill.
    store: Storeroom,
}

impl AgentForward {
    /// Looks whether an agent listens at this socket.
    ///
    /// # Errors
    /// None does.
    pub async fn prepare(socket: &Path, temporary: PathBuf) -> Result<Self, AgentError> {
        Agent::connect(socket).await?;
        Ok(Self { socket: socket.to_owned(), store: Storeroom::new(temporary) })
    }

    /// Serves the host's programs, for as long as the answer is held. Call it before the host is told of it.
    #[must_use]
    pub fn serve(self, session: &Session) -> Service {
        let incoming = session.admit(Kind::Agent);
        let binding = session.agent_binding().cloned().map(Arc::new);
        Service::start(incoming, AGENT_CHANNELS, move |channel| {
            let (forward, binding) = (self.clone(), binding.clone());
            async move { forward.serve_one(channel, binding.as_deref()).await }
        })
    }

    async fn serve_one(&self, incoming: IncomingChannel, binding: Option<&AgentSessionBinding>) {
        let agent = match self.connect(binding).await {
            Ok(agent) => agent,
            Err(error) => {
                error!("{error}");
                return incoming.cannot_connect().await;
            }
        };
        interpose(incoming, self.store.clone(), |host| relay::relay(host, agent)).await;
    }

    /// A connection that the agent knows to be the host's.
    async fn connect(&self, binding: Option<&AgentSessionBinding>) -> Result<UnixStream, AgentError> {
        let mut agent = Agent::connect(&self.socket).await?;
        let bound = match binding {
            Some(binding) => agent.bind(binding, Purpose::Forward).await,
            None => Ok(()),
        };
        match bound {
            Ok(()) => debug!("bound agent to hostkey"),
            // It knows nothing of such bindings, and so of no keys that need them.
            Err(error @ AgentError::Refused { .. }) => debug!("agent was not bound to hostkey: {error}"),
            Err(error) => return Err(error),
        }
        agent.into_stream()
    }
}
