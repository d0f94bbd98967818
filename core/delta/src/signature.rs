//! The signature of a basis: two sums for each of its blocks.
//!
//! The target makes it with [`signature`] and sends its bytes; the source checks them with [`BasisSignature::parse`].
//! As bytes: the basis's length (8, big endian), the length of a block (4), the length of a strong sum (1), then for
//! each block the weak sum (4, big endian) and the strong sum. The last block may be short.

use std::io::{self, Read};
use std::thread;

use crate::error::{DeltaError, SignatureFault};
use crate::limits::{MAX_BLOCK, MAX_BLOCKS, MAX_SIGNATURE, MAX_STRONG, MIN_BLOCK, MIN_STRONG, SHARED_WINDOW, STRONG};
use crate::sums::{BlockSums, WEAK};

/// Bytes in front of the sums.
pub(crate) const HEADER: usize = 8 + 4 + 1;

/// The length of the blocks for a basis of `len` bytes: about its square root, in whole KiB.
///
/// That is where a signature (10 bytes a block) and the literals for a change (a block or two) cost alike: 2 KiB up to
/// 4 MiB, 32 KiB (and 320 KiB of signature) at 1 GiB, 102 KiB (1 MiB of signature) at 10 GiB.
pub fn block_len(len: u64) -> usize {
    let root = (len.isqrt() as usize).next_multiple_of(1 << 10);
    root.clamp(MIN_BLOCK, MAX_BLOCK)
}

/// The checked signature of a basis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasisSignature {
    len: u64,
    block: usize,
    strong: usize,
    bytes: Vec<u8>,
}

impl BasisSignature {
    /// Checks a signature that a peer sent. It takes over the bytes and no more memory.
    ///
    /// # Errors
    /// [`DeltaError::Signature`] where a length is out of bounds or does not fit the others.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, DeltaError> {
        match Self::checked(&bytes) {
            Ok((len, block, strong)) => Ok(BasisSignature { len, block, strong, bytes }),
            Err(fault) => Err(DeltaError::Signature(fault)),
        }
    }

    fn checked(bytes: &[u8]) -> Result<(u64, usize, usize), SignatureFault> {
        let (&len, rest) = bytes.split_first_chunk::<8>().ok_or(SignatureFault::Short)?;
        let (&block, rest) = rest.split_first_chunk::<4>().ok_or(SignatureFault::Short)?;
        let (&strong, sums) = rest.split_first().ok_or(SignatureFault::Short)?;
        let (len, block) = (u64::from_be_bytes(len), u32::from_be_bytes(block));
        if !(MIN_BLOCK..=MAX_BLOCK).contains(&(block as usize)) {
            return Err(SignatureFault::Block(block));
        }
        if !(MIN_STRONG..=MAX_STRONG).contains(&usize::from(strong)) {
            return Err(SignatureFault::Strong(strong));
        }
        let blocks = len.div_ceil(u64::from(block));
        if blocks > MAX_BLOCKS || bytes.len() > MAX_SIGNATURE {
            return Err(SignatureFault::Blocks);
        }
        let (got, want) = (sums.len() as u64, blocks * (WEAK as u64 + u64::from(strong)));
        if got != want {
            return Err(SignatureFault::Length { got, want });
        }
        Ok((len, block as usize, usize::from(strong)))
    }

    /// The signature as it is sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The signature as it is sent, without a copy.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The length of the basis, bytes.
    pub fn basis_len(&self) -> u64 {
        self.len
    }

    /// The length of each block but maybe the last, bytes.
    pub fn block_len(&self) -> usize {
        self.block
    }

    /// The length of a strong sum, bytes.
    pub(crate) fn strong_len(&self) -> usize {
        self.strong
    }

    /// Blocks of full length.
    pub(crate) fn full_blocks(&self) -> u64 {
        self.len / self.block as u64
    }

    /// Where the short block at the end starts, and its length; the length is 0 where there is none.
    pub(crate) fn short_block(&self) -> (u64, usize) {
        let len = self.len % self.block as u64;
        (self.len - len, len as usize)
    }

    /// The sums of block `index` (the short one comes last), weak sum first; empty where there is no such block.
    pub(crate) fn sums_of(&self, index: u64) -> &[u8] {
        let entry = self.entry();
        let start = (index as usize).saturating_mul(entry).saturating_add(HEADER);
        self.bytes.get(start..start.saturating_add(entry)).unwrap_or_default()
    }

    /// The bytes of one block's sums.
    pub(crate) fn entry(&self) -> usize {
        WEAK + self.strong
    }
}

/// Reads a basis to its end and makes its signature.
///
/// `size_hint` is the length that the caller expects; the blocks' length follows from it. The signature is right
/// whatever is read. Besides the signature, a window of some MiB is held; it is shared out over two threads.
///
/// # Errors
/// [`DeltaError::Read`] from the reader, [`DeltaError::BasisTooLarge`] where there is more than blocks of this length
/// may cover.
pub fn signature(from: impl Read, size_hint: u64) -> Result<BasisSignature, DeltaError> {
    signature_with(from, block_len(size_hint), size_hint)
}

fn signature_with(mut from: impl Read, block: usize, size_hint: u64) -> Result<BasisSignature, DeltaError> {
    let expected = size_hint.div_ceil(block as u64).min(MAX_BLOCKS) as usize;
    let mut bytes = Vec::with_capacity(HEADER + expected * (WEAK + STRONG));
    bytes.resize(HEADER, 0);
    // Never less than sixteen blocks, so that each half fills the lanes; otherwise not much more than the file.
    let window = SHARED_WINDOW.min((size_hint as usize).saturating_add(1)).max(block * 16);
    let mut buffer = vec![0; window.next_multiple_of(block)];
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut len = 0u64;
    loop {
        let got = fill(&mut from, &mut buffer)?;
        len += got as u64;
        if len.div_ceil(block as u64) > MAX_BLOCKS {
            return Err(DeltaError::BasisTooLarge { block, limit: MAX_BLOCKS });
        }
        append_sums(&buffer[..got], block, threads, &mut bytes);
        if got < buffer.len() {
            break;
        }
    }
    bytes[..8].copy_from_slice(&len.to_be_bytes());
    bytes[8..12].copy_from_slice(&(block as u32).to_be_bytes());
    bytes[12] = STRONG as u8;
    Ok(BasisSignature { len, block, strong: STRONG, bytes })
}

/// Appends the sums of a window, half of it from a second thread where that pays.
fn append_sums(window: &[u8], block: usize, threads: usize, bytes: &mut Vec<u8>) {
    let half = (window.len() / 2).next_multiple_of(block);
    if threads < 2 || window.len() < SHARED_WINDOW / 2 || half >= window.len() {
        bytes.extend_from_slice(BlockSums::of(window, block, STRONG).as_bytes());
        return;
    }
    let (left, right) = window.split_at(half);
    thread::scope(|scope| {
        // A thread that cannot be had is done without.
        let other = thread::Builder::new().spawn_scoped(scope, || BlockSums::of(left, block, STRONG)).ok();
        let right = BlockSums::of(right, block, STRONG);
        let left = other.and_then(|thread| thread.join().ok()).unwrap_or_else(|| BlockSums::of(left, block, STRONG));
        bytes.extend_from_slice(left.as_bytes());
        bytes.extend_from_slice(right.as_bytes());
    });
}

/// Reads until the buffer is full or the data ends.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> Result<usize, DeltaError> {
    let mut got = 0;
    while got < buffer.len() {
        match from.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(DeltaError::Read(e)),
        }
    }
    Ok(got)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fault(bytes: Vec<u8>) -> SignatureFault {
        match BasisSignature::parse(bytes) {
            Err(DeltaError::Signature(fault)) => fault,
            other => panic!("{other:?}"),
        }
    }

    fn header(len: u64, block: u32, strong: u8) -> Vec<u8> {
        [&len.to_be_bytes()[..], &block.to_be_bytes()[..], &[strong]].concat()
    }

    #[test]
    fn blocks_keep_signatures_small() {
        let size = |len: u64| len.div_ceil(block_len(len) as u64) * (WEAK + STRONG) as u64 + HEADER as u64;
        assert_eq!(block_len(0), MIN_BLOCK);
        assert_eq!(block_len(1 << 30), 32 << 10);
        assert!(size(1 << 30) <= 400 << 10);
        assert!(size(10 << 30) <= 4 << 20);
        assert!((0..40).all(|bits| (1u64 << bits).div_ceil(block_len(1 << bits) as u64) <= MAX_BLOCKS));
        assert_eq!(block_len(u64::MAX), MAX_BLOCK);
    }

    #[test]
    fn windows_and_threads_leave_no_trace() {
        let data: Vec<u8> = (0..SHARED_WINDOW * 2 + 5000).map(|i| (i % 251 * (i / 7) % 256) as u8).collect();
        let block = block_len(data.len() as u64);
        let made = signature(&data[..], data.len() as u64).unwrap();
        assert_eq!(&made.as_bytes()[HEADER..], BlockSums::of(&data, block, STRONG).as_bytes());
        assert_eq!((made.basis_len(), made.block_len()), (data.len() as u64, block));
        let grown = signature(&data[..], 10).unwrap();
        assert_eq!(&grown.as_bytes()[HEADER..], BlockSums::of(&data, MIN_BLOCK, STRONG).as_bytes());
    }

    #[test]
    fn what_does_not_end_is_too_large() {
        // With the smallest blocks that is 2 GiB: the hint was wrong by that much.
        let endless = signature(io::repeat(0), 0);
        assert!(matches!(endless, Err(DeltaError::BasisTooLarge { block: MIN_BLOCK, limit: MAX_BLOCKS })));
        let too_many = header((MAX_BLOCKS + 1) * MIN_BLOCK as u64, MIN_BLOCK as u32, 6);
        assert_eq!(fault(too_many), SignatureFault::Blocks);
    }

    #[test]
    fn each_length_is_checked() {
        assert_eq!(fault(Vec::new()), SignatureFault::Short);
        assert_eq!(fault(header(0, 2048, 6)[..12].to_vec()), SignatureFault::Short);
        assert_eq!(fault(header(0, 0, 6)), SignatureFault::Block(0));
        assert_eq!(fault(header(0, u32::MAX, 6)), SignatureFault::Block(u32::MAX));
        assert_eq!(fault(header(0, 2048, 3)), SignatureFault::Strong(3));
        assert_eq!(fault(header(0, 2048, 17)), SignatureFault::Strong(17));
        assert_eq!(fault(header(u64::MAX, 2048, 6)), SignatureFault::Blocks);
        assert_eq!(fault(header(2049, 2048, 6)), SignatureFault::Length { got: 0, want: 20 });
        BasisSignature::parse(header(0, 2048, 6)).unwrap();
    }

    proptest! {
        #[test]
        fn parsing_takes_any_bytes(
            len in prop_oneof![0u64..100_000, any::<u64>()],
            block in prop_oneof![Just(2048u32), any::<u32>()],
            strong in prop_oneof![4u8..17, any::<u8>()],
            sums in prop::collection::vec(any::<u8>(), 0..600),
            cut in 0usize..700,
        ) {
            let mut bytes = header(len, block, strong);
            bytes.extend(sums);
            bytes.truncate(cut);
            if let Ok(parsed) = BasisSignature::parse(bytes.clone()) {
                prop_assert_eq!(parsed.basis_len(), len);
                prop_assert_eq!(parsed.as_bytes(), &bytes[..]);
                let (start, short) = parsed.short_block();
                prop_assert_eq!(start + short as u64, len);
                prop_assert_eq!(parsed.sums_of(parsed.full_blocks() + 1).len(), 0);
            }
        }
    }
}
