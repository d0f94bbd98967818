//! `xssh sync` between here and a real host; rsync is the judge of whether two trees are alike.

mod bootstrap;
mod display;
mod faults;
mod guards;
mod hostile;
mod releases;
mod stories;
mod unattended;

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use xssh_tests::call::{Call, Outcome};
use xssh_tests::noise::Noise;
use xssh_tests::subject::Subject;
use xssh_tests::wait::until;
use xssh_tests::world::{HOST, World};
use xssh_tests::{over_both_routes, peer};

over_both_routes!(a_tree_there_and_back);

/// `xssh sync` with the world's configuration and the same xssh on the host.
pub(super) fn sync(world: &World, args: &[&str]) -> Call {
    sync_by(world, text(&Subject::get().path), args)
}

/// The same with another helper on the host.
pub(super) fn sync_by(world: &World, remote: &str, args: &[&str]) -> Call {
    let call = world.home.call(&Subject::get().path).arg("sync").arg("-F").arg(world.home.config());
    call.arg("--remote-xssh").arg(remote).args(args)
}

pub(super) fn text(path: &Path) -> &str {
    path.to_str().expect("a path of letters")
}

pub(super) fn on_host(path: &Path) -> String {
    format!("{HOST}:{}", text(path))
}

fn some_tree(root: &Path) {
    for number in 0..300 {
        let folder = root.join(format!("d{}", number % 17));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(format!("f{number}")), vec![b'x'; number * 37]).expect("a file");
    }
    let odd = [&b"with space"[..], b"line\nbreak", b"\xff\xfe no text", b"-n", b"\x1b[2J"];
    for name in odd {
        fs::write(root.join(std::ffi::OsStr::from_bytes(name)), name).expect("a file");
    }
    fs::write(root.join("large"), Noise { seed: 4, length: 9_000_000 }.bytes()).expect("a file");
    fs::set_permissions(root.join("large"), fs::Permissions::from_mode(0o640)).expect("a mode");
    symlink("../nowhere", root.join("d1/link")).expect("a link");
}

/// The last line is the proof of what was done.
fn ended(outcome: &Outcome, words: &str) {
    assert!(outcome.text().lines().last().is_some_and(|line| line.contains(words)), "{words:?} was due in {outcome}");
}

/// What rsync would still have to do.
pub(super) fn assert_alike(one: &Path, other: &Path) {
    let (one, other) = (format!("{}/", text(one)), format!("{}/", text(other)));
    let judge = Call::new(peer::require("rsync")).args(["-ani", "--checksum", "--delete", &one, &other]).run().ok();
    assert_eq!(judge.text(), "", "{one} and {other}");
}

fn a_tree_there_and_back(world: &World) {
    let [here, there, back] = ["here", "there/deep", "back"].map(|name| world.home.path().join(name));
    some_tree(&here);
    ended(&sync(world, &[text(&here), &on_host(&there)]).run().ok(), "changed 306 files");
    assert_alike(&here, &there);
    fs::remove_dir_all(there.join("d3")).expect("a folder");
    fs::write(there.join("more"), "1").expect("a file");
    let _ = sync(world, &["--delete", &on_host(&there), text(&back)]).run().ok();
    assert_alike(&there, &back);
    let again = sync(world, &["--delete", "--itemize", text(&back), &on_host(&there)]).run().ok();
    assert_eq!(again.text().lines().count(), 1, "{again}");
    ended(&sync(world, &["--delete", text(&here), text(&back)]).run().ok(), "1 deleted");
    assert_alike(&here, &back);
}

#[test]
fn files_by_name() {
    let world = World::direct();
    let here = world.home.path().join("here");
    fs::create_dir(&here).expect("a folder");
    fs::write(here.join("one"), "1").expect("a file");
    fs::write(here.join("two"), "2").expect("a file");
    let there = world.home.path().join("there");
    let (one, two) = (here.join("one"), here.join("two"));
    // A new name, a directory that is there, several, and back.
    let _ = sync(&world, &[text(&one), &on_host(&there)]).run().ok();
    assert_eq!(fs::read(&there).expect("the file"), b"1");
    fs::remove_file(&there).expect("the file");
    let _ = sync(&world, &[text(&one), text(&two), &on_host(&there)]).run().ok();
    fs::write(there.join("three"), "3").expect("a file");
    let _ = sync(&world, &["--delete", text(&one), &on_host(&there)]).run().ok();
    assert_alike_but(&there, &["one", "two", "three"]);
    let back = world.home.path().join("back");
    let _ = sync(&world, &[&on_host(&there.join("two")), text(&back)]).run().ok();
    assert_eq!(fs::read(&back).expect("the file"), b"2");
}

fn assert_alike_but(folder: &Path, names: &[&str]) {
    let mut found: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    found.sort();
    let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    names.sort();
    assert_eq!(found, names);
}

/// Killed in the middle, on either side, the target is whole, and the next run goes on from what came.
#[test]
fn a_run_that_is_killed_is_gone_on_with() {
    let world = World::direct();
    let [here, there] = ["here", "there"].map(|name| world.home.path().join(name));
    fs::create_dir(&here).expect("a folder");
    fs::create_dir(&there).expect("a folder");
    fs::write(here.join("file"), Noise { seed: 5, length: 300_000_000 }.bytes()).expect("a file");
    fs::write(there.join("file"), "the old one").expect("a file");
    let running = sync(&world, &["--no-compress", text(&here), &on_host(&there)]).start();
    let grown = || staged(&there).is_some_and(|path| fs::metadata(path).is_ok_and(|stat| stat.len() > 30_000_000));
    wait_until(grown);
    running.signal(Signal::KILL);
    let _ = running.wait();
    assert_eq!(fs::read(there.join("file")).expect("the file"), b"the old one");
    // The helper notices that nobody is there any more, and lets go of the target.
    wait_until(|| {
        let lock = Call::new(peer::require("flock")).args(["-n", text(&there), "true"]).run();
        lock.code() == Some(0)
    });
    let again = sync(&world, &["--stats", text(&here), &on_host(&there)]).run().ok();
    assert_alike(&here, &there);
    assert_eq!(staged(&there), None);
    let reused = again.text().lines().find_map(|line| line.strip_prefix("bytes reused")?.trim().parse::<u64>().ok());
    assert!(reused.is_some_and(|reused| reused > 20_000_000), "{again}");
}

fn staged(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    paths.find(|path| path.file_name().is_some_and(|name| name.as_bytes().starts_with(b".xssh-staged-")))
}

pub(super) fn wait_until(condition: impl FnMut() -> bool) {
    until("it never came", condition);
}

/// What a run on a directory has on its way is not touched by one on the directory that it is in.
#[test]
fn a_run_above_one_that_is_going_on() {
    let world = World::direct();
    let [here, other, there] = ["here", "other", "there"].map(|name| world.home.path().join(name));
    fs::create_dir(&here).expect("a folder");
    fs::create_dir(&other).expect("a folder");
    fs::write(here.join("file"), Noise { seed: 5, length: 30_000_000 }.bytes()).expect("a file");
    fs::write(other.join("small"), "1").expect("a file");
    let below = there.join("d");
    let running = sync(&world, &["--no-compress", "--bwlimit=10m", text(&here), &on_host(&below)]).start();
    let grown = || staged(&below).is_some_and(|path| fs::metadata(path).is_ok_and(|stat| stat.len() > 100_000));
    wait_until(|| below.exists() && grown());
    let _ = sync(&world, &[text(&other), &on_host(&there)]).run().ok();
    let _ = running.wait().ok();
    assert_alike(&here, &below);
}

#[test]
fn one_run_at_a_time() {
    let world = World::direct();
    let [here, there] = ["here", "there"].map(|name| world.home.path().join(name));
    fs::create_dir(&here).expect("a folder");
    fs::create_dir(&there).expect("a folder");
    let held = Call::new(peer::require("flock")).arg(&there).args(["sh", "-c", "echo held; cat"]);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let held = held.stdin(reader).start();
    let probe = || Call::new(peer::require("flock")).args(["-n", text(&there), "true"]).run().code() == Some(1);
    wait_until(probe);
    let _ = sync(&world, &[text(&here), &on_host(&there)]).run().ends(75).says("another run is changing it");
    drop(writer);
    let _ = held.wait();
    let _ = sync(&world, &[text(&here), &on_host(&there)]).run().ok();
}

#[test]
fn a_host_without_xssh_is_said_to_be_one() {
    let world = World::direct();
    let here = world.home.path().join("here");
    fs::create_dir(&here).expect("a folder");
    let call = |remote: &str| {
        let args = ["--remote-xssh", remote, text(&here), &format!("{HOST}:x")].map(str::to_owned);
        let call = world.home.call(&Subject::get().path).arg("sync").arg("-F").arg(world.home.config());
        call.args(args).run()
    };
    let _ = call("/not/there/xssh").ends(127).says("--remote-xssh");
    let _ = call("echo Welcome to the host; cat").ends(2).says("Welcome to the host");
    let _ = call("exit 3; :").ends(12).says("ended before it began");
}

/// A helper that is cut in the middle of its first run and is whole in its second.
#[test]
fn a_lost_run_is_begun_again() {
    let world = World::direct();
    let [here, there] = ["here", "there"].map(|name| world.home.path().join(name));
    fs::create_dir(&here).expect("a folder");
    fs::write(here.join("file"), Noise { seed: 7, length: 20_000_000 }.bytes()).expect("a file");
    let marker = world.home.path().join("cut");
    let own = &Subject::get().path;
    // The system ends it when the file has some 8 or 16 MB, by what the shell counts in.
    let helper =
        format!("sh -c 'if mkdir {}; then ulimit -f 16000; fi; exec {} serve --sync'; :", text(&marker), own.display());
    let call = |retry: &str| {
        let args = ["--remote-xssh", &helper, "--retry", retry, "--stats", text(&here), &on_host(&there)];
        world.home.call(own).arg("sync").arg("-F").arg(world.home.config()).args(args.map(str::to_owned)).run()
    };
    let _ = call("0").ends(12);
    fs::remove_dir(&marker).expect("the marker");
    fs::remove_dir_all(&there).expect("the target");
    let outcome = call("2").says("beginning again").ok();
    assert_alike(&here, &there);
    let reused = outcome.text().lines().find_map(|line| line.strip_prefix("bytes reused")?.trim().parse::<u64>().ok());
    assert!(reused.is_some_and(|reused| reused > 5_000_000), "{outcome}");
}

#[test]
fn a_silent_line_is_given_up() {
    let world = World::direct();
    let here = world.home.path().join("here");
    fs::create_dir(&here).expect("a folder");
    let args = ["--remote-xssh", "exec sleep 600; :", "--timeout", "1", text(&here), &format!("{HOST}:x")];
    let call = world.home.call(&Subject::get().path).arg("sync").arg("-F").arg(world.home.config());
    let _ = call.args(args.map(str::to_owned)).run().ends(30).says("nothing came or went for 1 s");
}

/// People who are used to rsync mean the directory inside.
#[test]
fn a_target_that_holds_the_source_s_name_is_asked_about() {
    let world = World::direct();
    let [here, there] = ["photos", "backup"].map(|name| world.home.path().join(name));
    fs::create_dir(&here).expect("a folder");
    fs::write(here.join("one"), "1").expect("a file");
    fs::create_dir_all(there.join("photos")).expect("a folder");
    let inside = there.join("photos");
    let _ = sync(&world, &[text(&here), &on_host(&there)]).run().ends(3).says(text(&inside));
    assert!(!there.join("one").exists());
    let _ = sync(&world, &[text(&here), &on_host(&inside)]).run().ok();
    assert_alike(&here, &inside);
    let _ = sync(&world, &["--contents", text(&here), &on_host(&there)]).run().ok();
    assert!(there.join("one").exists() && inside.join("one").exists());
    let _ = sync(&world, &[&format!("{}/", text(&here)), &on_host(&there)]).run().ok();
}

/// Paths that were named, from a list and by --relative, both ways.
#[test]
fn named_paths() {
    let world = World::direct();
    let [here, there, back] = ["here", "there", "back"].map(|name| world.home.path().join(name));
    for name in ["a/b/c", "a/x", "d/e"] {
        fs::create_dir_all(here.join(name).parent().expect("a folder")).expect("a folder");
        fs::write(here.join(name), name).expect("a file");
    }
    let list = world.home.path().join("list");
    fs::write(&list, "a/b/c\n# no path\n./d/e\n").expect("a list");
    let _ = sync(&world, &["--files-from", text(&list), text(&here), &on_host(&there)]).run().ok();
    assert!(there.join("a/b/c").exists() && there.join("d/e").exists() && !there.join("a/x").exists());
    let _ = sync(&world, &["--relative", &on_host(&there.join("a/b")), text(&back)]).run().ok();
    let inside = back.join(there.join("a/b/c").strip_prefix("/").expect("an absolute path"));
    assert_eq!(fs::read(inside).expect("the file"), b"a/b/c");
}

mod as_root {
    use super::*;

    /// A full disk is told, and the old file stays.
    #[test]
    fn a_full_disk() {
        let world = World::direct();
        let [here, there] = ["here", "there"].map(|name| world.home.path().join(name));
        fs::create_dir(&here).expect("a folder");
        fs::create_dir(&there).expect("a folder");
        let mounted = Mounted::tmpfs(&there, "4m");
        fs::write(there.join("other"), "the old one").expect("a file");
        // Too small for anybody to ask whether there is room, and too many.
        for name in ["file-1", "file-2", "file-3", "file-4", "other"] {
            fs::write(here.join(name), Noise { seed: 6, length: 900_000 }.bytes()).expect("a file");
        }
        fs::write(here.join("small"), "fits").expect("a file");
        let outcome = sync(&world, &[text(&here), &on_host(&there)]).run().ends(23).says("No space left on device");
        // Which of them come too late, those who write them decide. They stay as they were, and all others have come.
        for name in ["file-1", "file-2", "file-3", "file-4", "other", "small"] {
            let is_late = outcome.errors().contains(&format!("{name} (on the host): No space left on device"));
            let before = (name == "other").then(|| b"the old one".to_vec());
            let due = if is_late { before } else { fs::read(here.join(name)).ok() };
            assert!(fs::read(there.join(name)).ok() == due, "{name}: {outcome}");
        }
        assert_eq!(staged(&there), None);
        drop(mounted);
    }

    /// What has no room is told before it is sent.
    #[test]
    fn a_disk_that_is_too_small() {
        let world = World::direct();
        let [here, there] = ["here", "there"].map(|name| world.home.path().join(name));
        fs::create_dir(&here).expect("a folder");
        fs::create_dir(&there).expect("a folder");
        let mounted = Mounted::tmpfs(&there, "5m");
        fs::write(there.join("image"), Noise { seed: 7, length: 3_000_000 }.bytes()).expect("a file");
        fs::write(here.join("image"), Noise { seed: 8, length: 3_000_000 }.bytes()).expect("a file");
        fs::write(here.join("new"), Noise { seed: 9, length: 6_000_000 }.bytes()).expect("a file");
        fs::write(here.join("small"), "fits").expect("a file");
        let outcome = sync(&world, &["--stats", "--whole-file", text(&here), &on_host(&there)]).run().ends(23);
        assert!(outcome.text().lines().any(|line| line.split_whitespace().eq(["bytes", "sent", "4"])), "{outcome}");
        let outcome =
            outcome.says("image (on the host): its new contents need 2.9 MiB beside it until they are complete");
        let _ = outcome.says("--inplace").says("new (on the host): it needs 5.7 MiB, and 2.1 MiB are free");
        assert_eq!(fs::read(there.join("small")).expect("the file"), b"fits");
        fs::remove_file(here.join("new")).expect("a file");
        let _ = sync(&world, &["--inplace", text(&here), &on_host(&there)]).run().ok();
        assert_alike(&here, &there);
        drop(mounted);
    }

    /// Each would have room alone.
    #[test]
    fn files_that_have_no_room_together() {
        let world = World::direct();
        let [here, there] = ["here", "there"].map(|name| world.home.path().join(name));
        fs::create_dir(&here).expect("a folder");
        fs::create_dir(&there).expect("a folder");
        let mounted = Mounted::tmpfs(&there, "9m");
        for (name, seed) in [("a", 1), ("b", 2), ("c", 3), ("d", 4)] {
            fs::write(here.join(name), Noise { seed, length: 4_000_000 }.bytes()).expect("a file");
        }
        fs::write(here.join("small"), "fits").expect("a file");
        let outcome = sync(&world, &["--stats", text(&here), &on_host(&there)]).run().ends(23);
        assert!(
            outcome.text().lines().any(|line| line.split_whitespace().eq(["bytes", "sent", "8000004"])),
            "{outcome}"
        );
        let outcome = outcome.says("c (on the host): it needs 3.8 MiB, and ");
        let _ = outcome.says("d (on the host): it needs 3.8 MiB, and ");
        for name in ["a", "b", "small"] {
            assert_eq!(fs::read(there.join(name)).expect(name), fs::read(here.join(name)).expect(name), "{name}");
        }
        assert!(!there.join("c").exists() && staged(&there).is_none());
        // What is there already takes no more room than it has.
        let _ = sync(&world, &["--inplace", "--checksum", "--exclude=[cd]", text(&here), &on_host(&there)]).run().ok();
        drop(mounted);
    }

    /// Where there is no room for a file beside what a cut run has left of it, it is begun anew.
    #[test]
    fn what_was_left_makes_room() {
        let world = World::direct();
        let [here, there] = ["here", "there"].map(|name| world.home.path().join(name));
        fs::create_dir(&here).expect("a folder");
        fs::create_dir(&there).expect("a folder");
        let mounted = Mounted::tmpfs(&there, "12m");
        fs::write(here.join("image"), Noise { seed: 10, length: 8_000_000 }.bytes()).expect("a file");
        let (own, folder) = (text(&Subject::get().path), text(world.home.path()));
        // It is killed, or ends with its input, when it has written what it was told.
        let killed = format!(
            "sh -c 'mkfifo {folder}/f; {own} serve --sync < {folder}/f & p=$!; stdbuf -o0 head -c 6000000 > {folder}/f; \
             until [ $(stat -c %s {}/.xssh-staged-*) -gt 5000000 ]; do sleep 0.1; done; kill -9 $p'; :",
            text(&there)
        );
        let once = ["--no-compress", "--connections", "1", text(&here), &on_host(&there)];
        let _ = sync_by(&world, &killed, &once).run();
        let left = staged(&there).expect("what is left");
        assert!(fs::metadata(left).expect("what is left").len() > 5_000_000);
        // As a run leaves it that was cut and could still end.
        let time = fs::metadata(&here).and_then(|top| top.modified()).expect("a time");
        fs::File::open(&there).and_then(|top| top.set_modified(time)).expect("a time");
        wait_until(|| Call::new(peer::require("flock")).args(["-n", text(&there), "true"]).run().code() == Some(0));
        let _ = sync(&world, &[text(&here), &on_host(&there)]).run().ok();
        assert_alike(&here, &there);
        drop(mounted);
    }

    pub(in crate::sync) struct Mounted(PathBuf);

    impl Mounted {
        pub(in crate::sync) fn tmpfs(path: &Path, size: &str) -> Self {
            let option = format!("size={size}");
            let _ =
                Call::new(peer::require("mount")).args(["-t", "tmpfs", "-o", &option, "none", text(path)]).run().ok();
            Self(path.to_owned())
        }
    }

    impl Drop for Mounted {
        fn drop(&mut self) {
            let _ = Call::new(peer::require("umount")).arg(&self.0).run();
        }
    }
}
