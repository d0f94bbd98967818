//! The table for people, and the raw runs beside it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::contest::{Bound, Measured, Metric, Spread, Target};
use crate::error::BenchError;
use crate::machine::Machine;
use crate::material::Scale;
use crate::plot;

/// The whole report as markdown.
pub(crate) fn markdown(machine: &Machine, scale: &Scale, measured: &[Measured]) -> String {
    let mut text = format!(
        "# xssh against ssh, {}\n\n\
         | | |\n| --- | --- |\n\
         | CPU | {} × {} |\n| memory | {} |\n| kernel | {} |\n| files on | {} |\n\
         | ssh | {} |\n| rsync | {} |\n| xssh | {} |\n| commit | {} |\n| load before | {} |\n\n\
         One file of {}; {} small files of 1–8 KiB; memory over {}. Ratios are xssh over ssh: the median of the pairs, and \
         the least and most of them. Times are medians with least and most. Read the ratios; times move with the machine.\n\n\
         | what | pairs | to reach | ratio | ssh | xssh | |\n| --- | --- | --- | --- | --- | --- | --- |\n",
        machine.when,
        machine.cores,
        machine.cpu,
        machine.memory,
        machine.kernel,
        machine.scratch,
        machine.ssh,
        machine.rsync,
        machine.xssh,
        machine.commit,
        machine.load,
        bytes(scale.file),
        scale.small_files,
        bytes(scale.long_file),
    );
    for row in measured {
        for target in &row.targets {
            line(&mut text, row, *target);
        }
    }
    let _ = writeln!(text, "\n![ratios of walls, and what is to be reached]({}.svg)", machine.when);
    text.push_str("\n## What was run\n\n");
    for row in measured {
        let _ = writeln!(text, "* {}: `{}` against `{}`", row.name, row.ours_line, row.theirs_line);
    }
    text
}

fn line(text: &mut String, row: &Measured, target: Target) {
    let metric = target.metric;
    let name = match metric {
        Metric::Wall => "wall",
        Metric::Cpu => "CPU",
        Metric::Peak => "peak memory",
        Metric::Wire => "bytes",
    };
    let _ = writeln!(
        text,
        "| {} {name} | {} | {} | {} | {} | {} | {} |",
        row.name,
        row.ours.len(),
        wanted(target),
        spread(row.ratio(metric), |ratio| format!("{ratio:.2}")),
        spread(row.theirs(metric), |value| figure(metric, value)),
        spread(row.ours(metric), |value| figure(metric, value)),
        if row.reached(target) { "reached" } else { "**missed**" },
    );
}

fn wanted(target: Target) -> String {
    match target.bound {
        Bound::Ratio(ratio) => format!("≤ {ratio}"),
        Bound::Milliseconds(most) => format!("≤ {most} ms"),
        Bound::Bytes(most) => format!("≤ {}", bytes(u64::from(most))),
    }
}

fn spread(of: Spread, show: impl Fn(f64) -> String) -> String {
    format!("{} [{}–{}]", show(of.median), show(of.least), show(of.most))
}

fn figure(metric: Metric, value: f64) -> String {
    match metric {
        Metric::Peak | Metric::Wire => format!("{:.1} MiB", value / f64::from(1 << 20)),
        Metric::Wall | Metric::Cpu if value < 1.0 => format!("{:.1} ms", value * 1e3),
        Metric::Wall | Metric::Cpu => format!("{value:.2} s"),
    }
}

fn bytes(count: u64) -> String {
    let (giga, mega) = (count >> 30, count >> 20);
    if giga > 0 { format!("{giga} GiB") } else { format!("{mega} MiB") }
}

/// Writes `DATE.md`, `DATE.json` and `DATE.svg` into `folder`.
pub(crate) fn keep(folder: &Path, machine: &Machine, table: &str, measured: &[Measured]) -> Result<(), BenchError> {
    #[derive(Serialize)]
    struct Kept<'a> {
        machine: &'a Machine,
        rows: &'a [Measured],
    }
    fs::create_dir_all(folder).map_err(BenchError::io(folder.display().to_string()))?;
    let raw = serde_json::to_string_pretty(&Kept { machine, rows: measured })
        .map_err(|source| BenchError::io("the raw runs")(source.into()))?;
    let picture = plot::svg(measured);
    for (ending, text) in [("md", table), ("json", &raw), ("svg", &picture)] {
        let path = folder.join(format!("{}.{ending}", machine.when));
        fs::write(&path, text).map_err(BenchError::io(path.display().to_string()))?;
    }
    Ok(())
}
