//! The channels of one connection, and where what comes on each of them goes.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use log::{info, warn};
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::timeout;

use super::carrier::Writer;
use super::flow::Flow;
use super::{Progress, Request};
use crate::exec::Output;
use crate::limits::GOODBYE;

/// Who hears how the host answers a request.
pub(super) enum Awaited {
    /// One of a session's start, for [`Progress`].
    Start(Request),
    /// Whoever waits at the other end.
    Other(oneshot::Sender<bool>),
}

/// Where what comes on one channel goes, and what is known of it.
pub(super) struct Line {
    pub(super) output: Output,
    pub(super) errors: Option<Output>,
    pub(super) progress: watch::Sender<Progress>,
    /// What we have sent and the host has not taken.
    pub(super) flow: Flow,
    /// What we say on the channel; there once it is open.
    writer: OnceLock<Arc<Writer>>,
    /// The pieces that have passed, in either direction.
    passed: AtomicU64,
    requests: Mutex<VecDeque<Awaited>>,
}

impl Line {
    pub(super) fn new(output: Output, errors: Option<Output>) -> Arc<Self> {
        Arc::new(Self {
            output,
            errors,
            progress: watch::Sender::default(),
            flow: Flow::default(),
            writer: OnceLock::new(),
            passed: AtomicU64::new(0),
            requests: Mutex::default(),
        })
    }

    /// Tells it how to end.
    pub(super) fn opened(&self, writer: &Arc<Writer>) {
        let _ = self.writer.set(writer.clone());
    }

    /// A piece passes.
    pub(super) fn pass(&self) {
        self.passed.fetch_add(1, Ordering::Relaxed);
    }

    /// How many pieces have passed.
    pub(super) fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }

    /// Nobody takes what comes any more: the connection waits for no room in the outputs.
    pub(super) fn cut(&self) {
        [&self.output].into_iter().chain(&self.errors).for_each(Output::cut);
    }

    /// Ends the channel, whatever is still to be said or written.
    pub(super) async fn force_end(&self) {
        // First, since the connection may be waiting for room in it.
        if self.errors.is_none() {
            self.output.cut();
        }
        if let Some(writer) = self.writer.get() {
            writer.close().await;
        }
        self.note(|progress| progress.closed = true);
    }

    /// The host will answer this request, behind those before it.
    pub(super) fn await_reply(&self, request: Awaited) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push_back(request);
    }

    /// The host does what it was asked for.
    pub(super) fn succeeded(&self) {
        self.answered(true);
    }

    /// The host does not.
    pub(super) fn failed(&self) {
        match self.answered(false) {
            Some(Request::X11) => warn!("X11 forwarding request failed on channel 0"),
            Some(Request::Agent) => info!("agent forwarding request failed on channel 0"),
            Some(Request::Pty) => self.note(|progress| progress.pty_refused = true),
            request => self.note(|progress| progress.refused = progress.refused.or(request)),
        }
    }

    /// The request of a session's start that the host answers now; whoever awaits another hears the answer here.
    fn answered(&self, accepted: bool) -> Option<Request> {
        match self.requests.lock().unwrap_or_else(PoisonError::into_inner).pop_front()? {
            Awaited::Start(request) => Some(request),
            Awaited::Other(waiting) => {
                // Who waits no more has no use for it.
                let _ = waiting.send(accepted);
                None
            }
        }
    }

    pub(super) fn note(&self, change: impl FnOnce(&mut Progress)) {
        self.progress.send_modify(change);
    }
}

/// The channels that are open, by our number for them.
#[derive(Default)]
pub(super) struct Table {
    state: Mutex<State>,
    settled: Notify,
}

#[derive(Default)]
struct State {
    lines: HashMap<u32, Arc<Line>>,
    /// Those who wait for the host to open a channel, and will claim it.
    openers: usize,
    lost: bool,
}

impl Table {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Announces a channel that will be claimed as soon as the host has opened it.
    pub(super) fn opening(self: &Arc<Self>) -> Opening {
        self.state().openers += 1;
        Opening(self.clone())
    }

    /// From now on what comes on this channel goes to this line.
    pub(super) fn claim(&self, id: u32, line: Arc<Line>) {
        let mut state = self.state();
        if state.lost {
            line.note(|progress| progress.lost = true);
        }
        state.lines.insert(id, line);
        drop(state);
        self.settled.notify_waiters();
    }

    /// Waits until a channel that the host has just opened is claimed: nothing that comes on it may be missed.
    ///
    /// Whoever opened it has been told already. One who has given up meanwhile is not waited for long.
    pub(super) async fn claimed(&self, id: u32) {
        let waiting = async {
            loop {
                let settled = self.settled.notified();
                tokio::pin!(settled);
                settled.as_mut().enable();
                {
                    let state = self.state();
                    if state.openers == 0 || state.lines.contains_key(&id) {
                        return;
                    }
                }
                settled.await;
            }
        };
        let _ = timeout(GOODBYE, waiting).await;
    }

    pub(super) fn line(&self, id: u32) -> Option<Arc<Line>> {
        self.state().lines.get(&id).cloned()
    }

    /// Whether none is open.
    pub(super) fn is_empty(&self) -> bool {
        self.state().lines.is_empty()
    }

    /// All of them.
    pub(super) fn lines(&self) -> Vec<Arc<Line>> {
        self.state().lines.values().cloned().collect()
    }

    pub(super) fn forget(&self, id: u32) -> Option<Arc<Line>> {
        self.state().lines.remove(&id)
    }

    /// The connection is gone, and every channel with it.
    pub(super) fn lose_all(&self) {
        let mut state = self.state();
        state.lost = true;
        let lines = std::mem::take(&mut state.lines);
        drop(state);
        for line in lines.into_values() {
            line.note(|progress| progress.lost = true);
        }
    }
}

/// Someone who waits for the host to open a channel.
pub(super) struct Opening(Arc<Table>);

impl Drop for Opening {
    fn drop(&mut self) {
        self.0.state().openers -= 1;
        self.0.settled.notify_waiters();
    }
}
