//! A master that stays when the call that started it has ended (ControlPersist, XsshShare).

use std::os::unix::net::UnixStream;
use std::time::Duration;

use ::log::debug;
use xssh_os::daemon::{self, Background, Forked};
use xssh_ssh::config::LocalContext;
use xssh_ssh::exec::Killers;
use xssh_ssh::limits::{MUX_OPENING, SHARE_PERSIST};
use xssh_ssh::mux::{Client, Master};
use xssh_ssh::settings::Settings;

use super::place::Place;
use super::{foreground, passenger};
use crate::args::Invocation;
use crate::remote_shell::{self, Resolved};
use crate::{runtime, words};

/// Starts a master in the background and makes the call its first client; the exit code.
///
/// The fork comes before there is a runtime. The child opens the connection, which may ask on the terminal, and goes to the
/// background once it stands. The two have a connection of their own, so that the call goes through whoever has the name.
pub(crate) fn run(invocation: &Invocation, resolved: &Resolved, context: &LocalContext, place: &Place) -> u8 {
    let (ours, theirs) = match UnixStream::pair() {
        Ok(pair) => pair,
        Err(error) => return words::fail(&error),
    };
    match daemon::fork() {
        Err(error) => words::fail(&format_args!("cannot start a master in the background: {error}")),
        Ok(Forked::Child(background)) => {
            drop(ours);
            runtime::block_on(serve(resolved, context, place, background, theirs))
        }
        Ok(Forked::Caller(waiting)) => {
            drop(theirs);
            match waiting.verdict() {
                daemon::Verdict::Ended(code) => code,
                daemon::Verdict::Stays => runtime::block_on(ride(ours, invocation, resolved, context)),
            }
        }
    }
}

async fn ride(socket: UnixStream, invocation: &Invocation, resolved: &Resolved, context: &LocalContext) -> u8 {
    let riding = async {
        let mut client = Client::greet(socket, MUX_OPENING).await?;
        let master = client.alive(MUX_OPENING).await?;
        passenger::ride((client, master), invocation, &resolved.settings, context, &mut None).await
    };
    riding.await.unwrap_or_else(|error| words::fail(&error))
}

/// The master's process, from its connection to its end.
async fn serve(
    resolved: &Resolved,
    context: &LocalContext,
    place: &Place,
    background: Background,
    first: UnixStream,
) -> u8 {
    let settings = &resolved.settings;
    let (session, around) = match remote_shell::open(resolved, context, None, true, None).await {
        Ok(opened) => opened,
        Err(code) => return code,
    };
    let socket = match foreground::bind(place) {
        Ok(socket) => socket,
        Err(error) => return words::fail(&error),
    };
    if let Err(error) = background.detach(true) {
        return words::fail(&format_args!("cannot go into the background: {error}"));
    }
    let mut killers = Killers::watch();
    let master = Master::new(session.clone(), around.forwards(), foreground::terms(settings, around.beside()));
    let serving = async {
        // Where another has the name, this one serves its first client, and nobody else.
        let listening = async {
            if let Some(socket) = socket {
                master.listen(socket).await;
            }
        };
        tokio::join!(listening, master.serve(first));
        master.unused().await;
    };
    tokio::select! {
        () = serving => debug!("the shared connection takes no further calls"),
        verdict = master.ended(persist(settings)) => debug!("the shared connection ends: {verdict:?}"),
        // The socket's name goes with `serving`.
        signal = killers.next() => debug!("the shared connection ends by signal {signal}"),
    }
    session.close().await;
    0
}

/// How long it stays unused; `None` for ever.
fn persist(settings: &Settings) -> Option<Duration> {
    match settings.sharing.persist {
        Some(0) => None,
        Some(seconds) => Some(Duration::from_secs(seconds.into())),
        None => Some(SHARE_PERSIST),
    }
}
