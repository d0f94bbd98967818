//! What is kept on request: hard links, holes, extended attributes, ACLs, groups; and what is changed on the way.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;
use std::sync::PoisonError;

use xssh_fs::{Attributes, RelPath, Root, Xattr};
use xssh_sync::{Change, Chmod, Mapping, Options};

use super::pair::{CHILDREN, Pair};

fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}

#[test]
fn names_of_one_file_stay_names_of_one_file() {
    let pair = Pair::new();
    let (source, target) = (pair.source(), pair.target());
    fs::create_dir(source.join("d")).unwrap();
    fs::write(source.join("b"), vec![b'x'; 100_000]).unwrap();
    fs::hard_link(source.join("b"), source.join("d/c")).unwrap();
    fs::hard_link(source.join("b"), source.join("z")).unwrap();
    let options = Options { hard_links: true, ..Options::default() };
    pair.push(&options).ok();
    pair.assert_alike();
    assert_eq!(inode(&target.join("b")), inode(&target.join("d/c")));
    assert_eq!(inode(&target.join("b")), inode(&target.join("z")));
    let again = pair.pull(&options);
    assert_eq!(again.ok().made, 0);
    assert!(again.changes.is_empty(), "{:?}", again.changes);
    // Parted at the source: parted here, and what is left of the group stays one.
    fs::remove_file(source.join("b")).unwrap();
    fs::write(source.join("b"), "another").unwrap();
    pair.push(&options).ok();
    pair.assert_alike();
    assert_ne!(inode(&target.join("b")), inode(&target.join("z")));
    assert_eq!(inode(&target.join("d/c")), inode(&target.join("z")));
}

/// Without the option each name gets a file of its own, as it is asked for.
#[test]
fn a_link_that_the_source_has_apart_is_parted() {
    let pair = Pair::new();
    fs::write(pair.source().join("a"), "same").unwrap();
    fs::write(pair.source().join("b"), "same").unwrap();
    let options = Options { hard_links: true, ..Options::default() };
    pair.push(&options).ok();
    let (a, b) = (pair.target().join("a"), pair.target().join("b"));
    let time = fs::metadata(&b).unwrap().modified().unwrap();
    fs::remove_file(&b).unwrap();
    fs::hard_link(&a, &b).unwrap();
    fs::File::open(pair.source().join("a")).unwrap().set_modified(time).unwrap();
    fs::File::open(&a).unwrap().set_modified(time).unwrap();
    pair.push(&options).ok();
    assert_ne!(inode(&a), inode(&b));
    pair.assert_alike();
}

#[test]
fn zeros_become_holes_and_cost_nothing_on_the_way() {
    let pair = Pair::new();
    let mut bytes = vec![0; 20 << 20];
    bytes[7 << 20] = 1;
    bytes[(20 << 20) - 1] = 2;
    fs::write(pair.source().join("f"), &bytes).unwrap();
    fs::write(pair.source().join("tail"), vec![0; 3 << 20]).unwrap();
    let run = pair.push(&Options { sparse: true, compress: Some(false), ..Options::default() });
    run.ok();
    pair.assert_alike();
    assert!(run.bytes < 1 << 20, "{}", run.bytes);
    for name in ["f", "tail"] {
        let taken = fs::metadata(pair.target().join(name)).unwrap().blocks() * 512;
        assert!(taken < 1 << 20, "{name} takes {taken}");
    }
}

#[test]
fn extended_attributes_are_kept_and_removed() {
    let pair = Pair::new();
    for name in ["f", "d"] {
        let path = pair.source().join(name);
        if name == "d" { fs::create_dir(&path).unwrap() } else { fs::write(&path, "x").unwrap() }
    }
    let xattr = |name: &str, value: &[u8]| Xattr { name: name.as_bytes().into(), value: value.into() };
    let set = |root: &Path, name: &str, xattrs: &[Xattr]| {
        let path = RelPath::parse(name.as_bytes()).unwrap();
        Root::open(root).unwrap().set(&path, &Attributes { xattrs, ..Attributes::default() }).unwrap();
    };
    let all = |root: &Path, name: &str| {
        let path = RelPath::parse(name.as_bytes()).unwrap();
        let mut all = Root::open(root).unwrap().xattrs(&path).unwrap();
        all.retain(|xattr| xattr.name.starts_with(b"user."));
        all
    };
    let long = xattr("user.long", &[7; 3000]);
    set(&pair.source(), "f", &[xattr("user.a", b"1"), long.clone()]);
    set(&pair.source(), "d", &[xattr("user.b", b"\0\xff")]);
    let options = Options { xattrs: true, ..Options::default() };
    pair.push(&options).ok();
    for name in ["f", "d"] {
        assert_eq!(all(&pair.target(), name), all(&pair.source(), name));
    }
    // Only an attribute changes: no content travels, and what is gone goes.
    Root::open(&pair.source()).unwrap().remove_xattr(&RelPath::parse(b"f").unwrap(), b"user.a").unwrap();
    set(&pair.source(), "d", &[xattr("user.b", b"2")]);
    let run = pair.push(&options);
    assert_eq!((run.ok().files, run.ok().touched), (0, 2), "{:?}", run.changes);
    assert_eq!(all(&pair.target(), "f"), vec![long]);
    assert_eq!(all(&pair.target(), "d"), all(&pair.source(), "d"));
    assert!(pair.pull(&options).changes.is_empty());
    // Where contents are compared too.
    set(&pair.source(), "f", &[xattr("user.long", b"short")]);
    let run = pair.push(&Options { checksum: true, ..options });
    assert_eq!((run.ok().files, run.ok().touched), (0, 1), "{:?}", run.changes);
    assert_eq!(all(&pair.target(), "f"), all(&pair.source(), "f"));
}

fn call(program: &str, args: &[&str], path: &Path) -> String {
    let _no_runs = CHILDREN.write().unwrap_or_else(PoisonError::into_inner);
    let output = Command::new(program).args(args).arg(path).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// ACLs are kept, and what a directory above hands down is not taken for the source's.
#[test]
fn acls_are_kept() {
    let pair = Pair::new();
    let source = pair.source();
    fs::create_dir(source.join("d")).unwrap();
    fs::write(source.join("d/f"), "x").unwrap();
    fs::write(source.join("g"), "x").unwrap();
    call("setfacl", &["-m", "u:12345:rw"], &source.join("d/f"));
    call("setfacl", &["-d", "-m", "g:12346:r"], &source.join("d"));
    call("setfacl", &["-d", "-m", "u:777:rwx"], &pair.target());
    let acl = |root: &Path, name: &str| call("getfacl", &["-cpnE"], &root.join(name));
    let options = Options { acls: true, ..Options::default() };
    pair.push(&options).ok();
    for name in ["d", "d/f", "g"] {
        assert_eq!(acl(&pair.target(), name), acl(&source, name), "{name}");
    }
    pair.assert_alike();
}

#[test]
fn groups_are_kept_where_they_can_be() {
    let pair = Pair::new();
    fs::write(pair.source().join("f"), "x").unwrap();
    assert!(xssh_os::account::is_root(), "only root has groups to give");
    chown(pair.source().join("f"), Some(12345), Some(54321)).unwrap();
    pair.push(&Options { groups: false, owners: false, ..Options::default() }).ok();
    let stat = fs::metadata(pair.target().join("f")).unwrap();
    assert_ne!((stat.uid(), stat.gid()), (12345, 54321));
    let run = pair.push(&Options::default());
    assert_eq!(run.ok().touched, 1, "{:?}", run.changes);
    pair.assert_alike();
}

/// By name, by number and by range, both ways; both sides agree on it.
#[test]
fn owners_become_others_on_the_way() {
    let pair = Pair::new();
    for (name, uid, gid) in [("root", 0, 0), ("nameless", 12345, 54321), ("range", 700, 3)] {
        fs::write(pair.source().join(name), name).unwrap();
        chown(pair.source().join(name), Some(uid), Some(gid)).unwrap();
    }
    let mapping = Mapping::parse("roo?:daemon,600-800:99", "0:7,:8").unwrap();
    for numeric_ids in [false, true] {
        let options = Options { mapping: Some(mapping.clone()), numeric_ids, ..Options::default() };
        let daemon = xssh_os::account::user_id("daemon").unwrap();
        pair.push(&options).ok();
        let owner = |name: &str| {
            let stat = fs::metadata(pair.target().join(name)).unwrap();
            (stat.uid(), stat.gid())
        };
        // Where numbers alone count, nobody has a name.
        let expected = if numeric_ids { [(0, 7), (12345, 8), (99, 8)] } else { [(daemon, 7), (12345, 8), (99, 3)] };
        assert_eq!(["root", "nameless", "range"].map(owner), expected);
        assert!(pair.pull(&options).changes.is_empty());
    }
    let unknown = Mapping::parse("*:no-such-user", "").unwrap();
    let run = pair.push(&Options { mapping: Some(unknown), ..Options::default() });
    assert!(run.problems.iter().any(|why| why.contains("no user called no-such-user")), "{:?}", run.problems);
}

#[test]
fn permissions_are_changed_on_the_way() {
    let pair = Pair::new();
    fs::create_dir(pair.source().join("d")).unwrap();
    fs::write(pair.source().join("d/f"), "x").unwrap();
    fs::set_permissions(pair.source().join("d/f"), fs::Permissions::from_mode(0o777)).unwrap();
    let options = Options { chmod: Some(Chmod::parse("D2750,Fgo-rwx,F-x").unwrap()), ..Options::default() };
    pair.push(&options).ok();
    let mode = |name: &str| fs::metadata(pair.target().join(name)).unwrap().mode() & 0o7777;
    assert_eq!((mode("d"), mode("d/f")), (0o2750, 0o600));
    assert!(pair.pull(&options).changes.is_empty());
}

/// What is written in place keeps its file, and a delta does not read what it has overwritten.
#[test]
fn in_place_a_file_stays_the_same_file() {
    let pair = Pair::new();
    let old: Vec<u8> = (0..3_000_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    // What comes later in the old file comes earlier in the new one, and the other way round.
    let mut new = old[4_000_000..8_000_000].to_vec();
    new.extend_from_slice(&old[..5_000_000]);
    new.extend_from_slice(b"more");
    fs::write(pair.source().join("f"), &new).unwrap();
    fs::write(pair.target().join("f"), &old).unwrap();
    let before = inode(&pair.target().join("f"));
    let run = pair.push(&Options { inplace: true, ..Options::default() });
    assert!(run.ok().reused > 3_000_000, "{:?}", run.result);
    assert_eq!(inode(&pair.target().join("f")), before);
    pair.assert_alike();
    assert!(run.changes.contains(&("f".to_owned(), Change::Contents)), "{:?}", run.changes);
}
