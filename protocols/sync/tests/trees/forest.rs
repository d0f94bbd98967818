//! Trees and options by chance, for proptest or from a seed.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rustix::fs::{CWD, FileType, Mode, XattrFlags, mknodat, setxattr};
use xssh_sync::Options;

use super::dice::Dice;

#[derive(Debug, Clone)]
pub(crate) enum Node {
    File {
        seed: u8,
        length: usize,
        time: u32,
        mode: u32,
        xattr: Option<u8>,
    },
    /// Another name of a file that was made before.
    Same(prop::sample::Index),
    Link(String),
    Fifo,
    Directory {
        mode: u32,
        xattr: Option<u8>,
        inside: Forest,
    },
}

/// What is in a directory.
pub(crate) type Forest = Vec<(String, Node)>;

fn node() -> impl Strategy<Value = Node> {
    let length = prop_oneof![
        12 => 0_usize..200,
        2 => 200_usize..5_000,
        2 => 60_000_usize..70_000,
        1 => 100_000_usize..400_000,
    ];
    let xattr = prop::option::weighted(0.1, 0_u8..2);
    let file = (0_u8..4, length, 0_u32..3, 0_u32..0o10000, xattr.clone())
        .prop_map(|(seed, length, time, mode, xattr)| Node::File { seed, length, time, mode, xattr });
    let leaf = prop_oneof![
        10 => file,
        2 => any::<prop::sample::Index>().prop_map(Node::Same),
        2 => "[a-c/.]{1,3}".prop_map(Node::Link),
        1 => Just(Node::Fifo),
    ];
    leaf.prop_recursive(3, 40, 8, move |inner| {
        (0_u32..0o10000, xattr.clone(), prop::collection::vec(("[a-d.]{1,2}", inner), 0..8))
            .prop_map(|(mode, xattr, inside)| Node::Directory { mode, xattr, inside })
    })
}

pub(crate) fn forest() -> impl Strategy<Value = Forest> {
    prop::collection::vec(("[a-d.]{1,2}", node()), 0..8)
}

/// A source, a target, and what both have.
pub(crate) fn trees() -> impl Strategy<Value = [Forest; 3]> {
    [forest(), forest(), forest()]
}

/// Options with which all of a tree is copied, in every way.
pub(crate) fn ways() -> impl Strategy<Value = Options> {
    let flags = any::<[bool; 8]>();
    let compress = prop::option::of(any::<bool>());
    let rare = prop::bool::weighted(0.02);
    (flags, compress, rare).prop_map(
        |([checksum, whole_file, hard_links, sparse, inplace, xattrs, acls, numeric_ids], compress, fsync)| Options {
            delete: true,
            max_delete: Some(1000),
            specials: true,
            checksum,
            whole_file,
            hard_links,
            sparse,
            inplace,
            xattrs,
            acls,
            numeric_ids,
            compress,
            fsync,
            ..Options::default()
        },
    )
}

/// The value that a seed gives.
pub(crate) fn of_seed<T>(seed: u64, strategy: impl Strategy<Value = T>) -> T {
    let mut dice = Dice::new(seed);
    let bytes: Vec<u8> = (0..4).flat_map(|_| dice.next().to_le_bytes()).collect();
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    strategy.new_tree(&mut TestRunner::new_with_rng(Config::default(), rng)).unwrap().current()
}

/// How many times what a test usually does: `XSSH_SYNC_TIMES`, once where it is not set.
pub(crate) fn times() -> u32 {
    std::env::var("XSSH_SYNC_TIMES").map_or(1, |times| times.parse().unwrap())
}

/// Makes them in a directory, as far as no name is there already.
pub(crate) fn make(root: &Path, forest: &Forest) {
    plant(root, forest, &mut Vec::new());
}

fn plant(root: &Path, forest: &Forest, files: &mut Vec<PathBuf>) {
    for (name, node) in forest {
        let path = root.join(name);
        if name == "." || name == ".." || fs::symlink_metadata(&path).is_ok() {
            continue;
        }
        match node {
            Node::File { seed, length, time, mode, xattr } => {
                fs::write(&path, content(*seed, *length)).unwrap();
                note(&path, *xattr);
                // Two files of one size and time have the same contents: a run that does not look into them takes them for it.
                let time = u64::from(*time) * 16 + u64::from(*seed);
                let time = UNIX_EPOCH + Duration::from_nanos(time * 1_000_000_001);
                File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).unwrap();
                files.push(path);
            }
            Node::Same(_) if files.is_empty() => {}
            Node::Same(which) => fs::hard_link(which.get(files), &path).unwrap(),
            Node::Link(target) => symlink(target, &path).unwrap(),
            Node::Fifo => mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap(),
            Node::Directory { mode, xattr, inside } => {
                fs::create_dir(&path).unwrap();
                note(&path, *xattr);
                plant(&path, inside, files);
                fs::set_permissions(&path, fs::Permissions::from_mode(mode | 0o700)).unwrap();
            }
        }
    }
}

fn note(path: &Path, xattr: Option<u8>) {
    if let Some(value) = xattr {
        setxattr(path, "user.note", &[value; 3], XattrFlags::empty()).unwrap();
    }
}

/// Blocks that files of other seeds have too, blocks of zeros and blocks of its own; with some seeds all is shifted.
fn content(seed: u8, length: usize) -> Vec<u8> {
    const BLOCK: usize = 4096;
    static NOISE: LazyLock<Vec<u8>> = LazyLock::new(|| Dice::new(1).bytes(1 << 20));
    let mut bytes = vec![b'+'; usize::from(seed % 2) * 5];
    while bytes.len() < length {
        let number = bytes.len() / BLOCK;
        match (number * 7 + usize::from(seed)) % 6 {
            0 => bytes.resize(bytes.len() + BLOCK, 0),
            kind => {
                let own = if kind == 1 { usize::from(seed) + 1 } else { 0 };
                let at = (number * BLOCK + own * 77_777) % (NOISE.len() - BLOCK);
                bytes.extend_from_slice(&NOISE[at..at + BLOCK]);
            }
        }
    }
    bytes.truncate(length);
    bytes
}
