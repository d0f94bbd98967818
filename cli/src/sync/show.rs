//! What is seen of a sync: changes, problems, how far it is, and the numbers at the end.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use xssh_sync::{Change, Note, Summary, Watch};

use crate::args::sync::Display;
use crate::words;

/// Shows what happens, in words or as JSON lines.
pub(super) struct Show {
    display: Display,
    bar: ProgressBar,
}

impl Show {
    pub(super) fn new(display: Display) -> Self {
        let wanted = display.progress.unwrap_or_else(|| stderr().is_terminal() && !display.quiet && !display.json);
        let target = if wanted { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) = ProgressStyle::with_template(
            "{bytes:>11} of {total_bytes:<11} {binary_bytes_per_sec:>13}  {eta:>4} left  {msg}",
        ) {
            bar.set_style(style);
        }
        if wanted {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Self { display, bar }
    }

    /// Takes the display away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// Says how it ended.
    pub(super) fn finished(&self, summary: &Summary, dry_run: bool) {
        self.clear();
        if self.display.json {
            self.line(&as_json(summary, dry_run).to_string());
        } else if !self.display.quiet {
            for text in remarks(summary) {
                words::say(&format_args!("xssh: {text}"));
            }
            self.line(&proof(summary, dry_run));
            if self.display.stats {
                self.line(&numbers(summary));
            }
        }
    }

    /// A line on standard output. Where nobody reads it, the work goes on.
    fn line(&self, text: &str) {
        self.bar.suspend(|| {
            let _ = writeln!(stdout(), "{text}");
        });
    }
}

impl Watch for Show {
    fn note(&self, note: Note<'_>) {
        match note {
            Note::Scanned { bytes, .. } => self.bar.inc_length(bytes),
            Note::Moved(bytes) => self.bar.inc(bytes),
            Note::Change(path, change) if self.display.json => {
                let event = json!({ "event": "change", "change": word(change), "path": escaped(path.as_bytes()) });
                self.line(&event.to_string());
            }
            Note::Change(path, change) => {
                self.bar.set_message(path.to_string());
                if self.display.itemize && !self.display.quiet {
                    self.line(&format!("{:<10} {path}", word(change)));
                }
            }
            Note::Problem { path, why, remote } if self.display.json => {
                let event = json!({
                    "event": "problem", "path": escaped(path.as_bytes()), "why": why, "remote": remote,
                });
                self.line(&event.to_string());
            }
            Note::Problem { path, why, remote } => self.bar.suspend(|| {
                let side = if remote { " (on the other side)" } else { "" };
                words::say(&format_args!("xssh: {path}{side}: {why}"));
            }),
        }
    }
}

/// What happened to a path, in a word.
fn word(change: Change) -> &'static str {
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

/// A name of any bytes in JSON: what is no UTF-8 is written `\xNN`, and a backslash as two.
fn escaped(name: &[u8]) -> String {
    let mut text = String::new();
    for chunk in name.utf8_chunks() {
        text.push_str(&chunk.valid().replace('\\', "\\\\"));
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// What was not done because it was not asked for, or cannot be done here.
fn remarks(summary: &Summary) -> Vec<String> {
    let mut remarks = Vec::new();
    if summary.skipped > 0 {
        remarks.push(format!(
            "{} devices, FIFOs, sockets or links out of the tree were left out (--devices, --specials, --safe-links)",
            summary.skipped
        ));
    }
    if summary.owners_dropped > 0 {
        remarks.push(format!(
            "the owner of {} entries was not kept: only root can give files to others",
            summary.owners_dropped
        ));
    }
    remarks
}

/// The line at the end: what there is, what was done, and the digest of the source's tree.
fn proof(summary: &Summary, dry_run: bool) -> String {
    let root: String = summary.root.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let would = if dry_run { "would change" } else { "changed" };
    let mut text =
        format!("{} entries; {would} {} files ({})", summary.entries, summary.files, HumanBytes(summary.bytes));
    if summary.reused > 0 {
        text.push_str(&format!(", {} of it was there already", HumanBytes(summary.reused)));
    }
    for (number, what) in [
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

fn numbers(summary: &Summary) -> String {
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
        ("vanished", summary.vanished),
        ("failed", summary.failed),
    ];
    rows.map(|(name, number)| format!("{name:<20} {number}")).join("\n")
}

fn as_json(summary: &Summary, dry_run: bool) -> serde_json::Value {
    let root: String = summary.root.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "event": "summary", "dry_run": dry_run, "entries": summary.entries, "files": summary.files,
        "bytes": summary.bytes, "sent": summary.literal, "reused": summary.reused, "made": summary.made,
        "attributes": summary.touched, "moved": summary.moved, "found": summary.found, "left_out": summary.skipped,
        "owners_not_kept": summary.owners_dropped, "deleted": summary.deleted, "vanished": summary.vanished,
        "failed": summary.failed, "root": root,
    })
}
