//! Snapshots as daily backups make them, beside rsync's with the same options.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use xssh_tests::call::Call;
use xssh_tests::peer;
use xssh_tests::world::World;

use crate::sync::{assert_alike, on_host, sync, text};

/// A source, a folder for each program's snapshots, and a host.
struct Days {
    world: World,
    source: PathBuf,
    ours: PathBuf,
    theirs: PathBuf,
}

impl Days {
    fn new() -> Self {
        let world = World::direct();
        let [source, ours, theirs] = ["source", "ours", "theirs"].map(|name| world.home.path().join(name));
        for folder in [&source, &ours, &theirs] {
            fs::create_dir(folder).expect("a folder");
        }
        for number in 0..400 {
            let folder = source.join(format!("d{}", number % 7));
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(folder.join(format!("f{number}")), vec![b'x'; number]).expect("a file");
        }
        symlink("f1", source.join("d1/link")).expect("a link");
        Self { world, source, ours, theirs }
    }

    /// A day's snapshot by both programs, the same options for both.
    fn snapshot(&self, day: &str, options: &[&str]) {
        let target = on_host(&self.ours.join(day));
        let _ = sync(&self.world, &[options, &[text(&self.source), &target]].concat()).run().ok();
        let source = format!("{}/", text(&self.source));
        let theirs = self.theirs.join(day);
        let _ = Call::new(peer::require("rsync")).arg("-a").args(options).args([&source, text(&theirs)]).run().ok();
        assert_alike(&self.ours.join(day), &theirs);
    }

    fn change(&self, day: usize) {
        fs::write(self.source.join(format!("d0/new{day}")), "new").expect("a file");
        fs::write(self.source.join(format!("d2/f{}", 9 + 7 * day)), "changed").expect("a file");
        fs::remove_file(self.source.join(format!("d3/f{}", 10 + 7 * day))).expect("a file");
        let mode = fs::Permissions::from_mode(0o600);
        fs::set_permissions(self.source.join(format!("d4/f{}", 11 + 7 * day)), mode).expect("a mode");
    }
}

/// Which names of one snapshot are those of the same files in another.
fn shared(one: &Path, other: &Path) -> BTreeMap<PathBuf, bool> {
    let mut found = BTreeMap::new();
    for folder in (0..7).map(|number| format!("d{number}")) {
        for entry in fs::read_dir(other.join(&folder)).expect("a folder") {
            let name = Path::new(&folder).join(entry.expect("an entry").file_name());
            let inode = |root: &Path| fs::symlink_metadata(root.join(&name)).ok().map(|stat| stat.ino());
            let _ = found.insert(name.clone(), inode(one) == inode(other));
        }
    }
    found
}

#[test]
fn three_days_share_what_did_not_change() {
    let days = Days::new();
    days.snapshot("1", &[]);
    days.change(1);
    days.snapshot("2", &["--link-dest=../1"]);
    days.change(2);
    days.snapshot("3", &["--link-dest=../2", "--link-dest=../1"]);
    for (one, other) in [("1", "2"), ("2", "3"), ("1", "3")] {
        let ours = shared(&days.ours.join(one), &days.ours.join(other));
        assert_eq!(ours, shared(&days.theirs.join(one), &days.theirs.join(other)));
        assert!(ours.values().filter(|shared| **shared).count() > 380, "{one} and {other}");
    }
}

#[test]
fn copies_and_what_differs_alone() {
    let days = Days::new();
    days.snapshot("1", &[]);
    days.change(1);
    days.snapshot("copied", &["--copy-dest=../1"]);
    assert!(!shared(&days.ours.join("1"), &days.ours.join("copied")).values().any(|shared| *shared));
    days.snapshot("different", &["--compare-dest=../1"]);
    assert!(!days.ours.join("different/d5/f5").exists());
}

/// The first snapshot has none before it; two kinds at once have no meaning.
#[test]
fn the_first_day() {
    let days = Days::new();
    let target = on_host(&days.ours.join("1"));
    let call = |options: &[&str]| sync(&days.world, &[options, &[text(&days.source), &target]].concat()).run();
    let _ = call(&["--link-dest=../0"]).ok().says("ours/1/../0 is not there");
    assert_alike(&days.source, &days.ours.join("1"));
    let _ = call(&["--link-dest=../0", "--copy-dest=../0"]).ends(1).says("cannot be used with");
    let many: Vec<String> = (0..21).map(|number| format!("--link-dest=../{number}")).collect();
    let _ = call(&many.iter().map(String::as_str).collect::<Vec<_>>()).ends(1).says("no more than 20");
    // A dry run of a snapshot that is not there yet looks in the right place.
    let target = on_host(&days.ours.join("2"));
    let args = ["--dry-run", "--link-dest=../1", "--json", text(&days.source), &target];
    let outcome = sync(&days.world, &args).run().ok();
    assert!(outcome.text().contains("\"found\":401") && outcome.text().contains("\"files\":0"), "{outcome}");
    assert!(!days.ours.join("2").exists());
}
