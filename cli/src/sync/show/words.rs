//! What a run is told in at its end, and what its changes are called.

use std::time::Duration;

use indicatif::HumanBytes;
use xssh_sync::{Change, Summary};

/// What happened to a path, in a word.
pub(super) fn of_change(change: Change) -> &'static str {
    match change {
        Change::NewFile => "new",
        Change::Contents => "changed",
        Change::NewDirectory => "directory",
        Change::NewOther => "made",
        Change::Attributes => "set",
        Change::Deleted => "deleted",
        Change::Moved => "moved",
    }
}

/// What was not done because it was not asked for, or cannot be done here.
pub(super) fn remarks(summary: &Summary) -> Vec<String> {
    let mut remarks = Vec::new();
    if summary.skipped > 0 {
        let were = if summary.skipped == 1 {
            "device, FIFO, socket or link out of the tree was"
        } else {
            "devices, FIFOs, sockets or links out of the tree were"
        };
        remarks.push(format!("{} {were} left out (--devices, --specials, --safe-links)", summary.skipped));
    }
    if summary.owners_dropped > 0 {
        remarks.push(format!(
            "the owner of {} was not kept: only root can give files to others (--fake-super keeps it beside them)",
            entries(summary.owners_dropped)
        ));
    }
    remarks
}

/// Why nothing was deleted, where it would have been too much.
pub(super) fn refusal(summary: &Summary, dry_run: bool) -> Option<String> {
    let Summary { withheld, allowed, .. } = summary;
    let else_done = if dry_run { "nothing would be deleted" } else { "nothing was deleted, all else was done" };
    let why = format!(
        "{} would be deleted, and at most {allowed} may be: {else_done}; --max-delete {withheld} allows it",
        entries(*withheld)
    );
    (*withheld > 0).then_some(why)
}

/// The line at the end: what there is, what was done, and the digest of the source's tree.
pub(super) fn proof(summary: &Summary, dry_run: bool, took: Duration) -> String {
    let root: String = summary.root.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let would = if dry_run { "would change" } else { "changed" };
    let files = if summary.files == 1 { "file" } else { "files" };
    let mut text =
        format!("{}; {would} {} {files} ({})", entries(summary.entries), summary.files, HumanBytes(summary.bytes));
    if !dry_run {
        text.push_str(&format!(" in {:.1} s", took.as_secs_f64()));
    }
    if summary.reused > 0 {
        text.push_str(&format!(", {} of it was there already", HumanBytes(summary.reused)));
    }
    for (number, what) in [
        (summary.made, if summary.made == 1 { "other made" } else { "others made" }),
        (summary.touched, "only set"),
        (summary.moved, "moved"),
        (summary.found, "had from elsewhere"),
        (summary.deleted, "deleted"),
        (summary.failed, "FAILED"),
        (summary.vanished, "vanished"),
    ] {
        if number > 0 {
            text.push_str(&format!(", {number} {what}"));
        }
    }
    text + &format!("; root {root}")
}

fn entries(number: u64) -> String {
    format!("{number} {}", if number == 1 { "entry" } else { "entries" })
}

/// All numbers, a line each.
pub(super) fn numbers(summary: &Summary) -> String {
    let rows = [
        ("entries", summary.entries),
        ("files changed", summary.files),
        ("bytes of them", summary.bytes),
        ("bytes sent", summary.literal),
        ("bytes reused", summary.reused),
        ("other entries made", summary.made),
        ("only attributes set", summary.touched),
        ("moved", summary.moved),
        ("had from elsewhere", summary.found),
        ("left out", summary.skipped),
        ("owners not kept", summary.owners_dropped),
        ("deleted", summary.deleted),
        ("too many to delete", summary.withheld),
        ("vanished", summary.vanished),
        ("failed", summary.failed),
    ];
    rows.map(|(name, number)| format!("{name:<20} {number}")).join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_several() {
        let of = |number: u64| Summary {
            entries: number,
            files: number,
            skipped: number,
            owners_dropped: number,
            ..Summary::default()
        };
        let took = Duration::from_secs(1);
        assert!(proof(&of(1), false, took).starts_with("1 entry; changed 1 file (0 B) in 1.0 s; root 0000"));
        assert!(proof(&of(2), true, took).starts_with("2 entries; would change 2 files (0 B); root"));
        assert!(proof(&of(0), true, took).starts_with("0 entries; would change 0 files"));
        let links = Summary { made: 1, touched: 2, ..of(3) };
        assert!(
            proof(&links, true, took)
                .starts_with("3 entries; would change 3 files (0 B), 1 other made, 2 only set; root")
        );
        assert!(remarks(&of(1))[0].starts_with("1 device, FIFO, socket or link out of the tree was left out"));
        assert!(remarks(&of(2))[0].starts_with("2 devices, FIFOs, sockets or links out of the tree were left out"));
        assert!(remarks(&of(1))[1].starts_with("the owner of 1 entry was not kept"));
    }
}
