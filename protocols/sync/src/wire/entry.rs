//! Names, and what belongs to them. In a batch each name says how much of the name before it it shares.

use ::bytes::Bytes;
use xssh_fs::{Kind, RelPath};

use super::WireError;
use super::bytes::{Put, Take};
use crate::limits::LINK;
use crate::tree::{Item, Meta};

/// The longest path (PATH_MAX).
const PATH: usize = 4096;

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
    put.byte(KINDS.iter().position(|kind| *kind == meta.kind).unwrap_or_default() as u8);
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
    let kind = *KINDS.get(usize::from(take.byte()?)).ok_or(WireError::Value("kind of file"))?;
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
    Ok(Meta { kind, mode, size, mtime, uid, gid, device })
}

pub(crate) fn put_item(item: &Item, before: &mut Before, put: &mut Put) {
    before.put(&item.path, put);
    put_meta(&item.meta, put);
    if item.meta.kind == Kind::Symlink {
        put.string(item.link.as_deref().unwrap_or_default());
    }
}

pub(crate) fn take_item(before: &mut Before, take: &mut Take) -> Result<Item, WireError> {
    let path = before.take(take)?;
    let meta = take_meta(take)?;
    let link = if meta.kind == Kind::Symlink { Some(take_link(&take.string(LINK)?)?) } else { None };
    Ok(Item { path, meta, link })
}

fn take_link(target: &Bytes) -> Result<Box<[u8]>, WireError> {
    if target.is_empty() || target.contains(&0) {
        return Err(WireError::Value("link target"));
    }
    Ok(target.as_ref().into())
}
