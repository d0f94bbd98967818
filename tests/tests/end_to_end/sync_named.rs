//! `xssh sync` of paths that were named one by one, from a list and by `--relative`, beside rsync.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

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

/// What only leads to a named path takes part whatever rules say of it; the path itself and what is in it are judged.
#[test]
fn rules_judge_what_was_named_and_not_what_leads_there() {
    let world = World::direct();
    let (here, list) = source(&world);
    let from = format!("--files-from={}", text(&list));
    let dotted = |name: &str| format!("{}/./{name}", text(&here));
    fs::write(&list, "a/b/c\n").expect("a list");
    let alike = |args: &[&str], listed: bool, source: &str, there: &[(&str, bool)]| {
        let [ours, theirs] = ["ours", "theirs"].map(|name| target(&world, name));
        for root in [&ours, &theirs] {
            for name in ["a/b/old", "a/old", "old"] {
                fs::create_dir_all(root.join(name).parent().expect("a folder")).expect("a folder");
                fs::write(root.join(name), "old").expect("a file");
                // What stays is compared, too.
                let file = fs::File::options().write(true).open(root.join(name)).expect("a file");
                file.set_modified(UNIX_EPOCH + Duration::from_secs(1)).expect("a time");
            }
        }
        let way: &[&str] = if listed { &[&from] } else { &["--relative"] };
        let _ = sync(&world, &[way, args, &[source, &on_host(&ours)]].concat()).run().ok();
        let slash = if listed { "/" } else { "" };
        rsync(&[way, args, &[&format!("{source}{slash}"), text(&theirs)]].concat());
        for (name, is_there) in there {
            let found = [&ours, &theirs].map(|root| root.join(name).exists());
            assert_eq!(found, [*is_there; 2], "{name} after {args:?} {source}");
        }
        // Where the path itself is left out, rsync does not touch what leads there.
        if !there[0].1 {
            return;
        }
        fs::File::open(&theirs).and_then(|top| top.set_modified(fs::metadata(&ours)?.modified()?)).expect("a time");
        assert_alike(&ours, &theirs);
    };
    let kept = [("a/b/old", true), ("a/old", true), ("old", true)];
    let with = |name: &'static str, is_there: bool| [&[(name, is_there)][..], &kept].concat();
    alike(&["--exclude=b"], true, text(&here), &with("a/b/c", true));
    alike(&["--exclude=a"], true, text(&here), &with("a/b/c", true));
    alike(&["--exclude=c"], true, text(&here), &with("a/b/c", false));
    alike(&["--exclude=/*"], false, &dotted("a/b/c"), &with("a/b/c", true));
    alike(&["--exclude=b"], false, &dotted("a/b"), &with("a/b/c", false));
    alike(&["--exclude=b"], false, &dotted("a"), &with("a/x", true));
    // What is beside the named directory stays, what is in it and not in SRC goes.
    let gone = [("a/b/c", true), ("a/b/old", false), ("a/old", true), ("old", true)];
    alike(&["--delete", "--exclude=/a"], false, &dotted("a/b"), &gone);
    alike(&["--delete", "--exclude=/a", "--exclude=old"], false, &dotted("a/b"), &with("a/b/d", true));
    fs::write(here.join("a/.rsync-filter"), "- b\n").expect("rules");
    alike(&["--filter=: .rsync-filter"], true, text(&here), &with("a/b/c", true));
}

/// Of a directory that leads to what is named and that SRC has not, rules keep what DST has.
#[test]
fn rules_keep_what_leads_to_what_is_gone() {
    let world = World::direct();
    let (here, list) = source(&world);
    let ours = target(&world, "ours");
    fs::create_dir_all(ours.join("gone/deep")).expect("a folder");
    fs::write(ours.join("gone/deep/file"), "old").expect("a file");
    fs::write(&list, "f\ngone/deep/file\n").expect("a list");
    let from = format!("--files-from={}", text(&list));
    let delete = |more: &[&str]| {
        let args = ["--delete", "--max-delete=9", "--ignore-missing-args", &from];
        let _ = sync(&world, &[&args, more, &[text(&here), &on_host(&ours)]].concat()).run().ok();
        ours.join("gone/deep/file").exists()
    };
    assert!(delete(&["--exclude=/gone"]));
    assert!(!delete(&[]));
}

/// A listed directory is itself alone, or with `-r` all that is in it; `-a` does not say so.
#[test]
fn a_listed_directory_is_taken_with_what_is_in_it_where_that_is_said() {
    let world = World::direct();
    let (here, list) = source(&world);
    let from = format!("--files-from={}", text(&list));
    fs::write(&list, "a/b/\n").expect("a list");
    for (options, is_whole) in [(&["-a"][..], false), (&["-r"], true), (&["-a", "-r", "--delete"], true)] {
        let [ours, theirs] = ["ours", "theirs"].map(|name| target(&world, name));
        for root in [&ours, &theirs] {
            fs::create_dir_all(root.join("a/b")).expect("a folder");
            fs::write(root.join("a/b/old"), "old").expect("a file");
        }
        let _ = sync(&world, &[options, &[&from, text(&here), &on_host(&ours)]].concat()).run().ok();
        assert_eq!(ours.join("a/b/d").exists(), is_whole, "{options:?}");
        if is_whole {
            rsync(&[options, &[&from, &format!("{}/", text(&here)), text(&theirs)]].concat());
            fs::File::open(&theirs).and_then(|top| top.set_modified(fs::metadata(&ours)?.modified()?)).expect("a time");
            assert_alike(&ours, &theirs);
        }
    }
}
