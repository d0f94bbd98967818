//! Traps of what belongs to an entry: permissions, owners and times, and the order in which they are set.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, CWD, FileType, Mode, Timespec, Timestamps, XattrFlags, makedev, mknodat, utimensat};
use xssh_fs::{Attributes, RelPath, Root};
use xssh_sync::{Options, Role};

use crate::line::{Faults, Line};
use crate::pair::{Pair, Run, shape};
use crate::traps::mounted::Mounted;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// chown(2) takes set-id bits and capabilities away: they are set after it, also where only the owner changes.
#[test]
fn trap_19_owner_before_mode_and_capabilities() {
    assert!(xssh_os::account::is_root(), "only root has owners to give");
    let pair = Pair::new();
    let file = pair.source().join("f");
    fs::write(&file, "x").unwrap();
    // cap_net_raw, as setcap(8) writes it.
    let capability = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let give = |uid| {
        chown(&file, Some(uid), Some(uid)).unwrap();
        set_mode(&file, 0o6755);
        rustix::fs::setxattr(&file, "security.capability", &capability, XattrFlags::empty()).unwrap();
    };
    for uid in [12_345, 12_346] {
        give(uid);
        pair.push(&Options { xattrs: true, acls: true, ..Options::default() }).ok();
        pair.assert_alike();
        let mut found = [0; 64];
        let n = rustix::fs::getxattr(pair.target().join("f"), "security.capability", &mut found).unwrap();
        assert_eq!(found[..n], capability);
    }
}

/// What umask, a directory's group and its default ACL make of a new entry is none of the source's.
#[test]
fn trap_20_what_the_target_s_directory_hands_down() {
    let pair = Pair::new();
    let (source, target) = (pair.source(), pair.target());
    fs::create_dir(source.join("d")).unwrap();
    fs::write(source.join("d/f"), "x").unwrap();
    fs::write(source.join("g"), "x").unwrap();
    std::os::unix::fs::symlink("x", source.join("l")).unwrap();
    set_mode(&source.join("d"), 0o777);
    set_mode(&source.join("d/f"), 0o666);
    set_mode(&source.join("g"), 0o602);
    chown(&target, None, Some(4242)).unwrap();
    set_mode(&target, 0o2770);
    rustix::fs::setxattr(&target, "system.posix_acl_default", &default_acl(), XattrFlags::empty()).unwrap();
    for acls in [true, false] {
        let options = Options { acls, ..Options::default() };
        for name in ["g", "l"] {
            let _ = fs::remove_file(target.join(name));
        }
        let _ = fs::remove_dir_all(target.join("d"));
        pair.push(&options).ok();
        pair.assert_alike();
        assert!(pair.push(&options).changes.is_empty());
    }
}

/// The same where the source's directory hands it down too, to what it got later.
#[test]
fn trap_20_what_both_directories_hand_down() {
    let pair = Pair::new();
    let nodes = [("fifo", FileType::Fifo), ("socket", FileType::Socket), ("null", FileType::CharacterDevice)];
    fs::create_dir(pair.source().join("d")).unwrap();
    fs::write(pair.source().join("g"), "x").unwrap();
    for (name, kind) in nodes {
        mknodat(CWD, pair.source().join(name), kind, Mode::from_raw_mode(0o640), makedev(1, 3)).unwrap();
    }
    let acl = default_acl();
    for directory in [pair.source(), pair.target()] {
        rustix::fs::setxattr(&directory, "system.posix_acl_default", &acl, XattrFlags::empty()).unwrap();
    }
    let options = Options { acls: true, devices: true, specials: true, ..Options::default() };
    pair.push(&options).ok();
    let acl_of = |name: &str| {
        let read = rustix::fs::getxattr(pair.target().join(name), "system.posix_acl_access", &mut [0; 64]);
        read.map_err(|errno| errno == rustix::io::Errno::NODATA)
    };
    for name in ["d", "g", "fifo", "socket", "null"] {
        assert_eq!(acl_of(name), Err(true), "{name}");
    }
    pair.assert_alike();
}

/// A file system that has no extended attributes gets what it can hold, and each run says what it cannot.
#[test]
fn what_the_target_cannot_keep_is_told_and_the_rest_is_there() {
    let options = Options { xattrs: true, acls: true, ..Options::default() };
    for push in [true, false] {
        let pair = Pair::new();
        let (source, target) = (pair.source(), pair.target());
        let _mounted = Mounted::ramfs(&target);
        fs::create_dir(source.join("d")).unwrap();
        fs::write(source.join("d/plain"), "x").unwrap();
        fs::write(source.join("small"), "small").unwrap();
        fs::write(source.join("large"), vec![7; 3_000_000]).unwrap();
        rustix::fs::setxattr(source.join("small"), "system.posix_acl_access", &default_acl(), XattrFlags::empty())
            .unwrap();
        for name in ["d", "small", "large"] {
            rustix::fs::setxattr(source.join(name), "user.a", b"1", XattrFlags::empty()).unwrap();
        }
        let run = || if push { pair.push(&options) } else { pair.pull(&options) };
        let told = |run: &Run| {
            let mut names: Vec<_> = run.problems.iter().map(|why| why.split(':').next().unwrap().to_owned()).collect();
            names.sort_unstable();
            assert_eq!(names, ["d", "large", "small"], "{run:?}");
            assert!(run.problems.iter().all(|why| why.contains("user.a: ")), "{run:?}");
            assert!(run.problems.iter().any(|why| why.contains("system.posix_acl_access: ")), "{run:?}");
            *run.result.as_ref().unwrap()
        };
        let first = told(&run());
        assert_eq!((first.files, first.failed), (3, 3));
        pair.assert_alike();
        let again = run();
        let second = told(&again);
        assert_eq!((second.files, second.literal, second.touched, second.failed), (0, 0, 0, 3));
        assert!(again.changes.is_empty(), "{again:?}");
        // What else belongs to them is set all the same.
        set_mode(&source.join("large"), 0o604);
        set_mode(&source.join("d"), 0o711);
        assert_eq!(told(&run()).touched, 2);
        pair.assert_alike();
    }
}

/// A default ACL: user::r--, group::r--, mask::r--, other::---, and user 777.
fn default_acl() -> Vec<u8> {
    let entries = [(1_u16, 4_u16, u32::MAX), (2, 6, 777), (4, 4, u32::MAX), (16, 4, u32::MAX), (32, 0, u32::MAX)];
    let mut acl = 2_u32.to_le_bytes().to_vec();
    for (tag, bits, id) in entries {
        acl.extend([&tag.to_le_bytes()[..], &bits.to_le_bytes(), &id.to_le_bytes()].concat());
    }
    acl
}

/// A directory without the right to write is worked in all the same, and is as it was on every way out: also where the line breaks.
#[test]
fn trap_21_read_only_directories() {
    let options = Options { delete: true, compress: Some(false), ..Options::default() };
    for role in [Role::Target, Role::Source] {
        for cut in [400, 700, 1_000_000, 2_500_000] {
            let pair = read_only();
            let run = pair.run(role, &options, &Line::new(Faults { seed: None, cut: Some(cut) }));
            assert!(run.result.is_err() && run.served.is_err());
            let modes = ["d", "d/e", "old"].map(|name| mode(&pair.target().join(name)));
            assert_eq!(modes, [0o511, 0o511, 0o500], "after {cut} bytes");
            pair.push(&options).ok();
            pair.assert_alike();
        }
    }
}

fn read_only() -> Pair {
    let pair = Pair::new();
    for root in [pair.source(), pair.target()] {
        fs::create_dir_all(root.join("d/e")).unwrap();
    }
    fs::write(pair.source().join("d/e/f"), "new").unwrap();
    fs::write(pair.target().join("d/e/f"), "the old one").unwrap();
    fs::write(pair.source().join("d/e/z"), vec![b'z'; 3_000_000]).unwrap();
    fs::create_dir(pair.target().join("old")).unwrap();
    fs::write(pair.target().join("old/f"), "x").unwrap();
    for name in ["d/e", "d"] {
        set_mode(&pair.source().join(name), 0o511);
        set_mode(&pair.target().join(name), 0o511);
    }
    set_mode(&pair.target().join("old"), 0o500);
    pair
}

/// A directory's time is set when nothing happens in it any more: files, deletions, moves and links come before.
#[test]
fn trap_22_times_of_directories_come_last() {
    let pair = Pair::new();
    let old = UNIX_EPOCH + Duration::from_secs(1_000_000_007);
    for name in ["a/b/c", "x", "y"] {
        fs::create_dir_all(pair.source().join(name)).unwrap();
    }
    fs::write(pair.source().join("a/b/c/f"), vec![b'f'; 100_000]).unwrap();
    fs::write(pair.source().join("x/moved"), vec![b'm'; 1000]).unwrap();
    fs::hard_link(pair.source().join("a/b/c/f"), pair.source().join("y/f")).unwrap();
    fs::create_dir_all(pair.target().join("a/b/gone/deep")).unwrap();
    fs::create_dir_all(pair.target().join("y")).unwrap();
    fs::write(pair.target().join("y/before"), vec![b'm'; 1000]).unwrap();
    let set = |path: &Path| File::open(path).unwrap().set_modified(old).unwrap();
    for path in [pair.source().join("x/moved"), pair.target().join("y/before")] {
        set(&path);
    }
    for name in ["a/b/c", "a/b", "a", "x", "y", ""] {
        set(&pair.source().join(name));
    }
    let options = Options { delete: true, hard_links: true, ..Options::default() };
    let run = pair.push(&options);
    assert_eq!(run.ok().moved, 1, "{:?}", run.changes);
    pair.assert_alike();
    assert!(pair.pull(&options).changes.is_empty());
}

/// Before 1970, after 2038, after 2106, with every nanosecond; and what no file system has room for.
#[test]
fn trap_23_times_far_away() {
    let pair = Pair::new();
    let (before, after) = (UNIX_EPOCH - Duration::from_nanos(1), UNIX_EPOCH + Duration::from_secs(1 << 32));
    let times: [(&str, SystemTime); 6] = [
        ("before", before),
        ("long-before", UNIX_EPOCH - Duration::new(2_000_000_000, 1)),
        ("zero", UNIX_EPOCH),
        ("2038", UNIX_EPOCH + Duration::new(1 << 31, 999_999_999)),
        ("2106", after),
        ("2400", UNIX_EPOCH + Duration::new(13_600_000_000, 5)),
    ];
    for (name, time) in times {
        fs::write(pair.source().join(name), name).unwrap();
        File::options().write(true).open(pair.source().join(name)).unwrap().set_modified(time).unwrap();
    }
    std::os::unix::fs::symlink("x", pair.source().join("link")).unwrap();
    let odd = Timespec { tv_sec: -7, tv_nsec: 999_999_999 };
    let times = Timestamps { last_access: odd, last_modification: odd };
    utimensat(CWD, pair.source().join("link"), &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
    pair.push(&Options::default()).ok();
    pair.assert_alike();
    assert!(pair.pull(&Options::default()).changes.is_empty());
    // A peer may say anything: it is what the file system makes of it, or an error, and nothing else.
    let root = Root::open(&pair.target()).unwrap();
    let path = RelPath::parse(b"zero").unwrap();
    for seconds in [i64::MIN, i64::MIN + 1, -1 << 40, 1 << 40, i64::MAX] {
        let _ = root.set(&path, &Attributes { mtime: Some((seconds, 999_999_999)), ..Attributes::default() });
        let _ = shape(&pair.target());
        assert!(
            root.set(&path, &Attributes { mtime: Some((seconds, 1_000_000_000)), ..Attributes::default() }).is_err()
        );
    }
    pair.push(&Options::default()).ok();
    pair.assert_alike();
}
