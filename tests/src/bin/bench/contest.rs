//! Two clients, one task, A B A B: neighbours in time share whatever else the machine is doing, so a pair's ratio can be
//! trusted where its times cannot.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::error::BenchError;
use crate::measure::{Run, Sample};
use crate::workload::{Client, Task};

/// What of a run is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Metric {
    Wall,
    Cpu,
    Peak,
    Wire,
}

impl Metric {
    pub(crate) fn of(self, sample: &Sample) -> f64 {
        match self {
            Self::Wall => sample.wall_seconds,
            Self::Cpu => sample.cpu_seconds,
            #[allow(clippy::cast_precision_loss, reason = "no process has 2^53 bytes")]
            Self::Peak => sample.peak_bytes as f64,
            #[allow(clippy::cast_precision_loss, reason = "nobody counts 2^53 bytes")]
            Self::Wire => sample.wire_bytes as f64,
        }
    }
}

/// What is to be reached.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Bound {
    /// At most this much of what the other client took.
    Ratio(f64),
    /// At most so many bytes, whatever the other client took.
    Bytes(u32),
    /// At most so many milliseconds, whatever the other client took.
    Milliseconds(u32),
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Target {
    pub(crate) metric: Metric,
    pub(crate) bound: Bound,
}

impl Target {
    pub(crate) fn new(metric: Metric, bound: Bound) -> Self {
        Self { metric, bound }
    }
}

/// One row of the table.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) task: Task,
    pub(crate) ours: Client,
    pub(crate) theirs: Client,
    pub(crate) pairs: u32,
    pub(crate) targets: Vec<Target>,
    pub(crate) scratch: PathBuf,
    /// Counts the bytes on the line.
    pub(crate) carried: Arc<AtomicU64>,
}

/// A row and its runs.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) ours_line: String,
    pub(crate) theirs_line: String,
    pub(crate) targets: Vec<Target>,
    pub(crate) theirs: Vec<Sample>,
    pub(crate) ours: Vec<Sample>,
}

impl Row {
    /// Proves each client's bytes, which also warms up, then runs the pairs.
    pub(crate) fn measure(&self, pairs: u32) -> Result<Measured, BenchError> {
        let (theirs, ours) = (self.task.run(&self.theirs), self.task.run(&self.ours));
        let mut measured = Measured {
            name: self.name,
            ours_line: self.anonymous(&ours),
            theirs_line: self.anonymous(&theirs),
            targets: self.targets.clone(),
            theirs: Vec::new(),
            ours: Vec::new(),
        };
        self.task.prove(&self.theirs, &self.scratch)?;
        self.task.prove(&self.ours, &self.scratch)?;
        for _ in 0..pairs {
            measured.theirs.push(self.sample(&theirs)?);
            measured.ours.push(self.sample(&ours)?);
        }
        Ok(measured)
    }

    fn sample(&self, run: &Run) -> Result<Sample, BenchError> {
        self.task.prepare()?;
        let before = self.carried.load(Ordering::Relaxed);
        let sample = run.measure()?;
        Ok(Sample { wire_bytes: self.carried.load(Ordering::Relaxed) - before, ..sample })
    }

    /// The command without the places that differ from machine to machine.
    fn anonymous(&self, run: &Run) -> String {
        let line = run.line().replace(&*self.ours.program.to_string_lossy(), "xssh");
        let this = std::env::current_exe().unwrap_or_default();
        let line = if this.as_os_str().is_empty() { line } else { line.replace(&*this.to_string_lossy(), "bench") };
        line.replace(&*self.scratch.to_string_lossy(), "LAB")
    }
}

/// The middle, the least and the most of some figures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// Of no figures at all it is zeros.
    pub(crate) fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let at = |index: usize| figures.get(index).copied().unwrap_or_default();
        let middle = figures.len() / 2;
        let median = if figures.len().is_multiple_of(2) {
            f64::midpoint(at(middle.saturating_sub(1)), at(middle))
        } else {
            at(middle)
        };
        Self { median, least: at(0), most: at(figures.len().saturating_sub(1)) }
    }
}

impl Measured {
    pub(crate) fn ours(&self, metric: Metric) -> Spread {
        Spread::of(self.ours.iter().map(|run| metric.of(run)).collect())
    }

    pub(crate) fn theirs(&self, metric: Metric) -> Spread {
        Spread::of(self.theirs.iter().map(|run| metric.of(run)).collect())
    }

    /// Ours over theirs, pair by pair.
    pub(crate) fn ratio(&self, metric: Metric) -> Spread {
        let pairs = self.ours.iter().zip(&self.theirs);
        Spread::of(pairs.map(|(ours, theirs)| metric.of(ours) / metric.of(theirs)).collect())
    }

    pub(crate) fn reached(&self, target: Target) -> bool {
        match target.bound {
            Bound::Ratio(most) => self.ratio(target.metric).median <= most,
            Bound::Milliseconds(most) => self.ours(target.metric).median * 1000.0 <= f64::from(most),
            Bound::Bytes(most) => self.ours(target.metric).most <= f64::from(most),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(wall_seconds: f64, peak_bytes: u64) -> Sample {
        Sample { wall_seconds, cpu_seconds: 1.0, peak_bytes, wire_bytes: 0 }
    }

    #[test]
    fn the_spread_is_median_least_and_most() {
        let odd = Spread::of(vec![3.0, 1.0, 8.0]);
        assert_eq!((odd.median, odd.least, odd.most), (3.0, 1.0, 8.0));
        let even = Spread::of(vec![4.0, 1.0, 2.0, 9.0]);
        assert_eq!((even.median, even.least, even.most), (3.0, 1.0, 9.0));
        assert_eq!(Spread::of(Vec::new()).median, 0.0);
    }

    #[test]
    fn ratios_are_of_pairs_and_bounds_of_bytes_hold_for_every_run() {
        let measured = Measured {
            name: "row",
            ours_line: String::new(),
            theirs_line: String::new(),
            targets: Vec::new(),
            theirs: vec![sample(1.0, 1), sample(10.0, 1), sample(2.0, 1)],
            ours: vec![sample(0.5, 5), sample(6.0, 5), sample(1.4, 9)],
        };
        let ratio = measured.ratio(Metric::Wall);
        assert!((ratio.median - 0.6).abs() < 1e-9, "{ratio:?}");
        let wall = |most| Target::new(Metric::Wall, Bound::Ratio(most));
        assert!(measured.reached(wall(0.61)) && !measured.reached(wall(0.59)));
        let peak = |most| Target::new(Metric::Peak, Bound::Bytes(most));
        assert!(measured.reached(peak(9)) && !measured.reached(peak(8)));
    }
}
