//! `-O`: telling a master what to do.

use std::sync::Arc;

use ::log::debug;
use xssh_os::daemon::Background;
use xssh_ssh::config::LocalContext;
use xssh_ssh::config::tokens::Tokens;
use xssh_ssh::forward::Order;
use xssh_ssh::limits::{MUX_OPENING, MUX_PROBE};
use xssh_ssh::mux::{Client, ClientError, Forward, SocketError, dial};
use xssh_ssh::session::{Peer, Session};
use xssh_ssh::settings::{self, LogLevel, Settings};

use super::place::Place;
use crate::args::{Control, Invocation};
use crate::{help, remote_shell, runtime, words};

/// Does what `-O` asks for; the exit code. Only a call in proxy mode goes into the background.
pub(crate) fn run(
    what: Control,
    place: Option<&Place>,
    invocation: &Invocation,
    settings: &Settings,
    context: &LocalContext,
    background: Option<Background>,
) -> u8 {
    let Some(place) = place else {
        return words::fail(&"No ControlPath specified for \"-O\" command");
    };
    let socket = match dial(&place.path) {
        Ok(socket) => socket,
        Err(SocketError::Absent(path)) => {
            return words::fail(&format!("Control socket connect({}): No such file or directory", path.display()));
        }
        Err(error) => return words::fail(&error),
    };
    runtime::block_on(async {
        let told = async {
            // A call in proxy mode has no other way to go, so a busy master is waited for.
            let patience = if what == Control::Proxy { MUX_OPENING } else { MUX_PROBE };
            let greeted = Client::greet(socket, patience).await;
            let client = greeted.map_err(|error| match error {
                ClientError::Gone => ClientError::Failed(format!(
                    "Control socket {}: the master hangs up at once; it serves the user who started it, and root",
                    place.path.display()
                )),
                ClientError::Silent => ClientError::Failed(format!(
                    "Control socket {}: the master does not answer; if it hangs, end its process, or remove the socket for a new one",
                    place.path.display()
                )),
                other => other,
            })?;
            match what {
                Control::Proxy => pass_on(client, invocation, settings, context, background).await,
                what => tell(client, what, settings, context).await,
            }
        };
        told.await.unwrap_or_else(|error: ClientError| words::fail(&error))
    })
}

async fn tell(
    mut client: Client,
    what: Control,
    settings: &Settings,
    context: &LocalContext,
) -> Result<u8, ClientError> {
    let said = |text: &str| {
        if settings.log_level != LogLevel::Quiet {
            words::say(&format_args!("{text}\r"));
        }
    };
    match what {
        Control::Check => {
            let pid = client.alive(MUX_PROBE).await?;
            words::say(&format_args!("Master running (pid={pid})\r"));
        }
        Control::Exit => {
            client.terminate().await?;
            said("Exit request sent.");
        }
        Control::Stop => {
            client.stop().await?;
            said("Stop listening request sent.");
        }
        Control::Forward => {
            let mut ports = String::new();
            for port in open_forwards(&mut client, settings, context).await? {
                ports.push_str(&format!("{port}\n"));
            }
            return Ok(help::stdout(&ports));
        }
        Control::Cancel => {
            for forward in forwards(settings, context)? {
                client.close_forward(forward).await.map_err(|error| of_forward("cancel", error))?;
            }
        }
        Control::Proxy => {}
    }
    Ok(0)
}

/// The call itself, on the master's connection.
async fn pass_on(
    client: Client,
    invocation: &Invocation,
    settings: &Settings,
    context: &LocalContext,
    background: Option<Background>,
) -> Result<u8, ClientError> {
    let line = client.proxy(MUX_OPENING).await?;
    let target = &settings.target;
    let peer = Peer { host: target.host.clone(), port: target.port, address: None };
    let session = Arc::new(Session::passed(line, peer, settings));
    Ok(remote_shell::run_over(session, invocation, settings, context, background).await)
}

/// Has the master open the forwards of the settings; the ports that the host chose.
pub(super) async fn open_forwards(
    client: &mut Client,
    settings: &Settings,
    context: &LocalContext,
) -> Result<Vec<u32>, ClientError> {
    let mut ports = Vec::new();
    for forward in forwards(settings, context)? {
        debug!("Requesting forwarding of {forward:?}");
        ports.extend(client.open_forward(forward).await.map_err(|error| of_forward("forwarding", error))?);
    }
    Ok(ports)
}

/// Who it is that says so: the words of the master alone could be ours.
fn of_forward(what: &str, error: ClientError) -> ClientError {
    match error {
        ClientError::Failed(reason) => ClientError::Failed(format!("{what} request failed: the master says: {reason}")),
        other => other,
    }
}

fn forwards(settings: &Settings, context: &LocalContext) -> Result<Vec<Forward>, ClientError> {
    let tokens = Tokens::new(settings, context);
    let order = |forward: &settings::Forward| {
        Order::new(forward, &tokens).map_err(|error| ClientError::Failed(error.to_string()))
    };
    let forwarding = &settings.forwarding;
    let local = forwarding.local.iter().map(|forward| Ok(Forward::local(&order(forward)?)));
    let remote = forwarding.remote.iter().map(|forward| Ok(Forward::remote(&order(forward)?)));
    local.chain(remote).collect()
}
