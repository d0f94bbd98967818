//! The digest of a large file, made by a thread of its own while the contents pass.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use xssh_delta::Hasher;

use crate::limits::{DIGESTER_LEAST, DIGESTER_QUEUE};
use crate::wire::message::FileDigest;

/// Takes pieces, in their order, and gives their digest at the end.
#[derive(Debug)]
pub(crate) enum Digester {
    /// For small files, and where no thread can be had.
    Here(Box<Hasher>),
    Apart {
        pieces: SyncSender<Bytes>,
        digest: JoinHandle<FileDigest>,
    },
}

impl Digester {
    /// For a file of about this size.
    pub(crate) fn new(size: u64) -> Self {
        let here = || Self::Here(Box::new(Hasher::new()));
        if size < DIGESTER_LEAST {
            return here();
        }
        let (pieces, queue) = sync_channel::<Bytes>(DIGESTER_QUEUE);
        let work = move || {
            let mut hasher = Hasher::new();
            while let Ok(piece) = queue.recv() {
                hasher.update(&piece);
            }
            *hasher.finish().as_bytes()
        };
        thread::Builder::new().spawn(work).map_or_else(|_| here(), |digest| Self::Apart { pieces, digest })
    }

    /// Takes the next piece.
    pub(crate) fn update(&mut self, piece: &Bytes) {
        match self {
            Self::Here(hasher) => hasher.update(piece),
            // The thread ends only with us.
            Self::Apart { pieces, .. } => drop(pieces.send(piece.clone())),
        }
    }

    /// The digest of all of them.
    pub(crate) fn finish(self) -> FileDigest {
        match self {
            Self::Here(hasher) => *hasher.finish().as_bytes(),
            Self::Apart { pieces, digest } => {
                drop(pieces);
                // A digest that cannot be had proves nothing: no file has this one.
                digest.join().unwrap_or_default()
            }
        }
    }
}
