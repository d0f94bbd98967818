//! Random trees that come out otherwise than they went in: links are what they lead to, permissions and owners are others, and
//! what an account without rights has kept beside is what it stands for. What is due is made of the source by the judge alone.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use proptest::prelude::*;
use rustix::fs::{XattrFlags, setxattr};
use xssh_sync::{Chmod, Mapping, Options};

use super::forest::{Forest, Node, trees, ways};
use super::oracle::{Content, Entry, Look, Seen, differences, look, look_through};
use super::pair::{Pair, Run};
use super::random::{cases, plant, run};

const PLAIN: Look = Look { names_of_one_file: false, xattrs: false };

/// Links that stay in the tree.
fn tame(forest: &mut Forest) {
    for (_, node) in forest {
        match node {
            Node::Link(to) => *to = format!("{}.", to.replace("..", "a").trim_start_matches('/')),
            Node::Directory { inside, .. } => tame(inside),
            _ => {}
        }
        if let Node::Link(to) = node
            && to.len() > 1
        {
            to.pop();
        }
    }
}

/// What a run makes, with every entry of the source as it is to become.
fn becomes(pair: &Pair, change: impl Fn(&Path, &mut Entry)) -> Seen {
    let mut goal = look(&pair.source(), PLAIN);
    goal.iter_mut().for_each(|(path, entry)| change(path, entry));
    goal
}

/// Nothing is to be done a second time.
fn settled(run: &Run) {
    assert!(run.problems.is_empty() && run.changes.is_empty(), "{run:?}");
}

/// Changes of permissions, and what they mean.
type Change = (&'static str, fn(bool, u32) -> u32);

const CHANGES: [Change; 5] = [
    ("D755,F640", |is_directory, _| if is_directory { 0o755 } else { 0o640 }),
    ("go-rwx", |_, mode| mode & !0o077),
    ("a+rX", |is_directory, mode| mode | if is_directory || mode & 0o111 != 0 { 0o555 } else { 0o444 }),
    ("Do+w,Fu-w", |is_directory, mode| if is_directory { mode | 0o002 } else { mode & !0o200 }),
    ("ug=rw,D+x", |is_directory, mode| mode & !0o770 | 0o660 | if is_directory { 0o111 } else { 0 }),
];

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn links_that_are_followed(mut trees in trees(), push: bool, options in ways()) {
        trees.iter_mut().for_each(tame);
        let pair = plant(&trees);
        let options = Options { copy_links: true, hard_links: false, xattrs: false, acls: false, ..options };
        let (mut goal, lost) = look_through(&pair.source());
        let first = run(&pair, push, &options);
        prop_assert!(first.result.is_ok(), "{:?}", first.result);
        let mut now = look(&pair.target(), PLAIN);
        // What leads nowhere, or back, is named, and then nothing is deleted.
        for path in &lost {
            prop_assert!(first.problems.iter().any(|problem| problem.contains(&*path.to_string_lossy())), "{}: {:?}", path.display(), first.problems);
        }
        prop_assert_eq!(first.problems.is_empty(), lost.is_empty(), "{:?}", first.problems);
        if !lost.is_empty() {
            // Nor does a directory make way.
            let stays = |path: &Path| first.problems.iter().any(|problem| problem.starts_with(&format!("{}: a directory is in its place", path.display())));
            goal.retain(|path, _| !stays(path));
            now.retain(|path, _| goal.contains_key(path));
        }
        let differing = differences(&goal, &now);
        prop_assert!(differing.is_empty(), "{differing:#?}");
        prop_assert!(run(&pair, push, &options).changes.is_empty());
    }

    #[test]
    fn permissions_and_owners_that_become_others(
        trees in trees(), push: bool, options in ways(), change in prop::option::of(0..CHANGES.len()), maps: bool,
    ) {
        prop_assert!(xssh_os::account::is_root(), "only root can give files to others");
        let pair = plant(&trees);
        let (words, means) = change.map_or(("", (|_, mode| mode) as fn(bool, u32) -> u32), |at| CHANGES[at]);
        let options = Options {
            chmod: change.map(|_| Chmod::parse(words).unwrap()),
            mapping: maps.then(|| Mapping::parse("*:1234", "0:4321").unwrap()),
            hard_links: false,
            xattrs: false,
            acls: false,
            ..options
        };
        let goal = becomes(&pair, |_, entry| {
            if !matches!(entry.content, Content::Link(_)) {
                entry.mode = means(entry.content == Content::Directory, entry.mode);
            }
            if maps {
                entry.owner = (1234, 4321);
            }
        });
        run(&pair, push, &options).ok();
        let differing = differences(&goal, &look(&pair.target(), PLAIN));
        prop_assert!(differing.is_empty(), "{words:?}: {differing:#?}");
        settled(&run(&pair, push, &options));
    }

    #[test]
    fn what_stands_in_is_restored(trees in trees(), push: bool, options in ways(), owner in 0_u32..5) {
        prop_assert!(xssh_os::account::is_root(), "only root can give files to others");
        let pair = plant(&trees);
        let stands_in = |path: &Path, entry: &Entry| {
            let length = path.as_os_str().len() as u32;
            let kind = match entry.content {
                // One of several names would speak for all.
                Content::File(..) if std::fs::metadata(pair.source().join(path)).unwrap().nlink() > 1 => return None,
                Content::File(..) => 0o100_000,
                Content::Directory => 0o040_000,
                _ => return None,
            };
            (!length.is_multiple_of(3)).then_some((kind, (0o4751 + length * 0o101) & 0o7777 | 0o700, (owner, length)))
        };
        let options = Options { fake_super: true, hard_links: false, xattrs: false, acls: false, ..options };
        for (path, entry) in look(&pair.source(), PLAIN) {
            if let Some((kind, mode, (user, group))) = stands_in(&path, &entry) {
                let value = format!("{:o} 0,0 {user}:{group}", kind | mode);
                setxattr(pair.source().join(&path), "user.rsync.%stat", value.as_bytes(), XattrFlags::empty()).unwrap();
            }
        }
        let goal = becomes(&pair, |path, entry| {
            if let Some((_, mode, owner)) = stands_in(path, entry) {
                (entry.mode, entry.owner) = (mode, owner);
            }
        });
        run(&pair, push, &options).ok();
        let differing = differences(&goal, &look(&pair.target(), PLAIN));
        prop_assert!(differing.is_empty(), "{differing:#?}");
        settled(&run(&pair, push, &options));
    }
}
