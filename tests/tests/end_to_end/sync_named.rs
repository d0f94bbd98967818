//! `xssh sync` of paths that were named one by one, from a list and by `--relative`, beside rsync.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use xssh_tests::call::Call;
use xssh_tests::peer;
use xssh_tests::world::World;

use crate::sync::{assert_alike, on_host, sync, text};

/// A source with some files in it, of which nobody but its owner may see anything, and the path of a list.
fn source(world: &World) -> (PathBuf, PathBuf) {
    let here = world.home.path().join("here");
    for name in ["a/b/c", "a/b/d", "a/x", "f"] {
        fs::create_dir_all(here.join(name).parent().expect("a folder")).expect("a folder");
        fs::write(here.join(name), name).expect("a file");
    }
    fs::set_permissions(&here, Permissions::from_mode(0o1777)).expect("permissions");
    (here, world.home.path().join("list"))
}

/// A target of a name, empty and with permissions of its own.
fn target(world: &World, name: &str) -> PathBuf {
    let path = world.home.path().join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir(&path).expect("a folder");
    fs::set_permissions(&path, Permissions::from_mode(0o700)).expect("permissions");
    fs::File::open(&path).and_then(|top| top.set_modified(std::time::UNIX_EPOCH)).expect("a time");
    path
}

fn rsync(args: &[&str]) {
    let _ = Call::new(peer::require("rsync")).arg("-a").args(args).run().ok();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("something").mode() & 0o7777
}

/// What only leads to the named paths says nothing about DST itself, which keeps what it is to whom.
#[test]
fn the_target_itself_stays_its_own_unless_it_is_named() {
    let world = World::direct();
    let (here, list) = source(&world);
    let from = format!("--files-from={}", text(&list));
    for (lines, is_named) in [("f\na/b/c\n", false), ("f\n.\n", true), ("./\nf\n", true)] {
        fs::write(&list, lines).expect("a list");
        let [ours, theirs] = ["ours", "theirs"].map(|name| target(&world, name));
        let _ = sync(&world, &[&from, text(&here), &on_host(&ours)]).run().ok();
        rsync(&[&from, &format!("{}/", text(&here)), text(&theirs)]);
        assert_eq!([mode(&ours), mode(&theirs)], if is_named { [0o1777; 2] } else { [0o700; 2] }, "{lines:?}");
        assert_eq!(fs::read(ours.join("f")).expect("the file"), b"f");
    }
    for (named, is_named) in [("./f", false), ("./a/b", false), ("./", true)] {
        let named = format!("{}/{named}", text(&here));
        let [ours, theirs] = ["ours", "theirs"].map(|name| target(&world, name));
        let _ = sync(&world, &["--relative", &named, text(&ours)]).run().ok();
        rsync(&["--relative", &named, text(&theirs)]);
        assert_eq!([mode(&ours), mode(&theirs)], if is_named { [0o1777; 2] } else { [0o700; 2] }, "{named:?}");
        fs::File::open(&theirs).and_then(|top| top.set_modified(fs::metadata(&ours)?.modified()?)).expect("a time");
        assert_alike(&ours, &theirs);
    }
    // From the top of all, whose owner and permissions are no home's.
    let home = target(&world, "home");
    let _ = sync(&world, &["--relative", &on_host(&here.join("f")), text(&home)]).run().ok();
    assert_eq!(mode(&home), 0o700);
    // Where nothing is there yet, DST is made as any directory.
    let [ours, theirs] = ["new-ours", "new-theirs"].map(|name| world.home.path().join(name));
    fs::write(&list, "f\na\n").expect("a list");
    rsync(&[&from, &format!("{}/", text(&here)), &format!("{}/", text(&theirs))]);
    let _ = sync(&world, &[&from, text(&here), text(&ours)]).run().ok();
    assert_eq!(mode(&ours), mode(&theirs));
}

/// rsync begins such a path behind the dot. Nothing is copied to where nobody expects it.
#[test]
fn a_listed_path_that_begins_in_the_middle_is_refused() {
    let world = World::direct();
    let (here, list) = source(&world);
    let from = format!("--files-from={}", text(&list));
    let ours = target(&world, "ours");
    for line in ["a/./b/c", "./a/.//b", "a/b/./"] {
        fs::write(&list, format!("f\n{line}\n")).expect("a list");
        let refused = sync(&world, &[&from, text(&here), text(&ours)]).run().ends(3);
        assert!(refused.errors().contains(&format!("{}: {line}: '/./'", text(&list))), "{refused}");
        assert!(!ours.join("f").exists());
    }
    fs::write(&list, ".//./f\n/./a/b/c\n/a//x\n").expect("a list");
    let _ = sync(&world, &[&from, text(&here), text(&ours)]).run().ok();
    assert!(["f", "a/b/c", "a/x"].iter().all(|name| ours.join(name).exists()));
}
