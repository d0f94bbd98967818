//! What is stopped before it does harm, and who is waited for.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{HOST, Subject, World, assert_alike, on_host, sync, sync_by, text, wait_until};
use xssh_tests::call::{Call, Outcome, Running};
use xssh_tests::peer;

/// Somebody else who holds a directory until the pipe is dropped.
fn held(directory: &Path) -> (Running, std::io::PipeWriter) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let held = Call::new(peer::require("flock")).arg(directory).arg("cat").stdin(reader).start();
    let probe = || Call::new(peer::require("flock")).args(["-n", text(directory), "true"]).run().code() == Some(1);
    wait_until(probe);
    (held, writer)
}

#[test]
fn another_run_is_waited_for_on_a_host_and_here() {
    let world = World::direct();
    let [here, there] = ["here", "there"].map(|name| world.home.path().join(name));
    fs::create_dir(&here).expect("a folder");
    fs::create_dir(&there).expect("a folder");
    fs::write(here.join("one"), "1").expect("a file");
    for target in [on_host(&there), text(&there).to_owned()] {
        let (holder, writer) = held(&there);
        let who = format!("another run is changing it (process {}, for ", holder.pid());
        let _ = sync(&world, &[text(&here), &target]).run().ends(75).says(&who).says("--wait waits for it");
        let said = world.home.path().join("said");
        let running = sync(&world, &["--wait", text(&here), &target]);
        let running = running.stderr(File::create(&said).expect("a file")).start();
        wait_until(|| fs::read_to_string(&said).is_ok_and(|said| said.contains("; waiting")));
        assert!(!there.join("one").exists());
        drop(writer);
        let _ = holder.wait();
        let _ = running.finish().ok();
        assert_alike(&here, &there);
        fs::remove_file(there.join("one")).expect("the file");
    }
}

/// Trees inside each other, here.
fn nested(world: &World, args: &[&str]) -> Outcome {
    world.home.call(&Subject::get().path).arg("sync").args(args).run()
}

#[test]
fn a_tree_is_not_copied_into_itself() {
    let world = World::direct();
    fs::create_dir_all(world.home.path().join("a/c")).expect("a folder");
    fs::write(world.home.path().join("a/one"), "1").expect("a file");
    symlink("a/c", world.home.path().join("by-link")).expect("a link");
    for target in ["a/b", "a/b/c", "by-link", "./a/../a/b"] {
        let _ = nested(&world, &["a", target]).ends(3).says("copied into itself").says("--exclude=/");
    }
    assert!(!world.home.path().join("a/b").exists());
    let _ = nested(&world, &["--exclude=/b", "a", "a/b"]).ok();
    let _ = nested(&world, &["--exclude=/b", "a", "a/b"]).ok();
    assert!(world.home.path().join("a/b/one").exists() && !world.home.path().join("a/b/b").exists());
    // Several, of which one holds DST.
    fs::create_dir(world.home.path().join("d")).expect("a folder");
    let _ = nested(&world, &["a", "d", "a/c"]).ends(3).says("--exclude=/a/c/a");
    let _ = nested(&world, &["a", "other"]).ok();
}

#[test]
fn a_source_is_not_deleted_by_its_own_sync() {
    let world = World::direct();
    fs::create_dir_all(world.home.path().join("a/b")).expect("a folder");
    fs::write(world.home.path().join("a/b/one"), "1").expect("a file");
    let outcome = nested(&world, &["--contents", "--delete", "a/b", "a"]).ends(3).says("--delete would delete it");
    let _ = outcome.says("--filter='protect /b'");
    let _ = nested(&world, &["--contents", "--delete", "--filter=protect /b", "a/b", "a"]).ok();
    let _ = nested(&world, &["--contents", "a/b", "a"]).ok();
    assert!(world.home.path().join("a/b/one").exists() && world.home.path().join("a/one").exists());
    // What it holds of the name that it has there would take its place.
    for make in [|path: &Path| fs::write(path, "a file"), |path: &Path| fs::create_dir(path)] {
        let own = world.home.path().join("a/b/b");
        make(&own).expect("something");
        let outcome = nested(&world, &["--contents", "--delete", "--filter=protect /b", "a/b", "a"]).ends(3);
        let _ = outcome.says("--delete would replace it").says("--exclude=/b");
        let _ = nested(&world, &["--contents", "--delete", "--exclude=/b", "a/b", "a"]).ok();
        assert!(world.home.path().join("a/b/one").exists() && own.exists());
        let _ = fs::remove_file(&own);
    }
}

/// People who are used to rsync mean the directory inside, also where they pull.
#[test]
fn a_target_that_holds_the_source_s_name_is_asked_about_when_pulling() {
    let world = World::direct();
    let [there, backup] = ["photos", "backup"].map(|name| world.home.path().join(name));
    fs::create_dir_all(backup.join("photos")).expect("a folder");
    fs::create_dir(&there).expect("a folder");
    fs::write(there.join("one"), "1").expect("a file");
    let asked = sync(&world, &[&on_host(&there), "backup"]).run().ends(3);
    let _ = asked.says("rsync would have made backup/photos like SRC").says("--contents");
    assert!(!backup.join("one").exists());
    let pushed = sync(&world, &["photos", &on_host(&backup)]).run().ends(3);
    let _ = pushed.says(&format!("rsync would have made {}/photos", on_host(&backup)));
    let _ = sync(&world, &[&on_host(&there), "backup/photos"]).run().ok();
    assert_alike(&there, &backup.join("photos"));
    let _ = sync(&world, &["--contents", &on_host(&there), "backup"]).run().ok();
    assert!(backup.join("one").exists());
    let _ = sync(&world, &[&format!("{}/", on_host(&there)), "backup"]).run().ok();
    // What the source itself holds under that name is copied into it, and nothing is to be asked.
    fs::create_dir(there.join("photos")).expect("a folder");
    let _ = sync(&world, &[&on_host(&there), "backup"]).run().ok();
}

/// A target that would lose most of what it has, both ways.
#[test]
fn most_of_a_target_is_not_deleted_unasked() {
    let world = World::direct();
    let [few, many] = ["few", "many"].map(|name| world.home.path().join(name));
    for (folder, number) in [(&few, 1), (&many, 50)] {
        fs::create_dir(folder).expect("a folder");
        (0..number).for_each(|at| fs::write(folder.join(format!("{number}-{at}")), "x").expect("a file"));
    }
    for (from, to) in [(text(&few).to_owned(), on_host(&many)), (on_host(&few), text(&many).to_owned())] {
        let _ = sync(&world, &["--delete", &from, &to])
            .run()
            .ends(25)
            .says("nothing was deleted, all else was done; --max-delete 50");
        assert!(many.join("50-0").exists());
    }
    let _ = sync(&world, &["--delete", "--max-delete", "49", text(&few), &on_host(&many)]).run().ends(25);
    let _ = sync(&world, &["--delete", "--max-delete", "50", text(&few), &on_host(&many)]).run().ok();
    assert_alike(&few, &many);
}

/// A directory that must give way to a file is most of a target, too; the run says what it did, in words and in JSON.
#[test]
fn a_directory_does_not_give_way_past_the_guard() {
    let world = World::direct();
    let [here, there] = ["here", "there"].map(|name| world.home.path().join(name));
    fs::create_dir(&here).expect("a folder");
    fs::create_dir_all(there.join("x")).expect("a folder");
    (0..30).for_each(|at| fs::write(there.join("x").join(format!("{at}")), "x").expect("a file"));
    for name in ["x", "y"] {
        fs::write(here.join(name), "new").expect("a file");
    }
    let pull = [on_host(&here), text(&there).to_owned()];
    for [from, to] in [[text(&here).to_owned(), on_host(&there)], pull, [text(&here), text(&there)].map(str::to_owned)]
    {
        for options in [&["--max-delete", "0"][..], &[]] {
            let args = [&["--delete"], options, &[&from, &to]].concat();
            let outcome = sync(&world, &args).run().ends(25);
            let outcome = outcome.says("31 entries would be deleted, and at most ").says("--max-delete 31 allows it");
            let outcome = outcome.says("a directory is in its place, and nothing is deleted");
            assert!(outcome.text().contains(", 1 FAILED; root "), "{}", outcome.text());
            let outcome = sync(&world, &[&["--json"], &args[..]].concat()).run().ends(25);
            let last = outcome.text().lines().last().expect("a line").to_owned();
            let summary: serde_json::Value = serde_json::from_str(&last).expect("JSON");
            let of = |name: &str| summary[name].as_u64();
            assert_eq!(summary["event"], "summary", "{last}");
            assert_eq!(
                [of("not_deleted"), of("deleted"), of("failed"), of("exit_code")],
                [31, 0, 1, 25].map(Some),
                "{last}"
            );
        }
        assert_eq!(fs::read_dir(there.join("x")).expect("the folder").count(), 30);
        assert_eq!(fs::read_to_string(there.join("y")).expect("all else"), "new");
    }
    let _ = sync(&world, &["--delete", "--max-delete", "31", text(&here), &on_host(&there)]).run().ok();
    assert_alike(&here, &there);
}

/// It looked as if nothing were there, and the source was told so.
#[test]
fn what_is_put_into_an_empty_target_meanwhile_stays() {
    let world = World::direct();
    let [here, there] = ["here", "there"].map(|name| world.home.path().join(name));
    fs::create_dir(&here).expect("a folder");
    fs::create_dir(&there).expect("a folder");
    fs::write(there.join("one"), "1").expect("a file");
    let late = here.join("late");
    let xssh = text(&Subject::get().path);
    let helper = world.home.script("helper", &format!("echo kept > '{}'; exec '{xssh}' \"$@\"", late.display()));
    let _ = sync_by(&world, text(&helper), &[&on_host(&there), text(&here)]).run().ok();
    assert_eq!(fs::read_to_string(&late).expect("what was there"), "kept\n");
    assert_eq!(fs::read_to_string(here.join("one")).expect("the file"), "1");
    assert_eq!(world.target.log().matches("Accepted publickey").count(), 2);
}

/// A tilde is the home directory of the host, where every path begins that is not absolute.
#[test]
fn a_tilde_behind_a_host_is_its_home() {
    let world = World::direct();
    let [here, home] = ["here", "home"].map(|name| world.home.path().join(name));
    for folder in [&here, &home] {
        fs::create_dir(folder).expect("a folder");
    }
    fs::write(here.join("one"), "1").expect("a file");
    let remote = format!("cd {} && exec {}", text(&home), text(&Subject::get().path));
    let to = |target: &str| sync_by(&world, &remote, &["--contents", text(&here), &format!("{HOST}:{target}")]).run();
    let _ = to("~/dir").ok();
    assert!(home.join("dir/one").exists());
    let _ = to("~").ok();
    assert!(home.join("one").exists() && !home.join("~").exists());
    let _ = to("./~").ok();
    assert!(home.join("~/one").exists());
    let _ = to("~somebody/dir").ends(1).says("'./~somebody/dir'");
    assert!(!home.join("~somebody").exists());
    let back = world.home.path().join("back");
    let _ = sync_by(&world, &remote, &[&format!("{HOST}:~/dir/"), text(&back)]).run().ok();
    assert!(back.join("one").exists());
}

/// What rsync's users write and what is not taken is told, with what to write, and nobody is connected to.
#[test]
fn places_that_are_none_are_told() {
    let world = World::direct();
    let [here, file, link] = ["here", "file", "link"].map(|name| world.home.path().join(name));
    fs::create_dir(&here).expect("a folder");
    fs::write(&file, "in the way").expect("a file");
    symlink("nowhere", &link).expect("a link");
    for (target, code, words) in [
        ("rsync://target/m".to_owned(), 1, "no rsync daemon is asked: write [user@]host:path"),
        ("ssh://target/m".to_owned(), 1, "no URLs are taken"),
        ("target::m".to_owned(), 1, "write target:path, for a path that begins with a colon target:./:path"),
        (text(&file).to_owned(), 3, "file: a directory is to be here, and something else is"),
        (on_host(&file.join("sub")), 3, "file: a directory is to be here, and something else is"),
        (text(&link).to_owned(), 3, "link: a directory is to be here, and this is a link that leads to none"),
    ] {
        let _ = sync(&world, &[text(&here), &target]).run().ends(code).says(words);
    }
    assert!(!world.home.path().join("nowhere").exists() && fs::read(&file).is_ok_and(|text| text == b"in the way"));
    for list in ["target:list", ":list"] {
        let list = format!("--files-from={list}");
        let refused = sync(&world, &[&list, text(&here), &on_host(&here)]).run().ends(3);
        let _ = refused.says("a list is read here and not on a host");
    }
}
