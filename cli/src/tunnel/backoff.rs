//! How long to wait before the next try.

use std::time::{Duration, Instant};

/// The first pause.
const LEAST: Duration = Duration::from_secs(1);
/// The longest.
const MOST: Duration = Duration::from_secs(60);
/// A connection that stood for so long was a good one: what comes after it begins anew.
const GOOD: Duration = Duration::from_secs(30);

/// Pauses that double from a second to a minute.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    last: Option<Duration>,
    up: Option<Instant>,
}

impl Backoff {
    /// The connection stands.
    pub(super) fn up(&mut self) {
        self.up = Some(Instant::now());
    }

    /// It stands no more.
    pub(super) fn down(&mut self) {
        if self.up.take().is_some_and(|since| since.elapsed() >= GOOD) {
            self.last = None;
        }
    }

    /// The pause before the next try.
    pub(super) fn next(&mut self) -> Duration {
        let pause = self.last.map_or(LEAST, |last| (last * 2).min(MOST));
        self.last = Some(pause);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::Backoff;

    #[test]
    fn pauses_double_up_to_a_minute() {
        let mut backoff = Backoff::default();
        let pauses: Vec<u64> = (0..8).map(|_| backoff.next().as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        backoff.up();
        backoff.down();
        assert_eq!(backoff.next().as_secs(), 60, "one that fell at once is no good one");
    }
}
