//! Changes seeds as libFuzzer would, without its eyes: the same changes in every run.

/// Numbers that lengths and counts break at.
const NUMBERS: [u32; 8] = [0, 1, 0x7f, 0xff, 0xffff, 0x10_0000, 0x7fff_ffff, 0xffff_ffff];
/// Bytes that text breaks at.
const BYTES: &[u8] = b"\0\t\n\r \"#%'*+,-./:=?@[\\]^`{|}~\x7f\x80\xc3\xff";

/// A source of mutations.
pub struct Mutator(u64);

impl Mutator {
    /// The source with this number, which is not zero.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Marsaglia's xorshift64, below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit.max(1)
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// One to eight changes of one of the seeds.
    pub fn mutate(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = self.pick(seeds).clone();
        for _ in 0..=self.below(8) {
            self.change(&mut bytes, seeds);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.below(bytes.len() + 1);
        let end = (at + self.below(32)).min(bytes.len());
        match self.below(9) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            1 if at < bytes.len() => bytes[at] = *self.pick(BYTES),
            2 => bytes.insert(at, *self.pick(BYTES)),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let copy = bytes[at..end].to_vec();
                let to = self.below(bytes.len() + 1);
                bytes.splice(to..to, copy);
            }
            5 => {
                let number = self.pick(&NUMBERS).to_be_bytes();
                bytes.splice(at..(at + 4).min(bytes.len()), number);
            }
            6 => {
                let other = self.pick(seeds);
                let from = self.below(other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            7 => bytes.truncate(at),
            _ => {
                let (byte, many) = (*self.pick(BYTES), 1 << self.below(13));
                bytes.splice(at..at, vec![byte; many]);
            }
        }
    }
}
