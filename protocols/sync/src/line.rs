//! Our direction of the line, shared by the threads of one side.

use std::io::{self, BufWriter, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::buffers::Buffers;
use crate::limits::{BATCH, LINE_BUFFER, LINE_QUEUE, PARCEL};
use crate::options::Options;
use crate::speed::{Gauged, Speed};
use crate::striped::Striped;
use crate::wire::frame::{self, LEVEL, Press};
use crate::wire::message::{FromSource, Message, Parcel};

/// Frames on their way out: a queue, which a thread of its own empties.
pub(crate) struct Line {
    frames: SyncSender<Out>,
    queued: AtomicUsize,
    /// A round trip takes so long that the line is slower than we are.
    long: AtomicBool,
    /// What parcels travelled in.
    buffers: Buffers,
}

/// What is queued.
enum Out {
    /// Nothing follows the last one.
    Frame {
        kind: u8,
        payload: Vec<u8>,
        is_last: bool,
    },
    /// Further lanes, with their numbers: what follows goes over all of them.
    Lanes(Vec<(u8, Lane)>),
    End,
}

type Lane = Box<dyn Write + Send>;

/// What the queue is emptied from.
pub(crate) struct Outgoing(Receiver<Out>);

/// The other side is gone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gone;

impl Line {
    pub(crate) fn new() -> (Self, Outgoing) {
        let (frames, outgoing) = sync_channel(LINE_QUEUE * 2);
        let (queued, long, buffers) = (AtomicUsize::new(0), AtomicBool::new(false), Buffers::default());
        (Self { frames, queued, long, buffers }, Outgoing(outgoing))
    }

    /// Queues a message; waits while the queue is full.
    pub(crate) fn send(&self, message: &impl Message) -> Result<(), Gone> {
        self.queue(message, false)
    }

    /// Queues the last message: whoever hears it leaves, and what another thread says behind it is said to nobody.
    pub(crate) fn send_last(&self, message: &impl Message) -> Result<(), Gone> {
        self.queue(message, true)
    }

    /// Queues small files; gives an empty parcel for the next ones.
    pub(crate) fn send_parcel(&self, parcel: Parcel) -> Result<Parcel, Gone> {
        let (kind, payload) = parcel.seal();
        self.put(kind, payload, false)?;
        Ok(Parcel::within(self.buffers.take()))
    }

    fn queue(&self, message: &impl Message, is_last: bool) -> Result<(), Gone> {
        let (kind, payload) = message.encode();
        self.put(kind, payload, is_last)
    }

    fn put(&self, kind: u8, payload: Vec<u8>, is_last: bool) -> Result<(), Gone> {
        self.queued.fetch_add(1, Ordering::Relaxed);
        self.frames.send(Out::Frame { kind, payload, is_last }).map_err(|_| Gone)
    }

    /// Whether the line is long: what follows is compressed before it piles up then.
    pub(crate) fn set_long(&self, is_long: bool) {
        self.long.store(is_long, Ordering::Relaxed);
    }

    /// Sends what follows over these lanes too.
    pub(crate) fn widen(&self, lanes: Vec<(u8, Lane)>) -> Result<(), Gone> {
        self.frames.send(Out::Lanes(lanes)).map_err(|_| Gone)
    }

    /// Nothing follows what is queued.
    pub(crate) fn close(&self) {
        // Where the writer has gone already, there is nothing to tell it.
        let _ = self.frames.send(Out::End);
    }

    /// Writes what is queued until it is closed, and lets go of where it went.
    pub(crate) fn pump(&self, outgoing: Outgoing, output: impl Write, shaping: &Shaping) -> io::Result<()> {
        let mut pace = shaping.bandwidth.map(Pace::new);
        let striped = Striped::new(Box::new(output) as Box<dyn Write + '_>);
        let mut output = BufWriter::with_capacity(LINE_BUFFER, Gauged::new(striped));
        let mut press = Press::new(shaping.level);
        let mut speed = Speed::default();
        while let Ok(out) = outgoing.0.recv() {
            let (kind, payload, is_last) = match out {
                Out::Frame { kind, payload, is_last } => (kind, payload, is_last),
                Out::Lanes(lanes) => {
                    widen(&mut output, lanes)?;
                    continue;
                }
                Out::End => break,
            };
            let behind = self.queued.fetch_sub(1, Ordering::Relaxed);
            let squeeze = shaping.compress.unwrap_or(speed.is_slow() || self.long.load(Ordering::Relaxed));
            let written = frame::write(&mut output, kind, &payload, squeeze.then_some(&mut press))?;
            speed.passed(payload.len(), written, output.get_mut().take());
            if behind == 1 || pace.is_some() {
                output.flush()?;
            }
            if (BATCH..=PARCEL).contains(&payload.capacity()) {
                self.buffers.give(payload);
            }
            if is_last {
                break;
            }
            if let Some(pace) = &mut pace {
                pace.wait(written);
            }
        }
        output.flush()
    }
}

/// Says which lanes take part from here on.
fn widen(output: &mut BufWriter<Gauged<Striped<Box<dyn Write + '_>>>>, lanes: Vec<(u8, Lane)>) -> io::Result<()> {
    let (numbers, lanes): (Vec<u8>, Vec<Lane>) = lanes.into_iter().unzip();
    let (kind, payload) = FromSource::Lanes(numbers).encode();
    frame::write(output, kind, &payload, None)?;
    output.flush()?;
    output.get_mut().inner.widen(lanes.into_iter().map(|lane| lane as Box<dyn Write>));
    Ok(())
}

/// How frames go out. The default is as they are, and at once.
pub(crate) struct Shaping {
    /// `None`: where the line is slower than we are.
    compress: Option<bool>,
    level: i32,
    bandwidth: Option<u64>,
}

impl Default for Shaping {
    fn default() -> Self {
        Self { compress: Some(false), level: LEVEL, bandwidth: None }
    }
}

impl Shaping {
    /// For contents.
    pub(crate) fn of(options: &Options) -> Self {
        let level = options.compress_level.unwrap_or(LEVEL);
        Self { compress: options.compress, level, bandwidth: options.bandwidth }
    }
}

/// Holds back, so that no more than so many bytes go out in a second.
struct Pace {
    bytes_a_second: u64,
    /// When the next byte may go.
    free: Instant,
}

impl Pace {
    fn new(bytes_a_second: u64) -> Self {
        Self { bytes_a_second: bytes_a_second.max(1), free: Instant::now() }
    }

    fn wait(&mut self, bytes: u64) {
        let now = Instant::now();
        let took = Duration::from_secs_f64(bytes as f64 / self.bytes_a_second as f64);
        self.free = self.free.max(now) + took;
        thread::sleep(self.free.saturating_duration_since(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::message::FromTarget;

    /// An answer that another thread gives when all is said finds nobody, and that is no failure of the line.
    #[test]
    fn nothing_follows_the_last_message() {
        let (line, outgoing) = Line::new();
        line.send(&FromTarget::Release { range: 1 }).unwrap();
        line.send_last(&FromTarget::Failed { why: "last".to_owned() }).unwrap();
        line.send(&FromTarget::Lanes { welcome: true }).unwrap();
        let mut written = Vec::new();
        line.pump(outgoing, &mut written, &Shaping::default()).unwrap();
        assert!(written.ends_with(b"last"), "{written:?}");
        assert!(line.send(&FromTarget::Release { range: 2 }).is_err());
    }
}
