//! How fast a line takes what is written to it, and whether it is worth while to compress.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::limits::{SLOW_LINE, SPEED_RAW, SPEED_SQUEEZED};

/// A stream that counts how long it was waited for.
pub(crate) struct Gauged<W> {
    pub(crate) inner: W,
    waited: Duration,
}

impl<W> Gauged<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self { inner, waited: Duration::ZERO }
    }

    /// How long it was waited for since this was asked last.
    pub(crate) fn take(&mut self) -> Duration {
        std::mem::take(&mut self.waited)
    }
}

impl<W: Write> Write for Gauged<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let begun = Instant::now();
        let written = self.inner.write(bytes);
        self.waited += begun.elapsed();
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Judges a line by what passed lately: so much of it that buffers on the way do not count, and more of it where that was compressed,
/// since a line that is not busy then seems fast.
#[derive(Debug, Default)]
pub(crate) struct Speed {
    payload: usize,
    wire: u64,
    waited: Duration,
    slow: bool,
}

impl Speed {
    /// Whether the line is slower than what compresses.
    pub(crate) fn is_slow(&self) -> bool {
        self.slow
    }

    /// So much passed, as so many bytes on the wire, and was waited for so long.
    pub(crate) fn passed(&mut self, payload: usize, wire: u64, waited: Duration) {
        self.payload += payload;
        self.wire += wire;
        self.waited += waited;
        if self.payload >= if self.slow { SPEED_SQUEEZED } else { SPEED_RAW } {
            let slow = (self.wire as f64) < self.waited.as_secs_f64() * SLOW_LINE as f64;
            *self = Self { slow, ..Self::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a line of so many bytes a second is found to be slow after so much.
    fn slow(bytes_a_second: u64, megabytes: usize) -> bool {
        let mut speed = Speed::default();
        for _ in 0..megabytes * 8 {
            speed.passed(128 << 10, 128 << 10, Duration::from_secs_f64((128 << 10) as f64 / bytes_a_second as f64));
        }
        speed.is_slow()
    }

    #[test]
    fn a_line_is_slow_below_a_gigabit() {
        assert!(slow(10 << 20, 5) && slow(100 << 20, 5) && slow(100 << 20, 500));
        assert!(!slow(500 << 20, 5) && !slow(500 << 20, 500));
        assert!(!slow(10 << 20, 1), "what buffers take says nothing");
    }

    #[test]
    fn a_line_that_becomes_fast_is_tried_again() {
        let mut speed = Speed { slow: true, ..Speed::default() };
        (0..1000).for_each(|_| speed.passed(128 << 10, 20 << 10, Duration::from_micros(1)));
        assert!(!speed.is_slow());
    }
}
