//! What runs beside a session, or in its place: the forwards, what serves the host's programs, and the calls of others on the same
//! connection.

use std::sync::Arc;

use ::log::{debug, error, warn};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use xssh_ssh::config::LocalContext;
use xssh_ssh::config::tokens::Tokens;
use xssh_ssh::exec::Console;
use xssh_ssh::forward::{ForwardError, Forwards, Order, Rules};
use xssh_ssh::session::{Session, Start};
use xssh_ssh::settings::{Forward, Settings};

use super::beside::Beside;
use super::console::PortConsole;
use crate::environment;
use crate::share::foreground::Foreground;
use crate::share::place::Place;

/// What runs beside a session. It ends when dropped.
pub(crate) struct Around {
    forwards: Arc<Forwards>,
    remote: Vec<Order>,
    /// ExitOnForwardFailure.
    strict: bool,
    beside: Beside,
    context: LocalContext,
    sharing: Option<Foreground>,
}

/// What is to be forwarded, both ways.
#[derive(Default)]
pub(crate) struct Orders {
    /// What listens here.
    pub(crate) local: Vec<Order>,
    /// What listens on the host.
    pub(crate) remote: Vec<Order>,
}

impl Around {
    /// Listens here for what the settings forward from here.
    ///
    /// # Errors
    /// The words for what is not to be had, where that ends everything.
    pub(super) async fn begin(
        session: Arc<Session>,
        settings: &Settings,
        context: &LocalContext,
    ) -> Result<Self, String> {
        let Orders { local, remote } = match session.may_forward() {
            true => Orders::of(settings, context)?,
            false => Orders::default(),
        };
        let forwards = Arc::new(Forwards::new(session, Rules::new(settings, environment::temporary())));
        let (strict, beside, context) = (settings.forwarding.exit_on_failure, Beside::default(), context.clone());
        let around = Self { forwards, remote, strict, beside, context, sharing: None };
        around.listen(&local).await?;
        Ok(around)
    }

    async fn listen(&self, orders: &[Order]) -> Result<(), String> {
        let mut failed = 0;
        for order in orders {
            if let Err(failure) = self.forwards.local(order).await {
                error!("{failure}");
                failed += 1;
            }
        }
        const FAILURE: &str = "Could not request local forwarding.";
        if failed > 0 && self.strict {
            return Err(FAILURE.to_owned());
        }
        if failed > 0 && failed == orders.len() {
            error!("{FAILURE}");
        }
        Ok(())
    }

    /// What a person at a terminal may see of it, and add.
    pub(super) fn console(&self, settings: &Settings) -> Box<dyn Console> {
        let runs_commands = settings.session.permit_local_command;
        Box::new(PortConsole::new(self.forwards.clone(), self.context.clone(), runs_commands))
    }

    /// Serves others on this connection.
    ///
    /// # Errors
    /// The words for a control socket that cannot be made.
    pub(super) fn share(&mut self, session: Arc<Session>, place: &Place, settings: &Settings) -> Result<(), String> {
        self.sharing = Foreground::begin(session, self.forwards.clone(), &self.beside, place, settings)?;
        Ok(())
    }

    /// What serves the host's programs.
    pub(crate) fn beside(&self) -> &Beside {
        &self.beside
    }

    /// The forwards.
    pub(crate) fn forwards(&self) -> Arc<Forwards> {
        self.forwards.clone()
    }

    /// Waits until the last forwarded connection is closed and nobody else uses the connection, as ssh does when the session
    /// is over.
    pub(super) async fn all_closed(&self) {
        self.forwards.all_closed().await;
        self.beside.all_closed().await;
        if let Some(sharing) = &self.sharing {
            sharing.unused().await;
        }
    }

    /// Waits until there is nothing left to be there for: a master without a session of its own that takes no further calls.
    pub(super) async fn given_up(&self) {
        match &self.sharing {
            Some(sharing) => sharing.given_up().await,
            None => std::future::pending().await,
        }
    }

    /// Waits until somebody who shares the connection has it end.
    pub(super) async fn told_to_end(&self) {
        match &self.sharing {
            Some(sharing) => sharing.ended().await,
            None => std::future::pending().await,
        }
    }

    /// Serves the host's programs, for a session.
    ///
    /// # Errors
    /// The words for what is not to be had, where that ends everything.
    pub(super) async fn serve(
        &mut self,
        session: &Session,
        settings: &Settings,
        context: &LocalContext,
    ) -> Result<(), String> {
        self.beside = Beside::begin(session, settings, context).await?;
        Ok(())
    }

    /// Has `start` tell the host what is served.
    pub(super) fn tell(&self, start: &mut Start) {
        self.beside.tell(start);
    }

    /// Has the host listen for what the settings forward from there. Whoever cannot go on without waits for the answers;
    /// else they come while the session runs.
    ///
    /// # Errors
    /// The words for what is not to be had, where that ends everything.
    pub(super) async fn ask(&self, wait: bool) -> Result<(), String> {
        raise_descriptors();
        let asking = ask(self.forwards.clone(), self.remote.clone(), self.strict);
        if wait || self.strict {
            return asking.await;
        }
        if !self.remote.is_empty() {
            tokio::spawn(asking);
        }
        Ok(())
    }
}

async fn ask(forwards: Arc<Forwards>, orders: Vec<Order>, strict: bool) -> Result<(), String> {
    let mut fatal = None;
    for (order, answer) in orders.iter().zip(forwards.remotes(&orders).await) {
        match answer {
            Ok(Some(port)) => warn!("Allocated port {port} for remote forward to {}", order.target),
            Ok(None) => debug!("remote forward success for: listen {}, connect {}", order.place, order.target),
            // Whoever waits for the connection's end tells why.
            Err(ForwardError::Session(lost)) => debug!("{lost}"),
            // It may stand all the same, as with ssh; only a port that nobody knows is of no use.
            Err(failure @ ForwardError::Untold(_)) if !strict && !order.place.is_chosen_there() => debug!("{failure}"),
            Err(failure) if strict => {
                fatal.get_or_insert(format!("Error: {failure}"));
            }
            Err(failure) => warn!("Warning: {failure}"),
        }
    }
    debug!("All remote forwarding requests processed");
    fatal.map_or(Ok(()), Err)
}

impl Orders {
    /// What the settings say.
    ///
    /// # Errors
    /// The words for a path that cannot be read.
    pub(crate) fn of(settings: &Settings, context: &LocalContext) -> Result<Self, String> {
        let tokens = Tokens::new(settings, context);
        let read = |forwards: &[Forward]| -> Result<Vec<Order>, String> {
            let orders = forwards.iter().map(|forward| Order::new(forward, &tokens));
            orders.collect::<Result<_, _>>().map_err(|error| error.to_string())
        };
        let forwarding = &settings.forwarding;
        Ok(Self { local: read(&forwarding.local)?, remote: read(&forwarding.remote)? })
    }
}

/// Each forwarded connection is a descriptor: as many as the administrator lets us have. Programs that we start after this
/// would inherit it, and select(2) in them could not take so many; so it is done when all have been started.
pub(crate) fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        debug!("the limit of descriptors stays as it is: {error}");
    }
}
