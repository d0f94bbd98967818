//! What serves the host beside the session: the agent and the display here, for its programs.

use ::log::{debug, error, warn};
use xssh_ssh::agent_forward::AgentForward;
use xssh_ssh::config::LocalContext;
use xssh_ssh::config::tokens::Tokens;
use xssh_ssh::session::{Service, Session, Start};
use xssh_ssh::settings::{ForwardedAgent, Settings};
use xssh_ssh::x11;

use crate::environment;

/// It serves for as long as it is held.
#[derive(Default)]
pub(crate) struct Beside {
    x11: Option<(x11::Request, Service)>,
    agent: Option<Service>,
    /// A master's agent is asked for.
    of_the_master: bool,
}

impl Beside {
    /// Begins to serve what the settings ask for.
    ///
    /// # Errors
    /// The words for what is not to be had, where that ends everything.
    pub(super) async fn begin(session: &Session, settings: &Settings, context: &LocalContext) -> Result<Self, String> {
        // The check of the host has said so, and why.
        if !session.may_forward() {
            return Ok(Self::default());
        }
        if session.is_passed_on() {
            return Ok(Self { of_the_master: settings.forwarding.agent.is_some(), ..Self::default() });
        }
        let x11 = x11(settings, context).await;
        let agent = agent(settings, context).await?;
        Ok(Self {
            x11: x11.map(|display| (display.request(), display.serve(session))),
            agent: agent.map(|agent| agent.serve(session)),
            of_the_master: false,
        })
    }

    /// Has `start` tell the host of it.
    pub(super) fn tell(&self, start: &mut Start) {
        (start.x11, start.agent) = self.offers();
    }

    /// What is served: a display, and whether an agent.
    pub(crate) fn offers(&self) -> (Option<x11::Request>, bool) {
        (self.x11.as_ref().map(|(request, _)| request.clone()), self.agent.is_some() || self.of_the_master)
    }

    /// Waits until no X client of the host's is shown any more: they may outlive the program that started them.
    pub(super) async fn all_closed(&self) {
        if let Some((_, clients)) = &self.x11 {
            clients.idle().await;
        }
    }
}

async fn x11(settings: &Settings, context: &LocalContext) -> Option<x11::Forward> {
    let wanted = settings.forwarding.x11.as_ref()?;
    let Some(display) = (context.environment)("DISPLAY").filter(|display| !display.is_empty()) else {
        debug!("X11 forwarding requested but DISPLAY not set");
        return None;
    };
    match x11::Forward::prepare(wanted, &display, environment::temporary()).await {
        Ok(forward) => Some(forward),
        Err(error) => {
            warn!("Warning: {error}");
            None
        }
    }
}

async fn agent(settings: &Settings, context: &LocalContext) -> Result<Option<AgentForward>, String> {
    let Some(wanted) = &settings.forwarding.agent else { return Ok(None) };
    let tokens = Tokens::new(settings, context);
    let Some(socket) = tokens.forwarded_agent(wanted, &settings.auth).map_err(|error| error.to_string())? else {
        return match wanted {
            // That there is no agent where one usually is is nothing to speak of.
            ForwardedAgent::Own => {
                debug!("agent forwarding requested but there is no agent");
                Ok(None)
            }
            ForwardedAgent::At(template) => without_agent(settings, &template.0, "there is no such variable"),
        };
    };
    match AgentForward::prepare(&socket, environment::temporary()).await {
        Ok(forward) => Ok(Some(forward)),
        Err(reason) if *wanted == ForwardedAgent::Own => {
            debug!("{reason}");
            Ok(None)
        }
        Err(reason) => without_agent(settings, &socket.display().to_string(), &reason.to_string()),
    }
}

/// An agent that was named and is not to be had.
fn without_agent(settings: &Settings, named: &str, reason: &str) -> Result<Option<AgentForward>, String> {
    let words = format!("Cannot forward agent socket path \"{named}\": {reason}");
    if settings.forwarding.exit_on_failure {
        return Err(words);
    }
    error!("{words}");
    Ok(None)
}
