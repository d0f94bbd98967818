//! The line of numbers on a terminal: as much of it as fits.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount};

use super::meter::Reading;

/// Over how long the speed is measured.
const WINDOW: Duration = Duration::from_secs(4);
/// The columns of the bar.
const BAR: u64 = 12;

/// Makes the line, and keeps in mind what it needs for the speed.
#[derive(Debug, Default)]
pub(super) struct Gauge {
    passed: VecDeque<(Instant, u64)>,
}

impl Gauge {
    /// The line, at most so many columns wide.
    pub(super) fn line(&mut self, now: Instant, reading: &Reading, width: usize) -> String {
        let speed = self.speed(now, reading.bytes);
        compose(reading, speed, width)
    }

    /// Bytes a second.
    fn speed(&mut self, now: Instant, bytes: u64) -> u64 {
        self.passed.push_back((now, bytes));
        while self.passed.len() > 2 && self.passed.front().is_some_and(|(then, _)| now - *then > WINDOW) {
            self.passed.pop_front();
        }
        let Some((then, before)) = self.passed.front() else { return 0 };
        let seconds = (now - *then).as_secs_f64();
        if seconds < 0.2 { 0 } else { (bytes.saturating_sub(*before) as f64 / seconds) as u64 }
    }
}

/// Puts together what fits, the more important parts first.
fn compose(reading: &Reading, speed: u64, width: usize) -> String {
    let Reading { bytes, wanted_bytes, files, wanted_files, saved, .. } = *reading;
    if wanted_files == 0 {
        let what = if reading.complete { "compared" } else { "comparing" };
        let entries =
            if reading.entries > 0 { format!(" {} entries", HumanCount(reading.entries)) } else { String::new() };
        return cut(format!("{what}{entries}"), width);
    }
    let more = if reading.complete { "" } else { "+" };
    let left = (speed > 0).then(|| clock((wanted_bytes - bytes) / speed));
    let text = |is_shown: bool, text: String| if is_shown { text } else { String::new() };
    // In the order in which they stand, with the rank in which they are taken.
    let parts = [
        (5, bar(bytes, wanted_bytes)),
        (0, format!("{} of {}{more}", HumanBytes(bytes), HumanBytes(wanted_bytes))),
        (2, text(speed > 0, format!("{}/s", HumanBytes(speed)))),
        (1, left.map_or_else(String::new, |left| format!("{left}{more} left"))),
        (3, format!("{} of {}{more} files", HumanCount(files), HumanCount(wanted_files))),
        (4, text(saved > 0, format!("{} saved", HumanBytes(saved)))),
    ];
    let mut ranks: Vec<usize> = (0..parts.len()).collect();
    ranks.sort_by_key(|at| parts[*at].0);
    let mut shown = [false; 6];
    let mut taken = 0;
    for at in ranks {
        let length = parts[at].1.len();
        if length > 0 && (taken == 0 || taken + 2 + length <= width) {
            shown[at] = true;
            taken += length + if taken == 0 { 0 } else { 2 };
        }
    }
    let texts: Vec<&str> =
        parts.iter().zip(shown).filter(|(_, shown)| *shown).map(|((_, text), _)| text.as_str()).collect();
    cut(texts.join("  "), width)
}

fn bar(bytes: u64, of: u64) -> String {
    let full =
        if of == 0 { BAR } else { u64::try_from(u128::from(bytes) * u128::from(BAR) / u128::from(of)).unwrap_or(BAR) };
    (0..BAR).fold("[".to_owned(), |bar, at| bar + if at < full { "=" } else { " " }) + "]"
}

/// Hours, minutes and seconds.
fn clock(seconds: u64) -> String {
    let (minutes, rest) = (seconds / 60, seconds % 60);
    if minutes < 60 {
        return format!("{minutes}:{rest:02}");
    }
    format!("{}:{:02}:{rest:02}", minutes / 60, minutes % 60)
}

/// What is all ASCII, cut to a width.
fn cut(mut text: String, width: usize) -> String {
    text.truncate(width);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading() -> Reading {
        Reading {
            entries: 6000,
            bytes: 45 << 20,
            saved: 30 << 20,
            files: 1234,
            wanted_bytes: 120 << 20,
            wanted_files: 5678,
            complete: true,
            file: Vec::new(),
        }
    }

    #[test]
    fn the_line_never_leaves_the_terminal() {
        let all = compose(&reading(), 12 << 20, 200);
        assert_eq!(
            all,
            "[====        ]  45.00 MiB of 120.00 MiB  12.00 MiB/s  0:06 left  1,234 of 5,678 files  30.00 MiB saved"
        );
        for width in 0..200 {
            let line = compose(&reading(), 12 << 20, width);
            assert!(line.len() <= width, "{width}: {line}");
        }
        assert_eq!(compose(&reading(), 12 << 20, 40), "45.00 MiB of 120.00 MiB  0:06 left");
    }

    #[test]
    fn what_is_not_known_yet_is_said_to_be_so() {
        let early = Reading { complete: false, ..reading() };
        assert!(compose(&early, 12 << 20, 200).contains("of 120.00 MiB+  12.00 MiB/s  0:06+ left"));
        assert_eq!(compose(&Reading { entries: 12_345, ..Reading::default() }, 0, 80), "comparing 12,345 entries");
    }

    #[test]
    fn the_speed_is_that_of_the_last_seconds() {
        let mut gauge = Gauge::default();
        let begun = Instant::now();
        for second in 0..20 {
            let bytes = if second < 10 { second << 20 } else { (10 + (second - 10) * 5) << 20 };
            let line = gauge.line(begun + Duration::from_secs(second), &Reading { bytes, ..reading() }, 200);
            if second == 19 {
                assert!(line.contains("5.00 MiB/s"), "{line}");
            }
        }
    }
}
