//! What moves on a terminal while a run goes on: a line of numbers, and below it the file that is under way. Where standard
//! error is no terminal and progress is asked for all the same, a line now and then.

use std::io::{IsTerminal, stderr};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use xssh_ssh::terminal::visible::visible;

use super::gauge::Gauge;
use super::meter::Meter;
use crate::words;

/// How often a terminal is drawn anew.
const FRAME: Duration = Duration::from_millis(100);
/// How often there is a line where there is no terminal.
const LINE: Duration = Duration::from_secs(1);
/// The width where nobody tells.
const COLUMNS: usize = 80;

/// The display.
pub(super) enum Screen {
    /// None.
    Off,
    /// On a terminal.
    Drawn { bar: ProgressBar, last: AtomicU64 },
    /// Line by line.
    Lines { gauge: Mutex<Gauge>, last: AtomicU64 },
}

impl Screen {
    /// `wanted`: as the user says, or as standard error is.
    pub(super) fn new(wanted: bool, meter: &Arc<Meter>) -> Self {
        if !wanted {
            return Self::Off;
        }
        if !stderr().is_terminal() {
            return Self::Lines { gauge: Mutex::default(), last: AtomicU64::new(0) };
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        let (gauge, numbers) = (Arc::new(Mutex::new(Gauge::default())), Arc::clone(meter));
        let line = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
            let mut gauge = gauge.lock().unwrap_or_else(PoisonError::into_inner);
            // What cannot be formatted is drawn the next time.
            let _ = out.write_str(&gauge.line(Instant::now(), &numbers.read(), columns()));
        };
        if let Ok(style) = ProgressStyle::with_template("{numbers}\n{wide_msg}") {
            bar.set_style(style.with_key("numbers", line));
        }
        bar.enable_steady_tick(FRAME);
        Self::Drawn { bar, last: AtomicU64::new(0) }
    }

    /// Something has been counted.
    pub(super) fn tick(&self, meter: &Meter) {
        match self {
            Self::Off => {}
            Self::Drawn { bar, last } => {
                if meter.is_time(last, FRAME) {
                    bar.set_message(visible(&meter.read().file));
                }
            }
            Self::Lines { gauge, last } => {
                if meter.is_time(last, LINE) {
                    let mut gauge = gauge.lock().unwrap_or_else(PoisonError::into_inner);
                    words::say(&gauge.line(Instant::now(), &meter.read(), COLUMNS));
                }
            }
        }
    }

    /// Has something said while the display is out of the way.
    pub(super) fn aside(&self, say: impl FnOnce()) {
        match self {
            Self::Drawn { bar, .. } => bar.suspend(say),
            Self::Off | Self::Lines { .. } => say(),
        }
    }

    /// Whether lines may have been lost from sight meanwhile.
    pub(super) fn is_on(&self) -> bool {
        !matches!(self, Self::Off)
    }

    /// Takes it away.
    pub(super) fn clear(&self) {
        if let Self::Drawn { bar, .. } = self {
            bar.finish_and_clear();
        }
    }

    /// Has it come back.
    pub(super) fn begin_again(&self) {
        if let Self::Drawn { bar, .. } = self {
            bar.set_message("");
            bar.reset();
            bar.enable_steady_tick(FRAME);
        }
    }
}

fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(stderr());
    size.map_or(COLUMNS, |size| usize::from(size.ws_col)).max(1)
}
