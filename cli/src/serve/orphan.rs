//! A helper whose client is gone without a word: a line that was cut in silence never ends for who waits at it, and a target
//! would be held by nobody's run.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use xssh_sync::{Role, Start};

use super::pace::Meter;
use crate::environment;
use crate::words;

/// Ends the process where nothing has passed for twice as long as the client waits: what is under way in the buffers of a slow line
/// keeps the client waiting longer than the helper. A source holds nothing that another run would wait for.
pub(super) fn watch(start: &Start, meter: &Arc<Meter>) -> Result<(), String> {
    if start.patience == 0 || start.role == Role::Source {
        return Ok(());
    }
    let (patience, meter) = (Duration::from_secs(start.patience.into()) * 2, meter.clone());
    let watch = move || {
        while let Some(left) = patience.checked_sub(meter.idle()).filter(|left| !left.is_zero()) {
            thread::sleep(left);
        }
        // A thread that reads or writes cannot be asked to. What is staged is gone on with by the next run.
        environment::leave(words::FAILED - 1);
    };
    thread::Builder::new().spawn(watch).map(drop).map_err(|error| format!("cannot start a thread: {error}"))
}
