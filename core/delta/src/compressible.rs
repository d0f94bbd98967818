//! Whether compression would pay, judged by a sample.

use crate::limits::SAMPLE;

/// Bits of entropy a byte (of 8) above which a compressor of the fast kind gains next to nothing.
const DENSE: f64 = 7.5;

/// Whether a fast compressor would make `sample` noticeably smaller.
///
/// It looks at no more than [`SAMPLE`] bytes, spread over the sample, and takes some microseconds. A wrong answer costs
/// time or bytes, never correctness.
pub fn compressible(sample: &[u8]) -> bool {
    let mut counts = [0u32; 256];
    let mut seen = 0u32;
    let stride = (sample.len() / SAMPLE).max(1) * PIECE;
    for piece in sample.chunks(stride) {
        for &byte in piece.iter().take(PIECE) {
            counts[usize::from(byte)] += 1;
            seen += 1;
        }
    }
    let total = f64::from(seen);
    let entropy: f64 = counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| {
            let share = f64::from(count) / total;
            -share * share.log2()
        })
        .sum();
    // A short sample cannot show all values: its entropy is at most log2 of its length.
    entropy < DENSE.min(total.log2() * 0.9)
}

/// Neighbouring bytes that are looked at together.
const PIECE: usize = 512;
