//! The signals that end us, watched from the first moment to the last.

use std::future::poll_fn;
use std::task::Poll;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGINT, SIGTERM, SIGHUP and SIGQUIT, without those that our caller had us ignore (nohup).
///
/// Make it once and keep it: once a signal is watched it no longer ends the process by itself, and one that comes while
/// nobody has a `Killers` is lost.
pub struct Killers(Vec<(i32, Signal)>);

impl Killers {
    /// Watches. Must be called inside a runtime. A signal that cannot be watched does what it always did.
    pub fn watch() -> Self {
        let ignored = xssh_os::signals::ignored();
        let all = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup(), SignalKind::quit()];
        let heeded = all.into_iter().filter(|kind| ignored >> (kind.as_raw_value() - 1) & 1 == 0);
        Self(heeded.filter_map(|kind| Some((kind.as_raw_value(), signal(kind).ok()?))).collect())
    }

    /// No signal at all: whoever carries another's session is ended by itself.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// The next of them that comes, or has come since the last call. Dropping the future loses nothing.
    pub async fn next(&mut self) -> i32 {
        poll_fn(|cx| {
            for (number, signal) in &mut self.0 {
                if signal.poll_recv(cx).is_ready() {
                    return Poll::Ready(*number);
                }
            }
            Poll::Pending
        })
        .await
    }
}
