//! Signatures of files that are here already, so that the source sends only what differs from them.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender};

use xssh_fs::FsError;

use super::ledger::Likeness;
use super::{Event, Shared};
use crate::wire::message::{FileId, FromTarget};

/// A file whose signature is to be sent.
pub(super) struct Basis {
    pub(super) file: FileId,
    pub(super) kind: Likeness,
    /// Its size here.
    pub(super) size: u64,
}

pub(super) fn run(shared: &Shared<'_>, bases: &Receiver<Basis>, events: &SyncSender<Event>) {
    while let Ok(Basis { file, kind, size }) = bases.recv() {
        let signed = shared.ledger.path_of(file).map(|path| {
            let open = kind.open(shared.tree, &path)?;
            xssh_delta::signature(open, size).map_err(|error| FsError::io(&path, io::Error::other(error)))
        });
        let sent = match signed {
            Some(Ok(signature)) => {
                shared.line.send(&FromTarget::Delta { file, signature: signature.into_bytes().into() }).is_ok()
            }
            // It cannot be read here: then it comes whole.
            Some(Err(_)) => events.send(Event::Again(file)).is_ok(),
            None => true,
        };
        if !sent {
            return;
        }
    }
}
