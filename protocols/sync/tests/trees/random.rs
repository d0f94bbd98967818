//! Random trees: after a run both are alike, and a second run has nothing to do.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;
use xssh_sync::Options;

use super::pair::Pair;

#[derive(Debug, Clone)]
enum Node {
    File { seed: u8, length: usize, time: u32, mode: u32 },
    Link(String),
    Directory { mode: u32, inside: Vec<(String, Node)> },
}

fn node() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        (0_u8..3, prop_oneof![0_usize..200, 60_000_usize..70_000, 150_000_usize..200_000], 0_u32..3, 0_u32..0o1000)
            .prop_map(|(seed, length, time, mode)| Node::File { seed, length, time, mode }),
        "[a-c/]{1,3}".prop_map(Node::Link),
    ];
    leaf.prop_recursive(3, 40, 8, |inner| {
        (0_u32..0o1000, prop::collection::vec(("[a-d.]{1,2}", inner), 0..8))
            .prop_map(|(mode, inside)| Node::Directory { mode, inside })
    })
}

fn tree() -> impl Strategy<Value = Vec<(String, Node)>> {
    prop::collection::vec(("[a-d.]{1,2}", node()), 0..8)
}

fn make(root: &Path, nodes: &[(String, Node)]) {
    for (name, node) in nodes {
        let path = root.join(name);
        if name == "." || name == ".." || fs::symlink_metadata(&path).is_ok() {
            continue;
        }
        match node {
            Node::File { seed, length, time, mode } => {
                let bytes: Vec<u8> = (0..*length).map(|at| (at / 7 % 251) as u8 ^ seed).collect();
                fs::write(&path, bytes).unwrap();
                let time = UNIX_EPOCH + Duration::from_nanos(u64::from(*time) * 1_000_000_001);
                fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).unwrap();
            }
            Node::Link(target) => symlink(target, &path).unwrap(),
            Node::Directory { mode, inside } => {
                fs::create_dir(&path).unwrap();
                make(&path, inside);
                fs::set_permissions(&path, fs::Permissions::from_mode(mode | 0o700)).unwrap();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_run_makes_them_alike_and_a_second_has_nothing_to_do(
        source in tree(), target in tree(), shared in tree(), push: bool, checksum: bool, whole_file: bool,
        (hard_links, sparse, inplace, xattrs, numeric_ids) in any::<(bool, bool, bool, bool, bool)>(),
    ) {
        let pair = Pair::new();
        make(&pair.source(), &source);
        make(&pair.target(), &target);
        make(&pair.source(), &shared);
        make(&pair.target(), &shared);
        let options = Options { delete: true, max_delete: Some(1000), checksum, whole_file, hard_links, sparse, inplace, xattrs, numeric_ids,
            ..Options::default() };
        let run = || if push { pair.push(&options) } else { pair.pull(&options) };
        let mut first = run();
        // Files of one size and time with other contents are alike to a run that does not look into them.
        if !checksum {
            let looked = pair.push(&Options { checksum: true, ..options.clone() });
            first.changes.extend(looked.changes);
        }
        first.ok();
        pair.assert_alike();
        let second = run();
        second.ok();
        prop_assert!(second.changes.is_empty(), "{:?}", second.changes);
    }
}
