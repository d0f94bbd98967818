//! What comes unasked because there is nothing here: contents wait until it is decided about the range that they are of.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How far the decider is.
#[derive(Debug)]
pub(super) struct Given {
    /// The source was told that there is nothing here.
    pub(super) is_offered: bool,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// So many ranges are decided about.
    decided: u32,
    /// Nobody decides any more.
    over: bool,
}

impl Given {
    pub(super) fn new(is_offered: bool) -> Self {
        Self { is_offered, state: Mutex::default(), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next range is decided about.
    pub(super) fn decided(&self) {
        self.state().decided += 1;
        self.changed.notify_all();
    }

    /// Waits until a range that has come is decided about. False where nobody decides any more.
    pub(super) fn wait(&self, range: u32) -> bool {
        let is_open = |state: &mut State| state.decided <= range && !state.over;
        let state = self.changed.wait_while(self.state(), is_open).unwrap_or_else(PoisonError::into_inner);
        state.decided > range
    }

    /// Nobody decides any more.
    pub(super) fn close(&self) {
        self.state().over = true;
        self.changed.notify_all();
    }
}
