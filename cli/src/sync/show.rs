//! What is seen of a run: changes, problems, how far it is, and the numbers at the end. In words for people, as JSON lines for
//! programs.
//!
//! In order of use: `meter` counts, `gauge` makes a line of the numbers, `screen` draws it, `events` is the JSON, `words` are
//! those of the end.

mod events;
mod gauge;
mod meter;
mod screen;
mod words;

use std::io::{self, IsTerminal, Write, stderr, stdout};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::Value;
use xssh_ssh::terminal::visible::visible;
use xssh_sync::limits::PROBLEMS;
use xssh_sync::{Note, Summary, Watch};

use super::ending::DISK;
use crate::args::sync::{Display, Sync};
use crate::words::say;
use meter::Meter;
use screen::Screen;

/// How often JSON tells how far it is.
const EVENT: Duration = Duration::from_millis(250);

/// Shows what happens.
pub(super) struct Show {
    display: Display,
    side: &'static str,
    meter: Arc<Meter>,
    screen: Screen,
    /// When JSON has told how far it is.
    told: AtomicU64,
    /// What could not be done, as it was said.
    problems: Mutex<Vec<String>>,
    /// Something else was said after a problem.
    buried: AtomicBool,
    /// Why standard output did not take a line.
    lost: OnceLock<io::Error>,
}

impl Show {
    /// `side` is what the other side is called behind a name.
    pub(super) fn new(display: Display, side: &'static str) -> Self {
        let meter = Arc::new(Meter::new());
        let wanted = display.progress.unwrap_or_else(|| stderr().is_terminal() && !display.quiet) && !display.json;
        let screen = Screen::new(wanted, &meter);
        let (told, problems, buried) = (AtomicU64::new(0), Mutex::default(), AtomicBool::new(false));
        Self { display, side, meter, screen, told, problems, buried, lost: OnceLock::new() }
    }

    /// Whether anybody sees what is to come.
    pub(super) fn looks_ahead(&self) -> bool {
        self.screen.is_on() || (self.display.json && self.display.progress != Some(false))
    }

    /// Says what is going to be done.
    pub(super) fn begun(&self, call: &Sync) {
        if self.display.json {
            self.event(&events::start(call));
        }
    }

    /// Another try begins.
    pub(super) fn begins_again(&self, pause: Duration, left: u32) {
        if self.display.json {
            self.event(&events::retry(pause.as_secs(), left));
        }
        let tries = if left == 1 { "try" } else { "tries" };
        say(&format_args!("xssh: beginning again in {} s, {left} more {tries} after that", pause.as_secs()));
        self.meter.reset();
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The pause is over.
    pub(super) fn resumed(&self) {
        self.screen.begin_again();
    }

    /// Takes the display away.
    pub(super) fn clear(&self) {
        self.screen.clear();
    }

    /// Says that there was no run, or that it did not come to its end. Without words, others have told why.
    pub(super) fn failed(&self, why: Option<&str>, code: u8) {
        self.clear();
        if let Some(why) = why {
            say(&format_args!("xssh: {why}"));
        }
        if self.display.json {
            self.event(&events::error(why.unwrap_or("there is no connection: standard error says why"), code));
        }
    }

    /// Says how it ended. Gives the exit code, which is another where that was not heard.
    pub(super) fn finished(&self, summary: &Summary, dry_run: bool, code: u8) -> u8 {
        self.clear();
        let took = self.meter.elapsed();
        if let Some(why) = words::refusal(summary, dry_run) {
            say(&format_args!("xssh: {why}"));
        }
        if self.display.json {
            self.event(&events::summary(summary, dry_run, took.as_secs_f64(), code));
        } else if !self.display.quiet {
            for text in words::remarks(summary) {
                say(&format_args!("xssh: {text}"));
            }
            self.recall(summary.failed);
            self.line(&words::proof(summary, dry_run, took));
            if self.display.stats {
                self.line(&words::numbers(summary));
            }
        }
        let Some(error) = self.lost.get() else { return code };
        say(&format_args!("xssh: standard output cannot be written: {error}; not all that was done is told there"));
        if code == 0 { DISK } else { code }
    }

    /// Names once more what could not be done, where it is no longer before the reader's eyes.
    fn recall(&self, failed: u64) {
        let problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        if problems.is_empty() || !(self.screen.is_on() || self.buried.load(Ordering::Relaxed)) {
            return;
        }
        say(&format_args!("xssh: what could not be done:"));
        problems.iter().for_each(|problem| say(&format_args!("  {problem}")));
        let rest = failed.saturating_sub(problems.len() as u64);
        if rest > 0 && problems.len() == PROBLEMS {
            say(&format_args!("  and {rest} more"));
        }
    }

    fn problem(&self, text: String) {
        self.screen.aside(|| say(&format_args!("xssh: {text}")));
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        if problems.len() < PROBLEMS {
            problems.push(text);
        }
    }

    fn event(&self, event: &Value) {
        self.line(&event.to_string());
    }

    /// A line on standard output. Where it is not taken, the work goes on; a reader that has left wants no more.
    fn line(&self, text: &str) {
        self.screen.aside(|| {
            if let Err(error) = writeln!(stdout(), "{text}")
                && error.kind() != io::ErrorKind::BrokenPipe
            {
                // The first one says enough.
                let _ = self.lost.set(error);
            }
        });
    }
}

impl Watch for Show {
    fn note(&self, note: Note<'_>) {
        self.meter.take(&note);
        match note {
            Note::Change(path, change) if self.display.json => self.event(&events::change(path.as_bytes(), change)),
            Note::Change(path, change) if self.display.itemize && !self.display.quiet => {
                self.buried.store(true, Ordering::Relaxed);
                let path = path.to_string();
                self.line(&format!("{:<10} {}", words::of_change(change), visible(path.as_bytes())));
            }
            Note::Problem { path, why, remote } if self.display.json => {
                self.event(&events::problem(path.as_bytes(), why, remote));
            }
            Note::Problem { path, why, remote } => {
                let side = if remote { self.side } else { "" };
                self.problem(format!("{path}{side}: {why}"));
            }
            _ if self.display.json => {
                if self.display.progress != Some(false) && self.meter.is_time(&self.told, EVENT) {
                    self.event(&events::progress(&self.meter.read()));
                }
            }
            _ => self.screen.tick(&self.meter),
        }
    }
}
