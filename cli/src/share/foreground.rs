//! A call that serves others on its connection, as long as it runs.

use std::sync::Arc;

use ::log::{debug, error, warn};
use tokio::task::JoinHandle;
use xssh_ssh::forward::Forwards;
use xssh_ssh::mux::{ControlSocket, Master, SocketError, Terms};
use xssh_ssh::prompt::Prompt;
use xssh_ssh::session::Session;
use xssh_ssh::settings::Settings;

use super::place::Place;
use crate::environment;
use crate::prompt::Terminal;
use crate::remote_shell::Beside;

/// What a master allows, as the settings and what serves the host's programs say.
pub(super) fn terms(settings: &Settings, beside: &Beside) -> Terms {
    let (x11, agent) = beside.offers();
    let ask = settings.sharing.master.asks().then(|| Arc::new(Terminal::from_environment()) as Arc<dyn Prompt>);
    Terms { host: settings.target.host.clone(), ask, x11, agent, spill: environment::temporary() }
}

/// The control socket; `None`, with a word about it, where another has it.
pub(super) fn bind(place: &Place) -> Result<Option<ControlSocket>, String> {
    match ControlSocket::bind(&place.path) {
        Ok(socket) => Ok(Some(socket)),
        Err(taken @ SocketError::Exists(_)) => {
            if !place.automatic {
                error!("{taken}");
            }
            Ok(None)
        }
        Err(other) if place.automatic => {
            warn!("{other}");
            Ok(None)
        }
        // The run's further calls log in by themselves then.
        Err(other) if place.of_a_run => {
            debug!("{other}");
            Ok(None)
        }
        Err(other) => Err(other.to_string()),
    }
}

/// A master beside the session of the call itself. Dropped, it serves nobody any more.
pub(crate) struct Foreground {
    master: Arc<Master>,
    listening: JoinHandle<()>,
}

impl Foreground {
    /// Listens at `place`; `None` where another does.
    ///
    /// # Errors
    /// The words for a socket that cannot be made.
    pub(crate) fn begin(
        session: Arc<Session>,
        forwards: Arc<Forwards>,
        beside: &Beside,
        place: &Place,
        settings: &Settings,
    ) -> Result<Option<Self>, String> {
        let Some(socket) = bind(place)? else { return Ok(None) };
        let master = Arc::new(Master::new(session, forwards, terms(settings, beside)));
        let own = master.clone();
        let listening = tokio::spawn(async move { own.listen(socket).await });
        Ok(Some(Self { master, listening }))
    }

    /// Waits for the end that a client or the connection brings.
    pub(crate) async fn ended(&self) {
        self.master.ended(None).await;
    }

    /// Waits until a client has wanted that no further ones are served, and none is left.
    pub(crate) async fn given_up(&self) {
        self.master.given_up().await;
    }

    /// Waits until no client is served.
    pub(crate) async fn unused(&self) {
        self.master.unused().await;
    }
}

impl Drop for Foreground {
    fn drop(&mut self) {
        self.listening.abort();
    }
}
