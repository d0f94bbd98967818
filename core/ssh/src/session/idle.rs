//! Channels on which nothing has passed for too long (ssh_config(5), ChannelTimeout).

use std::sync::Arc;
use std::time::Duration;

use log::info;
use tokio::time::{Instant, sleep};

use super::board::Board;
use super::table::Line;
use crate::config::pattern;
use crate::limits::IDLE_GLANCE;
use crate::settings::ChannelTimeout;

/// The type that stands for all channels together; no pattern means it.
const GLOBAL: &str = "global";

/// How long the channels of one connection may be idle.
#[derive(Debug, Clone, Default)]
pub(super) struct Limits(Vec<ChannelTimeout>);

impl Limits {
    pub(super) fn new(timeouts: &[ChannelTimeout]) -> Self {
        Self(timeouts.to_vec())
    }

    /// The first that fits a type, with or without what follows its colon (`session:shell`).
    fn of(&self, kind: &str) -> Option<Duration> {
        let short = kind.split(':').next().unwrap_or(kind);
        let fits =
            |pattern: &str| pattern != GLOBAL && (pattern::matches(kind, pattern) || pattern::matches(short, pattern));
        self.first(fits)
    }

    fn global(&self) -> Option<Duration> {
        self.first(|pattern| pattern == GLOBAL)
    }

    fn first(&self, fits: impl Fn(&str) -> bool) -> Option<Duration> {
        let found = self.0.iter().find(|timeout| fits(&timeout.kind))?;
        Some(found.interval).filter(|interval| !interval.is_zero())
    }
}

/// From now on this channel is ended where it is idle for too long. Must be called inside a runtime.
pub(super) fn watch_channel(limits: &Limits, kind: &str, line: &Arc<Line>) {
    let Some(limit) = limits.of(kind) else { return };
    let line = Arc::downgrade(line);
    tokio::spawn(watch(limit, move || Some(vec![line.upgrade()?])));
}

/// From now on all channels are ended where nothing has passed on any of them for too long. Must be called inside a runtime.
pub(super) fn watch_all(limits: &Limits, board: &Arc<Board>) {
    let Some(limit) = limits.global() else { return };
    let board = Arc::downgrade(board);
    tokio::spawn(watch(limit, move || Some(board.upgrade()?.table.lines())));
}

/// Looks at the channels again and again, until there is nothing more to look at.
async fn watch(limit: Duration, lines: impl Fn() -> Option<Vec<Arc<Line>>>) {
    let glance = (limit / 8).min(IDLE_GLANCE);
    let mut seen = (0, 0);
    let mut since = Instant::now();
    loop {
        sleep(glance).await;
        let Some(lines) = lines() else { return };
        let passed = lines.iter().fold(0, |sum: u64, line| sum.wrapping_add(line.passed()));
        let now = (lines.len(), passed);
        if now != seen {
            (seen, since) = (now, Instant::now());
        } else if since.elapsed() >= limit {
            for line in lines {
                info!("a channel is closed after {} seconds of inactivity", limit.as_secs());
                line.force_end().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_fits_counts() {
        let timeouts = [("direct-*", 5), ("session:shell", 0), ("session", 7), ("*", 9), ("global", 3)];
        let limits = Limits(
            timeouts
                .map(|(kind, seconds)| ChannelTimeout { kind: kind.to_owned(), interval: Duration::from_secs(seconds) })
                .to_vec(),
        );
        let of = |kind| limits.of(kind).map(|limit| limit.as_secs());
        assert_eq!(of("direct-tcpip"), Some(5));
        assert_eq!(of("session:shell"), None);
        assert_eq!(of("session:command"), Some(7));
        assert_eq!(of("x11-connection"), Some(9));
        assert_eq!(limits.global(), Some(Duration::from_secs(3)));
        assert_eq!(Limits::default().global(), None);
        assert_eq!(Limits(vec![ChannelTimeout { kind: "*".into(), interval: limits.0[0].interval }]).global(), None);
    }
}
