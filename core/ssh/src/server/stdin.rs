//! What a program is sent, however slowly it reads.
//!
//! russh grants a window again as soon as data has come, and runs our handler in its event loop: waiting there would hold up
//! the program's own words, and so perhaps the program. So what is not read is queued, and the client is slowed by what is
//! granted next ([`Stdin::window`]). Shut, it is two bytes; each time they come we look whether the program reads again.

use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::exec::Output;
use crate::limits::{
    SERVED_INPUT_LAG, SERVED_INPUT_MEMORY, SERVED_INPUT_SPILL, SERVED_INPUT_STALL, SERVED_INPUT_WAIT,
    SERVED_WINDOW_NARROW, SERVED_WINDOW_SHUT, SERVED_WINDOW_WIDE,
};

/// The pipe to a program.
pub(super) struct Stdin {
    pipe: Output,
    drain: JoinHandle<()>,
    /// The connection has something to send.
    talk: Arc<Notify>,
}

impl Stdin {
    /// `spill` is the directory for what memory does not take.
    pub(super) fn new(pipe: BorrowedFd<'_>, spill: PathBuf, talk: Arc<Notify>) -> io::Result<Self> {
        let pipe = Output::bounded(pipe, spill, (SERVED_INPUT_MEMORY, SERVED_INPUT_SPILL))?;
        let drain = tokio::spawn(pipe.clone().drain());
        Ok(Self { pipe, drain, talk })
    }

    /// Takes what came. Where the program has stopped reading, waits a little for it, unless there is something to send.
    pub(super) async fn accept(&self, data: &[u8]) {
        self.pipe.accept(data).await;
        if self.pipe.waiting() > SERVED_INPUT_STALL {
            tokio::select! {
                () = self.pipe.eased_to(SERVED_INPUT_STALL) => {}
                () = self.talk.notified() => {}
                () = sleep(SERVED_INPUT_WAIT) => {}
            }
        }
    }

    /// What the client may be granted next.
    pub(super) fn window(&self) -> u32 {
        match self.pipe.waiting() {
            waiting if waiting > SERVED_INPUT_STALL => SERVED_WINDOW_SHUT,
            waiting if waiting > SERVED_INPUT_LAG => SERVED_WINDOW_NARROW,
            _ => SERVED_WINDOW_WIDE,
        }
    }

    /// Nothing follows: the program reads its end behind all that came.
    pub(super) fn end(self) {
        tokio::spawn(async move { self.pipe.flushed().await });
    }
}

impl Drop for Stdin {
    fn drop(&mut self) {
        self.drain.abort();
    }
}
