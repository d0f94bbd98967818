//! A target that has nothing is given everything, without asking for it.

use std::fs;

use xssh_sync::{Options, Role, SyncError};

use super::line::{Faults, Line};
use super::pair::Pair;

/// Many pages of small files, one that is asked for, and links.
fn filled() -> Pair {
    let pair = Pair::new();
    for directory in 0..20 {
        let path = pair.source().join(format!("directory {directory}"));
        fs::create_dir(&path).unwrap();
        for file in 0..200_usize {
            fs::write(path.join(format!("file {file}")), vec![b'x'; file * 7]).unwrap();
        }
    }
    fs::write(pair.source().join("large"), vec![b'y'; 3 << 20]).unwrap();
    fs::write(pair.source().join("middling"), vec![b'z'; 300_000]).unwrap();
    fs::hard_link(pair.source().join("middling"), pair.source().join("other name")).unwrap();
    std::os::unix::fs::symlink("large", pair.source().join("link")).unwrap();
    pair
}

/// The target says that it needs ranges no more, that it wants the large file, and that it has finished.
#[test]
fn all_comes_without_a_question() {
    let pair = filled();
    let line = Line::new(Faults::default());
    let options = Options { hard_links: true, ..Options::default() };
    let summary = pair.run(Role::Source, &options, &line).ok();
    pair.assert_alike();
    assert_eq!((summary.files, summary.failed), (4002, 0));
    let said = line.carried_one_way(1);
    assert!(said < 1000, "the target said {said} bytes");
    // The other way, it says of each file what became of it.
    let pair = filled();
    pair.push(&options).ok();
    pair.assert_alike();
}

#[test]
fn sizes_that_take_no_part_are_not_given() {
    let pair = filled();
    let options = Options { max_size: Some(100), ..Options::default() };
    let run = pair.push(&options);
    assert_eq!(run.ok().files, 20 * 15);
    assert!(run.bytes < 200_000, "{}", run.bytes);
}

/// Somebody puts something there between the question and the answer.
#[test]
fn a_target_that_is_not_vacant_any_more_is_left_alone() {
    let pair = filled();
    let (line, late) = (Line::new(Faults::default()), pair.target().join("late"));
    line.when(1, Box::new(move || fs::write(late, "kept").unwrap()));
    let run = pair.run(Role::Source, &Options::default(), &line);
    assert!(matches!(run.result, Err(SyncError::Occupied)), "{:?}", run.result);
    assert_eq!(fs::read_dir(pair.target()).unwrap().count(), 1);
}
