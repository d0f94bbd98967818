//! The forwards of a tunnel's connection: all of them, or none.

use std::sync::Arc;

use ::log::warn;
use xssh_ssh::config::LocalContext;
use xssh_ssh::forward::{ForwardError, Forwards, Rules};
use xssh_ssh::session::Session;
use xssh_ssh::settings::Settings;

use crate::environment;
use crate::remote_shell::{Orders, raise_descriptors};

/// Sets every forward up, also each address of a port.
///
/// # Errors
/// What does not stand, with the port and what the system or the host says about it.
pub(super) async fn set_up(
    session: Arc<Session>,
    settings: &Settings,
    context: &LocalContext,
) -> Result<Forwards, String> {
    if !session.may_forward() {
        return Err("nothing is forwarded to a host whose key is not the one known".to_owned());
    }
    let Orders { local, remote } = Orders::of(settings, context)?;
    let forwards = Forwards::new(session, Rules::new(settings, environment::temporary()));
    let mut wanting = Vec::new();
    for order in &local {
        match forwards.local(order).await {
            Ok(missed) => wanting.extend(missed.iter().map(ToString::to_string)),
            Err(ForwardError::Port { reasons, .. }) => wanting.extend(reasons),
            Err(failure) => wanting.push(failure.to_string()),
        }
    }
    raise_descriptors();
    for (order, answer) in remote.iter().zip(forwards.remotes(&remote).await) {
        match answer {
            Ok(Some(port)) => warn!("Allocated port {port} for remote forward to {}", order.target),
            Ok(None) => {}
            Err(failure) => wanting.push(failure.to_string()),
        }
    }
    if wanting.is_empty() { Ok(forwards) } else { Err(wanting.join("; ")) }
}
