//! Holds back what the host would only keep in memory.
//!
//! sshd lets us send 2 MiB on a channel before its program has read any of it. What the program has not taken it keeps in a buffer,
//! which it makes anew, 32 KiB larger, each time that it is too small: growing to 2 MiB so costs it as much as passing on 50 MiB. On
//! a short line much less keeps both ends busy. So we stop at [`UNDER_WAY`] until the host says that it has taken some. Where it does
//! not say so for [`UNDER_WAY_PATIENCE`], a piece goes all the same. Where it does not say so for that time again, the line is long,
//! or its host rarely says so, and from then on more may be under way.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::limits::{UNDER_WAY, UNDER_WAY_PATIENCE};

/// What is under way on one channel.
#[derive(Default)]
pub(super) struct Flow {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// The largest window that the host has given: with it, it has taken all. 0 while none is known.
    window: u32,
    /// How much of it is used.
    most: u32,
    /// What may still be sent of that; a piece goes as a whole, even where it is larger.
    room: i64,
    /// It was waited in vain since the host has last said something.
    silent: bool,
}

impl Flow {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The host has opened the channel, or has taken some: this is the window now. What we have sent and russh has not is in it,
    /// and is little.
    pub(super) fn adjusted(&self, now: u32) {
        let mut state = self.state();
        if now > state.window {
            (state.window, state.most) = (now, state.most.max(now.min(UNDER_WAY)));
        }
        state.room = i64::from(state.most) - i64::from(state.window - now);
        state.silent = false;
        drop(state);
        self.changed.notify_one();
    }

    /// Waits until a piece of this length may go.
    pub(super) async fn pass(&self, length: usize) {
        while !self.state().take(length) {
            if timeout(UNDER_WAY_PATIENCE, self.changed.notified()).await.is_err() {
                self.state().hurry();
            }
        }
    }
}

impl State {
    fn take(&mut self, length: usize) -> bool {
        let may = self.most >= self.window || self.room > 0;
        if may {
            self.room -= i64::try_from(length).unwrap_or(i64::MAX);
        }
        may
    }

    fn hurry(&mut self) {
        if self.silent {
            let more = self.most.saturating_mul(2).min(self.window).max(self.most);
            self.room += i64::from(more - self.most);
            self.most = more;
        } else {
            (self.room, self.silent) = (1, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const MIB: u32 = 1 << 20;
    const PIECE: usize = 64 << 10;

    /// How many pieces go at once.
    fn pieces(flow: &Flow) -> usize {
        (0..1000).take_while(|_| flow.pass(PIECE).now_or_never().is_some()).count()
    }

    #[tokio::test]
    async fn what_the_host_has_taken_makes_room() {
        let flow = Flow::default();
        // sshd opens a session with none, and gives one when the program has started.
        flow.adjusted(0);
        flow.adjusted(2 * MIB);
        let most = UNDER_WAY as usize / PIECE;
        assert_eq!(pieces(&flow), most);
        flow.adjusted(2 * MIB - UNDER_WAY / 2);
        assert_eq!(pieces(&flow), most / 2);
        flow.adjusted(2 * MIB);
        assert_eq!(pieces(&flow), most);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_says_nothing_gets_all_of_its_window() {
        let flow = Flow::default();
        flow.adjusted(2 * MIB);
        for _ in 0..1000 {
            flow.pass(PIECE).await;
        }
        assert_eq!(pieces(&flow), 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_is_busy_for_a_while_gets_no_more_than_before() {
        let flow = Flow::default();
        flow.adjusted(2 * MIB);
        let most = pieces(&flow);
        for _ in 0..100 {
            flow.pass(PIECE).await;
            flow.adjusted(2 * MIB);
            assert_eq!(pieces(&flow), most);
        }
    }

    #[test]
    fn a_small_window_is_the_hosts_own_matter() {
        let flow = Flow::default();
        assert_eq!(pieces(&flow), 1000, "none is known");
        flow.adjusted(1000);
        assert_eq!(pieces(&flow), 1000);
    }
}
