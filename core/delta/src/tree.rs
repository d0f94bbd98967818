//! BLAKE3 as the tree that it is: the digest of a file out of the chaining values of its blocks.
//!
//! A chaining value knows where in the file its block lies, so it stands for data that is where it was and for no other.

use blake3::hazmat::{HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};

use crate::blocks::Blocks;
use crate::digest::Digest;

/// The chaining value of a block.
pub type Chaining = [u8; 32];

/// The chaining value of a block, which lies at `offset`: a multiple of the blocks' length.
pub(crate) fn chaining(block: &[u8], offset: u64) -> Chaining {
    let mut hasher = blake3::Hasher::new();
    hasher.set_input_offset(offset);
    hasher.update(block).finalize_non_root()
}

/// Makes the digest of a file from its bytes and from the chaining values of blocks whose bytes need not be seen again.
#[derive(Debug)]
pub struct Tree {
    blocks: Blocks,
    /// Bytes so far.
    at: u64,
    /// Of the block that is under way.
    open: blake3::Hasher,
    /// Bytes in `open`: a whole block stays there until something follows it, because it may be the root.
    opened: u64,
    /// Subtrees that are complete, the largest first.
    stack: Vec<Chaining>,
    /// Blocks in them.
    closed: u64,
}

impl Tree {
    /// For a file of which these are the blocks; another length of it, if it comes to that, is no harm.
    pub fn new(blocks: Blocks) -> Self {
        Tree { blocks, at: 0, open: blake3::Hasher::new(), opened: 0, stack: Vec::new(), closed: 0 }
    }

    /// Bytes so far.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The number of the block that begins here, where its chaining value would do for its bytes.
    pub fn next_block(&self) -> Option<u64> {
        let block = self.blocks.block_len();
        (self.at.is_multiple_of(block) && self.blocks.count() > 1).then_some(self.at / block)
    }

    /// Takes the block that begins here. Only where [`next_block`](Tree::next_block) says so; elsewhere the digest is of no file.
    pub fn push(&mut self, chaining: Chaining) {
        let range = self.blocks.range(self.at / self.blocks.block_len());
        self.close();
        self.add(chaining);
        self.at += range.end - range.start;
    }

    /// Takes the next bytes.
    pub fn update(&mut self, mut data: &[u8]) {
        let block = self.blocks.block_len();
        while !data.is_empty() {
            if self.opened == block {
                self.close();
            }
            if self.opened == 0 {
                self.open = blake3::Hasher::new();
                self.open.set_input_offset(self.at);
            }
            let room = usize::try_from(block - self.opened).unwrap_or(usize::MAX).min(data.len());
            let (now, later) = data.split_at(room);
            self.open.update(now);
            (self.opened, self.at) = (self.opened + now.len() as u64, self.at + now.len() as u64);
            data = later;
        }
    }

    /// The digest of all that was taken. That of one block alone needs its bytes: its chaining value gives a digest of no file.
    pub fn finish(mut self) -> Digest {
        if self.stack.is_empty() {
            return Digest::from(self.open.finalize());
        }
        self.close();
        let mut right = self.stack.pop().unwrap_or_default();
        let Some(first) = self.stack.first().copied() else { return Digest::from_bytes(right) };
        while self.stack.len() > 1 {
            let left = self.stack.pop().unwrap_or_default();
            right = merge_subtrees_non_root(&left, &right, Mode::Hash);
        }
        Digest::from(merge_subtrees_root(&first, &right, Mode::Hash))
    }

    /// The block that is under way is complete, and not the last.
    fn close(&mut self) {
        if self.opened > 0 {
            self.opened = 0;
            let chaining = self.open.finalize_non_root();
            self.add(chaining);
        }
    }

    fn add(&mut self, chaining: Chaining) {
        // Something follows what is there, so all of it that is complete is no root: as many subtrees stay as the number of
        // blocks has bits.
        while self.stack.len() > self.closed.count_ones() as usize
            && let (Some(right), Some(left)) = (self.stack.pop(), self.stack.pop())
        {
            self.stack.push(merge_subtrees_non_root(&left, &right, Mode::Hash));
        }
        self.stack.push(chaining);
        self.closed += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever comes as bytes and whatever as a chaining value, and in which pieces.
        #[test]
        fn a_tree_is_the_digest(
            len in prop_oneof![0_usize..5000, 0_usize..60_000, (1_usize..30).prop_map(|blocks| blocks * 2048)],
            pieces in prop::collection::vec((any::<bool>(), 1_usize..5000), 1..20),
        ) {
            let data: Vec<u8> = (0..len).map(|i| (i * 7 % 251) as u8).collect();
            let blocks = Blocks::checked(len as u64, 11).unwrap();
            let mut tree = Tree::new(blocks);
            for (pushes, piece) in pieces.iter().cycle().take(10_000) {
                let at = tree.at() as usize;
                if at == len {
                    break;
                }
                if *pushes && let Some(number) = tree.next_block() {
                    let range = blocks.range(number);
                    tree.push(chaining(&data[range.start as usize..range.end as usize], range.start));
                } else {
                    tree.update(&data[at..(at + piece).min(len)]);
                }
            }
            prop_assert_eq!(tree.at(), len as u64);
            prop_assert_eq!(tree.finish(), Digest::of(&data));
        }
    }

    #[test]
    fn a_chaining_value_is_no_digest() {
        let data = [1; 2048];
        let mut tree = Tree::new(Blocks::checked(4096, 11).unwrap());
        tree.push(chaining(&data, 0));
        assert_ne!(tree.finish(), Digest::of(&data));
        assert_eq!(Tree::new(Blocks::checked(2048, 11).unwrap()).next_block(), None);
    }
}
