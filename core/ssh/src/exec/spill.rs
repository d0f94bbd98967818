//! A queue of bytes that lives in memory up to a bound, then in an unlinked file up to another.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{FallocateFlags, Mode, OFlags, fallocate, open};

/// Where an unlinked file may be when the directory for temporary files does not do.
const ELSEWHERE: &str = "/var/tmp";

/// The bounds of one queue, in bytes: what it holds in memory, and what all in its storeroom hold in files.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) memory: usize,
    pub(super) file: u64,
}

/// Where queues have their files, and what these hold together. Clones are the same storeroom.
#[derive(Debug, Clone, Default)]
pub struct Storeroom {
    /// Each is tried where those before it do not do.
    directories: Vec<PathBuf>,
    held: Arc<AtomicU64>,
}

impl Storeroom {
    /// An empty one; `directory` is that for temporary files.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self { directories: vec![directory, ELSEWHERE.into()], held: Arc::default() }
    }

    fn names(&self) -> String {
        let names: Vec<_> = self.directories.iter().map(|directory| directory.display().to_string()).collect();
        names.join(" or ")
    }
}

/// First in, first out. Once the file holds anything, what is new goes behind it, so that the order holds.
pub(super) struct Spill {
    bounds: Bounds,
    store: Storeroom,
    /// Which of the directories is in use.
    place: usize,
    memory: VecDeque<u8>,
    file: Option<File>,
    read: u64,
    written: u64,
    /// What the file refused, behind all that it holds: a packet or two, since the queue is full as long as there is any.
    tail: Vec<u8>,
    /// It was said that no file takes anything.
    told: bool,
}

impl Spill {
    pub(super) fn new(bounds: Bounds, store: Storeroom) -> Self {
        let (memory, tail) = (VecDeque::new(), Vec::new());
        Self { bounds, store, place: 0, memory, file: None, read: 0, written: 0, tail, told: false }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.memory.is_empty() && self.is_in_memory()
    }

    /// Whether all that waits is in `memory`.
    fn is_in_memory(&self) -> bool {
        self.read == self.written && self.tail.is_empty()
    }

    /// How much waits, in memory and in the file.
    pub(super) fn len(&self) -> u64 {
        (self.memory.len() + self.tail.len()) as u64 + self.written - self.read
    }

    /// Whether the next piece goes to the file, and none is there yet.
    pub(super) fn is_behind(&self) -> bool {
        self.is_in_memory() && self.memory.len() >= self.bounds.memory
    }

    /// Whether memory has room again for more than a piece.
    pub(super) fn has_room(&self) -> bool {
        self.memory.len() <= self.bounds.memory / 4 * 3
    }

    /// Whether the writer must wait: both bounds are reached, or no file is to be had.
    pub(super) fn is_full(&self) -> bool {
        if self.is_in_memory() && self.memory.len() < self.bounds.memory {
            return false;
        }
        !self.tail.is_empty() || self.store.held.load(Ordering::Relaxed) >= self.bounds.file
    }

    /// Appends `data`, a packet at most. It is kept where the file refuses it, since it has to go somewhere; the queue is
    /// full from then on.
    pub(super) fn push(&mut self, data: &[u8]) {
        if self.is_in_memory() && self.memory.len() < self.bounds.memory {
            self.memory.extend(data);
            return;
        }
        if self.tail.is_empty() {
            match self.append(data) {
                Ok(()) => return,
                Err(error) if !self.told => {
                    log::warn!("cannot spill output to {}: {error}; waiting for its reader", self.store.names());
                    self.told = true;
                }
                Err(_) => {}
            }
        }
        self.tail.extend(data);
    }

    /// Writes `data` to the file. While that holds nothing, it may as well be in another directory.
    fn append(&mut self, data: &[u8]) -> io::Result<()> {
        loop {
            let Err(error) = self.write(data) else { return Ok(()) };
            if self.read < self.written || self.place + 1 >= self.store.directories.len() {
                return Err(error);
            }
            self.place += 1;
            self.file = None;
        }
    }

    fn write(&mut self, data: &[u8]) -> io::Result<()> {
        let file = match &self.file {
            Some(file) => file,
            None => {
                let directory = self.store.directories.get(self.place).ok_or(io::ErrorKind::NotFound)?;
                log::debug!("an output is stalled: spilling to an unlinked file in {}", directory.display());
                self.file.insert(unlinked(directory)?)
            }
        };
        file.write_all_at(data, self.written)?;
        self.written += data.len() as u64;
        self.store.held.fetch_add(data.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    /// Moves the file's next piece into memory.
    fn refill(&mut self) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let room = (self.written - self.read).min(64 << 10) as usize;
        let mut piece = vec![0; room];
        file.read_exact_at(&mut piece, self.read)?;
        self.memory.extend(piece);
        // Not every file system can give room back from the middle; then it comes back at the end.
        let _ = fallocate(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, self.read, room as u64);
        self.read += room as u64;
        self.store.held.fetch_sub(room as u64, Ordering::Relaxed);
        if self.read == self.written {
            file.set_len(0)?;
            (self.read, self.written) = (0, 0);
        }
        Ok(())
    }

    /// The oldest bytes; empty only where the queue is.
    ///
    /// # Errors
    /// The file can no longer be read: its bytes are lost, which ends the output.
    pub(super) fn front(&mut self) -> io::Result<&[u8]> {
        if self.memory.is_empty() {
            if self.read < self.written {
                self.refill()?;
            } else {
                self.memory.extend(std::mem::take(&mut self.tail));
            }
        }
        Ok(self.memory.as_slices().0)
    }

    /// Drops the `n` oldest bytes, which [`Self::front`] showed.
    pub(super) fn consume(&mut self, n: usize) {
        self.memory.drain(..n);
        if self.is_empty() {
            self.memory.shrink_to(64 << 10);
        }
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        self.store.held.fetch_sub(self.written - self.read, Ordering::Relaxed);
    }
}

fn unlinked(directory: &Path) -> io::Result<File> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    Ok(File::from(open(directory, flags, Mode::RUSR | Mode::WUSR)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BOUNDS: Bounds = Bounds { memory: 100, file: 1000 };

    proptest! {
        #[test]
        fn what_goes_in_comes_out_in_order(steps in proptest::collection::vec((0..300_usize, 0..300_usize), 1..60)) {
            let mut queue = Spill::new(BOUNDS, Storeroom::new(std::env::temp_dir()));
            let (mut next_in, mut next_out) = (0_u8, 0_u8);
            for (push, take) in steps {
                if !queue.is_full() {
                    let data: Vec<u8> = (0..push).map(|_| { next_in = next_in.wrapping_add(1); next_in }).collect();
                    queue.push(&data);
                }
                prop_assert!(queue.memory.len() as u64 <= BOUNDS.memory as u64 + BOUNDS.file + 300);
                prop_assert_eq!(queue.len().to_le_bytes()[0], next_in.wrapping_sub(next_out));
                let mut wanted = take;
                while wanted > 0 && !queue.is_empty() {
                    let front = queue.front().unwrap();
                    let n = front.len().min(wanted);
                    for &byte in &front[..n] {
                        next_out = next_out.wrapping_add(1);
                        prop_assert_eq!(byte, next_out);
                    }
                    queue.consume(n);
                    wanted -= n;
                }
            }
        }
    }

    /// A storeroom of these directories, and no other.
    fn only(directories: &[&str]) -> Storeroom {
        Storeroom { directories: directories.iter().map(PathBuf::from).collect(), held: Arc::default() }
    }

    fn drained(queue: &mut Spill) -> Vec<u8> {
        let mut all = Vec::new();
        while !queue.is_empty() {
            let front = queue.front().unwrap().to_owned();
            queue.consume(front.len());
            all.extend(front);
        }
        all
    }

    #[test]
    fn without_a_directory_it_is_full_when_memory_is() {
        let mut queue = Spill::new(BOUNDS, only(&["/nonexistent"]));
        queue.push(&[1; 150]);
        assert!(!queue.is_full());
        queue.push(&[2; 10]);
        assert!(queue.is_full());
        assert_eq!(queue.len(), 160);
        assert_eq!(drained(&mut queue), [&[1; 150][..], &[2; 10]].concat());
        assert!(!queue.is_full());
    }

    #[test]
    fn another_directory_does_where_the_first_does_not() {
        let here = std::env::temp_dir();
        let mut queue = Spill::new(BOUNDS, only(&["/nonexistent", here.to_str().unwrap()]));
        queue.push(&[1; 150]);
        queue.push(&[2; 10]);
        assert!(!queue.is_full());
        assert_eq!(drained(&mut queue), [&[1; 150][..], &[2; 10]].concat());
    }

    /// What a full disk refuses waits behind what the file holds, which stays there.
    #[test]
    fn what_the_file_refuses_stays_behind_what_it_holds() {
        let mut queue = Spill::new(BOUNDS, only(&[std::env::temp_dir().to_str().unwrap()]));
        queue.push(&[1; 100]);
        queue.push(&[2; 50]);
        let kept = queue.file.take();
        // Nothing can be written to this one, and nothing else is tried while there is something in it.
        queue.file = Some(File::open("/dev/null").unwrap());
        queue.push(&[3; 10]);
        queue.file = kept;
        assert!(queue.is_full());
        assert_eq!((queue.memory.len(), queue.tail.len(), queue.len()), (100, 10, 160));
        queue.push(&[4; 10]);
        assert_eq!(drained(&mut queue), [&[1; 100][..], &[2; 50], &[3; 10], &[4; 10]].concat());
        assert!(!queue.is_full());
    }

    #[test]
    fn what_cannot_be_read_again_is_an_error_and_not_left_out() {
        let mut queue = Spill::new(BOUNDS, only(&[std::env::temp_dir().to_str().unwrap()]));
        queue.push(&[1; 100]);
        queue.push(&[2; 50]);
        queue.file = Some(File::open("/dev/null").unwrap());
        queue.consume(100);
        assert!(queue.front().is_err());
        assert!(!queue.is_empty());
    }

    #[test]
    fn the_files_of_a_storeroom_have_one_bound() {
        let store = only(&[std::env::temp_dir().to_str().unwrap()]);
        let [mut one, mut other] = [(); 2].map(|()| Spill::new(BOUNDS, store.clone()));
        one.push(&[1; 100]);
        one.push(&[1; 1000]);
        other.push(&[2; 100]);
        assert!(one.is_full() && other.is_full());
        drop(one);
        assert!(!other.is_full());
        assert_eq!(store.held.load(Ordering::Relaxed), 0);
    }
}
