//! Prints what sums, search and digest cost: `cargo run --release -p xssh-delta --example speed`.
//!
//! MB/s of new data (of the basis for the sums); one run each, so compare within a run only.

use std::error::Error;
use std::io::{self, Write};
use std::time::Instant;

use xssh_delta::{BasisSums, Blocks, Digest, Op, Search, Strong, compressible, sum};

const LEN: usize = 256 << 20;
const WINDOW: usize = 1 << 20;

fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes()
    });
    words.take(len / 8).flatten().collect()
}

fn report(what: &str, len: usize, start: Instant, more: &str) -> io::Result<()> {
    let seconds = start.elapsed().as_secs_f64();
    writeln!(io::stdout(), "{what:<28} {:>7.0} MB/s  {:>6.1} ms  {more}", len as f64 / 1e6 / seconds, seconds * 1e3)
}

fn sums(basis: &[u8]) -> Result<BasisSums, Box<dyn Error>> {
    let blocks = Blocks::of_basis(basis.len() as u64)?;
    let mut sums = BasisSums::new(blocks);
    sums.take(&sum(basis, 0, &blocks).sums, Strong::Chaining)?;
    Ok(sums)
}

fn search(what: &str, basis: &[u8], new: &[u8]) -> Result<(), Box<dyn Error>> {
    let sums = sums(basis)?;
    let start = Instant::now();
    let mut search = Search::new(sums, 0);
    let (mut ops, mut literal) = (Vec::new(), 0);
    for window in new.chunks(WINDOW) {
        let read = |room: &mut [u8]| {
            room.copy_from_slice(window);
            Ok(room.len())
        };
        search.push(window.len(), read, &mut ops)?;
        literal += ops.drain(..).map(|op| if let Op::Literal(_) = op { op.len() } else { 0 }).sum::<u64>();
    }
    search.finish(&mut ops)?;
    literal += ops.iter().map(|op| if let Op::Literal(_) = op { op.len() } else { 0 }).sum::<u64>();
    report(what, new.len(), start, &format!("{literal} literal bytes, {:?}", search.work()))?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let basis = noise(LEN, 1);
    let start = Instant::now();
    let made = sum(&basis, 0, &Blocks::of_basis(LEN as u64)?);
    report("sums", LEN, start, &format!("{} bytes", made.sums.len()))?;
    let start = Instant::now();
    let digest = Digest::of(&basis);
    report("digest", LEN, start, &format!("{:02x}..", digest.as_bytes()[0]))?;

    search("search, equal", &basis, &basis)?;
    let mut scattered = basis.clone();
    for (i, piece) in noise(LEN / 100, 2).chunks_exact(16 << 10).enumerate() {
        let at = i * 1_600_007 % (LEN - piece.len());
        scattered[at..at + piece.len()].copy_from_slice(piece);
    }
    search("search, 1% scattered", &basis, &scattered)?;
    let mut inserted = Vec::with_capacity(LEN + 20_000);
    for piece in basis.chunks(LEN / 20 + 1) {
        inserted.extend_from_slice(&noise(1000, piece[0].into()));
        inserted.extend_from_slice(piece);
    }
    search("search, 20 insertions", &basis, &inserted)?;
    search("search, unrelated", &basis, &noise(LEN, 3))?;
    search("search, unrelated 4 MiB", &basis, &noise(4 << 20, 4))?;
    search("search, zeros in noise", &basis, &vec![0; LEN])?;
    search("search, zeros in zeros", &vec![0; LEN], &vec![0; LEN - 5])?;

    let start = Instant::now();
    let dense = basis.chunks(256 << 10).filter(|sample| !compressible(sample)).count();
    report("compressible, 1024 samples", LEN, start, &format!("{dense} are not"))?;
    Ok(())
}
