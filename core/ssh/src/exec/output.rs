//! Standard output or standard error: takes what the session decrypts at once, whoever reads it and however slowly.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rustix::io::Errno;
use rustix::net::SendFlags;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::Socket;
use super::descriptor::Way;
use super::patience::Patience;
use super::spill::{Bounds, Spill, Storeroom};
use crate::limits::{
    STALLED_FORWARD_MEMORY, STALLED_FORWARD_SPILL, STALLED_FORWARD_WAIT, STALLED_OUTPUT_MEMORY, STALLED_OUTPUT_SPILL,
};

/// What one write takes out of the queue at most.
const PIECE: usize = 64 << 10;

/// Whose bounds an output without a descriptor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// A program's output.
    Session,
    /// A forwarded connection.
    Forward,
}

/// A descriptor to write to. Clones write to the same one.
#[derive(Clone)]
pub struct Output(Arc<Shared>);

struct Shared {
    /// None where what comes is held, until somebody of ours takes it.
    way: Option<Way>,
    /// How long the connection waits for a reader that takes nothing when the queue is full; None for ever.
    longest_wait: Option<Duration>,
    queue: Mutex<Queue>,
    /// There is something to drain.
    filled: Notify,
    /// There is room again, all is written, or the output broke.
    eased: Notify,
}

struct Queue {
    bytes: Spill,
    patience: Patience,
    broken: Option<io::ErrorKind>,
    /// Nothing is written for now.
    on_hold: bool,
}

impl Output {
    /// The caller's descriptor; `spill` is the directory for the unlinked file. Must be called inside a runtime.
    ///
    /// # Errors
    /// The descriptor is closed, or the process has too many.
    pub fn open(fd: BorrowedFd<'_>, spill: PathBuf) -> io::Result<Self> {
        Self::bounded(fd, spill, (STALLED_OUTPUT_MEMORY, STALLED_OUTPUT_SPILL))
    }

    /// The same with bounds of one's own: bytes in memory, and then in the file.
    pub(crate) fn bounded(fd: BorrowedFd<'_>, spill: PathBuf, (memory, file): (usize, u64)) -> io::Result<Self> {
        let bytes = Spill::new(Bounds { memory, file }, Storeroom::new(spill));
        Ok(Self::by(Some(Way::find(fd, Interest::WRITABLE)?), bytes, None))
    }

    /// A socket of ours, with the bounds of a forwarded connection; all that share `store` share the bound of its files.
    /// One that takes nothing for [`STALLED_FORWARD_WAIT`] once there is no room left breaks.
    pub fn socket(socket: &Socket, store: Storeroom) -> Self {
        let bounds = Bounds { memory: STALLED_FORWARD_MEMORY, file: STALLED_FORWARD_SPILL };
        Self::by(Some(Way::Socket(socket.shared())), Spill::new(bounds, store), Some(STALLED_FORWARD_WAIT))
    }

    /// No descriptor: what comes is held, with the bounds of `like`, until it is taken ([`Self::take`]).
    pub(crate) fn held(like: Held, spill: PathBuf) -> Self {
        let (memory, file, longest_wait) = match like {
            Held::Session => (STALLED_OUTPUT_MEMORY, STALLED_OUTPUT_SPILL, None),
            Held::Forward => (STALLED_FORWARD_MEMORY, STALLED_FORWARD_SPILL, Some(STALLED_FORWARD_WAIT)),
        };
        Self::by(None, Spill::new(Bounds { memory, file }, Storeroom::new(spill)), longest_wait)
    }

    fn by(way: Option<Way>, bytes: Spill, longest_wait: Option<Duration>) -> Self {
        let queue = Mutex::new(Queue { bytes, patience: Patience::default(), broken: None, on_hold: false });
        Self(Arc::new(Shared { way, longest_wait, queue, filled: Notify::new(), eased: Notify::new() }))
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what can be written now and queues the rest; waits a little for a reader that is behind, and else only when
    /// the queue's bounds are reached.
    pub async fn accept(&self, data: &[u8]) {
        if self.queue().bytes.is_behind() {
            self.bear_with().await;
        }
        let full = {
            let mut queue = self.queue();
            let direct = if queue.bytes.is_empty() && !queue.on_hold { self.write_now(&mut queue, data) } else { 0 };
            if direct == data.len() || queue.broken.is_some() {
                return;
            }
            queue.bytes.push(&data[direct..]);
            self.0.filled.notify_one();
            queue.bytes.is_full()
        };
        if full {
            log::debug!("the reader of our output has stalled and the queue is full: the connection pauses");
            self.wait_for_room().await;
        }
    }

    /// Waits until there is room again, or the reader has taken nothing for too long.
    async fn wait_for_room(&self) {
        let Some(longest) = self.0.longest_wait else {
            return self.wait_until(|queue| !queue.bytes.is_full()).await;
        };
        loop {
            let before = self.waiting();
            let eased = self.wait_until(|queue| !queue.bytes.is_full() || queue.bytes.len() < before);
            if timeout(longest, eased).await.is_err() {
                return self.break_off(io::ErrorKind::StorageFull);
            }
            let queue = self.queue();
            if queue.broken.is_some() || !queue.bytes.is_full() {
                return;
            }
        }
    }

    /// Has what is accepted wait, as if its reader took nothing, or lets it go on.
    pub(crate) fn hold(&self, on_hold: bool) {
        self.queue().on_hold = on_hold;
        self.0.filled.notify_one();
    }

    /// Waits for the reader, as long as there is patience for it.
    async fn bear_with(&self) {
        let left = self.queue().patience.left();
        if left.is_zero() {
            return;
        }
        let begun = Instant::now();
        let _ = timeout(left, self.wait_until(|queue| queue.bytes.has_room())).await;
        self.queue().patience.spend(begun.elapsed());
    }

    /// The oldest bytes that are held, `most` at most; none where nothing is.
    ///
    /// # Errors
    /// They are lost: the unlinked file cannot be read.
    pub(crate) fn take(&self, most: usize) -> io::Result<Bytes> {
        let mut queue = self.queue();
        if let Some(kind) = queue.broken {
            return Err(kind.into());
        }
        let taken = match queue.bytes.front() {
            Ok(front) => Bytes::copy_from_slice(&front[..front.len().min(most)]),
            Err(error) => {
                self.mark_broken(&mut queue, &error);
                return Err(error);
            }
        };
        queue.bytes.consume(taken.len());
        queue.patience.earn(taken.len());
        drop(queue);
        self.0.eased.notify_waiters();
        Ok(taken)
    }

    /// Waits until more is held than before. For one who waits.
    pub(crate) async fn filled(&self) {
        self.0.filled.notified().await;
    }

    /// Bytes that wait for the reader.
    pub(crate) fn waiting(&self) -> u64 {
        self.queue().bytes.len()
    }

    /// Waits until no more than so many wait for the reader, or none is there.
    pub(crate) async fn eased_to(&self, bytes: u64) {
        self.wait_until(|queue| queue.bytes.len() <= bytes).await;
    }

    /// Writes without waiting, until all is written or nothing more can be; returns how many bytes went.
    fn write_now(&self, queue: &mut Queue, data: &[u8]) -> usize {
        let mut done = 0;
        while done < data.len() {
            match self.write_once(&data[done..]) {
                Ok(n) => done += n,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => {
                    self.mark_broken(queue, &error);
                    break;
                }
            }
        }
        done
    }

    fn write_once(&self, data: &[u8]) -> io::Result<usize> {
        loop {
            let written = match &self.0.way {
                Some(Way::Plain(fd)) => rustix::io::write(fd, data),
                Some(Way::Nonblocking(fd)) => rustix::io::write(fd, data),
                Some(Way::Socket(fd)) => rustix::net::send(fd, data, SendFlags::DONTWAIT | SendFlags::NOSIGNAL),
                Some(Way::Thread(_)) | None => Err(Errno::AGAIN),
            };
            match written {
                Err(Errno::INTR) => {}
                done => return done.map_err(io::Error::from),
            }
        }
    }

    fn mark_broken(&self, queue: &mut Queue, error: &io::Error) {
        log::debug!("writing output failed: {error}");
        queue.broken = Some(error.kind());
        self.0.eased.notify_waiters();
    }

    /// Writes nothing more: what is queued is dropped, and whoever waits for it goes on.
    pub(crate) fn cut(&self) {
        self.break_off(io::ErrorKind::TimedOut);
    }

    fn break_off(&self, kind: io::ErrorKind) {
        self.queue().broken.get_or_insert(kind);
        self.0.eased.notify_waiters();
    }

    async fn wait_until(&self, done: impl Fn(&Queue) -> bool) {
        loop {
            let eased = self.0.eased.notified();
            tokio::pin!(eased);
            eased.as_mut().enable();
            {
                let queue = self.queue();
                if queue.broken.is_some() || done(&queue) {
                    return;
                }
            }
            eased.await;
        }
    }

    /// Writes the queue out as the reader takes it, for ever. Run it as a task of its own.
    pub async fn drain(self) {
        loop {
            self.0.filled.notified().await;
            while self.drain_some().await {}
        }
    }

    async fn drain_some(&self) -> bool {
        let blocked = {
            let mut queue = self.queue();
            if queue.bytes.is_empty() || queue.on_hold || queue.broken.is_some() {
                return false;
            }
            let written = queue.bytes.front().and_then(|front| self.write_once(&front[..front.len().min(PIECE)]));
            match written {
                Ok(n) => {
                    queue.bytes.consume(n);
                    queue.patience.earn(n);
                    false
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => true,
                Err(error) => {
                    self.mark_broken(&mut queue, &error);
                    return false;
                }
            }
        };
        if blocked {
            self.writable().await;
        }
        // A thread may have written while we waited.
        self.0.eased.notify_waiters();
        true
    }

    async fn writable(&self) {
        match &self.0.way {
            Some(Way::Socket(fd)) => wait_writable(fd).await,
            Some(Way::Nonblocking(fd)) => wait_writable(fd).await,
            Some(Way::Thread(fd)) => self.write_in_thread(fd).await,
            Some(Way::Plain(_)) | None => {}
        }
    }

    async fn write_in_thread(&self, fd: &OwnedFd) {
        let front = self.queue().bytes.front().map(|front| front[..front.len().min(PIECE)].to_owned());
        let own = fd.as_fd().try_clone_to_owned();
        let (Ok(front), Ok(own)) = (front, own) else { return };
        let written = tokio::task::spawn_blocking(move || rustix::io::write(&own, &front)).await;
        let mut queue = self.queue();
        match written {
            Ok(Ok(n)) => queue.bytes.consume(n),
            Ok(Err(Errno::INTR)) | Err(_) => {}
            Ok(Err(error)) => self.mark_broken(&mut queue, &error.into()),
        }
    }

    /// Waits until everything accepted so far is written, or never can be.
    pub async fn flushed(&self) {
        self.wait_until(|queue| queue.bytes.is_empty()).await;
    }

    /// Waits until nobody can read this output any more (EPIPE) or writing it failed otherwise.
    pub async fn broke(&self) -> io::ErrorKind {
        self.wait_until(|_| false).await;
        self.queue().broken.unwrap_or(io::ErrorKind::BrokenPipe)
    }
}

async fn wait_writable(fd: &AsyncFd<OwnedFd>) {
    if let Ok(mut guard) = fd.writable().await {
        guard.clear_ready();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[tokio::test]
    async fn what_is_held_is_taken_in_order_and_its_giver_goes_on() {
        let output = Output::held(Held::Forward, "/nonexistent".into());
        let giver = output.clone();
        let size = STALLED_FORWARD_MEMORY + 10;
        // More than memory takes, and no file is to be had: the second piece waits for room.
        let giving = tokio::spawn(async move {
            giver.accept(&vec![1; size]).await;
            giver.accept(b"23").await;
        });
        let mut taken = Vec::new();
        while taken.len() < size + 2 {
            match output.take(1 << 16).unwrap() {
                piece if piece.is_empty() => output.filled().await,
                piece => taken.extend_from_slice(&piece),
            }
        }
        giving.await.unwrap();
        assert_eq!(taken[size..], *b"23");
        output.cut();
        assert!(output.take(1).is_err());
    }

    /// What a forwarded connection has where there is no room at all.
    fn cramped() -> Output {
        let bytes = Spill::new(Bounds { memory: 10, file: 0 }, Storeroom::new(std::env::temp_dir()));
        Output::by(None, bytes, Some(STALLED_FORWARD_WAIT))
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_takes_nothing_is_given_up_where_there_is_no_room() {
        let output = cramped();
        output.accept(&[1; 20]).await;
        assert_eq!(output.take(1).unwrap_err().kind(), io::ErrorKind::StorageFull);
        output.accept(&[1; 20]).await;
        assert_eq!(output.broke().await, io::ErrorKind::StorageFull);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_takes_a_little_is_waited_for() {
        let output = cramped();
        let giver = output.clone();
        let giving = tokio::spawn(async move { giver.accept(&[1; 20]).await });
        let mut taken = 0;
        while taken < 20 {
            tokio::time::sleep(STALLED_FORWARD_WAIT - Duration::from_secs(1)).await;
            taken += output.take(1).unwrap().len();
        }
        giving.await.unwrap();
    }

    #[tokio::test]
    async fn what_is_on_hold_is_written_when_it_may_go_on() {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let output = Output::open(theirs.as_fd(), std::env::temp_dir()).unwrap();
        let drain = tokio::spawn(output.clone().drain());
        output.accept(b"a").await;
        output.hold(true);
        output.accept(b"b").await;
        tokio::task::yield_now().await;
        let mut bytes = [0; 4];
        assert_eq!((&ours).read(&mut bytes).unwrap(), 1, "nothing but what came before");
        assert_eq!(output.waiting(), 1);
        output.hold(false);
        tokio::time::timeout(Duration::from_secs(10), output.flushed()).await.unwrap();
        drain.abort();
        assert_eq!((&ours).read(&mut bytes).unwrap(), 1);
        assert_eq!(bytes[0], b'b');
    }

    #[tokio::test]
    async fn whoever_waits_for_a_threads_writing_is_woken() {
        let (mut reader, writer) = io::pipe().unwrap();
        let bytes = Spill::new(Bounds { memory: 100, file: 100 }, Storeroom::new(std::env::temp_dir()));
        let output = Output::by(Some(Way::Thread(writer.into())), bytes, None);
        output.accept(b"hello").await;
        let drain = tokio::spawn(output.clone().drain());
        tokio::time::timeout(Duration::from_secs(10), output.flushed()).await.unwrap();
        drain.abort();
        let mut bytes = [0; 5];
        reader.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"hello");
    }
}
