//! Files to move: made when first needed, the same on every run and every machine.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::BenchError;

/// How much is moved.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Scale {
    /// Bytes of the one file.
    pub(crate) file: u64,
    /// Bytes of the file that peak memory is measured with.
    pub(crate) long_file: u64,
    /// Small files, in folders of a hundred.
    pub(crate) small_files: usize,
    /// The trees of the sync rows have this much less than the whole.
    pub(crate) sync_divisor: u64,
}

impl Scale {
    pub(crate) const FULL: Self = Self { file: 1 << 30, long_file: 4 << 30, small_files: 20_000, sync_divisor: 1 };
    pub(crate) const QUICK: Self = Self { file: 16 << 20, long_file: 64 << 20, small_files: 200, sync_divisor: 100 };
}

/// What is moved: paths first, the files themselves when they are needed.
pub(crate) struct Material {
    pub(crate) scale: Scale,
    /// A file of bytes that no compression makes smaller.
    pub(crate) file: PathBuf,
    /// A long file that takes no room: all of it is a hole.
    pub(crate) long_file: PathBuf,
    /// A tree of small files, 1 to 8 KiB each.
    pub(crate) tree: PathBuf,
}

impl Material {
    pub(crate) fn at(scratch: &Path, scale: Scale) -> Self {
        Self {
            scale,
            file: scratch.join("file"),
            long_file: scratch.join("long-file"),
            // With a slash: what it holds, for rsync.
            tree: scratch.join("tree/"),
        }
    }

    /// Makes what belongs at `path`, if it is not there yet.
    pub(crate) fn ensure(&self, path: &Path) -> Result<(), BenchError> {
        let made = if path.exists() {
            Ok(())
        } else if path == self.file {
            noise_file(path, 1, self.scale.file).map(drop)
        } else if path == self.long_file {
            File::create(path).and_then(|file| file.set_len(self.scale.long_file))
        } else {
            self.make_tree()
        };
        made.map_err(BenchError::io(path.display().to_string()))
    }

    fn make_tree(&self) -> io::Result<()> {
        let mut noise = Noise(2);
        for number in 0..self.scale.small_files {
            let folder = self.tree.join(format!("folder-{}", number / 100));
            if number % 100 == 0 {
                fs::create_dir_all(&folder)?;
            }
            let words = 128 + noise.next() % 896;
            fs::write(folder.join(format!("file-{number}")), noise.bytes(words * 8))?;
        }
        Ok(())
    }
}

/// Marsaglia's xorshift64: fast, and the same everywhere.
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// The next bytes, in whole words; what is left of the last is lost.
    pub(crate) fn bytes(&mut self, length: u64) -> Vec<u8> {
        let words = std::iter::repeat_with(|| self.next().to_le_bytes());
        words.take(length.div_ceil(8) as usize).flatten().take(length as usize).collect()
    }
}

/// A file of noise.
pub(crate) fn noise_file(path: &Path, seed: u64, length: u64) -> io::Result<File> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut noise = Noise(seed);
    for _ in 0..length / 8 {
        file.write_all(&noise.next().to_le_bytes())?;
    }
    file.into_inner().map_err(io::IntoInnerError::into_error)
}
