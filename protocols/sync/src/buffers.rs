//! Buffers that are used again: a fresh one of a MiB costs the system as much as reading it full.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits::SPARE_BUFFERS;

/// Those that nobody uses now.
#[derive(Debug, Default)]
pub(crate) struct Buffers(Mutex<Vec<Vec<u8>>>);

impl Buffers {
    fn spare(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One that nobody uses, or a new one.
    pub(crate) fn take(&self) -> Vec<u8> {
        self.spare().pop().unwrap_or_default()
    }

    /// Takes back one that is used no more.
    pub(crate) fn give(&self, buffer: Vec<u8>) {
        let mut spare = self.spare();
        if spare.len() < SPARE_BUFFERS {
            spare.push(buffer);
        }
    }

    /// One of this length. What is in it is not said.
    pub(crate) fn lend(&self, length: usize) -> Lent<&Self> {
        Lent::of(self, length)
    }

    /// The same for somebody who may have it longer than us.
    pub(crate) fn lend_out(self: &Arc<Self>, length: usize) -> Lent<Arc<Self>> {
        Lent::of(Arc::clone(self), length)
    }
}

/// A buffer that goes back when it is dropped.
pub(crate) struct Lent<O: Deref<Target = Buffers>> {
    buffer: Vec<u8>,
    length: usize,
    owner: O,
}

impl<O: Deref<Target = Buffers>> Lent<O> {
    fn of(owner: O, length: usize) -> Self {
        let mut buffer = owner.take();
        if buffer.len() < length {
            buffer.resize(length, 0);
        }
        Self { buffer, length, owner }
    }
}

impl<O: Deref<Target = Buffers>> Deref for Lent<O> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.buffer[..self.length]
    }
}

impl<O: Deref<Target = Buffers>> DerefMut for Lent<O> {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[..self.length]
    }
}

impl<O: Deref<Target = Buffers>> AsRef<[u8]> for Lent<O> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl<O: Deref<Target = Buffers>> Drop for Lent<O> {
    fn drop(&mut self) {
        self.owner.give(std::mem::take(&mut self.buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_again() {
        let buffers = Arc::new(Buffers::default());
        let (one, other) = (buffers.lend(10), buffers.lend_out(20));
        assert_eq!((one.len(), other.len()), (10, 20));
        let place = other.as_ptr();
        drop(one);
        drop(other);
        let again = buffers.lend(15);
        assert_eq!((again.as_ptr(), again.len()), (place, 15));
    }

    #[test]
    fn no_more_are_kept_than_are_of_use() {
        let buffers = Buffers::default();
        let all: Vec<_> = (0..SPARE_BUFFERS * 2).map(|_| buffers.lend(1)).collect();
        drop(all);
        assert_eq!(buffers.spare().len(), SPARE_BUFFERS);
    }
}
