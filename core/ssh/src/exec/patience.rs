//! How long the event loop waits for a reader that is a little behind.
//!
//! Waiting holds the host back, where a queue would only grow, and in the end be written to a file and read again. But the
//! event loop's time is everybody's on the connection. So a reader has a little of it, and earns more by what it takes:
//! one that keeps up with [`READER_PACE`] is waited for, one that is slower is soon not, and one that has stalled costs
//! the others [`READER_PATIENCE`] once.

use std::time::Duration;

use crate::limits::{READER_PACE, READER_PATIENCE};

/// What is left for one reader.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience(Duration);

impl Default for Patience {
    fn default() -> Self {
        Self(READER_PATIENCE)
    }
}

impl Patience {
    /// The longest wait that is in order now.
    pub(super) fn left(self) -> Duration {
        self.0
    }

    /// It was waited for.
    pub(super) fn spend(&mut self, time: Duration) {
        self.0 = self.0.saturating_sub(time);
    }

    /// The reader took so many bytes.
    pub(super) fn earn(&mut self, bytes: usize) {
        let nanoseconds = (bytes as u64).saturating_mul(1_000_000_000 / READER_PACE);
        self.0 = self.0.saturating_add(Duration::from_nanos(nanoseconds)).min(READER_PATIENCE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_earns_by_reading_and_no_more_than_it_had() {
        let mut patience = Patience::default();
        patience.spend(READER_PATIENCE + Duration::from_secs(1));
        assert!(patience.left().is_zero());
        patience.earn(READER_PACE as usize / 1000);
        assert_eq!(patience.left(), Duration::from_millis(1));
        patience.earn(usize::MAX);
        assert_eq!(patience.left(), READER_PATIENCE);
    }
}
