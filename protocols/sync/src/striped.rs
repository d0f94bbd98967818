//! Several streams as one: byte after byte, a stripe on each in turn.
//!
//! One SSH channel takes no more than its window a round trip; several take that much each. Both ends count the bytes, so nothing
//! but the contents travels, whatever pieces they come in, and nothing waits out of order: the reader reads each stream in its
//! turn, and what the others bring meanwhile stays in their windows.

use std::io::{self, Read, Write};

use crate::limits::STRIPE;

/// Streams, and whose turn it is. With one alone it is that stream.
pub(crate) struct Striped<T> {
    streams: Vec<T>,
    turn: usize,
    /// What is left of the stripe.
    left: usize,
}

impl<T> Striped<T> {
    pub(crate) fn new(first: T) -> Self {
        Self { streams: vec![first], turn: 0, left: STRIPE }
    }

    /// From the next byte on these streams take part too.
    pub(crate) fn widen(&mut self, more: impl IntoIterator<Item = T>) {
        self.streams.extend(more);
        (self.turn, self.left) = (0, STRIPE);
    }

    /// The stream whose turn it is, and how many bytes of this many are its own.
    fn now(&mut self, wanted: usize) -> (&mut T, usize) {
        if self.left == 0 {
            self.turn = (self.turn + 1) % self.streams.len();
            self.left = STRIPE;
        }
        let most = if self.streams.len() == 1 { wanted } else { wanted.min(self.left) };
        (&mut self.streams[self.turn], most)
    }

    fn passed(&mut self, bytes: usize) {
        if self.streams.len() > 1 {
            self.left -= bytes;
        }
    }
}

impl<T: Read> Read for Striped<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (stream, most) = self.now(buffer.len());
        let n = stream.read(&mut buffer[..most])?;
        self.passed(n);
        Ok(n)
    }
}

impl<T: Write> Write for Striped<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (stream, most) = self.now(bytes.len());
        let n = stream.write(&bytes[..most])?;
        self.passed(n);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.streams.iter_mut().try_for_each(Write::flush)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_in_stripes_is_read_in_order(
            before in 0_usize..3 * STRIPE, after in 0_usize..9 * STRIPE, more in 0_usize..5, pieces in prop::collection::vec(1_usize..2 * STRIPE, 1..9),
        ) {
            let text: Vec<u8> = (0..before + after).map(|n| (n * 31 % 251) as u8).collect();
            let mut out = Striped::new(Vec::new());
            out.write_all(&text[..before]).unwrap();
            out.widen(vec![Vec::new(); more]);
            let (mut rest, mut sizes) = (&text[before..], pieces.iter().cycle());
            while !rest.is_empty() {
                let (piece, later) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
                out.write_all(piece).unwrap();
                rest = later;
            }
            let mut lines = out.streams.iter().map(Vec::as_slice);
            let mut input = Striped::new(lines.next().unwrap());
            let mut read = vec![0; before];
            input.read_exact(&mut read).unwrap();
            input.widen(lines);
            let mut sizes = pieces.iter().rev().cycle();
            while read.len() < text.len() {
                let at = read.len();
                read.resize((at + sizes.next().unwrap()).min(text.len()), 0);
                input.read_exact(&mut read[at..]).unwrap();
            }
            prop_assert!(read == text);
        }
    }
}
