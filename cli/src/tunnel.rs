//! `xssh tunnel NAME`: keeps the forwards of a host up for as long as it runs, and tells how they stand.
//!
//! Order of use: [`run`] holds the tunnel's [`record`], which keeps a second one of the same name out, and goes round: connect, set
//! up every forward, wait for the end of the connection, wait a while ([`backoff`]). Each change of state goes into the record, to
//! systemd ([`notify`]) and to standard error. [`standing`] sets the forwards up, [`forward`] describes one. [`status::run`] reads
//! the records of all tunnels.
//!
//! What this room must never do: ask anybody anything, stay connected with a forward that does not stand, or try again at once for
//! ever.

mod backoff;
mod forward;
mod notify;
mod record;
mod standing;
mod status;

use std::time::Duration;

use ::log::{info, warn};
use tokio::time::sleep;
use xssh_ssh::config::LocalContext;
use xssh_ssh::exec::Killers;

use crate::args::{Invocation, Tunnel};
use crate::remote_shell::{self, Resolved};
use crate::{environment, log, runtime, words};
use backoff::Backoff;
use forward::Shown;
use notify::Manager;
use record::{Record, State};

/// A host that says nothing for so long is asked whether it is there, where ServerAliveInterval does not say.
const ALIVE: Duration = Duration::from_secs(15);
/// What ServerAliveInterval is by itself where nobody is asked (ssh_config(5) of Debian, BatchMode).
const OF_BATCH_MODE: Duration = Duration::from_secs(300);

/// Does what the command line says; the exit code.
pub(crate) fn run(call: &Tunnel) -> u8 {
    match call {
        Tunnel::Status { name, json } => status::run(name.as_deref(), *json),
        Tunnel::Forget { name } => match record::forget(name) {
            Ok(()) => 0,
            Err(error) => words::fail(&error),
        },
        Tunnel::Keep(invocation) => log::with(invocation, || keep(invocation)),
    }
}

fn keep(invocation: &Invocation) -> u8 {
    let context = environment::context();
    let mut resolved = match remote_shell::resolve(invocation, &context) {
        Ok(resolved) => resolved,
        Err(error) => return words::fail(&error),
    };
    let alive = &mut resolved.settings.connection.server_alive_interval;
    if alive.is_zero() || *alive == OF_BATCH_MODE {
        *alive = ALIVE;
    }
    let forwarding = &resolved.settings.forwarding;
    let name = &resolved.settings.target.original_host;
    if forwarding.local.is_empty() && forwarding.remote.is_empty() {
        return words::fail(&format_args!(
            "{name} has no forwards: name some with -L, -R or -D, or with LocalForward, RemoteForward or DynamicForward in \
             its Host block"
        ));
    }
    let record = match Record::hold(name) {
        Ok(record) => record,
        Err(error) => return words::fail(&error),
    };
    runtime::block_on(async {
        let mut killers = Killers::watch();
        let mut teller = Teller { record, manager: Manager::of_environment() };
        tokio::select! {
            code = go_round(&resolved, &context, &mut teller) => code,
            signal = killers.next() => {
                info!("Killed by signal {signal}.");
                teller.forget();
                0
            }
        }
    })
}

/// Who is told how the tunnel stands.
struct Teller {
    record: Record,
    manager: Manager,
}

impl Teller {
    fn tell(&mut self, state: State) {
        self.manager.tell(&state);
        if let Err(error) = self.record.write(state) {
            warn!("Warning: {error}");
        }
    }

    /// Nobody needs to know of a tunnel that was ended.
    fn forget(&self) {
        if let Err(error) = self.record.remove() {
            warn!("Warning: {error}");
        }
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.manager.stopping();
    }
}

/// Round and round; returns only where the first login shows that no other will do.
async fn go_round(resolved: &Resolved, context: &LocalContext, teller: &mut Teller) -> u8 {
    let settings = &resolved.settings;
    let gateway_ports = settings.forwarding.gateway_ports;
    let mut backoff = Backoff::default();
    let mut was_up = false;
    loop {
        teller.tell(State::Connecting);
        let reason = match remote_shell::connect(resolved).await {
            Err(error) if !was_up && !error.is_lost() => {
                teller.tell(State::Failed { reason: one_line(&error.to_string()) });
                return words::fail(&error);
            }
            Err(error) => error.to_string(),
            Ok(session) => match standing::set_up(session.clone(), settings, context).await {
                Err(reason) => reason,
                Ok(forwards) => {
                    was_up = true;
                    backoff.up();
                    let standing = forwards.standing().await;
                    teller.tell(State::Up(standing.iter().map(|stands| Shown::new(stands, gateway_ports)).collect()));
                    let ended = session.ended().await;
                    backoff.down();
                    ended.map_or_else(|| "the connection ended".to_owned(), |reason| reason.to_string())
                }
            },
        };
        let pause = backoff.next();
        warn!("{reason}; trying again in {} s", pause.as_secs());
        teller.tell(State::Waiting { reason: one_line(&reason), seconds: pause.as_secs() });
        sleep(pause).await;
    }
}

/// What the other side said must not become a further line of the record, or of what the service manager is told.
fn one_line(text: &str) -> String {
    text.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
