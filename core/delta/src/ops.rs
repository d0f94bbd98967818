//! The operations that make a new file of a basis, and the check of those that a peer sends.

use std::ops::Range;

use crate::error::{DeltaError, OpsFault};

/// The next bytes of the new file. Operations follow one another without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Take `len` bytes at `offset` of the basis.
    Copy {
        /// Where the bytes are in the basis.
        offset: u64,
        /// How many; never 0.
        len: u64,
    },
    /// These bytes of the new file are in no known block: they must be sent. Never empty.
    Literal(Range<u64>),
}

impl Op {
    /// The bytes of the new file that the operation makes.
    pub fn len(&self) -> u64 {
        match self {
            Op::Copy { len, .. } => *len,
            Op::Literal(range) => range.end.saturating_sub(range.start),
        }
    }

    /// Whether the operation makes nothing, which a valid one never does.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Checks the operations that arrive, in order, and says where their bytes go.
///
/// Call [`copy`](OpChecker::copy) or [`literal`](OpChecker::literal) for each, then [`finish`](OpChecker::finish).
/// After an error the checker is not to be used again.
#[derive(Debug)]
pub struct OpChecker {
    basis: u64,
    total: u64,
    made: u64,
}

impl OpChecker {
    /// For a basis of `basis` bytes and a new file that was announced with `total` bytes.
    pub fn new(basis: u64, total: u64) -> Self {
        OpChecker { basis, total, made: 0 }
    }

    /// Bytes of the new file that the operations so far make.
    pub fn made(&self) -> u64 {
        self.made
    }

    /// Checks a copy and gives the offset in the new file where its bytes go.
    ///
    /// # Errors
    /// A copy of nothing, beyond the basis, or beyond the announced length.
    pub fn copy(&mut self, offset: u64, len: u64) -> Result<u64, DeltaError> {
        match offset.checked_add(len) {
            Some(end) if end <= self.basis => self.advance(len),
            _ => Err(DeltaError::Ops(OpsFault::Beyond { offset, len, basis: self.basis })),
        }
    }

    /// Checks a literal of `len` bytes and gives the offset in the new file where they go.
    ///
    /// # Errors
    /// A literal of nothing, or beyond the announced length.
    pub fn literal(&mut self, len: u64) -> Result<u64, DeltaError> {
        self.advance(len)
    }

    /// The end of the operations.
    ///
    /// # Errors
    /// The operations make less than was announced.
    pub fn finish(self) -> Result<(), DeltaError> {
        if self.made == self.total {
            Ok(())
        } else {
            Err(DeltaError::Ops(OpsFault::TooShort { got: self.made, want: self.total }))
        }
    }

    fn advance(&mut self, len: u64) -> Result<u64, DeltaError> {
        if len == 0 {
            return Err(DeltaError::Ops(OpsFault::Empty));
        }
        let start = self.made;
        match start.checked_add(len) {
            Some(end) if end <= self.total => {
                self.made = end;
                Ok(start)
            }
            _ => Err(DeltaError::Ops(OpsFault::TooLong(self.total))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault<T: std::fmt::Debug>(result: Result<T, DeltaError>) -> OpsFault {
        match result {
            Err(DeltaError::Ops(fault)) => fault,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn places_follow_one_another() {
        let mut ops = OpChecker::new(10, 12);
        assert_eq!(ops.copy(5, 5).unwrap(), 0);
        assert_eq!(ops.literal(3).unwrap(), 5);
        assert_eq!(ops.copy(0, 4).unwrap(), 8);
        ops.finish().unwrap();
    }

    #[test]
    fn nothing_goes_beyond_either_file() {
        assert_eq!(fault(OpChecker::new(10, 99).copy(5, 6)), OpsFault::Beyond { offset: 5, len: 6, basis: 10 });
        assert!(matches!(fault(OpChecker::new(10, 99).copy(u64::MAX, 2)), OpsFault::Beyond { .. }));
        assert_eq!(fault(OpChecker::new(10, 4).copy(0, 5)), OpsFault::TooLong(4));
        assert_eq!(fault(OpChecker::new(10, 4).literal(u64::MAX)), OpsFault::TooLong(4));
        let mut ops = OpChecker::new(0, u64::MAX);
        ops.literal(u64::MAX - 1).unwrap();
        assert_eq!(fault(ops.literal(2)), OpsFault::TooLong(u64::MAX));
    }

    #[test]
    fn empty_operations_and_short_files_are_refused() {
        assert_eq!(fault(OpChecker::new(10, 4).copy(3, 0)), OpsFault::Empty);
        assert_eq!(fault(OpChecker::new(10, 4).literal(0)), OpsFault::Empty);
        assert_eq!(fault(OpChecker::new(10, 4).finish()), OpsFault::TooShort { got: 0, want: 4 });
        OpChecker::new(10, 0).finish().unwrap();
    }
}
