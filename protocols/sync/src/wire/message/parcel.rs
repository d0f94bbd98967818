//! Small files, each read straight into the payload that carries it.

use super::FileId;
use crate::limits::PARCEL;
use crate::tree::Meta;
use crate::wire::bytes::Put;
use crate::wire::entry::put_meta;
use crate::wire::fields::put_file;
use crate::wire::kind;
use crate::wire::message::FileDigest;

/// The payload of a frame of small files as it is filled.
#[derive(Debug, Default)]
pub(crate) struct Parcel(Put);

impl Parcel {
    /// In the room of a buffer that nobody uses any more.
    pub(crate) fn within(mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        buffer.reserve_exact(PARCEL);
        Self(Put(buffer))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.0.is_empty()
    }

    /// What it takes on the line.
    pub(crate) fn len(&self) -> usize {
        self.0.0.len()
    }

    /// Adds a file, whose contents `read` appends to what it is given. Gives how many bytes they are.
    ///
    /// # Errors
    /// Those of `read`: the parcel is as it was then.
    pub(crate) fn add<E>(
        &mut self,
        file: FileId,
        meta: &Meta,
        read: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<u64, E> {
        let start = self.len();
        put_file(file, &mut self.0);
        put_meta(meta, &mut self.0);
        let digest = self.len();
        self.0.raw(&FileDigest::default());
        self.0.number(meta.size);
        let from = self.len();
        if let Err(error) = read(&mut self.0.0) {
            self.0.0.truncate(start);
            return Err(error);
        }
        let length = (self.len() - from) as u64;
        let proof = blake3::hash(&self.0.0[from..]);
        self.0.0[digest..digest + proof.as_bytes().len()].copy_from_slice(proof.as_bytes());
        if length != meta.size {
            // It ended early: its length is another than was written before it.
            let contents = self.0.0.split_off(from);
            self.0.0.truncate(digest + proof.as_bytes().len());
            self.0.string(&contents);
        }
        Ok(length)
    }

    /// The frame's kind and payload.
    pub(crate) fn seal(self) -> (u8, Vec<u8>) {
        (kind::SMALL, self.0.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use xssh_fs::Kind;

    use super::*;
    use crate::wire::frame::Frame;
    use crate::wire::message::{FromSource, Message, Small};

    fn meta(size: u64) -> Meta {
        Meta { kind: Kind::File, mode: 0o644, size, mtime: (7, 8), uid: 1, gid: 2, device: (0, 0) }
    }

    proptest! {
        /// What the target takes is what was read, also of files that became shorter, and nothing of those that failed.
        #[test]
        fn what_is_put_in_is_taken_out(files in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..400), 0_u64..400, any::<bool>()), 0..9)) {
            let (mut parcel, mut expected) = (Parcel::within(vec![1, 2, 3]), Vec::new());
            for ((contents, more, fails), index) in files.iter().zip(0_u32..) {
                let (file, meta) = (FileId { range: 300, index }, meta(contents.len() as u64 + more));
                let added = parcel.add(file, &meta, |payload| {
                    payload.extend_from_slice(contents);
                    if *fails { Err(()) } else { Ok(()) }
                });
                prop_assert_eq!(added, if *fails { Err(()) } else { Ok(contents.len() as u64) });
                if !fails {
                    let digest = *blake3::hash(contents).as_bytes();
                    expected.push(Small { file, meta, digest, bytes: contents.clone().into() });
                }
            }
            let (kind, payload) = parcel.seal();
            prop_assert_eq!(FromSource::decode(Frame { kind, payload: payload.into() }).unwrap(), FromSource::Small(expected));
        }
    }
}
