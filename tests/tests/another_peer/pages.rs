//! Trees in pages: where one ends, and the digests by which two sides find that nothing in it differs.

use std::hash::Hasher as _;
#[expect(deprecated, reason = "std has no other SipHash-2-4 with a key")]
use std::hash::SipHasher;

use super::program::Right;
use xssh_tests::sync_wire::{Entry, LINK};

const MOST_ENTRIES: usize = 4096;

/// A page of a tree.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    pub first: Vec<u8>,
    pub digest: [u8; 16],
    pub owners: [u8; 16],
}

/// The pages of a tree whose owners and groups are called by their numbers, or are left alone.
pub fn pages(entries: &[Entry], key: &[u8; 32], right: Option<&Right>) -> Vec<Page> {
    let mut starts = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        if starts.last().is_none_or(|start| place - start == MOST_ENTRIES || is_cut(&entry.path, key)) {
            starts.push(place);
        }
    }
    let ends = starts.iter().skip(1).copied().chain([entries.len()]);
    starts.iter().zip(ends).map(|(start, end)| page(&entries[*start..end], key, right)).collect()
}

fn is_cut(path: &[u8], key: &[u8; 32]) -> bool {
    sip_hash(&key[..16], path).is_multiple_of(256)
}

#[expect(deprecated, reason = "std has no other SipHash-2-4 with a key")]
fn sip_hash(key: &[u8], of: &[u8]) -> u64 {
    let number = |at: usize| u64::from_le_bytes(key[at..at + 8].try_into().unwrap());
    let mut hash = SipHasher::new_with_keys(number(0), number(8));
    hash.write(of);
    hash.finish()
}

/// The digest by which a target says that it has an entry.
pub fn entry(entry: &Entry, key: &[u8; 32], right: Option<&Right>) -> [u8; 8] {
    let mut all = compared(entry);
    if right.is_none_or(|right| gives(right, entry)) {
        all.extend(owners(entry, right));
    }
    sip_hash(&key[16..], &all).to_le_bytes()
}

/// The digest of a whole tree.
pub fn tree(entries: &[Entry]) -> [u8; 32] {
    let mut digest = blake3::Hasher::new();
    for entry in entries {
        digest.update(&compared(entry));
    }
    *digest.finalize().as_bytes()
}

fn page(entries: &[Entry], key: &[u8; 32], right: Option<&Right>) -> Page {
    let (mut digest, mut owners) = (blake3::Hasher::new_keyed(key), blake3::Hasher::new_keyed(key));
    for entry in entries {
        digest.update(&compared(entry));
        owners.update(&self::owners(entry, right));
    }
    // A page with a group that the target may not give is not compared.
    let is_compared = right.is_none_or(|right| entries.iter().all(|entry| gives(right, entry)));
    let owners = if is_compared { half(&owners) } else { [0; 16] };
    Page { first: entries[0].path.clone(), digest: half(&digest), owners }
}

/// What owners and groups are called where numbers are to stay what they are.
fn called(number: u64) -> Vec<u8> {
    format!("+{number}").into_bytes()
}

fn gives(right: &Right, entry: &Entry) -> bool {
    right.owners || right.groups.contains(&called(entry.metadata.group))
}

/// What is compared of an entry's owner and group.
fn owners(entry: &Entry, right: Option<&Right>) -> Vec<u8> {
    let owner = right.filter(|right| right.owners).map(|_| entry.metadata.owner);
    let group = right.map(|_| entry.metadata.group);
    let names = owner.into_iter().chain(group).map(called);
    names.flat_map(|name| [size(&name).to_vec(), name].concat()).collect()
}

/// What is compared of an entry beside that.
fn compared(Entry { path, metadata, link }: &Entry) -> Vec<u8> {
    let timed = metadata.kind != LINK;
    let seconds = if timed { metadata.seconds.cast_unsigned() } else { 0 };
    let nanoseconds = if timed { metadata.nanoseconds } else { 0 };
    let numbers = [metadata.mode, metadata.size, seconds, nanoseconds, 0].map(u64::to_le_bytes).concat();
    [&size(path), path.as_slice(), &[metadata.kind], &numbers, link].concat()
}

fn size(of: &[u8]) -> [u8; 4] {
    u32::try_from(of.len()).unwrap().to_le_bytes()
}

fn half(of: &blake3::Hasher) -> [u8; 16] {
    of.finalize().as_bytes()[..16].try_into().unwrap()
}
