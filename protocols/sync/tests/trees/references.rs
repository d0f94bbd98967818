//! Other directories at the target's side: what they have is linked, copied or left out.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use proptest::prelude::*;
use xssh_sync::{Change, Options, References, Reuse, Summary};

use super::forest::{make, times, trees};
use super::pair::{Pair, shape};

/// A source of 2000 small files and a large one, and what a run before has made of it in `prev`.
fn with_snapshot() -> Pair {
    let pair = Pair::new();
    for number in 0..2000 {
        let folder = pair.source().join(format!("d{}", number % 20));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("f{number}")), number.to_string()).unwrap();
    }
    fs::write(pair.source().join("large"), noise(3_000_000)).unwrap();
    symlink("large", pair.source().join("link")).unwrap();
    pair.push(&Options::default()).ok();
    fs::rename(pair.target(), pair.beside("prev")).unwrap();
    fs::create_dir(pair.target()).unwrap();
    pair
}

fn noise(length: u64) -> Vec<u8> {
    (0..length / 8).flat_map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31).to_le_bytes()).collect()
}

fn using(reuse: Reuse, directories: &[&str]) -> Options {
    let directories = directories.iter().map(|name| format!("../{name}").into_bytes()).collect();
    Options { references: Some(References { reuse, directories }), ..Options::default() }
}

fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}

#[test]
fn an_unchanged_snapshot_is_linked_and_costs_next_to_nothing() {
    for push in [true, false] {
        let pair = with_snapshot();
        let options = using(Reuse::Link, &["prev"]);
        let run = if push { pair.push(&options) } else { pair.pull(&options) };
        let Summary { files, found, literal, .. } = run.ok();
        assert_eq!((files, found, literal), (0, 2002, 0));
        assert!(run.bytes < 16_000, "{} bytes", run.bytes);
        pair.assert_alike();
        for name in ["d3/f3", "d19/f1999", "large", "link"] {
            assert_eq!(inode(&pair.target().join(name)), inode(&pair.beside("prev").join(name)), "{name}");
        }
        let again = pair.push(&options);
        assert!(again.changes.is_empty(), "{:?}", again.changes);
        assert_eq!(again.ok().found, 0);
    }
}

/// What differs is sent, as a difference where it is large; what only has other attributes is copied, and the snapshot before
/// stays as it was.
#[test]
fn a_snapshot_with_changes() {
    let pair = with_snapshot();
    let before = shape(&pair.beside("prev"));
    let mut large = noise(3_000_000);
    large[1_500_000] ^= 1;
    fs::write(pair.source().join("large"), &large).unwrap();
    fs::write(pair.source().join("d0/new"), "new").unwrap();
    fs::remove_file(pair.source().join("d1/f1")).unwrap();
    fs::set_permissions(pair.source().join("d2/f2"), fs::Permissions::from_mode(0o600)).unwrap();
    let options = using(Reuse::Link, &["prev"]);
    let run = pair.push(&options);
    let summary = run.ok();
    assert_eq!((summary.files, summary.found), (2, 2000), "{summary:?}");
    assert!(summary.literal < 200_000, "{summary:?}");
    assert!(run.changes.contains(&("d2/f2".to_owned(), Change::NewFile)), "{:?}", run.changes);
    pair.assert_alike();
    let same = |name: &str| inode(&pair.target().join(name)) == inode(&pair.beside("prev").join(name));
    assert_eq!(["d3/f3", "d2/f2", "large"].map(same), [true, false, false]);
    // A second run into the same snapshot must not reach through to the first.
    fs::set_permissions(pair.source().join("d3/f3"), fs::Permissions::from_mode(0o640)).unwrap();
    fs::write(pair.source().join("d4/f4"), "changed").unwrap();
    pair.push(&Options { inplace: true, ..options }).ok();
    pair.assert_alike();
    assert_eq!(shape(&pair.beside("prev")), before);
}

#[test]
fn the_best_of_several_counts() {
    let pair = with_snapshot();
    fs::create_dir_all(pair.beside("worse/d3")).unwrap();
    fs::write(pair.beside("worse/d3/f3"), "3").unwrap();
    pair.push(&using(Reuse::Link, &["worse", "prev"])).ok();
    pair.assert_alike();
    assert_eq!(inode(&pair.target().join("d3/f3")), inode(&pair.beside("prev/d3/f3")));
}

#[test]
fn copies_are_files_of_their_own() {
    let pair = with_snapshot();
    let run = pair.push(&using(Reuse::Copy, &["prev"]));
    assert_eq!((run.ok().files, run.ok().literal, run.ok().found), (0, 0, 2001));
    assert!(run.bytes < 16_000, "{} bytes", run.bytes);
    pair.assert_alike();
    assert_ne!(inode(&pair.target().join("large")), inode(&pair.beside("prev/large")));
}

#[test]
fn what_is_elsewhere_is_left_out() {
    let pair = with_snapshot();
    fs::write(pair.source().join("d0/new"), "new").unwrap();
    fs::set_permissions(pair.source().join("d2/f2"), fs::Permissions::from_mode(0o600)).unwrap();
    pair.pull(&using(Reuse::Leave, &["prev"])).ok();
    let files: Vec<_> = shape(&pair.target()).into_keys().filter(|path| !pair.target().join(path).is_dir()).collect();
    assert_eq!(files, [Path::new("d0/new"), Path::new("d2/f2")]);
}

/// Size and time are not enough where contents are compared.
#[test]
fn contents_are_compared_where_that_is_asked_for() {
    let pair = with_snapshot();
    let time = fs::metadata(pair.source().join("d5/f5")).unwrap().modified().unwrap();
    let other = pair.beside("prev/d5/f5");
    fs::write(&other, "x").unwrap();
    fs::File::open(&other).unwrap().set_modified(time).unwrap();
    pair.push(&Options { checksum: true, ..using(Reuse::Link, &["prev"]) }).ok();
    pair.assert_alike();
    assert_eq!(fs::read(&other).unwrap(), b"x");
    assert_eq!(inode(&pair.target().join("d6/f6")), inode(&pair.beside("prev/d6/f6")));
}

/// Names of one file stay names of one file, and a dry run makes nothing.
#[test]
fn with_hard_links() {
    let pair = with_snapshot();
    fs::hard_link(pair.source().join("d0/f0"), pair.source().join("other")).unwrap();
    let options = Options { hard_links: true, ..using(Reuse::Link, &["prev"]) };
    let would = pair.push(&Options { dry_run: true, ..options.clone() }).ok();
    assert_eq!(fs::read_dir(pair.target()).unwrap().count(), 0);
    let did = pair.push(&options).ok();
    assert_eq!((would.found, would.files), (did.found, did.files));
    pair.assert_alike();
    assert_eq!(inode(&pair.target().join("d0/f0")), inode(&pair.target().join("other")));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60 * times()) })]

    /// Whatever a reference and the target hold, the target becomes like the source, and the reference stays as it is.
    #[test]
    fn any_snapshot_is_like_its_source_and_leaves_the_one_before_alone(
        [source, target, shared] in trees(), [before, _, _] in trees(), link: bool, push: bool, inplace: bool, hard_links: bool, empty: bool,
    ) {
        let pair = Pair::in_memory();
        let prev = pair.beside("prev");
        fs::create_dir(&prev).unwrap();
        make(&pair.source(), &source);
        make(&prev, &before);
        make(&pair.source(), &shared);
        make(&prev, &shared);
        if !empty {
            make(&pair.target(), &target);
        }
        let kept = shape(&prev);
        // Files of one size and time with other contents are alike to a run that does not look into them.
        let options = Options {
            delete: true,
            max_delete: Some(1000),
            checksum: true,
            specials: true,
            inplace,
            hard_links,
            ..using(if link { Reuse::Link } else { Reuse::Copy }, &["prev"])
        };
        let run = || if push { pair.push(&options) } else { pair.pull(&options) };
        run().ok();
        pair.assert_alike();
        prop_assert_eq!(shape(&prev), kept);
        let second = run();
        second.ok();
        prop_assert!(second.changes.is_empty(), "{:?}", second.changes);
    }
}
