//! More lanes than one: they are opened on long lines, carry what is sent, and a run without them, or that loses one, ends in order.

use std::collections::HashMap;
use std::fs;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::Duration;

use xssh_sync::lanes::{Joining, Landing, Lanes};
use xssh_sync::{Near, Nobody, Options, Role, Start, Summary, SyncError, client, serve};

use super::pair::{Pair, open};

const KEY: [u8; 32] = [7; 32];

/// Pipes between the two sides.
#[derive(Default)]
struct Between {
    most: u8,
    /// A lane takes so many bytes and then breaks.
    breaks_after: Option<u64>,
    expected: Mutex<bool>,
    waiting: Mutex<HashMap<u8, PipeReader>>,
    open: Mutex<bool>,
    opened: Condvar,
    carried: AtomicU64,
}

struct Lane {
    pipe: PipeWriter,
    left: Option<u64>,
}

impl Write for Lane {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(bytes.len() as u64).ok_or(io::ErrorKind::BrokenPipe)?;
        }
        self.pipe.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pipe.flush()
    }
}

/// Notes what it gives.
struct Landed<'a>(PipeReader, &'a AtomicU64);

impl Read for Landed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.0.read(buffer)?;
        self.1.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

impl Lanes for Between {
    fn most(&self) -> u8 {
        self.most
    }

    fn open(&self, joining: Joining) -> io::Result<Box<dyn Write + Send>> {
        assert!(joining.key == KEY && *self.expected.lock().unwrap());
        let (reader, pipe) = io::pipe()?;
        self.waiting.lock().unwrap().insert(joining.number, reader);
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
        Ok(Box::new(Lane { pipe, left: self.breaks_after }))
    }

    fn close(&self) {}
}

impl Landing for &'static Between {
    fn expect(&self, key: [u8; 32]) -> io::Result<()> {
        assert_eq!(key, KEY);
        *self.expected.lock().unwrap() = true;
        Ok(())
    }

    fn take(&self, number: u8) -> Option<Box<dyn Read + Send>> {
        let reader = self.waiting.lock().unwrap().remove(&number)?;
        Some(Box::new(Landed(reader, &self.carried)))
    }
}

/// The line to the helper: where lanes may be had, it takes no more than makes them worth it until they are open, however late that is.
struct Narrow<'a> {
    pipe: PipeReader,
    /// So much before that.
    left: Option<usize>,
    between: &'a Between,
}

impl Read for Narrow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == Some(0) {
            let open = self.between.open.lock().unwrap();
            drop(self.between.opened.wait_while(open, |open| !*open).unwrap());
            self.left = None;
        }
        let n = self.pipe.read(buffer)?;
        self.left = self.left.map(|left| left.saturating_sub(n));
        Ok(n)
    }
}

/// The far end is this far away: what it says comes so much later.
struct Late<W>(W, Duration);

impl<W: Write> Write for Late<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        thread::sleep(self.1);
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A run over a line this long, and what lanes carried of it.
fn push(pair: &Pair, between: Between, trip: Duration) -> (Result<Summary, SyncError>, u64) {
    let between: &'static Between = Box::leak(Box::new(between));
    let start = Start {
        paths: vec![pair.target().as_os_str().as_bytes().to_vec()],
        options: Options { compress: Some(false), ..Options::default() },
        ..Start::new(Role::Target, KEY)
    };
    let (from_helper, to_client) = io::pipe().unwrap();
    let (from_client, to_helper) = io::pipe().unwrap();
    let result = thread::scope(|scope| {
        scope.spawn(|| {
            let target = pair.target();
            let input = Narrow { pipe: from_client, left: (between.most > 0).then_some(2 << 20), between };
            let _ = serve(input, Late(to_client, trip), Some(&between), &Nobody, &mut |start| {
                Ok(open(&target, Role::Target, start))
            });
        });
        let mut tree = open(&pair.source(), Role::Source, &start).tree;
        client(&start, Near::Source(&mut tree, Some(between)), from_helper, to_helper, &Nobody)
    });
    (result, between.carried.load(Ordering::Relaxed))
}

fn pair() -> Pair {
    let pair = Pair::new();
    for number in 0..400_u32 {
        let bytes: Vec<u8> = (0..50_000_u32).map(|at| (at.wrapping_mul(number | 1) >> 7) as u8).collect();
        fs::write(pair.source().join(format!("f{number}")), bytes).unwrap();
    }
    fs::write(pair.source().join("large"), vec![3; 9 << 20]).unwrap();
    pair
}

const LONG: Duration = Duration::from_millis(60);

#[test]
fn a_long_line_gets_more_lanes_and_all_arrives() {
    let pair = pair();
    let (result, carried) = push(&pair, Between { most: 7, ..Between::default() }, LONG);
    assert_eq!(result.unwrap().files, 401);
    assert!(carried > 1 << 20, "only {carried} bytes went over other lanes");
    pair.assert_alike();
}

#[test]
fn no_more_lanes_than_the_user_allows() {
    let pair = pair();
    let (result, carried) = push(&pair, Between::default(), LONG);
    assert_eq!((result.unwrap().files, carried), (401, 0));
    pair.assert_alike();
}

#[test]
fn a_lane_that_breaks_ends_the_run_and_the_next_goes_on() {
    let pair = pair();
    let (result, _) = push(&pair, Between { most: 7, breaks_after: Some(100_000), ..Between::default() }, LONG);
    assert!(matches!(result, Err(SyncError::Line(_))), "{result:?}");
    let (result, _) = push(&pair, Between { most: 7, ..Between::default() }, LONG);
    assert!(result.unwrap().files < 401);
    pair.assert_alike();
}
