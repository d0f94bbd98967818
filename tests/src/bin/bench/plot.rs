//! A picture of the ratios of walls: a bar a row, and a mark where it was to be.

use std::fmt::Write as _;

use crate::contest::{Bound, Measured, Metric};

const ROW: usize = 22;
const NAMES: usize = 220;
/// The width of the ratio 1.
const ONE: f64 = 360.0;
/// The largest ratio that is drawn.
const MOST: f64 = 1.5;

/// Draws the rows that have a bound on their wall.
pub(crate) fn svg(measured: &[Measured]) -> String {
    let bound = |row: &Measured| {
        row.targets.iter().find_map(|target| match (target.metric, target.bound) {
            (Metric::Wall, Bound::Ratio(bound)) => Some(bound),
            _ => None,
        })
    };
    let rows: Vec<(&Measured, f64)> = measured.iter().filter_map(|row| Some((row, bound(row)?))).collect();
    let (width, height) = (NAMES + 620, ROW * (rows.len() + 2));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for (at, (row, bound)) in rows.iter().enumerate() {
        let (y, ratio) = (ROW * (at + 1), row.ratio(Metric::Wall).median);
        let colour = if ratio <= *bound { "#3a7d44" } else { "#c1666b" };
        let length = ratio.min(MOST) * ONE;
        let mark = NAMES as f64 + bound * ONE;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
             <rect x=\"{NAMES}\" y=\"{}\" width=\"{length:.0}\" height=\"14\" fill=\"{colour}\"/>\
             <line x1=\"{mark:.0}\" x2=\"{mark:.0}\" y1=\"{}\" y2=\"{}\" stroke=\"black\" stroke-width=\"2\"/>\
             <text x=\"{:.0}\" y=\"{}\">{ratio:.2}</text>",
            NAMES - 8,
            y + 11,
            row.name,
            y,
            y - 2,
            y + 16,
            NAMES as f64 + length.max(bound * ONE) + 8.0,
            y + 11,
        );
    }
    let one = NAMES as f64 + ONE;
    let _ = writeln!(
        svg,
        "<line x1=\"{one:.0}\" x2=\"{one:.0}\" y1=\"8\" y2=\"{}\" stroke=\"#888\" stroke-dasharray=\"4 3\"/>\
         <text x=\"{one:.0}\" y=\"{}\" text-anchor=\"middle\">1 = the other</text>\n</svg>",
        height - ROW,
        height - 6
    );
    svg
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contest::Target;
    use crate::measure::Sample;

    #[test]
    fn a_bar_a_row_that_has_a_bound() {
        let sample = |wall_seconds| Sample { wall_seconds, cpu_seconds: 1.0, peak_bytes: 1, wire_bytes: 1 };
        let row = |name, targets: &[Target]| Measured {
            name,
            ours_line: String::new(),
            theirs_line: String::new(),
            targets: targets.to_vec(),
            theirs: vec![sample(2.0)],
            ours: vec![sample(1.0)],
        };
        let wall = Target::new(Metric::Wall, Bound::Ratio(0.4));
        let svg = svg(&[row("drawn", &[wall]), row("not-drawn", &[])]);
        assert!(svg.contains(">drawn<") && svg.contains(">0.50<") && svg.contains("#c1666b"), "{svg}");
        assert!(!svg.contains("not-drawn"));
    }
}
