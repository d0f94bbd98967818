//! Links of the source that are followed, beside rsync.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::PoisonError;
use std::time::{Duration, UNIX_EPOCH};

use xssh_sync::{Options, Summary};

use super::pair::{CHILDREN, Pair, shape};

/// A tree with links to files and directories, in it and out of it.
fn with_links() -> Pair {
    let pair = Pair::new();
    let (source, outside) = (pair.source(), pair.beside("outside"));
    for folder in [source.join("d/deep"), outside.join("o")] {
        fs::create_dir_all(&folder).unwrap();
        for number in 0..3 {
            fs::write(folder.join(format!("f{number}")), format!("{number}")).unwrap();
        }
    }
    fs::write(outside.join("large"), vec![7; 200_000]).unwrap();
    symlink("d", source.join("inside")).unwrap();
    symlink("d/deep/f1", source.join("file")).unwrap();
    symlink("../outside", source.join("out")).unwrap();
    symlink("../../outside/large", source.join("d/out-file")).unwrap();
    symlink("../outside/large", source.join("out-file")).unwrap();
    // rsync takes times within a second for the same.
    for folder in [&source, &source.join("d"), &source.join("d/deep"), &outside, &outside.join("o")] {
        fs::File::open(folder).unwrap().set_modified(UNIX_EPOCH + Duration::from_secs(1 << 30)).unwrap();
    }
    pair
}

/// What rsync makes of the source with an option.
fn rsync(pair: &Pair, option: &str) {
    let _no_runs = CHILDREN.write().unwrap_or_else(PoisonError::into_inner);
    let (source, target) = (format!("{}/", pair.source().display()), pair.beside("rsync"));
    let output = Command::new("rsync").args(["-a", option, &source]).arg(target).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn what_links_lead_to_is_copied_as_rsync_does() {
    let cases = [
        ("--copy-links", Options { copy_links: true, ..Options::default() }),
        ("--copy-unsafe-links", Options { copy_unsafe_links: true, ..Options::default() }),
        ("--copy-dirlinks", Options { copy_dirlinks: true, ..Options::default() }),
    ];
    for (option, options) in cases {
        let pair = with_links();
        rsync(&pair, option);
        for push in [true, false] {
            let run = if push { pair.push(&options) } else { pair.pull(&options) };
            run.ok();
            assert_eq!(shape(&pair.target()), shape(&pair.beside("rsync")), "{option}");
        }
        assert!(pair.push(&options).changes.is_empty());
    }
}

fn told(pair: &Pair, name: &str, words: &str) -> Summary {
    let options = Options { copy_links: true, delete: true, ..Options::default() };
    let run = pair.push(&options);
    let all = format!("{:?}", run.problems);
    assert!(run.problems.iter().any(|why| why.starts_with(name) && why.contains(words)), "{all}");
    run.result.unwrap()
}

/// A link that leads back is named and not followed for ever; nothing is deleted then, and the rest is there.
#[test]
fn loops_and_links_that_lead_nowhere_are_told() {
    let pair = with_links();
    symlink("../..", pair.source().join("d/deep/back")).unwrap();
    fs::write(pair.target().join("stays"), "x").unwrap();
    assert!(told(&pair, "d/deep/back", "leads back").failed > 0);
    let there = |path: &str| Path::new(&pair.target()).join(path).exists();
    assert!(there("d/deep/f1") && there("out/large") && there("stays") && !there("d/deep/back"));
    fs::remove_file(pair.source().join("d/deep/back")).unwrap();
    symlink("gone", pair.source().join("dangling")).unwrap();
    let _ = told(&pair, "dangling", "leads nowhere");
    // Two that lead to one another lead nowhere.
    symlink("two", pair.source().join("one")).unwrap();
    symlink("one", pair.source().join("two")).unwrap();
    let _ = told(&pair, "two", "leads nowhere");
}
