//! How a run ended: the exit code, the words, and whether another try is worth it.

use xssh_sync::{Reason, Summary, SyncError, WireError};

use super::far_side::Ended;
use crate::args::sync::Sync;
use crate::words;

/// The two sides do not understand each other, or one of them refuses.
pub(super) const PROTOCOL: u8 = 2;
/// One side cannot go on: its disk, or its memory.
const DISK: u8 = 11;
/// The connection was lost.
pub(super) const LOST: u8 = 12;
/// Some files could not be done.
const PARTIAL: u8 = 23;
/// Some files vanished before their turn.
const VANISHED: u8 = 24;
/// More deletions than allowed.
const DELETIONS: u8 = 25;
/// Nothing passed for as long as --timeout allows.
const SILENT: u8 = 30;
/// Another run holds the target (sysexits.h, EX_TEMPFAIL).
const HELD: u8 = 75;

/// What is left to be told of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verdict {
    pub(super) code: u8,
    /// The connection was lost, or there was none: another try may find one.
    pub(super) again: bool,
    /// There is no xssh on the host, which has not been told yet.
    pub(super) absent: bool,
}

impl Verdict {
    pub(super) fn last(code: u8) -> Self {
        Self { code, again: false, absent: false }
    }

    /// Of a run that another one may bring to its end.
    fn passing(code: u8, again: bool) -> Self {
        Self { again, ..Self::last(code) }
    }

    /// Of a run that came to its end.
    pub(super) fn of(summary: &Summary) -> Self {
        Self::last(match (summary.failed, summary.vanished) {
            (0, 0) => 0,
            (0, _) => VANISHED,
            _ => PARTIAL,
        })
    }
}

/// Says why there was no sync, and with which code it ends.
pub(super) fn failed(call: &Sync, error: &SyncError, ended: Ended) -> Verdict {
    if ended.silent {
        let seconds = call.timeout.unwrap_or_default();
        words::say(&format_args!("xssh: nothing came or went for {seconds} s (--timeout)"));
        return Verdict::passing(SILENT, true);
    }
    let is_cut = is_cut(error);
    match (error, ended.code) {
        (SyncError::NeverBegan, Some(code @ (LOST | words::FAILED))) => {
            no_connection(call);
            return Verdict::passing(words::FAILED, code == LOST);
        }
        // The remote shell has told why itself.
        (_, Some(words::FAILED | LOST)) if is_cut && !call.display.quiet => return Verdict::passing(LOST, true),
        (SyncError::NeverBegan, Some(code @ (126 | 127))) => {
            return Verdict { absent: code == 127 || call.remote.is_some(), ..Verdict::last(code) };
        }
        (SyncError::Chatter(said), _) => {
            words::say(&format_args!(
                "xssh: {error}; its login script may be talking, or '{}' is no xssh that can sync. It said:\n{}",
                call.remote.as_deref().unwrap_or("xssh"),
                String::from_utf8_lossy(said)
            ));
        }
        _ => words::say(&format_args!("xssh: {error}")),
    }
    Verdict::passing(code_of(error), is_cut)
}

/// Says that the host has no xssh, and what to do.
pub(super) fn absent(call: &Sync) {
    match &call.remote {
        Some(remote) => words::say(&format_args!(
            "xssh: there is no '{remote}' to be run on the host: install xssh there, or say where it is with --remote-xssh"
        )),
        None => words::say(
            &"xssh: the host has no xssh: install it there (--remote-xssh says where), or have --bootstrap copy this one",
        ),
    }
}

/// The remote shell tells why, unless it was told to be quiet.
fn no_connection(call: &Sync) {
    if call.display.quiet {
        words::say(&"xssh: there is no connection; without -q the remote shell says why");
    }
}

/// Whether the line broke in the middle of a run.
fn is_cut(error: &SyncError) -> bool {
    matches!(error, SyncError::Ended | SyncError::Line(_) | SyncError::Wire(WireError::Line(_) | WireError::Truncated))
}

fn code_of(error: &SyncError) -> u8 {
    match error {
        SyncError::Refused(refusal) if refusal.reason == Reason::Held => HELD,
        SyncError::Deletions { .. } => DELETIONS,
        SyncError::GaveUp(why) if why.contains("would be deleted") => DELETIONS,
        SyncError::Tree(_) | SyncError::GaveUp(_) | SyncError::Thread(_) => DISK,
        SyncError::NeverBegan => LOST,
        error if is_cut(error) => LOST,
        _ => PROTOCOL,
    }
}
