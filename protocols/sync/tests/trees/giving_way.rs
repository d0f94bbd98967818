//! Directories in whose place the source has something else, and what else is replaced by another kind of thing.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::PoisonError;
use std::time::{Duration, UNIX_EPOCH};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use xssh_fs::RelPath;
use xssh_sync::{Backup, BackupPlace, Change, Options};

use super::pair::{CHILDREN, Pair, Run, shape};
use super::traps::deep;

fn delete() -> Options {
    Options { delete: true, ..Options::default() }
}

fn beside() -> Option<Backup> {
    Some(Backup { suffix: b"~".to_vec(), place: BackupPlace::Beside })
}

fn run(pair: &Pair, push: bool, options: &Options) -> Run {
    let trial = Options { dry_run: true, ..options.clone() };
    let before = shape(&pair.target());
    let trial = if push { pair.push(&trial) } else { pair.pull(&trial) };
    assert_eq!(before, shape(&pair.target()), "a trial changed something");
    let run = if push { pair.push(options) } else { pair.pull(options) };
    assert_eq!(trial.changes, run.changes);
    run
}

/// A file, a link and a FIFO in the place of directories with something in them.
fn with_directories_in_the_way() -> Pair {
    let pair = Pair::new();
    fs::write(pair.source().join("f"), vec![b'f'; 200_000]).unwrap();
    symlink("f", pair.source().join("l")).unwrap();
    mknodat(CWD, pair.source().join("p"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    fs::write(pair.source().join("other"), "new").unwrap();
    for name in ["f", "l", "p"] {
        fs::create_dir_all(pair.target().join(name).join("deep")).unwrap();
        for number in 0..5 {
            fs::write(pair.target().join(name).join(format!("deep/{number}")), name).unwrap();
        }
    }
    pair
}

/// What rsync makes of a copy of the target.
fn rsync(pair: &Pair, options: &[&str]) -> (Option<i32>, std::path::PathBuf) {
    // rsync takes times of directories within a second for the same.
    let directories = shape(&pair.source()).into_iter().filter(|(_, entry)| entry.starts_with('4'));
    for (path, _) in directories {
        let directory = fs::File::open(pair.source().join(path)).unwrap();
        directory.set_modified(UNIX_EPOCH + Duration::from_secs(1 << 30)).unwrap();
    }
    let judge = pair.beside("rsync");
    let _ = fs::remove_dir_all(&judge);
    let _no_runs = CHILDREN.write().unwrap_or_else(PoisonError::into_inner);
    let copied = Command::new("cp").arg("-a").arg(pair.target()).arg(&judge).status().unwrap();
    assert!(copied.success());
    let source = format!("{}/", pair.source().display());
    let output = Command::new("rsync").arg("-a").args(options).arg(source).arg(&judge).output().unwrap();
    (output.status.code(), judge)
}

fn names(run: &Run) -> Vec<&str> {
    let mut names: Vec<&str> = run.problems.iter().map(|problem| problem.split(": ").next().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_directory_that_gives_way_is_a_deletion() {
    for push in [true, false] {
        let pair = with_directories_in_the_way();
        let options = |most| Options { max_delete: most, specials: true, ..delete() };
        // As with rsync, what may not be deleted stays, and what should take its place is a failure.
        let (code, judge) = rsync(&pair, &["--delete", "--max-delete=0"]);
        assert!(code == Some(23) && judge.join("f/deep/4").exists());
        for most in [Some(0), Some(20), None] {
            let run = run(&pair, push, &options(most));
            let summary = run.result.as_ref().unwrap();
            assert_eq!((summary.withheld, summary.deleted), (21, 0), "{summary:?}");
            assert_eq!(names(&run), ["f", "l", "p"], "{:?}", run.problems);
            assert!(run.problems.iter().all(|why| why.contains("because it would be more than may be")));
            for name in ["f", "l", "p"] {
                assert_eq!(fs::read_dir(pair.target().join(name).join("deep")).unwrap().count(), 5);
            }
            assert!(pair.target().join("other").exists(), "all else is done");
        }
        let summary = run(&pair, push, &options(Some(21))).ok();
        assert_eq!((summary.deleted, summary.withheld, summary.failed), (21, 0, 0));
        pair.assert_alike();
    }
}

#[test]
fn after_an_unclean_scan_no_directory_gives_way() {
    let pair = with_directories_in_the_way();
    let mut long = pair.source();
    for _ in 0..17 {
        long.push("d".repeat(250));
        deep::make(&long);
    }
    let options = Options { specials: true, max_delete: Some(100), ..delete() };
    for push in [true, false] {
        let run = if push { pair.push(&options) } else { pair.pull(&options) };
        assert_eq!(run.result.as_ref().unwrap().deleted, 0);
        for name in ["f", "l", "p"] {
            assert!(pair.target().join(name).join("deep/4").exists());
            let why = format!("{name}: a directory is in its place, and nothing is deleted, because not everything");
            assert!(run.problems.iter().any(|problem| problem.starts_with(&why)), "{:?}", run.problems);
        }
    }
}

/// More of them than a source keeps ranges for.
#[test]
fn many_directories_give_way() {
    let pair = Pair::new();
    for number in 0..1100 {
        fs::write(pair.source().join(format!("{number}")), format!("{number}")).unwrap();
        fs::create_dir_all(pair.target().join(format!("{number}/in"))).unwrap();
    }
    let summary = pair.push(&Options { max_delete: Some(2200), ..delete() }).ok();
    assert_eq!((summary.deleted, summary.files), (2200, 1100));
    pair.assert_alike();
}

/// With `--existing` it was there; a file that was moved out of it stays moved.
#[test]
fn a_directory_that_gives_way_was_there_and_lends_its_files() {
    let pair = Pair::new();
    fs::write(pair.source().join("x"), "new").unwrap();
    fs::create_dir(pair.target().join("x")).unwrap();
    fs::write(pair.target().join("x/large"), vec![b'l'; 5000]).unwrap();
    fs::copy(pair.target().join("x/large"), pair.source().join("moved")).unwrap();
    let time = fs::metadata(pair.source().join("moved")).unwrap().modified().unwrap();
    fs::File::open(pair.target().join("x/large")).unwrap().set_modified(time).unwrap();
    let run = run(&pair, true, &Options { max_delete: Some(9), ..delete() });
    assert_eq!(run.ok().moved, 1, "{:?}", run.changes);
    pair.assert_alike();

    fs::remove_file(pair.target().join("x")).unwrap();
    fs::create_dir_all(pair.target().join("x/in")).unwrap();
    pair.push(&Options { existing: true, max_delete: Some(9), ..delete() }).ok();
    assert_eq!(fs::read_to_string(pair.target().join("x")).unwrap(), "new");
}

/// What takes no part stays, and so does the directory that it is in.
#[test]
fn a_directory_that_holds_what_stays_does_not_give_way() {
    let mut pair = Pair::new();
    pair.rules = super::rules::rules(false, |rules| rules.exclude(b"*.o").unwrap());
    fs::write(pair.source().join("x"), "new").unwrap();
    fs::create_dir(pair.target().join("x")).unwrap();
    fs::write(pair.target().join("x/a.o"), "stays").unwrap();
    let run = run(&pair, true, &Options { max_delete: Some(9), ..delete() });
    assert_eq!(names(&run), ["x"]);
    assert!(run.problems[0].contains("in which something is left alone"), "{:?}", run.problems);
    assert!(pair.target().join("x/a.o").exists());
}

/// Every kind of thing over every other.
fn all_kinds() -> Pair {
    // Of another length in each: their times may well be the same.
    let text = |root: &Path| if root.ends_with("source") { "new" } else { "older" };
    let make = |root: &Path, kind: usize, name: &str| match kind {
        0 => fs::write(root.join(name), text(root)).unwrap(),
        1 => symlink(root, root.join(name)).unwrap(),
        2 => mknodat(CWD, root.join(name), FileType::Fifo, Mode::RUSR, 0).unwrap(),
        _ => {
            fs::create_dir(root.join(name)).unwrap();
            fs::write(root.join(name).join("in"), text(root)).unwrap();
        }
    };
    let pair = Pair::new();
    for old in 0..4 {
        for new in 0..4 {
            let name = format!("{old}{new}");
            make(&pair.target(), old, &name);
            make(&pair.source(), new, &name);
        }
    }
    pair
}

/// Files and links that are there are left alone, whatever should come in their place, as rsync does.
#[test]
fn what_is_there_is_ignored_whatever_it_is() {
    for (options, words) in [
        (Options { ignore_existing: true, specials: true, ..Options::default() }, vec!["--ignore-existing"]),
        (
            Options { ignore_existing: true, specials: true, max_delete: Some(99), ..delete() },
            vec!["--ignore-existing", "--delete"],
        ),
    ] {
        for push in [true, false] {
            let pair = all_kinds();
            let (code, judge) = rsync(&pair, &words);
            let run = run(&pair, push, &options);
            // rsync gives what stays in the place of a directory the directory's time.
            let shapes = [judge, pair.target()].map(|root| shape(&root).into_iter());
            let [one, other] =
                shapes.map(|all| all.map(|(path, entry)| (path, entry.split(" at ").next().map(str::to_owned))));
            assert!(one.eq(other), "{:?}", shape(&pair.target()));
            // A directory that cannot be had is named, and is an error for rsync too.
            assert_eq!((names(&run), code), (vec!["03", "13", "23"], Some(23)));
        }
    }
}

/// What is replaced is kept, whatever it is and whatever replaces it: as rsync does, which fails where a directory is replaced.
#[test]
fn whatever_is_replaced_is_kept() {
    let backups = |place| Some(Backup { suffix: b"~".to_vec(), place });
    let (inside, outside) =
        (BackupPlace::Inside(RelPath::parse(b"kept").unwrap()), BackupPlace::Outside("../old".into()));
    for (place, folder) in [(BackupPlace::Beside, "target"), (inside, "target/kept"), (outside, "old")] {
        for push in [true, false] {
            let pair = all_kinds();
            let before = shape(&pair.target());
            let options = Options { specials: true, max_delete: Some(99), backup: backups(place.clone()), ..delete() };
            run(&pair, push, &options).ok();
            let target = shape(&pair.target());
            for (path, entry) in shape(&pair.source()) {
                assert!(
                    path.as_os_str() == "" || entry.starts_with('4') || target[&path] == entry,
                    "{}",
                    path.display()
                );
            }
            let kept = shape(&pair.beside(folder));
            for (path, entry) in before.iter().filter(|(_, entry)| !entry.starts_with('4')) {
                let name = path.to_str().unwrap();
                let in_place = name == "11" && entry == &target[path];
                let as_beside = format!("{}~{}", &name[..2], &name[2..]);
                let to = if place == BackupPlace::Beside && name != "33/in" { as_beside } else { format!("{name}~") };
                // A FIFO that is one still is not replaced.
                assert!(
                    in_place || name == "22" || kept.get(Path::new(&to)) == Some(entry),
                    "{name} as {to}: {kept:#?}"
                );
            }
            assert!(run(&pair, push, &options).changes.is_empty());
        }
    }
}

/// A directory that gives way twice, and one whose name an older backup has.
#[test]
fn a_directory_is_kept_beside_the_backups_of_earlier_runs() {
    let pair = Pair::new();
    fs::write(pair.source().join("x"), "new").unwrap();
    fs::create_dir(pair.target().join("x")).unwrap();
    fs::write(pair.target().join("x/one"), "1").unwrap();
    fs::write(pair.target().join("x~"), "older").unwrap();
    let options = Options { max_delete: Some(9), backup: beside(), ..delete() };
    pair.push(&options).ok();
    fs::remove_file(pair.target().join("x")).unwrap();
    fs::create_dir(pair.target().join("x")).unwrap();
    fs::write(pair.target().join("x/two"), "2").unwrap();
    pair.push(&options).ok();
    let read = |name: &str| fs::read_to_string(pair.target().join(name)).unwrap();
    assert_eq!([read("x"), read("x~/one"), read("x~/two")], ["new", "1", "2"]);
    // Without backups, they are nothing but what the source does not have.
    assert_eq!(pair.push(&Options { max_delete: Some(9), ..delete() }).ok().deleted, 3);
}

/// Names of one file, of which directories are in the place.
#[test]
fn names_of_one_file_in_the_place_of_directories() {
    for length in [10, 100_000] {
        let pair = Pair::new();
        fs::write(pair.source().join("w"), vec![b'w'; length]).unwrap();
        fs::set_permissions(pair.source().join("w"), fs::Permissions::from_mode(0o644)).unwrap();
        for name in ["x", "y", "z"] {
            fs::hard_link(pair.source().join("w"), pair.source().join(name)).unwrap();
        }
        for name in ["w/sub", "x/sub"] {
            fs::create_dir_all(pair.target().join(name)).unwrap();
        }
        let linked = |names: &[&str]| {
            let stat = |name: &str| fs::metadata(pair.target().join(name)).unwrap();
            assert!(names.iter().all(|name| stat(name).ino() == stat(names[0]).ino() && stat(name).is_file()));
            assert_eq!(stat(names[0]).mode() & 0o7777, 0o644);
        };
        let all = Options { hard_links: true, ..Options::default() };
        // Without leave to delete, and where it would be too much, the first that can be had takes the first one's part.
        assert_eq!(names(&run(&pair, true, &all)), ["w", "x"]);
        linked(&["y", "z"]);
        fs::remove_file(pair.target().join("y")).unwrap();
        fs::remove_file(pair.target().join("z")).unwrap();
        let few = run(&pair, false, &Options { delete: true, max_delete: Some(3), ..all.clone() });
        assert_eq!(names(&few), ["w", "x"]);
        linked(&["y", "z"]);
        let _ = run(&pair, true, &Options { delete: true, max_delete: Some(4), ..all.clone() }).ok();
        linked(&["w", "x", "y", "z"]);
        pair.assert_alike();
    }
}

/// The first name of a file is not had, because it is not there; the others are, as rsync has them.
#[test]
fn names_of_one_file_without_the_first() {
    for push in [true, false] {
        let pair = Pair::new();
        fs::write(pair.source().join("a"), "new").unwrap();
        for name in ["b", "c", "d"] {
            fs::hard_link(pair.source().join("a"), pair.source().join(name)).unwrap();
        }
        fs::write(pair.target().join("b"), "older").unwrap();
        fs::write(pair.target().join("c"), "oldest").unwrap();
        let (code, judge) = rsync(&pair, &["-H", "--existing"]);
        let run = run(&pair, push, &Options { hard_links: true, existing: true, ..Options::default() });
        run.ok();
        assert_eq!((shape(&judge), code), (shape(&pair.target()), Some(0)));
        let inode = |name: &str| fs::metadata(pair.target().join(name)).unwrap().ino();
        assert_eq!(inode("b"), inode("c"));
        assert_eq!(run.changes.iter().filter(|(_, change)| *change == Change::Contents).count(), 2);
    }
}

/// An empty source empties nothing, however small, nor does one of several; a name that became another is daily life.
#[test]
fn an_empty_source_empties_nothing() {
    for number in 1..25 {
        let pair = Pair::new();
        (0..number).for_each(|at| fs::write(pair.target().join(format!("{at}")), "x").unwrap());
        let summary = run(&pair, number % 2 == 0, &delete()).ok();
        assert_eq!((summary.withheld, summary.allowed, summary.deleted), (number, number / 2, 0));
        assert_eq!(fs::read_dir(pair.target()).unwrap().count() as u64, number);
    }
    let pair = Pair::new();
    fs::write(pair.source().join("new name"), "x").unwrap();
    fs::write(pair.target().join("old name"), "x").unwrap();
    assert_eq!(run(&pair, true, &delete()).ok().deleted, 1);
    pair.assert_alike();
}
