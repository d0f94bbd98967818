//! Pages: the sorted list of entries, cut where a hash of a name says so, so that both sides cut at the same names however
//! their trees differ elsewhere.

use xssh_fs::{RelPath, Xattr};

use crate::limits::{PAGE_AVERAGE, PAGE_ENTRIES};
use crate::mapping::Mapping;
use crate::options::Options;
use crate::owners::{OwnerDigest, Rights};
use crate::tree::Item;
use crate::wire::message::{FileDigest, Page, PageDigest};

/// Cuts pages while the entries go by, in the order of their paths.
pub(crate) struct Pager {
    key: [u8; 32],
    first: Option<RelPath>,
    entries: u32,
    content: blake3::Hasher,
    owners: OwnerDigest,
    /// Over all pages, without the run's key: the same for the same tree.
    root: blake3::Hasher,
    total: u64,
}

impl Pager {
    /// `rights` are the target's; `mapping` says what a source calls otherwise.
    pub(crate) fn new(key: [u8; 32], options: &Options, rights: Rights, mapping: Option<Mapping>) -> Self {
        Self {
            key,
            first: None,
            entries: 0,
            content: blake3::Hasher::new_keyed(&key),
            owners: OwnerDigest::new(&key, options, rights, mapping),
            root: blake3::Hasher::new(),
            total: 0,
        }
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
        let fields = fields(item);
        for hasher in [&mut self.content, &mut self.root] {
            hasher.update(&(item.path.as_bytes().len() as u32).to_le_bytes());
            hasher.update(item.path.as_bytes());
            hasher.update(&fields);
            hasher.update(item.link.as_deref().unwrap_or_default());
            if let Some(leader) = &item.same {
                hasher.update(b"=");
                hasher.update(leader.as_bytes());
            }
            for Xattr { name, value } in &item.xattrs {
                for part in [name, value] {
                    hasher.update(&(part.len() as u32).to_le_bytes());
                    hasher.update(part);
                }
            }
            if let Some(proof) = proof {
                hasher.update(proof);
            }
        }
        self.owners.push(&item.meta);
        ended
    }

    /// The last page, how many entries there were, and the digest of the whole tree.
    pub(crate) fn finish(mut self) -> (Option<Page>, u64, FileDigest) {
        let last = self.page();
        (last, self.total, *self.root.finalize().as_bytes())
    }

    fn cuts(&self, path: &RelPath) -> bool {
        let hash = blake3::keyed_hash(&self.key, path.as_bytes());
        let [a, b, c, d, ..] = *hash.as_bytes();
        u64::from(u32::from_le_bytes([a, b, c, d])) % PAGE_AVERAGE == 0
    }

    fn page(&mut self) -> Option<Page> {
        let first = self.first.take()?;
        self.entries = 0;
        let page = Page { first, digest: short(&self.content), owners: self.owners.take() };
        self.content.reset();
        Some(page)
    }
}

/// What is compared of an entry, beside its name.
fn fields(item: &Item) -> [u8; 41] {
    let meta = &item.meta;
    let mut fields = [0; 41];
    fields[0] = meta.kind as u8;
    let numbers = [
        u64::from(meta.mode),
        meta.size,
        // The time of a link cannot be set everywhere.
        if item.link.is_some() { 0 } else { meta.mtime.0 as u64 },
        if item.link.is_some() { 0 } else { u64::from(meta.mtime.1) },
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
