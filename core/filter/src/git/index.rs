//! The names in git's index (gitformat-index(5)), versions 2 to 4.
//!
//! Everything else of it is passed over. It does not say how long its object names are, so both lengths that git knows are
//! tried: with the wrong one the entries do not end where the file does.

use std::io::{self, Read};

use crate::FilterError;
use crate::limits::{INDEX, PATTERN, TEXT, TRACKED};

/// Bytes of an object's name: SHA-1, SHA-256.
pub(super) const HASHES: [usize; 2] = [20, 32];

/// Flags of an entry: what its name's length is below, and that two bytes more of them follow.
const LONG: u16 = 0xfff;
const EXTENDED: u16 = 0x4000;

/// An index that holds only what has changed in another one.
#[derive(Debug)]
pub(super) struct Link {
    /// What the other one is called, in hexadecimal.
    pub(super) base: String,
    /// Which of its entries are no more, a bit each.
    deleted: Vec<u64>,
}

impl Link {
    pub(super) fn has_deleted(&self, place: usize) -> bool {
        self.deleted.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }
}

/// What is done with an entry.
pub(super) type Each<'a> = &'a mut dyn FnMut(usize, &[u8]) -> Result<(), FilterError>;

/// Reads an index of this length. `each` gets the place of an entry and its name; a directory of which nothing is said
/// (a sparse index has some) ends in a slash, and an entry that stands for one of the base has no name.
pub(super) fn read(input: impl Read, length: u64, hash: usize, each: Each<'_>) -> Result<Option<Link>, FilterError> {
    if length > INDEX {
        return Err(broken("it is too large"));
    }
    let left = length.checked_sub(hash as u64).ok_or_else(ended)?;
    let mut input = Bytes { input: io::BufReader::with_capacity(1 << 16, input).take(left) };
    if input.array()? != *b"DIRC" {
        return Err(broken("it does not begin as one"));
    }
    let version = input.number()?;
    if !(2..=4).contains(&version) {
        return Err(broken("its version is not known here"));
    }
    let count = input.number()?;
    if count as usize > TRACKED {
        return Err(broken("it has too many entries"));
    }
    let mut name = Vec::new();
    for place in 0..count as usize {
        input.entry(version, hash, &mut name)?;
        each(place, &name)?;
    }
    extensions(&mut input, hash)
}

/// What stands behind the entries, of which two kinds change what they mean.
fn extensions(input: &mut Bytes<impl io::BufRead>, hash: usize) -> Result<Option<Link>, FilterError> {
    let mut link = None;
    while input.input.limit() > 0 {
        let kind: [u8; 4] = input.array()?;
        let size = u64::from(input.number()?);
        if size > input.input.limit() {
            return Err(ended());
        }
        match &kind {
            b"link" => link = self::link(&input.several(size)?, hash)?,
            // Directories stand for what is in them, and their entries show that themselves.
            b"sdir" => input.skip(size)?,
            // Those that may be passed over.
            [b'A'..=b'Z', ..] => input.skip(size)?,
            _ => return Err(broken("it has an extension that is not known here")),
        }
    }
    Ok(link)
}

fn link(payload: &[u8], hash: usize) -> Result<Option<Link>, FilterError> {
    let (base, bitmaps) = payload.split_at_checked(hash).ok_or_else(ended)?;
    if base.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let deleted = if bitmaps.is_empty() { Vec::new() } else { bitmap(bitmaps)? };
    Ok(Some(Link { base: base.iter().map(|byte| format!("{byte:02x}")).collect(), deleted }))
}

/// A compressed bitmap: runs of equal words, each followed by words as they are (gitformat-bitmap(5), appendix A).
fn bitmap(payload: &[u8]) -> Result<Vec<u64>, FilterError> {
    let number = |at: usize| payload.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
    let bits = number(0).ok_or_else(ended)? as usize;
    let words = number(4).ok_or_else(ended)? as usize;
    if bits > TRACKED {
        return Err(broken("it has too many entries"));
    }
    let all = words.checked_mul(8).and_then(|bytes| payload.get(8..8usize.checked_add(bytes)?)).ok_or_else(ended)?;
    let mut all = all.as_chunks::<8>().0.iter().map(|bytes| u64::from_be_bytes(*bytes));
    let mut plain = Vec::new();
    while let Some(marker) = all.next() {
        let (run, literal) = ((marker >> 1) as u32 as usize, (marker >> 33) as usize);
        if run > TRACKED / 64 + 1 || plain.len() + run + literal > TRACKED / 64 + 1 {
            return Err(broken("it has too many entries"));
        }
        plain.extend(std::iter::repeat_n(if marker & 1 == 1 { u64::MAX } else { 0 }, run));
        for _ in 0..literal {
            plain.push(all.next().ok_or_else(ended)?);
        }
    }
    Ok(plain)
}

/// The file without the digest at its end.
struct Bytes<R> {
    input: io::Take<R>,
}

impl<R: io::BufRead> Bytes<R> {
    /// One entry's name. `name` holds the one before it.
    fn entry(&mut self, version: u32, hash: usize, name: &mut Vec<u8>) -> Result<(), FilterError> {
        let begun = self.input.limit();
        // Times, device, inode, mode, owner, size.
        self.skip(40 + hash as u64)?;
        let flags = u16::from_be_bytes(self.array()?);
        if flags & EXTENDED != 0 {
            if version < 3 {
                return Err(broken("an entry has flags of a later version"));
            }
            self.skip(2)?;
        }
        let kept = if version == 4 { name.len().checked_sub(self.shortened()?).ok_or_else(ended)? } else { 0 };
        name.truncate(kept);
        self.until_nul(name)?;
        if usize::from(flags & LONG) != name.len().min(LONG.into()) {
            return Err(broken("a name is not as long as it should be"));
        }
        if version < 4 {
            // At least one NUL, which has been read, up to a multiple of eight.
            self.skip((8 - (begun - self.input.limit()) % 8) % 8)?;
        }
        Ok(())
    }

    /// How many bytes of the name before are not this one's (the encoding of offsets in packs).
    fn shortened(&mut self) -> Result<usize, FilterError> {
        let mut value = 0usize;
        loop {
            let [byte] = self.array()?;
            value = value << 7 | usize::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
            value += 1;
            if value > PATTERN {
                return Err(broken("a name is not as long as it should be"));
            }
        }
    }

    fn until_nul(&mut self, name: &mut Vec<u8>) -> Result<(), FilterError> {
        let most = (PATTERN + 1).saturating_sub(name.len());
        let mut limited = (&mut self.input).take(most as u64);
        io::BufRead::read_until(&mut limited, 0, name).map_err(unreadable)?;
        match name.pop() {
            Some(0) => Ok(()),
            _ => Err(broken("a name does not end")),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FilterError> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes).map_err(unreadable)?;
        Ok(bytes)
    }

    fn number(&mut self) -> Result<u32, FilterError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    fn several(&mut self, size: u64) -> Result<Vec<u8>, FilterError> {
        let size = usize::try_from(size).ok().filter(|size| *size <= TEXT).ok_or_else(|| broken("it is too large"))?;
        let mut bytes = vec![0; size];
        self.input.read_exact(&mut bytes).map_err(unreadable)?;
        Ok(bytes)
    }

    fn skip(&mut self, size: u64) -> Result<(), FilterError> {
        match io::copy(&mut (&mut self.input).take(size), &mut io::sink()) {
            Ok(passed) if passed == size => Ok(()),
            Ok(_) => Err(ended()),
            Err(error) => Err(unreadable(error)),
        }
    }
}

fn broken(what: &'static str) -> FilterError {
    FilterError::Index { what }
}

fn ended() -> FilterError {
    broken("it ends too early")
}

fn unreadable(error: io::Error) -> FilterError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ended(),
        _ => FilterError::Unreadable { file: "index".to_owned(), source: error },
    }
}
