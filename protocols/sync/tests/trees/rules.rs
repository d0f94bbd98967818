//! Rules of which names take part, on both sides of a run.

use std::fs;
use std::path::Path;

use xssh_filter::{Builder, Options as RuleOptions};
use xssh_sync::{Options, Rules};

use super::pair::Pair;

pub(crate) fn rules(delete_excluded: bool, make: impl Fn(&mut Builder)) -> Rules {
    let mut builder = Builder::new(RuleOptions { delete_excluded, ..RuleOptions::default() });
    make(&mut builder);
    builder.finish()
}

fn make(root: &Path, names: &[&str]) {
    for name in names {
        fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        fs::write(root.join(name), name).unwrap();
    }
}

fn there(root: &Path, names: &[&str]) -> Vec<bool> {
    names.iter().map(|name| root.join(name).exists()).collect()
}

fn delete() -> Options {
    Options { delete: true, ..Options::default() }
}

#[test]
fn what_is_excluded_is_neither_sent_nor_deleted() {
    let mut pair = Pair::new();
    pair.rules = rules(false, |rules| {
        rules.include(b"keep.o").unwrap();
        rules.exclude(b"*.o").unwrap();
        rules.exclude(b"/build").unwrap();
    });
    make(&pair.source(), &["a.c", "a.o", "keep.o", "build/x", "sub/build/y", "sub/b.o"]);
    make(&pair.target(), &["old.o", "build/old", "gone", "sub/old.o"]);
    let summary = pair.push(&delete()).ok();
    let sent = ["a.c", "keep.o", "sub/build/y"];
    assert_eq!(there(&pair.target(), &sent), [true; 3]);
    assert_eq!(there(&pair.target(), &["a.o", "build/x", "sub/b.o", "gone"]), [false; 4]);
    assert_eq!(there(&pair.target(), &["old.o", "build/old", "sub/old.o"]), [true; 3]);
    assert_eq!((summary.files, summary.deleted), (3, 1));
    assert!(pair.push(&delete()).changes.is_empty());
}

#[test]
fn what_is_excluded_goes_where_that_is_asked_for() {
    let mut pair = Pair::new();
    pair.rules = rules(true, |rules| rules.exclude(b"*.o").unwrap());
    make(&pair.source(), &["a.c", "a.o"]);
    make(&pair.target(), &["a.o", "d/old.o"]);
    pair.push(&Options { max_delete: Some(3), ..delete() }).ok();
    assert_eq!(there(&pair.target(), &["a.c", "a.o", "d"]), [true, false, false]);
}

#[test]
fn directories_have_rules_of_their_own() {
    let mut pair = Pair::new();
    pair.rules = rules(false, |rules| {
        rules.filter(b": .rsync-filter", &NoFiles).unwrap();
    });
    make(&pair.source(), &["a/x.tmp", "a/y", "b/x.tmp", "a/deep/z.tmp"]);
    fs::write(pair.source().join("a/.rsync-filter"), "- *.tmp\n").unwrap();
    for push in [true, false] {
        if push {
            pair.push(&delete()).ok()
        } else {
            pair.pull(&delete()).ok()
        };
        assert_eq!(there(&pair.target(), &["a/y", "b/x.tmp", "a/.rsync-filter"]), [true; 3]);
        assert_eq!(there(&pair.target(), &["a/x.tmp", "a/deep/z.tmp"]), [false; 2]);
    }
}

pub(crate) struct NoFiles;

impl xssh_filter::RuleFiles for NoFiles {
    fn read(&self, _: &[u8]) -> std::io::Result<Vec<u8>> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}
