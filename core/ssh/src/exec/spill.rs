//! A queue of bytes that lives in memory up to a bound, then in an unlinked file up to another.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, open};

/// The bounds of one queue, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) memory: usize,
    pub(super) file: u64,
}

/// First in, first out. Once the file holds anything, what is new goes behind it, so that the order holds.
pub(super) struct Spill {
    bounds: Bounds,
    directory: PathBuf,
    memory: VecDeque<u8>,
    file: Option<File>,
    read: u64,
    written: u64,
    refused: bool,
}

impl Spill {
    pub(super) fn new(bounds: Bounds, directory: PathBuf) -> Self {
        Self { bounds, directory, memory: VecDeque::new(), file: None, read: 0, written: 0, refused: false }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.memory.is_empty() && self.read == self.written
    }

    /// How much waits, in memory and in the file.
    pub(super) fn len(&self) -> u64 {
        self.memory.len() as u64 + self.written - self.read
    }

    /// Whether the next piece goes to the file, and none is there yet.
    pub(super) fn is_behind(&self) -> bool {
        self.read == self.written && self.memory.len() >= self.bounds.memory
    }

    /// Whether memory has room again for more than a piece.
    pub(super) fn has_room(&self) -> bool {
        self.memory.len() <= self.bounds.memory / 4 * 3
    }

    /// Whether the writer must wait: both bounds are reached, or no file is to be had.
    pub(super) fn is_full(&self) -> bool {
        if self.read == self.written && self.memory.len() < self.bounds.memory {
            return false;
        }
        self.refused || self.written - self.read >= self.bounds.file
    }

    /// Appends `data`, a packet at most. Memory takes it where the file fails, since it has to go somewhere; the queue is
    /// full from then on.
    pub(super) fn push(&mut self, data: &[u8]) {
        let in_memory = self.read == self.written && self.memory.len() < self.bounds.memory;
        if in_memory || self.refused {
            self.memory.extend(data);
            return;
        }
        if let Err(error) = self.append(data) {
            log::warn!("cannot spill output to {}: {error}; waiting for its reader", self.directory.display());
            self.refused = true;
            // What the file holds comes before this piece, so all of it has to come back first.
            self.recall();
            self.memory.extend(data);
        }
    }

    fn append(&mut self, data: &[u8]) -> io::Result<()> {
        let file = match &self.file {
            Some(file) => file,
            None => {
                log::debug!("standard output is stalled: spilling to an unlinked file in {}", self.directory.display());
                self.file.insert(unlinked(&self.directory)?)
            }
        };
        file.write_all_at(data, self.written)?;
        self.written += data.len() as u64;
        Ok(())
    }

    /// Moves all that the file holds into memory. It is at most what the file took before it failed.
    fn recall(&mut self) {
        while self.read < self.written {
            if self.refill().is_err() {
                self.read = self.written;
            }
        }
    }

    /// Moves the file's next piece into memory.
    fn refill(&mut self) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let room = (self.written - self.read).min(64 << 10) as usize;
        let mut piece = vec![0; room];
        file.read_exact_at(&mut piece, self.read)?;
        self.memory.extend(piece);
        self.read += room as u64;
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
            self.refill()?;
        }
        Ok(self.memory.as_slices().0)
    }

    /// Drops the `n` oldest bytes, which [`Self::front`] showed.
    pub(super) fn consume(&mut self, n: usize) {
        self.memory.drain(..n);
        if self.is_empty() {
            self.refused = false;
            self.memory.shrink_to(64 << 10);
        }
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
            let mut queue = Spill::new(BOUNDS, std::env::temp_dir());
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

    #[test]
    fn without_a_directory_it_is_full_when_memory_is() {
        let mut queue = Spill::new(BOUNDS, "/nonexistent".into());
        queue.push(&[1; 150]);
        assert!(!queue.is_full() || queue.memory.len() == 150);
        queue.push(&[2; 10]);
        assert!(queue.is_full());
        assert_eq!(queue.memory.len(), 160);
        queue.consume(160);
        assert!(!queue.is_full() && queue.is_empty());
    }
}
