//! Names that the source does not have, packed: a million of them take some ten MiB.

use std::iter;

use xssh_fs::RelPath;

/// Names in the order in which they came, and whether they are directories. Each says how much of the one before it shares.
#[derive(Debug, Default)]
pub(super) struct Extras {
    packed: Vec<u8>,
    last: Vec<u8>,
}

impl Extras {
    pub(super) fn push(&mut self, path: &RelPath, is_directory: bool) {
        let path = path.as_bytes();
        let shared = self.last.iter().zip(path).take_while(|(one, other)| one == other).count();
        let rest = &path[shared..];
        // No path has more than 4095 bytes.
        self.packed.extend_from_slice(&(shared as u16).to_le_bytes());
        self.packed.extend_from_slice(&(rest.len() as u16).to_le_bytes());
        self.packed.push(is_directory.into());
        self.packed.extend_from_slice(rest);
        self.last.truncate(shared);
        self.last.extend_from_slice(rest);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (RelPath, bool)> + '_ {
        let (mut packed, mut path) = (self.packed.as_slice(), Vec::new());
        iter::from_fn(move || {
            let ([a, b, c, d, is_directory], rest) = packed.split_first_chunk()?;
            path.truncate(u16::from_le_bytes([*a, *b]).into());
            let (own, rest) = rest.split_at_checked(u16::from_le_bytes([*c, *d]).into())?;
            path.extend_from_slice(own);
            packed = rest;
            Some((RelPath::parse(&path).ok()?, *is_directory != 0))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_comes_out_in_its_order() {
        let names = ["a", "a/b", "a/bc", "a.txt", "b/some/where/deep", "b/some/where/else", ""];
        let all = names.iter().map(|name| (RelPath::parse(name.as_bytes()).unwrap(), name.len() == 1));
        let all: Vec<_> = all.collect();
        let mut extras = Extras::default();
        assert!(extras.is_empty());
        all.iter().for_each(|(path, is_directory)| extras.push(path, *is_directory));
        assert_eq!(extras.iter().collect::<Vec<_>>(), all);
    }
}
