//! How a run ended: the exit code, why, and whether another try is worth it.

use xssh_sync::{Reason, Summary, SyncError, WireError};

use super::far_side::Ended;
use crate::args::sync::Sync;
use crate::{environment, words};

/// The two sides do not understand each other.
const PROTOCOL: u8 = 2;
/// SRC or DST cannot be used, or is not what it should be: nothing was done.
pub(super) const UNUSABLE: u8 = 3;
/// One side cannot go on: its disk, or its memory; or standard output takes nothing.
pub(super) const DISK: u8 = 11;
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
pub(super) const HELD: u8 = 75;

/// Why a run did not come to its end.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) code: u8,
    /// In words; none where the remote shell has told.
    pub(super) why: Option<String>,
    /// The connection was lost, or there was none: another try may find one.
    pub(super) again: bool,
    /// There is no xssh on the host.
    pub(super) absent: bool,
}

impl Failure {
    pub(super) fn new(code: u8, why: impl Into<Option<String>>) -> Self {
        Self { code, why: why.into(), again: false, absent: false }
    }
}

/// The exit code of a run that came to its end.
pub(super) fn code(summary: &Summary) -> u8 {
    match (summary.withheld, summary.failed, summary.vanished) {
        (0, 0, 0) => 0,
        (0, 0, _) => VANISHED,
        (0, ..) => PARTIAL,
        _ => DELETIONS,
    }
}

/// What became of a run that ended with an error.
pub(super) fn failed(call: &Sync, error: &SyncError, ended: Ended) -> Failure {
    if ended.silent {
        let why = format!("nothing came or went for {} s (--timeout)", call.timeout.unwrap_or_default());
        return Failure { again: true, ..Failure::new(SILENT, why) };
    }
    let is_cut = is_cut(error);
    match (error, ended.code) {
        (SyncError::NeverBegan, Some(code @ (LOST | words::FAILED))) => {
            let why =
                call.display.quiet.then(|| "there is no connection; without -q the remote shell says why".to_owned());
            return Failure { again: code == LOST, ..Failure::new(words::FAILED, why) };
        }
        // The remote shell has told why itself.
        (_, Some(LOST)) if is_cut && !call.display.quiet => {
            return Failure { again: true, ..Failure::new(LOST, None) };
        }
        (SyncError::NeverBegan, Some(environment::KILLED)) => {
            let why =
                "the other side was killed before it began; if nobody did that, it had no memory, or no more time";
            return Failure { again: true, ..Failure::new(LOST, why.to_owned()) };
        }
        (_, Some(words::FAILED | environment::KILLED)) if is_cut => {
            let why = "the other side ended before it was done; where nothing else says why, it was killed there";
            return Failure { again: true, ..Failure::new(LOST, why.to_owned()) };
        }
        (SyncError::NeverBegan, Some(code @ (126 | 127))) => return absent(call, code),
        _ => {}
    }
    let why = match error {
        SyncError::Chatter(said) => format!(
            "{error}; its login script may be talking, or '{}' is no xssh that can sync. It said:\n{}",
            call.remote.as_deref().unwrap_or("xssh"),
            String::from_utf8_lossy(said)
        ),
        _ => error.to_string(),
    };
    Failure { again: is_cut, ..Failure::new(code_of(error), why) }
}

/// The host has no xssh, or none that runs.
fn absent(call: &Sync, code: u8) -> Failure {
    let why = match &call.remote {
        Some(remote) => format!(
            "there is no '{remote}' to be run on the host: install xssh there, or say where it is with --remote-xssh"
        ),
        None if code == 127 => {
            "the host has no xssh: install it there (--remote-xssh says where), or have --bootstrap copy this one"
                .to_owned()
        }
        None => "xssh cannot be run on the host".to_owned(),
    };
    Failure { absent: call.remote.is_none() && code == 127, ..Failure::new(code, why) }
}

/// Whether the line broke in the middle of a run.
fn is_cut(error: &SyncError) -> bool {
    matches!(error, SyncError::Ended | SyncError::Line(_) | SyncError::Wire(WireError::Line(_) | WireError::Truncated))
}

fn code_of(error: &SyncError) -> u8 {
    match error {
        SyncError::Refused(refusal) => match refusal.reason {
            Reason::Held => HELD,
            Reason::Newer => PROTOCOL,
            Reason::Other | Reason::OwnName => UNUSABLE,
        },
        SyncError::Tree(_) | SyncError::GaveUp(_) | SyncError::Thread(_) => DISK,
        SyncError::NeverBegan => LOST,
        error if is_cut(error) => LOST,
        _ => PROTOCOL,
    }
}
