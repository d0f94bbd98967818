//! Whether compression would pay, judged by a sample.

use crate::limits::SAMPLE;

/// Neighbouring bytes that are looked at together.
const PIECE: usize = 512;
/// Pairs of bytes of one sample that are equal, for 256 pairs: 1 in dense data, 4 in base64, 15 and more in text. At
/// 1.4 a byte holds at most 7.5 of its 8 bits.
const TENTHS_OF_DENSE: u64 = 14;

/// Whether a fast compressor would make `sample` noticeably smaller.
///
/// It looks at no more than some [`SAMPLE`] bytes, spread over the sample, and takes some microseconds. It judges by
/// how uneven the bytes' values are, so data that is dense but repeats itself passes for dense. A wrong answer costs
/// time or bytes, never correctness.
pub fn compressible(sample: &[u8]) -> bool {
    let mut counts = [0u64; 256];
    let stride = (sample.len() / SAMPLE).max(1) * PIECE;
    for piece in sample.chunks(stride) {
        for &byte in piece.iter().take(PIECE) {
            counts[usize::from(byte)] += 1;
        }
    }
    // Counting equal pairs, unlike entropy, has no bias in short samples.
    let total: u64 = counts.iter().sum();
    let pairs = total * total.saturating_sub(1);
    let equal: u64 = counts.iter().map(|&count| count * count.saturating_sub(1)).sum();
    equal * 256 * 10 > pairs * TENTHS_OF_DENSE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(len: usize) -> Vec<u8> {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn noise_is_dense_at_any_length() {
        for len in [300, 1000, 4096, 65_536, 1 << 20] {
            assert!(!compressible(&noise(len)), "{len} bytes");
        }
    }

    #[test]
    fn text_and_base64_are_not_dense() {
        let text = include_bytes!("compressible.rs");
        assert!(compressible(text) && compressible(&text[..300]));
        let base64: Vec<u8> = noise(50_000).iter().map(|byte| b' ' + (byte & 63)).collect();
        assert!(compressible(&base64));
        assert!(compressible(&[0; 5000]));
    }

    #[test]
    fn next_to_nothing_is_not_worth_it() {
        assert!(!compressible(b""));
        assert!(!compressible(b"a"));
    }
}
