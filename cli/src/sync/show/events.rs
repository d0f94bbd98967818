//! A run as JSON, an event a line, for programs.

use serde_json::{Value, json};
use xssh_sync::{Change, Summary};

use super::meter::Reading;
use super::words::of_change;
use crate::args::sync::Sync;

pub(super) fn start(call: &Sync) -> Value {
    let sources: Vec<String> = call.sources.iter().map(|word| escaped(word.as_encoded_bytes())).collect();
    json!({
        "event": "start", "version": env!("CARGO_PKG_VERSION"), "sources": sources,
        "target": escaped(call.target.as_encoded_bytes()), "dry_run": call.options.dry_run,
    })
}

pub(super) fn progress(reading: &Reading) -> Value {
    json!({
        "event": "progress", "entries": reading.entries, "bytes": reading.bytes, "bytes_wanted": reading.wanted_bytes,
        "files": reading.files, "files_wanted": reading.wanted_files, "saved": reading.saved,
        "complete": reading.complete, "path": escaped(&reading.file),
    })
}

pub(super) fn change(path: &[u8], change: Change) -> Value {
    json!({ "event": "change", "change": of_change(change), "path": escaped(path) })
}

pub(super) fn problem(path: &[u8], why: &str, remote: bool) -> Value {
    json!({ "event": "problem", "path": escaped(path), "why": why, "remote": remote })
}

pub(super) fn error(why: &str, code: u8) -> Value {
    json!({ "event": "error", "why": why, "exit_code": code })
}

pub(super) fn retry(seconds: u64, left: u32) -> Value {
    json!({ "event": "retry", "seconds": seconds, "left": left })
}

pub(super) fn summary(summary: &Summary, dry_run: bool, seconds: f64, code: u8) -> Value {
    let root: String = summary.root.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "event": "summary", "dry_run": dry_run, "entries": summary.entries, "files": summary.files,
        "bytes": summary.bytes, "sent": summary.literal, "reused": summary.reused, "made": summary.made,
        "attributes": summary.touched, "moved": summary.moved, "found": summary.found, "left_out": summary.skipped,
        "owners_not_kept": summary.owners_dropped, "deleted": summary.deleted, "vanished": summary.vanished,
        "not_deleted": summary.withheld, "failed": summary.failed, "root": root, "seconds": seconds, "exit_code": code,
    })
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
