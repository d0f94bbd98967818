//! Streams that are held to a rate, and that tell when something passed last.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The most that passes at once where a rate is held, in bytes.
const PIECE: usize = 32 * 1024;
/// How far ahead of its rate a stream may be.
const AHEAD: Duration = Duration::from_millis(100);

/// What passes in both directions.
#[derive(Debug)]
pub(super) struct Meter {
    began: Instant,
    passed: AtomicU64,
    last: AtomicU64,
    /// Bytes a second, each way together.
    rate: Option<u64>,
}

impl Meter {
    pub(super) fn new(rate: Option<u64>) -> Self {
        Self { began: Instant::now(), passed: 0.into(), last: 0.into(), rate }
    }

    /// How long nothing has passed.
    pub(super) fn idle(&self) -> Duration {
        self.began.elapsed().saturating_sub(Duration::from_millis(self.last.load(Ordering::Relaxed)))
    }

    /// Notes what passed, and waits until it may have.
    fn pass(&self, count: usize) {
        let now = self.began.elapsed();
        self.last.store(u64::try_from(now.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        let passed = self.passed.fetch_add(count as u64, Ordering::Relaxed) + count as u64;
        let Some(rate) = self.rate else { return };
        let due = Duration::from_secs_f64(passed as f64 / rate as f64);
        if let Some(wait) = due.checked_sub(now + AHEAD) {
            thread::sleep(wait);
            let then = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.last.store(then, Ordering::Relaxed);
        }
    }

    fn piece(&self, length: usize) -> usize {
        if self.rate.is_some() { length.min(PIECE) } else { length }
    }
}

/// A stream that passes a meter.
pub(super) struct Paced<'a, T>(pub(super) T, pub(super) &'a Meter);

impl<T: Read> Read for Paced<'_, T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.1.piece(buffer.len());
        let count = self.0.read(&mut buffer[..piece])?;
        self.1.pass(count);
        Ok(count)
    }
}

impl<T: Write> Write for Paced<'_, T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.0.write(&bytes[..self.1.piece(bytes.len())])?;
        self.1.pass(count);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_takes_its_time() {
        let meter = Meter::new(Some(1_000_000));
        let began = Instant::now();
        let mut sink = Paced(io::sink(), &meter);
        sink.write_all(&vec![0; 400_000]).unwrap();
        assert!(began.elapsed() >= Duration::from_millis(250), "{:?}", began.elapsed());
        assert!(meter.idle() < Duration::from_secs(5));
    }
}
