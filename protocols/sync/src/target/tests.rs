//! A source that does what the protocol does not allow.

use std::io::Write;
use std::thread;

use xssh_fs::{Kind, RelPath, Root};

use crate::error::SyncError;
use crate::owners::Rights;
use crate::summary::Summary;
use crate::tree::{Item, Meta, Tree};
use crate::watch::Nobody;
use crate::wire::frame;
use crate::wire::message::{FileId, FromSource, Message, Small};
use crate::wire::start::{Role, Start};

/// Runs a target against a source that says this, whatever it is asked, and then hangs up.
fn against(says: &[FromSource]) -> (tempfile::TempDir, Result<Summary, SyncError>) {
    let folder = tempfile::tempdir().unwrap();
    let tree = Tree::whole(Root::open(folder.path()).unwrap());
    let (input, mut source) = std::io::pipe().unwrap();
    let (mut heard, output) = std::io::pipe().unwrap();
    let done = thread::scope(|scope| {
        scope.spawn(move || {
            for message in says {
                let (kind, payload) = message.encode();
                if frame::write(&mut source, kind, &payload, None).and_then(|_| source.flush()).is_err() {
                    break;
                }
            }
            // Hangs up at the first word of the target.
            let _ = frame::read(&mut heard);
        });
        let start = Start::new(Role::Source, [1; 32]);
        super::run(&tree, &start, Rights::default(), (input, output), None, &Nobody, false)
    });
    (folder, done)
}

fn item(path: &[u8]) -> Item {
    let meta = Meta { kind: Kind::File, mode: 0o644, size: 1, mtime: (0, 0), uid: 0, gid: 0, device: (0, 0) };
    Item { path: RelPath::parse(path).unwrap(), meta, link: None, same: None, xattrs: Vec::new() }
}

const FILE: FileId = FileId { range: 0, index: 0 };

#[test]
fn what_was_not_asked_for_is_not_taken() {
    let small = Small { file: FILE, meta: item(b"x").meta, digest: [0; 32], bytes: b"x"[..].into() };
    let copy = FromSource::Copy { file: FILE, offset: u64::MAX, length: u64::MAX };
    for message in [
        FromSource::Small(vec![small]),
        FromSource::Begin { file: FILE, meta: item(b"x").meta },
        FromSource::Data { file: FILE, bytes: b"x"[..].into() },
        copy,
        FromSource::End { file: FILE, digest: [0; 32] },
        FromSource::Entries { range: 7, items: vec![item(b"x")] },
        FromSource::RangeEnd { range: 7, clean: true, alike: Vec::new() },
        FromSource::Digests(vec![(FILE, [0; 32])]),
        FromSource::Missing { file: FILE, vanished: true, why: String::new() },
    ] {
        let (folder, done) = against(std::slice::from_ref(&message));
        assert!(matches!(done, Err(SyncError::Broke(_))), "{message:?}: {done:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

/// The first range that a target asks for is the whole of an empty tree: names that do not come in their order are none.
#[test]
fn names_out_of_order_are_refused() {
    let pages = FromSource::PagesEnd { entries: 0, clean: true, root: [0; 32] };
    let entries = FromSource::Entries { range: 0, items: vec![item(b"b"), item(b"a")] };
    let (_, done) = against(&[pages, entries]);
    assert!(matches!(done, Err(SyncError::Broke(_))), "{done:?}");
}

/// The directory itself is all that is there.
#[test]
fn no_more_entries_are_alike_than_there_are() {
    for alike in [vec![2], vec![0, 1, 1], vec![u32::MAX, u32::MAX]] {
        let pages = FromSource::PagesEnd { entries: 0, clean: true, root: [0; 32] };
        let (_, done) = against(&[pages, FromSource::RangeEnd { range: 0, clean: true, alike }]);
        assert!(matches!(done, Err(SyncError::Broke(_))), "{done:?}");
    }
}

#[test]
fn an_end_in_the_middle_is_an_error() {
    let (_, done) = against(&[FromSource::PagesEnd { entries: 9, clean: true, root: [0; 32] }]);
    assert!(matches!(done, Err(SyncError::Ended)), "{done:?}");
    let (_, done) = against(&[FromSource::Failed { why: "tired".into() }]);
    assert!(matches!(done, Err(SyncError::GaveUp(why)) if why == "tired"));
}
