//! Buffers that are used again: a fresh one of a MiB costs the system as much as reading it full.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Those that nobody uses now.
#[derive(Debug, Default)]
pub(crate) struct Buffers(Mutex<Vec<Vec<u8>>>);

impl Buffers {
    /// One of this length. What is in it is not said.
    pub(crate) fn lend(&self, length: usize) -> Lent<'_> {
        let mut buffer = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        buffer.resize(length, 0);
        Lent { buffer, owner: self }
    }
}

/// A buffer that goes back when it is dropped.
pub(crate) struct Lent<'a> {
    buffer: Vec<u8>,
    owner: &'a Buffers,
}

impl Deref for Lent<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.buffer
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.buffer
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        self.owner.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_again() {
        let buffers = Buffers::default();
        let (one, other) = (buffers.lend(10), buffers.lend(20));
        assert_eq!((one.len(), other.len()), (10, 20));
        let place = other.as_ptr();
        drop(one);
        drop(other);
        assert_eq!(buffers.lend(20).as_ptr(), place);
    }
}
