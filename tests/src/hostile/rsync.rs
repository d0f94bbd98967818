//! What a client of rsync's says, byte by byte, so that it can be what no client says: protocol 31, without the options that
//! would have more of it negotiated (no `i` and no `v` behind `-e`). Nothing waits for an answer; a server that follows the protocol
//! needs none from us to go on reading.
//!
//! The forms are those of rsync's own documents and of what its programs send: numbers little-endian; varints of which the first
//! byte says how many follow; from the greeting on, pieces with a header of their tag and length.

/// What comes first: the version. `letters` of a server that reads this properly: see [`LETTERS`].
pub const VERSION: i32 = 31;
/// A server's letters for a push or a pull of this kind: recursive, with times, links and devices.
pub const LETTERS: &str = "-ltDre.LsfxCI";

/// The type bits of a mode (inode(7)).
pub const FILE: u32 = 0o100_000;
/// As above.
pub const DIRECTORY: u32 = 0o040_000;
/// As above.
pub const LINK: u32 = 0o120_000;
/// As above.
pub const CHARACTERS: u32 = 0o020_000;
/// As above.
pub const BLOCKS: u32 = 0o060_000;

/// The transfer of a file's contents is asked for or given.
const TRANSFER: [u8; 2] = 0x8000_u16.to_le_bytes();
/// Ordinary data, as a tag.
const DATA: u8 = 7;

/// Words of a client.
#[derive(Debug, Clone, Default)]
pub struct Client {
    said: Vec<u8>,
    /// The file that was spoken of last.
    last: i32,
}

/// How the blocks of a file are described.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    /// How many there are.
    pub count: i32,
    /// Their length.
    pub block: i32,
    /// The length of their digests.
    pub digest: i32,
    /// What is left for the last one.
    pub remainder: i32,
}

impl Head {
    /// Of a file that the other side does not have.
    pub const NONE: Self = Self { count: 0, block: 0, digest: 0, remainder: 0 };

    fn bytes(self) -> Vec<u8> {
        [self.count, self.block, self.digest, self.remainder].into_iter().flat_map(i32::to_le_bytes).collect()
    }
}

impl Client {
    /// One that speaks this version.
    #[must_use]
    pub fn new(version: i32) -> Self {
        Self { said: version.to_le_bytes().to_vec(), last: -1 }
    }

    /// One that sends, and has said which files: all but their contents.
    #[must_use]
    pub fn pushing(files: &[Vec<u8>]) -> Self {
        Self::new(VERSION).data(&files.concat()).data(&[0])
    }

    /// One that receives, and has said that there are no rules for names.
    #[must_use]
    pub fn pulling() -> Self {
        Self::new(VERSION).data(&0_i32.to_le_bytes())
    }

    /// Bytes as they are.
    #[must_use]
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.said.extend_from_slice(bytes);
        self
    }

    /// A piece with a header that says so.
    #[must_use]
    pub fn piece(self, tag: u8, length: u32, bytes: &[u8]) -> Self {
        let header = u32::from(tag) << 24 | length & 0x00ff_ffff;
        self.raw(&header.to_le_bytes()).raw(bytes)
    }

    /// A message besides the data, by its number.
    #[must_use]
    pub fn message(self, number: u8, bytes: &[u8]) -> Self {
        self.piece(DATA + number, u32::try_from(bytes.len()).expect("a short message"), bytes)
    }

    /// Data.
    #[must_use]
    pub fn data(mut self, bytes: &[u8]) -> Self {
        for piece in bytes.chunks(1 << 15) {
            self = self.piece(DATA, u32::try_from(piece.len()).expect("a short piece"), piece);
        }
        self
    }

    /// Speaks of a file by its place in the list.
    #[must_use]
    pub fn file(mut self, index: i32, flags: [u8; 2]) -> Self {
        let step = index.wrapping_sub(self.last);
        self.last = index;
        let place = match u8::try_from(step) {
            Ok(step @ 1..=0xfd) => vec![step],
            // As a whole: the first byte says so, and has the highest bit of the four that follow.
            _ => {
                let [a, b, c, d] = index.to_le_bytes();
                vec![0xfe, d | 0x80, a, b, c]
            }
        };
        self.data(&place).data(&flags)
    }

    /// Gives a file's contents: how its blocks were described, the tokens, and a digest of it all.
    #[must_use]
    pub fn gives(self, index: i32, head: Head, tokens: &[u8], digest: &[u8]) -> Self {
        self.file(index, TRANSFER).data(&head.bytes()).data(tokens).data(digest)
    }

    /// The same as a good client does it.
    #[must_use]
    pub fn gives_all(self, index: i32, contents: &[u8]) -> Self {
        let length = i32::try_from(contents.len()).expect("short contents");
        let tokens = [&length.to_le_bytes(), contents, &0_i32.to_le_bytes()].concat();
        self.gives(index, Head::NONE, &tokens, &md5::compute(contents).0)
    }

    /// Asks for a file, of which it has these blocks.
    #[must_use]
    pub fn asks(self, index: i32, head: Head, sums: &[u8]) -> Self {
        self.file(index, TRANSFER).data(&head.bytes()).data(sums)
    }

    /// Has no more to say: each phase ends, and then both sides.
    #[must_use]
    pub fn ends(self) -> Self {
        self.data(&[0; 5])
    }

    /// All of it.
    #[must_use]
    pub fn bytes(self) -> Vec<u8> {
        self.said
    }
}

/// An entry of a list: flags that say that nothing is as in the one before, name, size, time and mode.
#[must_use]
pub fn entry(name: &[u8], mode: u32, size: u64) -> Vec<u8> {
    let length = u8::try_from(name.len()).expect("a short name");
    [&[1, length], name, &long(size, 3), &long(1_000_000_000, 4), &mode.to_le_bytes()].concat()
}

/// A link.
#[must_use]
pub fn link(name: &[u8], target: &[u8]) -> Vec<u8> {
    let length = u64::try_from(target.len()).expect("a short target");
    [entry(name, LINK | 0o777, length), long(length, 1), target.to_vec()].concat()
}

/// A device node.
#[must_use]
pub fn device(name: &[u8], kind: u32, (major, minor): (u32, u32)) -> Vec<u8> {
    // The numbers stand between the time and the end; the size of a device is nothing.
    [entry(name, kind | 0o600, 0), long(major.into(), 1), long(minor.into(), 1)].concat()
}

/// A name with a length that is longer than it is.
#[must_use]
pub fn entry_with_long_name(length: u64, name: &[u8]) -> Vec<u8> {
    [&[0x40][..], &long(length, 1), name].concat()
}

/// A number: as many bytes as it needs, but not fewer than `least`, the lower ones behind the first, which says how many there are
/// and has the highest.
#[must_use]
pub fn long(number: u64, least: usize) -> Vec<u8> {
    let bytes = number.to_le_bytes();
    let mut count = (least..=8).rev().find(|count| bytes[count - 1] != 0).unwrap_or(least);
    let bit = 1_u16 << (7 + least - count);
    let highest = u16::from(bytes[count - 1]);
    let mark = |bit: u16| !(bit - 1) & 0xff;
    let first = if highest >= bit {
        count += 1;
        mark(bit)
    } else if count > least {
        highest | mark(bit * 2)
    } else {
        highest
    };
    let first = u8::try_from(first & 0xff).expect("a byte");
    [&[first], &bytes[..count - 1]].concat()
}

#[cfg(test)]
mod tests {
    use super::long;

    /// Bytes that rsync's own programs send for these numbers.
    #[test]
    fn numbers_have_as_many_bytes_as_they_need() {
        for (number, least, bytes) in [
            (5, 3, &[0, 5, 0][..]),
            (5, 1, &[5]),
            (127, 1, &[127]),
            (128, 1, &[0x80, 128]),
            (300, 1, &[0x81, 44]),
            (16_384, 1, &[0xc0, 0, 64]),
            (1_000_000_000, 4, &[0x3b, 0x00, 0xca, 0x9a]),
            (0x7fff_ffff, 1, &[0xf0, 0xff, 0xff, 0xff, 0x7f]),
        ] {
            assert_eq!(long(number, least), bytes, "{number}");
        }
    }
}
