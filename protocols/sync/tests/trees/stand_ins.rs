//! What rsync has kept beside files for an account that is not root's, and what is restored of it, beside rsync.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::PoisonError;

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use xssh_sync::Options;

use super::pair::{CHILDREN, Pair, shape};

fn rsync(arguments: &[&str], from: &Path, to: &Path) {
    let _no_runs = CHILDREN.write().unwrap_or_else(PoisonError::into_inner);
    let output = Command::new("rsync").args(arguments).arg(format!("{}/", from.display())).arg(to).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Everything but times, which rsync does not give back to what is no file.
fn untimed(root: &Path) -> Vec<(PathBuf, String)> {
    let without_time = |text: String| text.split(" at ").next().unwrap().to_owned();
    shape(root).into_iter().map(|(path, text)| (path, without_time(text))).collect()
}

/// Only root makes devices: what rsync keeps of two names of each of them is two names of one file.
#[test]
fn several_names_of_what_is_no_file_are_restored() {
    let pair = Pair::new();
    let original = pair.beside("original");
    fs::create_dir(&original).unwrap();
    let node = |name: &str, kind, device| {
        mknodat(CWD, original.join(name), kind, Mode::from_raw_mode(0o640), device).unwrap();
    };
    node("device", FileType::CharacterDevice, makedev(1, 3));
    node("block", FileType::BlockDevice, makedev(7, 200));
    node("fifo", FileType::Fifo, 0);
    node("socket", FileType::Socket, 0);
    symlink("nowhere", original.join("link")).unwrap();
    fs::write(original.join("file"), "a file").unwrap();
    for name in ["device", "block", "fifo", "socket", "link", "file"] {
        std::os::unix::fs::lchown(original.join(name), Some(1234), Some(1234)).unwrap();
        fs::hard_link(original.join(name), original.join(format!("{name}-again"))).unwrap();
    }
    rsync(&["-aHAX", "-M--fake-super"], &original, &pair.source());
    let stands_in = fs::symlink_metadata(pair.source().join("device-again")).unwrap();
    assert!(stands_in.is_file() && stands_in.nlink() == 2);
    let restored = pair.beside("restored");
    rsync(&["-aHAX", "--fake-super", "-M--super"], &pair.source(), &restored);
    for (devices, specials) in [(false, false), (true, true)] {
        let options = Options {
            fake_super: true,
            numeric_ids: true,
            hard_links: true,
            xattrs: true,
            acls: true,
            devices,
            specials,
            ..Options::default()
        };
        pair.push(&options).ok();
        assert!(pair.pull(&options).changes.is_empty());
    }
    assert_eq!(untimed(&pair.target()), untimed(&restored));
    for name in ["device-again", "block-again"] {
        let number = |root: &Path| fs::symlink_metadata(root.join(name)).unwrap().rdev();
        assert_eq!(number(&pair.target()), number(&original));
    }
    let file = |name: &str| fs::metadata(pair.target().join(name)).unwrap().ino();
    assert_eq!(file("file"), file("file-again"));
}
