//! What a target that has nothing is given unasked: all ranges, as the walk comes by them, and the small files in them.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::limits::GIVEN;

/// How many ranges the target has not released: the walk waits where those are enough.
#[derive(Debug, Default)]
pub(super) struct Giving {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The next range.
    next: u32,
    held: usize,
    /// The target listens no more.
    over: bool,
}

impl Giving {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the next range, as soon as it may be given. `None`: nobody takes it any more.
    pub(super) fn next(&self) -> Option<u32> {
        let is_full = |state: &mut State| state.held >= GIVEN && !state.over;
        let mut state = self.changed.wait_while(self.state(), is_full).unwrap_or_else(PoisonError::into_inner);
        let next = state.next;
        (state.next, state.held) = (next.checked_add(1)?, state.held + 1);
        (!state.over).then_some(next)
    }

    /// The target needs a range no more.
    pub(super) fn released(&self) {
        let mut state = self.state();
        state.held = state.held.saturating_sub(1);
        self.changed.notify_all();
    }

    /// The target listens no more.
    pub(super) fn close(&self) {
        self.state().over = true;
        self.changed.notify_all();
    }
}
