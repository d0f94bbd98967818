//! Room that files will take which were asked for and are not complete: who asks how much is free has to know of it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What is due on each device, bytes. It may be less than nothing: what a file replaces goes when it is complete.
#[derive(Debug, Default)]
pub(super) struct Dues(Mutex<HashMap<u64, Arc<AtomicI64>>>);

impl Dues {
    /// What is due on a device.
    pub(super) fn on(&self, device: u64) -> i64 {
        self.of(device).load(Ordering::Relaxed)
    }

    /// A file will take so much there in the end.
    pub(super) fn add(&self, device: u64, bytes: i64) -> Arc<Due> {
        let all = self.of(device);
        all.fetch_add(bytes, Ordering::Relaxed);
        Arc::new(Due { all, bytes, left: bytes.into() })
    }

    fn of(&self, device: u64) -> Arc<AtomicI64> {
        let mut devices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(devices.entry(device).or_default())
    }
}

/// What one file is still to take. Dropped, it is nothing.
#[derive(Debug)]
pub(super) struct Due {
    all: Arc<AtomicI64>,
    bytes: i64,
    left: AtomicI64,
}

impl Due {
    /// So much of the file is there; nothing, where it is begun anew.
    pub(super) fn reached(&self, at: u64) {
        self.set(self.bytes.saturating_sub_unsigned(at));
    }

    fn set(&self, left: i64) {
        let before = self.left.swap(left, Ordering::Relaxed);
        self.all.fetch_add(left.wrapping_sub(before), Ordering::Relaxed);
    }
}

impl Drop for Due {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_is_what_is_not_there_yet() {
        let dues = Dues::default();
        let (new, replaces, elsewhere) = (dues.add(1, 100), dues.add(1, -20), dues.add(2, 7));
        assert_eq!((dues.on(1), dues.on(2), dues.on(3)), (80, 7, 0));
        new.reached(60);
        // More than it takes in the end: what it replaces is still there.
        replaces.reached(30);
        assert_eq!(dues.on(1), 40 - 50);
        drop(replaces);
        // Begun anew.
        new.reached(0);
        assert_eq!(dues.on(1), 100);
        drop((new, elsewhere));
        assert_eq!((dues.on(1), dues.on(2)), (0, 0));
    }
}
