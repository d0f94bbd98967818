//! `xssh serve --listen`: a small SSH server for boxes and containers without sshd. Each key is served as sshd would serve it
//! by a forced command: by this program once more, in a process of its own.
//!
//! [`keys`] is who may come in, and with what.

mod keys;

use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use xssh_ssh::limits::PEERS;
use xssh_ssh::server::{HostKey, Plan, Server, Stop};
use xssh_ssh::settings::LogLevel;

use self::keys::Keys;
use super::forced;
use super::terms::expired;
use super::trusted;
use crate::args::listen::Listen;
use crate::{environment, log, words};

/// It cannot begin.
const UNUSABLE: u8 = 1;

/// Listens until a signal ends it.
pub(crate) fn listen(call: &Listen) -> u8 {
    log::set_level(LogLevel::Verbose);
    match begin(call) {
        Ok(()) => 0,
        Err(why) => {
            words::say(&format_args!("xssh: {why}"));
            UNUSABLE
        }
    }
}

fn begin(call: &Listen) -> Result<(), String> {
    let descriptors = raise_descriptors();
    let path = call.host_key.clone().unwrap_or_else(|| environment::chosen_state().join("xssh/host_key"));
    let keys = Arc::new(Keys::read(call, &path)?);
    let (host_key, is_new) = HostKey::load_or_make(&path).map_err(|error| format!("the host key: {error}"))?;
    trusted::is_ours(&path).map_err(|why| format!("the host key does not count: {why}"))?;
    let (fingerprint, public) = (host_key.fingerprint(), host_key.public_line());
    let runtime = Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start: {error}"))?;
    runtime.block_on(async {
        // Before anybody can know that we run.
        let signals = Signals::new().map_err(|error| format!("cannot hear signals: {error}"))?;
        let (stop, stopped) = watch::channel(Stop::No);
        let plan = Plan {
            addresses: call.addresses.clone(),
            host_key,
            gatekeeper: keys.clone(),
            spill: environment::temporary(),
        };
        let server =
            Server::bind(plan).await.map_err(|(address, error)| format!("cannot listen on {address}: {error}"))?;
        let made = if is_new { ", made now" } else { "" };
        if descriptors < NEEDED {
            words::say(&format_args!(
                "xssh: {descriptors} descriptors are few for {PEERS} connections: see ulimit -n, or LimitNOFILE"
            ));
        }
        words::say(&format_args!("xssh: the host key is {fingerprint} ({}{made})", path.display()));
        for address in server.addresses() {
            words::say(&format_args!("xssh: listening on {address}"));
            if let Some(public) = public.as_ref().filter(|_| is_new) {
                words::say(&format_args!("xssh: for known_hosts: [{}]:{} {public}", address.ip(), address.port()));
            }
        }
        tokio::select! {
            () = server.run(stopped) => {}
            () = signals.obey(&stop, &keys) => {}
        }
        Ok(())
    })
}

/// Threads that encrypt; programs run in processes of their own.
const WORKERS: usize = 4;

/// Descriptors that are enough for all connections with some programs each. Programs inherit the limit, and some of them try
/// to close all that they could have.
const DESCRIPTORS: u64 = 16 << 10;
/// Descriptors without which fewer can connect than may: two each, and some of our own.
const NEEDED: u64 = 2 * PEERS as u64 + 64;

/// Takes as many descriptors as are useful and the system gives; says how many.
fn raise_descriptors() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX).min(DESCRIPTORS);
    let has = limit.current.unwrap_or(u64::MAX);
    if has >= most {
        return has;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: limit.maximum }) {
        Ok(()) => most,
        Err(_) => has,
    }
}

/// What we are told by signals.
struct Signals {
    end: Signal,
    interrupt: Signal,
    reread: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        let [end, interrupt, reread] =
            [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(signal);
        Ok(Self { end: end?, interrupt: interrupt?, reread: reread? })
    }

    /// The first that ends us lets what is at work come to its end, the second does not. Never returns.
    async fn obey(mut self, stop: &watch::Sender<Stop>, keys: &Keys) {
        loop {
            tokio::select! {
                _ = self.end.recv() => {}
                _ = self.interrupt.recv() => {}
                _ = self.reread.recv() => {
                    match keys.reread() {
                        Ok(()) => words::say(&"xssh: the keys were read again"),
                        Err(why) => words::say(&format_args!("xssh: the keys stay as they were: {why}")),
                    }
                    continue;
                }
            }
            let next = if *stop.borrow() == Stop::No { Stop::Gently } else { Stop::Now };
            if next == Stop::Gently {
                words::say(&"xssh: ending when what is at work has come to its end; once more ends it now");
            }
            stop.send_replace(next);
        }
    }
}
