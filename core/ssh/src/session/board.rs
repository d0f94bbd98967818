//! What the event loop and the rest of a connection share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::keys::PublicKey;
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::chosen::Chosen;
use super::idle::Limits;
use super::incoming::{IncomingChannel, Kind};
use super::table::Table;
use super::{Refusal, SessionError};
use crate::hostkey::Verified;
use crate::limits::GOODBYE;

/// What the event loop and the rest share.
#[derive(Default)]
pub(super) struct Board {
    /// The connection is gone, and why.
    pub(super) lost: watch::Sender<Option<Arc<SessionError>>>,
    pub(super) table: Arc<Table>,
    idle: Limits,
    /// When something came on a channel last; see [`now`].
    heard: AtomicU64,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    verified: Option<Verified>,
    chosen: Option<Chosen>,
    announced: Vec<PublicKey>,
    open_failure: Option<Refusal>,
    /// Who takes the channels that the host opens; what nobody takes is refused.
    admitted: HashMap<Kind, mpsc::Sender<IncomingChannel>>,
}

impl Board {
    /// One for a connection whose channels may be idle for so long.
    pub(super) fn new(idle: Limits) -> Self {
        Self { idle, ..Self::default() }
    }

    pub(super) fn idle_limits(&self) -> &Limits {
        &self.idle
    }

    fn with<T>(&self, f: impl FnOnce(&mut Inner) -> T) -> T {
        f(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Something has come from the host.
    pub(super) fn heard(&self) {
        self.heard.store(now(), Ordering::Relaxed);
    }

    pub(super) fn silent_for(&self) -> Duration {
        Duration::from_millis(now().saturating_sub(self.heard.load(Ordering::Relaxed)))
    }

    pub(super) fn take_verified(&self) -> Option<Verified> {
        self.with(|inner| inner.verified.take())
    }

    pub(super) fn verify(&self, verified: Verified) {
        self.with(|inner| inner.verified = Some(verified));
    }

    pub(super) fn chosen(&self) -> Option<Chosen> {
        self.with(|inner| inner.chosen.clone())
    }

    pub(super) fn choose(&self, chosen: Chosen) {
        self.with(|inner| inner.chosen = Some(chosen));
    }

    pub(super) fn announced(&self) -> Vec<PublicKey> {
        self.with(|inner| std::mem::take(&mut inner.announced))
    }

    pub(super) fn announce(&self, keys: Vec<PublicKey>) {
        self.with(|inner| inner.announced = keys);
    }

    pub(super) fn admit(&self, kind: Kind, taker: mpsc::Sender<IncomingChannel>) {
        self.with(|inner| inner.admitted.insert(kind, taker));
    }

    /// Who takes channels of this kind.
    pub(super) fn taker(&self, kind: Kind) -> Option<mpsc::Sender<IncomingChannel>> {
        self.with(|inner| inner.admitted.get(&kind).filter(|taker| !taker.is_closed()).cloned())
    }

    /// Why the connection ended, where it did.
    ///
    /// It may take a moment: whoever waits for an answer learns that there is none before the reason is known.
    pub(super) async fn reason(&self) -> Option<SessionError> {
        self.shared_reason().await;
        self.known_reason()
    }

    /// The same, left for others who want to know it.
    pub(super) async fn shared_reason(&self) -> Option<Arc<SessionError>> {
        let mut lost = self.lost.subscribe();
        let waited = timeout(GOODBYE, lost.wait_for(Option::is_some)).await;
        waited.ok()?.ok()?.clone()
    }

    /// The same where it is known already.
    pub(super) fn known_reason(&self) -> Option<SessionError> {
        Arc::into_inner(self.lost.send_replace(None)?)
    }

    pub(super) fn lose(&self, reason: SessionError) {
        self.lost.send_replace(Some(Arc::new(reason)));
        self.table.lose_all();
    }

    pub(super) fn refused_open(&self, refusal: Refusal) {
        self.with(|inner| inner.open_failure = Some(refusal));
    }

    /// What the host said to the last channel that it would not open.
    pub(super) fn open_failure(&self) -> Option<Refusal> {
        self.with(|inner| inner.open_failure.take())
    }
}

/// Milliseconds of a clock that goes on while the machine sleeps.
fn now() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1000 + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000
}
