//! Names, and what belongs to them. In a batch each name says how much of the name before it it shares.

use ::bytes::Bytes;
use xssh_fs::limits::XATTR_VALUE;
use xssh_fs::{Kind, RelPath, Xattr};

use super::WireError;
use super::bytes::{Put, Take};
use crate::limits::LINK;
use crate::tree::{Item, Meta};

/// The longest path (PATH_MAX).
const PATH: usize = 4096;

/// The longest name of an extended attribute (XATTR_NAME_MAX).
const XATTR_NAME: usize = 255;
/// The part of a byte that says what an entry is.
const KIND: u8 = 0x0f;
/// The entry is another name of a file.
const SAME: u8 = 0x10;
/// The entry has extended attributes.
const XATTRS: u8 = 0x20;

const KINDS: [Kind; 7] =
    [Kind::File, Kind::Directory, Kind::Symlink, Kind::Fifo, Kind::Socket, Kind::BlockDevice, Kind::CharDevice];

/// The name before, in a batch.
#[derive(Debug, Default)]
pub(crate) struct Before(Vec<u8>);

impl Before {
    pub(crate) fn put(&mut self, path: &RelPath, put: &mut Put) {
        let path = path.as_bytes();
        let shared = self.0.iter().zip(path).take_while(|(a, b)| a == b).count();
        put.number(shared as u64);
        put.string(&path[shared..]);
        self.0.truncate(shared);
        self.0.extend_from_slice(&path[shared..]);
    }

    pub(crate) fn take(&mut self, take: &mut Take) -> Result<RelPath, WireError> {
        let shared = usize::try_from(take.number()?).map_err(|_| WireError::Number)?;
        if shared > self.0.len() {
            return Err(WireError::Name);
        }
        let rest = take.string(PATH)?;
        self.0.truncate(shared);
        self.0.extend_from_slice(&rest);
        RelPath::parse(&self.0).map_err(|_| WireError::Name)
    }
}

pub(crate) fn put_path(path: &RelPath, put: &mut Put) {
    put.string(path.as_bytes());
}

pub(crate) fn take_path(take: &mut Take) -> Result<RelPath, WireError> {
    RelPath::parse(&take.string(PATH)?).map_err(|_| WireError::Name)
}

pub(crate) fn put_meta(meta: &Meta, put: &mut Put) {
    put_marked(meta, 0, put);
}

fn put_marked(meta: &Meta, marks: u8, put: &mut Put) {
    put.byte(KINDS.iter().position(|kind| *kind == meta.kind).unwrap_or_default() as u8 | marks);
    put.number(meta.mode.into());
    put.signed(meta.mtime.0);
    put.number(meta.mtime.1.into());
    put.number(meta.uid.into());
    put.number(meta.gid.into());
    if meta.kind == Kind::File {
        put.number(meta.size);
    }
    if meta.kind.is_device() {
        put.number(meta.device.0.into());
        put.number(meta.device.1.into());
    }
}

pub(crate) fn take_meta(take: &mut Take) -> Result<Meta, WireError> {
    match take_marked(take)? {
        (meta, 0) => Ok(meta),
        _ => Err(WireError::Value("kind of file")),
    }
}

/// Properties, and the marks that say what follows them.
fn take_marked(take: &mut Take) -> Result<(Meta, u8), WireError> {
    let byte = take.byte()?;
    let marks = byte & !KIND;
    if marks & !(SAME | XATTRS) != 0 {
        return Err(WireError::Value("kind of file"));
    }
    let kind = *KINDS.get(usize::from(byte & KIND)).ok_or(WireError::Value("kind of file"))?;
    let mode = take.number32()?;
    let mtime = (take.signed()?, take.number32()?);
    if mode > 0o7777 || mtime.1 >= 1_000_000_000 {
        return Err(WireError::Value("mode or time"));
    }
    let (uid, gid) = (take.number32()?, take.number32()?);
    let size = if kind == Kind::File { take.number()? } else { 0 };
    if i64::try_from(size).is_err() {
        return Err(WireError::Value("size"));
    }
    let device = if kind.is_device() { (take.number32()?, take.number32()?) } else { (0, 0) };
    Ok((Meta { kind, mode, size, mtime, uid, gid, device }, marks))
}

pub(crate) fn put_item(item: &Item, before: &mut Before, put: &mut Put) {
    before.put(&item.path, put);
    let same = if item.same.is_some() { SAME } else { 0 };
    let xattrs = if item.xattrs.is_empty() { 0 } else { XATTRS };
    put_marked(&item.meta, same | xattrs, put);
    if item.meta.kind == Kind::Symlink {
        put.string(item.link.as_deref().unwrap_or_default());
    }
    if let Some(leader) = &item.same {
        put_path(leader, put);
    }
    if !item.xattrs.is_empty() {
        put.number(item.xattrs.len() as u64);
        for xattr in &item.xattrs {
            put.string(&xattr.name);
            put.string(&xattr.value);
        }
    }
}

pub(crate) fn take_item(before: &mut Before, take: &mut Take) -> Result<Item, WireError> {
    let path = before.take(take)?;
    let (meta, marks) = take_marked(take)?;
    let link = if meta.kind == Kind::Symlink { Some(take_link(&take.string(LINK)?)?) } else { None };
    let same = if marks & SAME != 0 { Some(take_path(take)?) } else { None };
    if same.is_some() && meta.kind != Kind::File {
        return Err(WireError::Value("kind of file"));
    }
    let xattrs = if marks & XATTRS != 0 { take_xattrs(take)? } else { Vec::new() };
    Ok(Item { path, meta, link, same, xattrs })
}

fn take_xattrs(take: &mut Take) -> Result<Vec<Xattr>, WireError> {
    let mut xattrs = Vec::new();
    for _ in 0..take.number()? {
        let (name, value) = (take.string(XATTR_NAME)?, take.string(XATTR_VALUE)?);
        if name.is_empty() || name.contains(&0) {
            return Err(WireError::Value("name of an extended attribute"));
        }
        xattrs.push(Xattr { name: name.as_ref().into(), value: value.as_ref().into() });
    }
    Ok(xattrs)
}

fn take_link(target: &Bytes) -> Result<Box<[u8]>, WireError> {
    if target.is_empty() || target.contains(&0) {
        return Err(WireError::Value("link target"));
    }
    Ok(target.as_ref().into())
}
