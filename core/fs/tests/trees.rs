//! Real directories: the order of a walk, where it may begin, and that nothing leads out.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use tempfile::TempDir;
use xssh_fs::walk::{Span, walk};
use xssh_fs::{Attributes, Follow, RelPath, Root};

fn path(text: &str) -> RelPath {
    RelPath::parse(text.as_bytes()).unwrap()
}

fn walked(root: &Root, span: &Span) -> Vec<RelPath> {
    let mut paths = Vec::new();
    walk(root, span, &mut |_| true, &mut |found| {
        paths.push(found.unwrap().path);
        ControlFlow::Continue(())
    });
    paths
}

fn make(names: &BTreeSet<String>) -> (TempDir, BTreeSet<RelPath>) {
    let folder = tempfile::tempdir().unwrap();
    let mut made = BTreeSet::from([RelPath::root()]);
    for name in names {
        let Ok(own) = RelPath::parse(name.as_bytes()) else { continue };
        let file = folder.path().join(name);
        if fs::create_dir_all(file.parent().unwrap()).is_err() || file.exists() || fs::write(&file, name).is_err() {
            continue;
        }
        let above = std::iter::successors(own.parent(), RelPath::parent);
        made.extend(above);
        made.insert(own);
    }
    (folder, made)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_walk_has_every_entry_in_order_from_anywhere_to_anywhere(
        names in prop::collection::btree_set("[a-c.]{1,2}(/[a-c.]{1,2}){0,3}", 0..30), from in "[a-c/]{0,4}", until in "[a-c/]{0,4}",
    ) {
        let (folder, made) = make(&names);
        let root = Root::open(folder.path()).unwrap();
        let all: Vec<RelPath> = made.iter().cloned().collect();
        prop_assert_eq!(&walked(&root, &Span::default()), &all);
        let (from, until) = (RelPath::parse(from.as_bytes()).ok(), RelPath::parse(until.as_bytes()).ok());
        let part: Vec<RelPath> = all.into_iter()
            .filter(|path| from.as_ref().is_none_or(|from| path >= from))
            .filter(|path| until.as_ref().is_none_or(|until| path < until || path.is_root() && until.is_root()))
            .collect();
        if until.as_ref().is_none_or(|until| !until.is_root()) {
            prop_assert_eq!(walked(&root, &Span { from, until, ..Span::default() }), part);
        }
    }
}

#[test]
fn a_very_deep_tree_needs_few_descriptors() {
    let folder = tempfile::tempdir().unwrap();
    let deep = "d/".repeat(1200);
    // A path of that length is too long for one call from outside, so it is made step by step.
    let mut made = folder.path().to_owned();
    for _ in 0..12 {
        made.push("d/".repeat(100));
        fs::create_dir_all(&made).unwrap();
    }
    let root = Root::open(folder.path()).unwrap();
    assert_eq!(walked(&root, &Span::default()).len(), 1201);
    let deepest = RelPath::parse(deep.trim_end_matches('/').as_bytes()).unwrap();
    assert_eq!(walked(&root, &Span { from: Some(deepest.clone()), ..Span::default() }), [deepest]);
}

#[test]
fn links_lead_nowhere() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    let folder = tempfile::tempdir().unwrap();
    symlink(outside.path(), folder.path().join("way")).unwrap();
    symlink(outside.path().join("secret"), folder.path().join("file")).unwrap();
    let root = Root::open(folder.path()).unwrap();
    for way in ["way/secret", "file"] {
        assert!(root.open_file(&path(way)).is_err(), "{way}");
    }
    assert!(root.stage(&path("way/new")).is_err());
    assert!(root.make_directory(&path("way/new"), 0o700).is_err());
    assert!(root.make_symlink(&path("way/new"), b"x", &Attributes::default(), true).is_err());
    assert!(root.remove_file(&path("way/secret")).is_err());
    let mode = Attributes { mode: Some(0o777), ..Attributes::default() };
    assert!(root.set(&path("way/secret"), &mode).is_err());
    // Of a link itself nothing is set but its owner and times; what it points to stays.
    let before = fs::metadata(outside.path().join("secret")).unwrap().permissions();
    root.set(&path("file"), &mode).unwrap();
    assert_eq!(fs::metadata(outside.path().join("secret")).unwrap().permissions(), before);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

/// Somebody swaps a directory for a link to elsewhere while files are staged into it, thousands of times.
#[test]
fn a_parent_that_is_swapped_leads_nowhere() {
    let outside = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (real, spare, link) = (folder.path().join("dir"), folder.path().join("spare"), folder.path().join("link"));
    fs::create_dir(&real).unwrap();
    symlink(outside.path(), &link).unwrap();
    let stop = AtomicBool::new(false);
    let (mut done, mut refused) = (0, 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let swap = |from: &Path, to: &Path| fs::rename(from, to).unwrap();
                swap(&real, &spare);
                swap(&link, &real);
                swap(&real, &link);
                swap(&spare, &real);
            }
        });
        let late = Instant::now() + Duration::from_secs(60);
        // On a busy host the other one may have all the time for a while.
        while done + refused < 5000 || done == 0 && Instant::now() < late {
            // A new root each time: nothing is held from before.
            let root = Root::open(folder.path()).unwrap();
            let landed = root.stage(&path("dir/file")).and_then(|staged| {
                let _ = staged.file().write_all(b"x");
                staged.finish(&Attributes::default())
            });
            if landed.is_ok() { done += 1 } else { refused += 1 }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0, "{done} landed, {refused} were refused");
    assert!(done > 0, "nothing ever landed");
}

/// The names of a directory are read before its entries are shown, and what stood there then may be gone.
#[test]
fn what_goes_while_a_walk_is_on_its_way_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "").unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    fs::create_dir_all(folder.path().join("directory/in/it")).unwrap();
    symlink("a", folder.path().join("link")).unwrap();
    let root = Root::open(folder.path()).unwrap();
    let mut shown = Vec::new();
    walk(&root, &Span::default(), &mut |_| true, &mut |found| {
        shown.push(found.unwrap().path);
        if shown.last() == Some(&path("directory/in")) {
            fs::remove_dir_all(folder.path().join("directory")).unwrap();
        }
        if shown.last() == Some(&path("a")) {
            fs::remove_file(folder.path().join("file")).unwrap();
            fs::remove_file(folder.path().join("link")).unwrap();
        }
        ControlFlow::Continue(())
    });
    assert!(shown.contains(&path("a")) && !shown.contains(&path("link")), "{shown:?}");
    assert!(shown.contains(&path("directory/in")) && !shown.contains(&path("directory/in/it")), "{shown:?}");
}

/// A directory that only cannot be reached any more was not read.
#[test]
fn what_a_directory_became_while_a_walk_is_on_its_way_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("directory/in")).unwrap();
    let root = Root::open(folder.path()).unwrap();
    let (mut shown, mut failed) = (Vec::new(), Vec::new());
    walk(&root, &Span::default(), &mut |_| true, &mut |found| {
        match found {
            // What leads there is elsewhere, and the directory is in it still.
            Ok(found) if found.path == path("directory/in") => {
                fs::rename(folder.path().join("directory"), folder.path().join("another")).unwrap();
            }
            Ok(found) => shown.push(found.path),
            Err(error) => failed.push(error.to_string()),
        }
        ControlFlow::Continue(())
    });
    assert_eq!(failed.len(), 1, "{failed:?} {shown:?}");
}

#[test]
fn what_is_not_finished_is_gone_or_kept_for_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let root = Root::open(folder.path()).unwrap();
    fs::write(folder.path().join("file"), "old").unwrap();
    let staged = root.stage(&path("file")).unwrap();
    staged.file().write_all(b"new").unwrap();
    assert_eq!(walked(&root, &Span::default()), [RelPath::root(), path("file")]);
    drop(staged);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let staged = root.stage_partial(&path("file")).unwrap();
    staged.file().write_all(b"half").unwrap();
    staged.keep();
    root.remove_partial(&path("file")).unwrap();
    assert!(root.partial(&path("file")).is_err() && root.remove_partial(&path("file")).is_err());
    let staged = root.stage_partial(&path("file")).unwrap();
    staged.file().write_all(b"half").unwrap();
    staged.keep();
    // One that has not come so far leaves it alone.
    root.stage_partial(&path("file")).unwrap().keep();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    assert_eq!(root.partial(&path("file")).unwrap().1, 4);
    let (partial, _) = root.partial(&path("file")).unwrap();
    let mut again = root.stage_partial(&path("file")).unwrap();
    again.outlast().unwrap();
    again.outlast().unwrap();
    std::io::copy(&mut { partial }, &mut again.file()).unwrap();
    again.finish(&Attributes { mode: Some(0o4711), mtime: Some((-5, 7)), ..Attributes::default() }).unwrap();
    assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"half");
    let entry = root.stat(&path("file")).unwrap();
    assert_eq!((entry.mode, entry.mtime), (0o4711, (-5, 7)));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Links are followed by a root that was granted it, and by no other.
#[test]
fn links_are_followed_where_the_opener_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    fs::create_dir(&tree).unwrap();
    fs::write(folder.path().join("secret"), "x").unwrap();
    symlink("../secret", tree.join("link")).unwrap();
    symlink("..", tree.join("up")).unwrap();
    let confined = Root::open(&tree).unwrap();
    assert!(confined.open_file(&path("link")).is_err() && confined.open_file(&path("up/secret")).is_err());
    let all = Root::open(&tree).unwrap().following(Follow { all: true, ..Follow::default() });
    assert!(all.open_file(&path("link")).is_ok() && all.open_file(&path("up/secret")).is_ok());
    let directories = Root::open(&tree).unwrap().following(Follow { directories: true, ..Follow::default() });
    assert!(directories.open_file(&path("link")).is_err());
}
