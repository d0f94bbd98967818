//! Somebody swaps a directory for a link to elsewhere, again and again, while each call that changes something goes on in it.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use xssh_fs::{Attributes, FsError, Kind, RelPath, Root, Xattr};

/// Of each call.
const ROUNDS: usize = 1500;

fn path(text: &str) -> RelPath {
    RelPath::parse(text.as_bytes()).unwrap()
}

fn all(mode: u32, xattrs: &[Xattr]) -> Attributes<'_> {
    Attributes { mode: Some(mode), mtime: Some((1, 1)), uid: Some(7), gid: Some(7), xattrs, ..Attributes::default() }
}

/// What is there, with all that a call could have changed.
fn shape(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut shape = BTreeMap::new();
    for entry in fs::read_dir(folder)
        .unwrap()
        .map(Result::unwrap)
        .chain(fs::read_dir(folder.join("sub")).unwrap().map(Result::unwrap))
    {
        let stat = entry.metadata().unwrap();
        let mut names = [0; 200];
        let xattrs = rustix::fs::llistxattr(entry.path(), &mut names).unwrap();
        let content = fs::read(entry.path()).unwrap_or_default();
        let rest = (stat.mode(), stat.uid(), stat.mtime(), stat.nlink());
        shape.insert(entry.path(), format!("{rest:?} {:?} {content:?}", &names[..xattrs]));
    }
    shape
}

fn fill(folder: &Path) {
    fs::create_dir_all(folder.join("sub")).unwrap();
    fs::create_dir_all(folder.join("empty")).unwrap();
    for name in ["file", "other", "sub/inner"] {
        fs::write(folder.join(name), "content").unwrap();
    }
    let note = rustix::fs::setxattr(folder.join("file"), "user.note", b"1", rustix::fs::XattrFlags::empty());
    note.unwrap();
}

/// Calls something in `dir` of a new root, again and again, while `dir` is swapped.
fn race(call: impl Fn(&Root) -> Result<(), FsError>) {
    let (outside, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(outside.path());
    let before = shape(outside.path());
    let at = |name: &str| folder.path().join(name);
    fill(&at("dir"));
    fs::write(at("from"), "content").unwrap();
    symlink(outside.path(), at("link")).unwrap();
    let (stop, mut landed) = (AtomicBool::new(false), 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            // At once, so that the name is always taken: nobody makes a directory in its place.
            let swap = || renameat_with(CWD, at("dir"), CWD, at("link"), RenameFlags::EXCHANGE).unwrap();
            while !stop.load(Ordering::Relaxed) {
                swap();
                swap();
                thread::yield_now();
            }
        });
        for round in 0..ROUNDS {
            // A new root: nothing is held from before.
            let root = Root::open(folder.path()).unwrap();
            landed += usize::from(call(&root).is_ok());
            if round % 16 == 0 {
                for name in ["dir/file", "dir/other", "from"] {
                    let _ = root.stage(&path(name)).and_then(|staged| staged.finish(&Attributes::default()));
                }
                let _ = root.make_directory(&path("dir/empty"), 0o700);
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(shape(outside.path()), before, "{landed} of {ROUNDS} calls landed");
    assert!(landed > 0, "no call ever landed");
}

#[test]
fn files_that_are_staged() {
    race(|root| {
        let staged = root.stage(&path("dir/file"))?;
        let _ = staged.file().write_all(b"x");
        staged.finish(&all(0o4777, &[]))
    });
    race(|root| {
        root.stage_partial(&path("dir/file"))?.keep();
        root.partial(&path("dir/file")).map(drop)?;
        let mut staged = root.stage_partial(&path("dir/new"))?;
        staged
            .outlast()
            .and_then(|()| staged.finish_new(&Attributes::default()))
            .or_else(|_| root.remove_file(&path("dir/new")))
    });
}

#[test]
fn files_that_are_written_in_place() {
    race(|root| {
        let _ = root.open_in_place(&path("dir/file"))?.write_all(b"overwritten");
        Ok(())
    });
}

#[test]
fn what_belongs_to_an_entry() {
    let xattrs = [Xattr { name: b"user.more".as_slice().into(), value: b"2".as_slice().into() }];
    race(|root| root.set(&path("dir/file"), &all(0o777, &xattrs)));
    race(|root| root.set(&path("dir/sub"), &all(0o777, &xattrs)));
    race(|root| root.remove_xattr(&path("dir/file"), b"user.note"));
}

#[test]
fn directories_links_and_nodes() {
    race(|root| {
        root.make_directory(&path("dir/made"), 0o777)?;
        root.remove_directory(&path("dir/made"))
    });
    race(|root| root.make_directories(&path("dir/made/deep/er"), 0o777));
    race(|root| root.make_symlink(&path("dir/made"), b"x", &all(0o777, &[]), true));
    race(|root| root.make_node(&path("dir/made"), Kind::Fifo, (0, 0), &all(0o777, &[]), true));
}

#[test]
fn names() {
    race(|root| root.link_over(root, &path("from"), &path("dir/file")));
    race(|root| root.link_over(root, &path("dir/file"), &path("from")));
    race(|root| {
        root.link_from(root, &path("from"), &path("dir/made"))?;
        root.remove_file(&path("dir/made"))
    });
    race(|root| {
        root.rename(root, &path("dir/file"), &path("from"))?;
        root.rename(root, &path("from"), &path("dir/file"))
    });
    race(|root| root.copy_over(root, &path("from"), &path("dir/file")));
    race(|root| root.copy_over(root, &path("dir/file"), &path("from")));
}

#[test]
fn what_is_removed() {
    race(|root| root.remove_file(&path("dir/file")));
    race(|root| root.remove_directory(&path("dir/empty")));
}
