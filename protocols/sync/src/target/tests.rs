//! A source that does what the protocol does not allow.

use std::io::Write;
use std::thread;

use xssh_delta::{Blocks, SUM, Strong};
use xssh_fs::{Kind, RelPath, Root};

use crate::error::SyncError;
use crate::owners::Rights;
use crate::summary::Summary;
use crate::tree::{Item, Meta, Tree};
use crate::watch::Nobody;
use crate::wire::frame;
use crate::wire::message::{FileId, FromSource, FromTarget, Message, Page, Small};
use crate::wire::start::{Role, Start};

/// Runs a target against a source that says this, whatever it is asked, and then hangs up.
fn against(says: &[FromSource]) -> (tempfile::TempDir, Result<Summary, SyncError>) {
    told(says, false)
}

/// The same; `vacant`: the source was told that nothing is there.
fn told(says: &[FromSource], vacant: bool) -> (tempfile::TempDir, Result<Summary, SyncError>) {
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
            // Hangs up at the first word of the target that asks or ends.
            while let Ok(Some((frame, _))) = frame::read(&mut heard)
                && matches!(FromTarget::decode(frame), Ok(FromTarget::Release { .. }))
            {}
        });
        let start = Start::new(Role::Source, [1; 32]);
        super::run(&tree, &start, (Rights::default(), vacant), (input, output), None, &Nobody, false)
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

fn small(index: u32) -> FromSource {
    let bytes = bytes::Bytes::from_static(b"x");
    let digest = *blake3::hash(&bytes).as_bytes();
    FromSource::Small(vec![Small { file: FileId { range: 0, index }, meta: item(b"x").meta, digest, bytes }])
}

fn listed(range: u32, items: Vec<Item>) -> [FromSource; 2] {
    [FromSource::Entries { range, items }, FromSource::RangeEnd { range, clean: true, alike: Vec::new() }]
}

/// What is given is taken only where it was said that nothing is there, and in its order.
#[test]
fn what_is_given_against_the_rules_is_refused() {
    let [first, end] = listed(0, vec![item(b"x")]);
    let many =
        (0..=crate::limits::GIVEN as u32 + 1).flat_map(|at| listed(at, vec![item(format!("{at:09}").as_bytes())]));
    for says in [
        vec![small(0)],
        vec![FromSource::Giving, FromSource::Giving],
        vec![FromSource::Giving, small(0)],
        vec![FromSource::Giving, first.clone(), small(0)],
        vec![FromSource::Giving, FromSource::Entries { range: 1, items: vec![item(b"x")] }],
        vec![FromSource::Giving, first.clone(), FromSource::Entries { range: 1, items: vec![item(b"y")] }],
        vec![FromSource::Giving, FromSource::RangeEnd { range: 7, clean: true, alike: Vec::new() }, small(0)],
        vec![FromSource::Giving, first.clone(), end.clone(), first.clone()],
        vec![FromSource::Giving, first.clone(), end.clone(), FromSource::Entries { range: 1, items: vec![item(b"a")] }],
        vec![FromSource::Giving, FromSource::Entries { range: 0, items: vec![item(b"b"), item(b"a")] }],
        std::iter::once(FromSource::Giving).chain(many).collect(),
    ] {
        let (_, done) = told(&says, true);
        assert!(matches!(done, Err(SyncError::Broke(_))), "{says:?}: {done:?}");
    }
    let (_, done) = told(&[FromSource::Giving, first, end, small(0)], false);
    assert!(matches!(done, Err(SyncError::Broke(_))), "{done:?}");
}

/// Contents of what is no file here, or of one that has come, are let go of.
#[test]
fn what_is_given_and_not_wanted_is_dropped() {
    let mut link = item(b"a");
    (link.meta.kind, link.link) = (Kind::Symlink, Some(b"/etc/passwd"[..].into()));
    let end = FromSource::PagesEnd { entries: 2, clean: true, root: [0; 32] };
    let [entries, range_end] = listed(0, vec![link, item(b"b")]);
    let file = FileId { range: 0, index: 0 };
    let begun = [
        FromSource::Begin { file, meta: item(b"a").meta },
        FromSource::Data { file, bytes: b"x"[..].into() },
        FromSource::End { file, digest: [0; 32] },
        FromSource::Missing { file, vanished: true, why: String::new() },
    ];
    let mut says = vec![FromSource::Giving, entries, range_end, small(0), small(9), small(1), small(1)];
    says.extend(begun);
    says.push(end);
    let (folder, done) = told(&says, true);
    let summary = done.unwrap();
    assert_eq!((summary.files, summary.made, summary.failed, summary.vanished), (1, 1, 0, 0));
    assert_eq!(std::fs::read(folder.path().join("b")).unwrap(), b"x");
    assert!(folder.path().join("a").is_symlink());
}

/// All that a target says until `answer` has no more to say to it. The source has a page that differs.
fn heard(tree: Tree, start: Start, mut answer: impl FnMut(&FromTarget) -> Option<Vec<FromSource>>) -> Vec<FromTarget> {
    let page = Page { first: RelPath::root(), digest: [0; 16], owners: [0; 16] };
    let end = FromSource::PagesEnd { entries: 2, clean: true, root: [0; 32] };
    let (input, mut source) = std::io::pipe().unwrap();
    let (mut heard, output) = std::io::pipe().unwrap();
    thread::scope(|scope| {
        let run = scope
            .spawn(move || super::run(&tree, &start, (Rights::default(), false), (input, output), None, &Nobody, true));
        let mut say = |message: FromSource| {
            let (kind, payload) = message.encode();
            frame::write(&mut source, kind, &payload, None).and_then(|_| source.flush()).unwrap();
        };
        let mut said = Vec::new();
        [FromSource::Pages(vec![page]), end].into_iter().for_each(&mut say);
        while let Ok(Some((frame, _))) = frame::read(&mut heard) {
            let message = FromTarget::decode(frame).unwrap();
            let answer = answer(&message);
            said.push(message);
            match answer {
                Some(more) => more.into_iter().for_each(&mut say),
                None => break,
            }
        }
        drop((source, heard));
        let _ = run.join().unwrap();
        said
    })
}

/// What is at `big`, of so many bytes, and what a source says of a larger one.
fn big(folder: &std::path::Path, size: u64) -> [FromSource; 2] {
    std::fs::File::create(folder.join("big")).and_then(|file| file.set_len(size)).unwrap();
    let mut big = item(b"big");
    big.meta.size = size + 100_000;
    listed(0, vec![big])
}

/// All that a target says to a source that guesses at `big`, where it is to tell nothing or not.
fn heard_by_a_guesser(tells: bool) -> Vec<FromTarget> {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a-secret", "b-secret", "z-secret"] {
        std::fs::write(folder.path().join(name), "hidden").unwrap();
    }
    let entries = big(folder.path(), 200_000);
    let tree = Tree::whole(Root::open(folder.path()).unwrap());
    let tree = if tells { tree } else { tree.without_telling() };
    let mut start = Start::new(Role::Target, [1; 32]);
    start.options.whole_file = !tells;
    heard(tree, start, |message| match message {
        FromTarget::List { .. } => Some(entries.to_vec()),
        FromTarget::Whole(_) | FromTarget::Sums { .. } => None,
        _ => Some(Vec::new()),
    })
}

#[test]
fn a_target_that_is_to_tell_nothing_says_no_names_digests_or_sums() {
    let told = |said: &[FromTarget]| {
        let has = |message: &FromTarget| match message {
            FromTarget::List { from, until, have, .. } => {
                !have.is_empty() || until.is_some() || *from != RelPath::root()
            }
            FromTarget::Delta { .. } | FromTarget::Sums { .. } | FromTarget::Digests(_) => true,
            FromTarget::Change { path, .. } | FromTarget::Problem { path, .. } => *path != item(b"big").path,
            _ => false,
        };
        said.iter().filter(|message| has(message)).count()
    };
    let open = heard_by_a_guesser(true);
    assert!(told(&open) >= 2, "{open:?}");
    let silent = heard_by_a_guesser(false);
    assert_eq!(told(&silent), 0, "{silent:?}");
    assert!(silent.contains(&FromTarget::Whole(vec![FILE])), "{silent:?}");
}

/// What nothing is said of at its own offset any more has sums that are sooner made, and all blocks have one sum.
#[test]
fn sums_of_what_goes_apart_are_the_same_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let size = crate::limits::PLACED_AHEAD + (32 << 20);
    let entries = big(folder.path(), size);
    let tree = Tree::whole(Root::open(folder.path()).unwrap());
    let mut apart = false;
    let mut told = [Vec::new(), Vec::new()];
    let _ = heard(tree, Start::new(Role::Target, [1; 32]), |message| match message {
        FromTarget::List { .. } => Some(entries.to_vec()),
        FromTarget::Sums { file, strong, sums } => {
            told[usize::from(*strong == Strong::Moved)].extend_from_slice(sums);
            let blocks = Blocks::of_basis(size).unwrap().count() as usize;
            let begin = FromSource::Begin { file: *file, meta: item(b"big").meta };
            match std::mem::replace(&mut apart, true) {
                false => Some(vec![begin, FromSource::Apart { file: *file }]),
                true => (told[0].len() + told[1].len() < blocks * SUM).then(Vec::new),
            }
        }
        _ => Some(Vec::new()),
    });
    let [placed, moved] = told;
    assert_eq!(placed.len() + moved.len(), Blocks::of_basis(size).unwrap().count() as usize * SUM);
    // Those that two threads had at hand may be of the other kind.
    assert!(moved.len() > placed.len() / 16, "{} and {}", placed.len(), moved.len());
    assert!(moved.chunks(SUM).all(|sum| sum == &moved[..SUM]), "all are of zeros");
    assert_ne!(placed[..SUM], moved[..SUM]);
}
