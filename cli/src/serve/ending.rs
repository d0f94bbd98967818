//! The end of a session by a signal: what it has started ends with it, what it has made goes, and the log says so.
//!
//! A thread waits for the signal. It sends it on to the programs of the session; the thread that waits for those clears up and writes the
//! line, as it does where they end by themselves. A session without programs waits for its client and cannot be woken, and has
//! nothing to clear up: there the line is written here. A signal that our caller had us ignore (nohup) stays ignored.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use xssh_gate::Domain;
use xssh_ssh::exec::Killers;

use super::children::RunningChild;
use super::journal::{Journal, Outcome, REFUSED};
use crate::environment;
use crate::words::ended_by;

/// How long programs may take to clear up, before they are killed.
const GRACE: Duration = Duration::from_secs(5);
/// How long after that what was started may take to be cleared away.
const REST: Duration = Duration::from_secs(2);
/// How long a session may have no program that is to have one: it may be about to start it.
const GAP: Duration = Duration::from_millis(500);
/// How often it is seen what runs.
const TICK: Duration = Duration::from_millis(20);

/// How a session comes to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// When the program has ended that serves the client.
    WithProgram,
    /// By itself: it hears signals, and says so; or it is over at once.
    Itself,
    /// When the client has.
    WithClient,
}

/// The signal that has ended this session, if one has.
#[derive(Debug, Clone, Default)]
pub(super) struct Ended(Arc<AtomicI32>);

impl Ended {
    /// What became of a session that may have been ended. A server that is told to end says that all is well.
    pub(super) fn told(&self, outcome: Outcome) -> Outcome {
        match self.0.load(Ordering::Relaxed) {
            0 => outcome,
            _ if outcome.refused.is_some() => outcome,
            signal => Outcome { code: outcome.code.max(REFUSED), failed: Some(ended_by(signal)), ..outcome },
        }
    }
}

/// Listens from now on. Where it cannot, a signal ends us as it ends every program.
pub(super) fn watch(journal: &Arc<Journal>, way: Way) -> Ended {
    let ended = Ended::default();
    if way == Way::Itself {
        return ended;
    }
    let (journal, told) = (Arc::clone(journal), ended.clone());
    let (says, hears) = channel();
    let _ = thread::Builder::new().spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        let signal = runtime.block_on(async {
            let mut killers = Killers::watch();
            if way == Way::WithClient {
                // The session may confine itself now, and this thread is none by which it could get out. It needs nothing any more.
                let _ = Domain::new(false).enter();
            }
            let _ = says.send(());
            killers.next().await
        });
        told.0.store(signal, Ordering::Relaxed);
        end(way);
        journal.write(&Outcome { code: REFUSED, failed: Some(ended_by(signal)), ..Outcome::default() });
        environment::leave(REFUSED);
    });
    // It is gone where it could not listen.
    let _ = hears.recv();
    ended
}

/// Ends what the session has started, and waits for the end of the session by that. Comes back where that does not come.
fn end(way: Way) {
    let began = Instant::now();
    let mut told = Vec::new();
    while way == Way::WithProgram && began.elapsed() < GRACE + REST {
        for child in RunningChild::all() {
            if began.elapsed() >= GRACE {
                child.signal(Signal::KILL);
            } else if !told.contains(&child) {
                // Once: it may be about to clear up.
                child.signal(Signal::TERM);
                told.push(child);
            }
        }
        if told.is_empty() && began.elapsed() > GAP {
            return;
        }
        thread::sleep(TICK);
    }
}
