//! Pages: the sorted list of entries, cut where a hash of a name says so, so that both sides cut at the same names however
//! their trees differ elsewhere.

use std::hash::Hasher as _;
#[expect(deprecated, reason = "std has no other SipHash-2-4 with a key")]
use std::hash::SipHasher;

use xssh_fs::{RelPath, Xattr};

use crate::limits::{PAGE_AVERAGE, PAGE_ENTRIES};
use crate::mapping::Mapping;
use crate::options::Options;
use crate::owners::{OwnerDigest, Owners, Rights};
use crate::tree::Item;
use crate::wire::message::{EntryDigest, FileDigest, Page, PageDigest};

/// What is hashed at a time: many chunks of BLAKE3 at once cost a fraction of what they cost one by one.
const HASHED: usize = 64 << 10;

/// Cuts pages while the entries go by, in the order of their paths.
pub(crate) struct Pager {
    /// Where a page ends: SipHash-2-4.
    cut: [u64; 2],
    kept: Kept,
    first: Option<RelPath>,
    entries: u32,
    content: blake3::Hasher,
    owners: OwnerDigest,
    /// Over all pages, without the run's key: the same for the same tree. Only the source's is shown.
    root: Option<blake3::Hasher>,
    /// What is compared of the latest entries, not hashed yet.
    latest: Vec<u8>,
    total: u64,
}

impl Pager {
    /// `rights` are the target's; `mapping` says what a source calls otherwise.
    pub(crate) fn new(key: [u8; 32], options: &Options, rights: Rights, mapping: Option<Mapping>) -> Self {
        let [first, second, ..] = keys(&key);
        Self {
            cut: [first, second],
            kept: Kept::of(options),
            first: None,
            entries: 0,
            content: blake3::Hasher::new_keyed(&key),
            owners: OwnerDigest::new(&key, options, rights, mapping),
            root: None,
            latest: Vec::with_capacity(HASHED * 2),
            total: 0,
        }
    }

    /// The same, and a digest of the whole tree.
    #[must_use]
    pub(crate) fn with_root(self) -> Self {
        Self { root: Some(blake3::Hasher::new()), ..self }
    }

    /// Takes the next entry. Gives the page that ended before it.
    pub(crate) fn push(&mut self, item: &Item, proof: Option<&FileDigest>) -> Option<Page> {
        let ended = if self.entries == PAGE_ENTRIES || (self.entries > 0 && self.cuts(&item.path)) {
            self.page()
        } else {
            None
        };
        if self.first.is_none() {
            self.first = Some(item.path.clone());
        }
        self.entries += 1;
        self.total += 1;
        compared(self.kept, item, proof, &mut self.latest);
        if self.latest.len() >= HASHED {
            self.hash();
        }
        self.owners.push(&item.meta);
        ended
    }

    /// The last page, how many entries there were, and the digest of the whole tree, where one is wanted.
    pub(crate) fn finish(mut self) -> (Option<Page>, u64, FileDigest) {
        let last = self.page();
        (last, self.total, self.root.map_or([0; 32], |root| *root.finalize().as_bytes()))
    }

    fn cuts(&self, path: &RelPath) -> bool {
        sip_hash(self.cut, path.as_bytes()).is_multiple_of(PAGE_AVERAGE)
    }

    fn hash(&mut self) {
        self.content.update(&self.latest);
        if let Some(root) = &mut self.root {
            root.update(&self.latest);
        }
        self.latest.clear();
    }

    fn page(&mut self) -> Option<Page> {
        let first = self.first.take()?;
        self.entries = 0;
        self.hash();
        let page = Page { first, digest: short(&self.content), owners: self.owners.take() };
        self.content.reset();
        Some(page)
    }
}

/// Eight bytes of each entry, by which two sides find out which of their entries are alike.
pub(crate) struct EntryDigester {
    key: [u64; 2],
    kept: Kept,
    owners: Owners,
    bytes: Vec<u8>,
}

impl EntryDigester {
    /// `rights` are the target's; `mapping` says what a source calls otherwise.
    pub(crate) fn new(key: [u8; 32], options: &Options, rights: Rights, mapping: Option<Mapping>) -> Self {
        let [_, _, first, second] = keys(&key);
        let (kept, owners) = (Kept::of(options), Owners::new(options, rights, mapping));
        Self { key: [first, second], kept, owners, bytes: Vec::new() }
    }

    pub(crate) fn of(&mut self, item: &Item) -> EntryDigest {
        self.bytes.clear();
        compared(self.kept, item, None, &mut self.bytes);
        // A group that the target may not give stands for every such group.
        if let (owners, true) = self.owners.of(&item.meta) {
            self.bytes.extend_from_slice(owners);
        }
        sip_hash(self.key, &self.bytes).to_le_bytes()
    }
}

/// Which properties are kept: others are not compared.
#[derive(Debug, Clone, Copy)]
struct Kept {
    modes: bool,
    times: bool,
}

impl Kept {
    fn of(options: &Options) -> Self {
        Self { modes: options.modes, times: options.times }
    }
}

/// The run's key as numbers.
fn keys(key: &[u8; 32]) -> [u64; 4] {
    let mut keys = [0; 4];
    for (number, bytes) in keys.iter_mut().zip(key.as_chunks::<8>().0) {
        *number = u64::from_le_bytes(*bytes);
    }
    keys
}

#[expect(deprecated, reason = "std has no other SipHash-2-4 with a key")]
fn sip_hash([first, second]: [u64; 2], bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher::new_with_keys(first, second);
    hasher.write(bytes);
    hasher.finish()
}

/// What is compared of an entry.
fn compared(kept: Kept, item: &Item, proof: Option<&FileDigest>, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&(item.path.as_bytes().len() as u32).to_le_bytes());
    bytes.extend_from_slice(item.path.as_bytes());
    bytes.extend_from_slice(&fields(kept, item));
    bytes.extend_from_slice(item.link.as_deref().unwrap_or_default());
    if let Some(leader) = &item.same {
        bytes.push(b'=');
        bytes.extend_from_slice(leader.as_bytes());
    }
    for Xattr { name, value } in &item.xattrs {
        for part in [name, value] {
            bytes.extend_from_slice(&(part.len() as u32).to_le_bytes());
            bytes.extend_from_slice(part);
        }
    }
    bytes.extend_from_slice(proof.map_or(&[], |proof| proof));
}

/// What is compared of an entry, beside its name.
fn fields(kept: Kept, item: &Item) -> [u8; 41] {
    let meta = &item.meta;
    let mut fields = [0; 41];
    fields[0] = meta.kind as u8;
    // The time of a link cannot be set everywhere.
    let times = kept.times && item.link.is_none();
    let numbers = [
        if kept.modes { u64::from(meta.mode) } else { 0 },
        meta.size,
        if times { meta.mtime.0 as u64 } else { 0 },
        if times { u64::from(meta.mtime.1) } else { 0 },
        u64::from(meta.device.0) << 32 | u64::from(meta.device.1),
    ];
    for (field, number) in fields[1..].chunks_exact_mut(8).zip(numbers) {
        field.copy_from_slice(&number.to_le_bytes());
    }
    fields
}

fn short(hasher: &blake3::Hasher) -> PageDigest {
    let mut digest = [0; 16];
    hasher.finalize_xof().fill(&mut digest);
    digest
}
