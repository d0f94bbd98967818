//! Our direction of the line, shared by the threads of one side.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::limits::LINE_QUEUE;
use crate::wire::frame;
use crate::wire::message::Message;

/// Frames on their way out: a queue, which a thread of its own empties.
pub(crate) struct Line {
    frames: SyncSender<Option<(u8, Vec<u8>)>>,
    queued: AtomicUsize,
}

/// What the queue is emptied from.
pub(crate) struct Outgoing(Receiver<Option<(u8, Vec<u8>)>>);

/// The other side is gone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gone;

impl Line {
    pub(crate) fn new() -> (Self, Outgoing) {
        let (frames, outgoing) = sync_channel(LINE_QUEUE * 2);
        (Self { frames, queued: AtomicUsize::new(0) }, Outgoing(outgoing))
    }

    /// Queues a message; waits while the queue is full.
    pub(crate) fn send(&self, message: &impl Message) -> Result<(), Gone> {
        self.queued.fetch_add(1, Ordering::Relaxed);
        self.frames.send(Some(message.encode())).map_err(|_| Gone)
    }

    /// Nothing follows what is queued.
    pub(crate) fn close(&self) {
        // Where the writer has gone already, there is nothing to tell it.
        let _ = self.frames.send(None);
    }

    /// Writes what is queued until it is closed. Compresses where the line is slower than we are.
    pub(crate) fn pump(&self, outgoing: Outgoing, output: &mut impl Write, compress: Option<bool>) -> io::Result<()> {
        while let Ok(Some((kind, payload))) = outgoing.0.recv() {
            let behind = self.queued.fetch_sub(1, Ordering::Relaxed);
            let squeeze = compress.unwrap_or(behind >= LINE_QUEUE);
            frame::write(output, kind, &payload, squeeze)?;
            if behind == 1 {
                output.flush()?;
            }
        }
        output.flush()
    }
}
