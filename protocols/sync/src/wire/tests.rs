use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ::bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use xssh_delta::Strong;
use xssh_fs::{Kind, RelPath, Xattr};

use super::WireError;
use super::bytes::Put;
use super::frame::{self, Frame};
use super::message::{FileId, FromSource, FromTarget, Message, Page, Small};
use super::start::{self, Greeting};
use crate::tree::{Item, Meta};

fn path() -> impl Strategy<Value = RelPath> {
    vec("[a-c\\x01é]{1,3}", 0_usize..4).prop_map(|names| RelPath::parse(names.join("/").as_bytes()).unwrap())
}

fn meta() -> impl Strategy<Value = Meta> {
    (
        0_u32..0o10000,
        any::<i64>(),
        0_u32..1_000_000_000,
        any::<(u32, u32)>(),
        0_u64..1 << 62,
        any::<(u32, u32)>(),
        0_usize..4,
    )
        .prop_map(|(mode, seconds, nanoseconds, (uid, gid), size, device, kind)| {
            let kind = [Kind::File, Kind::Directory, Kind::Symlink, Kind::CharDevice][kind];
            Meta {
                kind,
                mode,
                size: if kind == Kind::File { size } else { 0 },
                mtime: (seconds, nanoseconds),
                uid,
                gid,
                device: if kind == Kind::CharDevice { device } else { (0, 0) },
            }
        })
}

fn item() -> impl Strategy<Value = Item> {
    let xattr = ("[a-z.]{1,9}", vec(any::<u8>(), 0..9))
        .prop_map(|(name, value)| Xattr { name: name.into_bytes().into(), value: value.into() });
    (path(), meta(), "[a-z./]{1,9}", proptest::option::of(path()), vec(xattr, 0..3)).prop_map(
        |(path, meta, link, same, xattrs)| Item {
            path,
            meta,
            link: (meta.kind == Kind::Symlink).then(|| link.into_bytes().into()),
            same: same.filter(|_| meta.kind == Kind::File),
            xattrs,
        },
    )
}

fn file() -> impl Strategy<Value = FileId> {
    any::<(u32, u32)>().prop_map(|(range, index)| FileId { range, index })
}

fn bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..200).prop_map(Bytes::from)
}

fn from_source() -> impl Strategy<Value = FromSource> {
    let page = (path(), any::<([u8; 16], [u8; 16])>());
    let page = page.prop_map(|(first, (digest, owners))| Page { first, digest, owners });
    let small = (file(), meta(), any::<[u8; 32]>(), bytes());
    let small = small.prop_map(|(file, meta, digest, bytes)| Small { file, meta, digest, bytes });
    prop_oneof![
        vec(page, 0..5).prop_map(FromSource::Pages),
        (any::<u32>(), vec(item(), 0..5)).prop_map(|(range, items)| FromSource::Entries { range, items }),
        vec(small, 0_usize..4).prop_map(FromSource::Small),
        (file(), meta()).prop_map(|(file, meta)| FromSource::Begin { file, meta }),
        (file(), bytes()).prop_map(|(file, bytes)| FromSource::Data { file, bytes }),
        (file(), any::<(u64, u64)>()).prop_map(|(file, (offset, length))| FromSource::Copy { file, offset, length }),
        (file(), any::<u64>()).prop_map(|(file, length)| FromSource::Zeros { file, length }),
        file().prop_map(|file| FromSource::Apart { file }),
        (any::<(bool, u32)>(), ".{0,20}").prop_map(|((group, id), name)| FromSource::Name { group, id, name }),
        (path(), ".{0,20}").prop_map(|(path, why)| FromSource::Problem { path, why }),
    ]
}

fn from_target() -> impl Strategy<Value = FromTarget> {
    prop_oneof![
        (file(), any::<(u64, u8)>()).prop_map(|(file, (length, bits))| FromTarget::Delta { file, length, bits }),
        (file(), any::<bool>(), bytes()).prop_map(|(file, moved, sums)| {
            let strong = if moved { Strong::Moved } else { Strong::Chaining };
            FromTarget::Sums { file, strong, sums }
        }),
        vec(file(), 0..5).prop_map(FromTarget::Whole),
    ]
}

fn frame(message: &impl Message) -> Frame {
    let (kind, payload) = message.encode();
    Frame { kind, payload: payload.into() }
}

proptest! {
    #[test]
    fn a_message_arrives_as_it_was_sent(message in from_source()) {
        prop_assert_eq!(FromSource::decode(frame(&message)).unwrap(), message);
    }

    #[test]
    fn a_wish_arrives_as_it_was_sent(message in from_target()) {
        prop_assert_eq!(FromTarget::decode(frame(&message)).unwrap(), message);
    }

    #[test]
    fn any_payload_ends_in_a_message_or_an_error(kind: u8, payload: Vec<u8>) {
        let frame = Frame { kind, payload: payload.into() };
        let _ = FromSource::decode(frame.clone());
        let _ = FromTarget::decode(frame);
    }

    #[test]
    fn a_message_that_was_tampered_with_ends_in_a_message_or_an_error(
        message in from_source(), at: prop::sample::Index, byte: u8, cut: prop::sample::Index,
    ) {
        let mut frame = frame(&message);
        let mut payload = frame.payload.to_vec();
        if !payload.is_empty() {
            let at = at.index(payload.len());
            payload[at] = byte;
            payload.truncate(cut.index(payload.len()) + 1);
        }
        frame.payload = payload.into();
        let _ = FromSource::decode(frame);
    }
}

/// Entries whose names would lead out of the tree are no entries.
#[test]
fn names_that_lead_out_are_refused() {
    for name in [&b"../x"[..], b"a/../../x", b"/etc/passwd", b"a//b", b".", b"a\0b", b"a/"] {
        let mut put = Put::default();
        put.number(0);
        put.number(0);
        put.string(name);
        let entries = Frame { kind: 3, payload: put.0.into() };
        assert!(matches!(FromSource::decode(entries), Err(WireError::Name)), "{name:?}");
    }
}

/// A name may not take more of the one before than there is.
#[test]
fn a_shared_part_that_is_not_there_is_refused() {
    let mut put = Put::default();
    put.number(0);
    put.number(5);
    put.string(b"x");
    assert!(matches!(FromSource::decode(Frame { kind: 3, payload: put.0.into() }), Err(WireError::Name)));
}

/// Components and paths that no system takes are none, however they are put together.
#[test]
fn names_that_are_too_long_are_refused() {
    let long = [vec![b'n'; 256], vec![vec![b'n'; 255]; 17].join(&b'/'), vec![b'n'; 1 << 20]];
    for name in long {
        let mut put = Put::default();
        put.number(0);
        put.number(0);
        put.string(&name);
        let entries = Frame { kind: 3, payload: put.0.into() };
        assert!(FromSource::decode(entries).is_err(), "{} bytes", name.len());
    }
    // Two that are good, of which the second leans on the first and grows too long by it.
    let mut put = Put::default();
    put.number(0);
    for (shared, rest) in [(0, vec![b'n'; 255]), (255, vec![b'n'])] {
        put.number(shared);
        put.string(&rest);
    }
    assert!(FromSource::decode(Frame { kind: 3, payload: put.0.into() }).is_err());
}

/// What libFuzzer and the smoke begin with.
fn seeds(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/seeds").join(name);
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect()
}

/// The kinds that one side may say, by what is read of it.
fn known<M: Message>() -> BTreeSet<u8> {
    let frame = |kind| Frame { kind, payload: Bytes::new() };
    (0..0x80).filter(|kind| !matches!(M::decode(frame(*kind)), Err(WireError::Kind(_)))).collect()
}

/// The document has every kind that there is, and no other.
#[test]
fn the_document_has_every_kind() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sync-protocol.md");
    let text = fs::read_to_string(document).unwrap();
    let table = |heading: &str| -> BTreeSet<u8> {
        let section = text.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
        section.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok()).collect()
    };
    assert_eq!(table("From the source"), known::<FromSource>());
    assert_eq!(table("From the target"), known::<FromTarget>());
}

/// Every kind of message is in a seed, and every seed is made of messages: what has died of a change of the words fuzzes nothing.
fn seeds_are_alive<M: Message>(name: &str) {
    let mut missing = known::<M>();
    assert!(missing.len() > 10, "{missing:?}");
    for (path, bytes) in seeds(name) {
        let mut left = bytes.as_slice();
        while let Some((frame, _)) = frame::read(&mut left).unwrap_or_else(|error| panic!("{path}: {error}")) {
            let kind = frame.kind;
            M::decode(frame).unwrap_or_else(|error| panic!("{path}, kind {kind}: {error}"));
            missing.remove(&kind);
        }
    }
    assert!(missing.is_empty(), "{name} has no seed of the kinds {missing:?}");
}

#[test]
fn seeds_of_a_source_are_alive() {
    seeds_are_alive::<FromSource>("sync_source");
}

#[test]
fn seeds_of_a_target_are_alive() {
    seeds_are_alive::<FromTarget>("sync_target");
}

#[test]
fn seeds_of_a_start_are_alive() {
    for (path, bytes) in seeds("sync_start") {
        let start = start::read_start(&mut bytes.as_slice());
        assert!(matches!(start, Ok(Greeting::Here(_))), "{path}");
    }
}
