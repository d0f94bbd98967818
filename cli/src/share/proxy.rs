//! `-O proxy`: the call's own packets, passed on by a master.

use ::log::warn;
use xssh_ssh::config::LocalContext;
use xssh_ssh::exec::Killers;
use xssh_ssh::limits::MUX_OPENING;
use xssh_ssh::mux::{Client, ClientError, Ends};
use xssh_ssh::session::Exit;
use xssh_ssh::settings::Settings;

use crate::args::Invocation;
use crate::remote_shell::pipes::Pipes;
use crate::remote_shell::start;
use crate::words;

/// Runs what the call is for; the exit code.
pub(super) async fn run(
    client: Client,
    invocation: &Invocation,
    settings: &Settings,
    context: &LocalContext,
) -> Result<u8, ClientError> {
    let start = start::start(invocation, settings, context).map_err(ClientError::Failed)?;
    let Some(start) = start else {
        return Err(ClientError::Failed("-N has nothing to do in proxy mode".to_owned()));
    };
    if start.pty.is_some() {
        warn!("Warning: there is no terminal in proxy mode.");
    }
    let Pipes { input, stdout, stderr } = Pipes::open(settings)?;
    let mut killers = Killers::watch();
    let proxy = client.proxy(MUX_OPENING).await?;
    tokio::select! {
        exit = proxy.run(&start, Ends { input, stdout, stderr }) => Ok(match exit? {
            Some(Exit::Status(status)) => (status & 0xff) as u8,
            Some(Exit::Signal { .. }) => words::FAILED,
            None if invocation.stdio_forward.is_some() => 0,
            None => words::FAILED,
        }),
        _ = killers.next() => Ok(words::FAILED),
    }
}
