//! A line with a long way: a TCP relay on loopback that holds every byte back for half a round trip, each way.
//!
//! It stands in for netem where the kernel has none. What it models, for a round trip time `R`:
//!
//! * **The way.** A byte that is read at `t` is written at `t + R/2`, in order. What is under way is not limited by a
//!   window: up to [`IN_FLIGHT`] pieces of at most [`PIECE`] bytes each direction, then the relay stops reading.
//! * **The handshake.** The kernel completes a client's `connect()` on loopback at once, where on a real line it would
//!   return after `R`. So until a client was sent its first byte, its clock is taken to run `R` early: what it sends until
//!   then is written at `t + R + R/2`. The server is connected to at `1.5 R` after the client's connection was accepted,
//!   which is when a handshake's last packet would have arrived there. A client that writes first therefore sees its
//!   answer after `2 R`, and a server's greeting arrives after `2 R`, as on a real line.
//! * **The end.** The end of one direction is handed on in its place in the queue, as a half-close.
//!
//! What it does not model: loss, bandwidth, slow start, and acknowledgements that travel. The relay acknowledges at once
//! (TCP_QUICKACK, TCP_NODELAY), so a client that delays its acknowledgements is not made to pay for it here.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// Pieces under way in one direction of one connection.
pub const IN_FLIGHT: usize = 1024;
/// The largest piece, bytes.
pub const PIECE: usize = 256 << 10;

const OVERSLEEP: Duration = Duration::from_micros(400);

/// A relay that delays. Dropping it stops accepting and cuts the connections that are open.
pub struct DelayLine {
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    open: Open,
    carried: Arc<AtomicU64>,
}

/// The sockets of the connections that are relayed now, to cut them.
#[derive(Clone, Default)]
struct Open(Arc<Mutex<Vec<Weak<TcpStream>>>>);

impl Open {
    fn keep(&self, stream: TcpStream) -> Arc<TcpStream> {
        let _ = stream.set_nodelay(true);
        let stream = Arc::new(stream);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|weak| weak.strong_count() > 0);
        open.push(Arc::downgrade(&stream));
        stream
    }

    fn cut(&self) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in open.drain(..).filter_map(|weak| weak.upgrade()) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl DelayLine {
    /// Listens on a free port of loopback and relays each connection to `target`, `round_trip` away.
    pub fn start(target: SocketAddr, round_trip: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let line = Self {
            address: listener.local_addr()?,
            stopping: Arc::default(),
            open: Open::default(),
            carried: Arc::default(),
        };
        let (stopping, open, carried) = (line.stopping.clone(), line.open.clone(), line.carried.clone());
        thread::spawn(move || {
            for client in listener.incoming() {
                if stopping.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(client) = client else { continue };
                let (accepted, open, carried) = (Instant::now(), open.clone(), carried.clone());
                thread::spawn(move || relay(client, accepted, target, round_trip, &open, &carried));
            }
        });
        Ok(line)
    }

    /// Where clients connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Bytes that were taken from either side so far, of all connections.
    #[must_use]
    pub fn carried(&self) -> Arc<AtomicU64> {
        self.carried.clone()
    }
}

impl Drop for DelayLine {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        // Wakes the accepting thread, which then sees that it is to stop.
        drop(TcpStream::connect(self.address));
        self.open.cut();
    }
}

/// What is under way: bytes, or with none of them the end of the stream, and when it is due.
struct Piece {
    due: Instant,
    bytes: Vec<u8>,
}

/// Relays one connection until both directions have ended. A failure to connect cuts the client, as a line would.
fn relay(
    client: TcpStream,
    accepted: Instant,
    target: SocketAddr,
    round_trip: Duration,
    open: &Open,
    carried: &AtomicU64,
) {
    let half = round_trip / 2;
    let client = open.keep(client);
    let greeted = AtomicBool::new(false);
    let early = |at| {
        if greeted.load(Ordering::Acquire) { at } else { at + round_trip }
    };
    let (up, up_end) = sync_channel(IN_FLIGHT);
    let (down, down_end) = sync_channel(IN_FLIGHT);
    thread::scope(|scope| {
        scope.spawn(|| collect(&client, &up, carried, |at| early(at) + half));
        sleep_until(accepted + round_trip + half);
        let Ok(server) = TcpStream::connect(target).map(|server| open.keep(server)) else {
            let _ = client.shutdown(Shutdown::Both);
            return;
        };
        let (server_reading, server_writing) = (server.clone(), server);
        scope.spawn(move || collect(&server_reading, &down, carried, |at| at + half));
        scope.spawn(move || deliver(&server_writing, &up_end, || ()));
        deliver(&client, &down_end, || greeted.store(true, Ordering::Release));
    });
}

/// Reads pieces and stamps them with the time they are due.
fn collect(mut from: &TcpStream, pieces: &SyncSender<Piece>, carried: &AtomicU64, due: impl Fn(Instant) -> Instant) {
    let mut buffer = vec![0; PIECE];
    loop {
        // The kernel falls back to delayed acknowledgements by itself: asked for anew before each read.
        let _ = rustix::net::sockopt::set_tcp_quickack(from, true);
        let read = from.read(&mut buffer).unwrap_or(0);
        carried.fetch_add(read as u64, Ordering::Relaxed);
        let piece = Piece { due: due(Instant::now()), bytes: buffer[..read].to_vec() };
        if pieces.send(piece).is_err() || read == 0 {
            return;
        }
    }
}

/// Writes pieces when they are due; `before` runs ahead of each write.
fn deliver(mut to: &TcpStream, pieces: &Receiver<Piece>, before: impl Fn()) {
    while let Ok(piece) = pieces.recv() {
        sleep_until(piece.due);
        if piece.bytes.is_empty() {
            break;
        }
        before();
        if to.write_all(&piece.bytes).is_err() {
            // Nobody listens any more: the other direction has nothing to wait for either.
            let _ = to.shutdown(Shutdown::Both);
            return;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Sleeps until shortly before `due` and yields until then: a sleep alone wakes up to [`OVERSLEEP`] late on an idle
/// virtual machine.
fn sleep_until(due: Instant) {
    while let Some(left) = due.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        match left.checked_sub(OVERSLEEP) {
            Some(sleep) => thread::sleep(sleep),
            None => thread::yield_now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND_TRIP: Duration = Duration::from_millis(50);
    /// What a busy machine may add: less than the half of a round trip that a wrongly counted way would take.
    const ERROR: Duration = Duration::from_millis(20);

    /// A server that sends `greeting` and then echoes; each connection on a thread of its own.
    fn echo(greeting: &'static [u8]) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                stream.set_nodelay(true).unwrap();
                thread::spawn(move || {
                    stream.write_all(greeting).unwrap();
                    let mut copy = stream.try_clone().unwrap();
                    let _ = io::copy(&mut stream, &mut copy);
                    let _ = copy.shutdown(Shutdown::Write);
                });
            }
        });
        address
    }

    /// The least of several measurements: a busy machine can only add to a delay.
    fn least(times: usize, mut measure: impl FnMut() -> Duration) -> Duration {
        (0..times).map(|_| measure()).min().unwrap()
    }

    /// Compares with the same over bare loopback, whose own time is no error of the line.
    fn assert_adds(round_trips: u32, server: SocketAddr, measure: impl Fn(SocketAddr) -> Duration) {
        let line = DelayLine::start(server, ROUND_TRIP).unwrap();
        let (bare, delayed) = (measure(server), measure(line.address()));
        let added = ROUND_TRIP * round_trips;
        assert!(
            (added..added + bare + ERROR).contains(&delayed),
            "{bare:?} became {delayed:?} over {round_trips} round trips of {ROUND_TRIP:?}"
        );
    }

    #[test]
    fn an_answer_takes_a_round_trip() {
        assert_adds(1, echo(b"hello"), |address| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_nodelay(true).unwrap();
            stream.read_exact(&mut [0; 5]).unwrap();
            least(20, || {
                let sent = Instant::now();
                stream.write_all(b"x").unwrap();
                stream.read_exact(&mut [0; 1]).unwrap();
                sent.elapsed()
            })
        });
    }

    #[test]
    fn the_handshake_takes_one_more() {
        for (greeting, first) in [(&b"hello"[..], &b""[..]), (b"", b"x"), (b"hello", b"x")] {
            assert_adds(2, echo(greeting), |address| {
                least(10, || {
                    let begun = Instant::now();
                    let mut stream = TcpStream::connect(address).unwrap();
                    stream.write_all(first).unwrap();
                    let mut answer = vec![0; greeting.len() + first.len()];
                    stream.read_exact(&mut answer).unwrap();
                    begun.elapsed()
                })
            });
        }
    }

    #[test]
    fn what_is_under_way_is_not_held_up_by_a_window() {
        let line = DelayLine::start(echo(b""), Duration::from_millis(200)).unwrap();
        let mut stream = TcpStream::connect(line.address()).unwrap();
        let sent: Vec<u8> = (0..32_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let begun = Instant::now();
        let mut writing = stream.try_clone().unwrap();
        let copy = sent.clone();
        let writer = thread::spawn(move || {
            writing.write_all(&copy).unwrap();
            writing.shutdown(Shutdown::Write).unwrap();
        });
        let mut got = Vec::new();
        stream.read_to_end(&mut got).unwrap();
        writer.join().unwrap();
        assert!(got == sent, "the bytes changed on the way");
        // Two round trips and the copying itself; a window of 256 KiB would need 25 s.
        assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    }

    #[test]
    fn each_end_is_passed_on_for_itself() {
        let line = DelayLine::start(echo(b""), Duration::from_millis(20)).unwrap();
        let mut stream = TcpStream::connect(line.address()).unwrap();
        stream.write_all(b"late").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut got = Vec::new();
        stream.read_to_end(&mut got).unwrap();
        assert_eq!(got, b"late");
    }

    #[test]
    fn dropping_it_cuts_what_is_open() {
        let line = DelayLine::start(echo(b"hello"), Duration::from_millis(2)).unwrap();
        let mut stream = TcpStream::connect(line.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.read_exact(&mut [0; 5]).unwrap();
        drop(line);
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
    }
}
