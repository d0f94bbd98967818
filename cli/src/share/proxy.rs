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
use crate::remote_shell::{keyboard, start};
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
    let Pipes { input, stdout, stderr } = Pipes::open(settings)?;
    let mut killers = Killers::watch();
    let running = async {
        let proxied = client.proxy(MUX_OPENING).await?.start(&start).await?;
        let keyboard = start.pty.as_ref().map(|_| keyboard(settings, None)).transpose()?;
        proxied.run(Ends { input, stdout, stderr, keyboard }).await
    };
    let ended = tokio::select! {
        ended = running => ended,
        _ = killers.next() => return Ok(words::FAILED),
    };
    xssh_ssh::terminal::raw::restore_now();
    let code = match ended? {
        Some(Exit::Status(status)) => (status & 0xff) as u8,
        None if invocation.stdio_forward.is_some() => 0,
        Some(Exit::Signal { .. }) | None => words::FAILED,
    };
    if start.pty.is_some() {
        warn!("Connection to {} closed.", settings.target.host);
    }
    Ok(code)
}
