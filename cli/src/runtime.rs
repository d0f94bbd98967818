//! The event loop of a call: one thread, made where it is needed and no earlier, for a process with threads cannot fork.

use crate::words;

/// Runs `work` to its end; its exit code.
pub(crate) fn block_on(work: impl Future<Output = u8>) -> u8 {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => words::fail(&error),
    }
}
