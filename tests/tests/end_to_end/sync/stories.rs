//! What a user does that is not in any manual.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;

use super::{Noise, Subject, World, assert_alike, on_host, some_tree, staged, sync, text, wait_until};
use xssh_tests::call::{Call, Outcome};
use xssh_tests::world::HOST;

fn here(world: &World, args: &[&str]) -> Outcome {
    world.home.call(&Subject::get().path).arg("sync").args(args).run()
}

#[test]
fn no_words_at_all() {
    let world = World::direct();
    for args in [&[][..], &["only-one"]] {
        let outcome = here(&world, args).ends(1).says("xssh sync [options] SRC... DST").says("xssh help sync");
        assert!(outcome.errors().lines().count() <= 2, "{outcome}");
    }
    // A letter of ssh's has taken the word that was to be SRC.
    let _ = here(&world, &["-avi", "tree", "host:tree"]).ends(1).says("-i is ssh's and takes a value (a key file)");
}

#[test]
fn a_source_that_is_not_there() {
    let world = World::direct();
    let _ = here(&world, &["nowhere", "there"]).ends(3).says("nowhere").says("No such file or directory");
    let _ = sync(&world, &[&format!("{HOST}:/not/there/tree"), "back"]).run().ends(3).says("/not/there/tree");
    assert!(!world.home.path().join("there").exists() && !world.home.path().join("back").exists());
}

/// rsync would make `dir` in the home directory; here that itself would become like `dir`.
#[test]
fn a_host_without_a_path_is_no_directory_to_be_filled() {
    let world = World::direct();
    let tree = world.home.path().join("tree");
    some_tree(&tree);
    let home = world.target.home();
    let remote = format!("cd {} && {}", text(&home), Subject::get().path.display());
    let call = |args: &[&str]| {
        let call = world.home.call(&Subject::get().path).arg("sync").arg("-F").arg(world.home.config());
        call.arg("--remote-xssh").arg(&remote).args(args.iter().map(|arg| (*arg).to_owned())).run()
    };
    let target = format!("{HOST}:");
    let _ = call(&["./tree", &target]).ends(3).says(&format!("name {HOST}:tree")).says("--contents");
    assert_eq!(fs::read_dir(&home).expect("a folder").count(), 0);
    let _ = call(&["./tree", &format!("{HOST}:tree")]).ok();
    assert_alike(&tree, &home.join("tree"));
    // A file goes into it, and what is asked for is done.
    let _ = call(&["tree/large", &target]).ok();
    assert!(home.join("large").exists());
    let _ = call(&[&target, "."]).ok();
    assert!(world.home.path().join("large").exists());
}

#[test]
fn a_colon_in_a_name() {
    let world = World::direct();
    let odd = world.home.path().join("12:30 notes");
    fs::create_dir(&odd).expect("a folder");
    fs::write(odd.join("a:b"), "1").expect("a file");
    let _ = here(&world, &["12:30 notes", "copy"])
        .says("'12:30 notes' is read as '30 notes' on host 12")
        .says("'./12:30 notes'");
    let _ = here(&world, &["./12:30 notes", "copy"]).ok();
    let _ = sync(&world, &["./12:30 notes", &on_host(&world.home.path().join("there:1"))]).run().ok();
    assert_alike(&odd, &world.home.path().join("copy"));
    assert_alike(&odd, &world.home.path().join("there:1"));
}

/// Whoever reads the first lines only does not stop the work.
#[test]
fn a_reader_that_goes_away() {
    let world = World::direct();
    let [tree, there] = ["tree", "there"].map(|name| world.home.path().join(name));
    some_tree(&tree);
    for option in ["--itemize", "--json"] {
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        let running = sync(&world, &[option, text(&tree), &on_host(&there)]).stdout(writer).start();
        let mut first = [0; 10];
        reader.read_exact(&mut first).expect("some words");
        drop(reader);
        let _ = running.wait().ok();
        assert_alike(&tree, &there);
        fs::remove_dir_all(&there).expect("a tree");
    }
}

/// Files that vanish between their listing and their turn: code 24, and everything else is there.
#[test]
fn files_that_vanish() {
    let world = World::direct();
    let [tree, there] = ["tree", "there"].map(|name| world.home.path().join(name));
    fs::create_dir(&tree).expect("a folder");
    fs::write(tree.join("a"), Noise { seed: 20, length: 30_000_000 }.bytes()).expect("a file");
    fs::write(tree.join("b"), Noise { seed: 21, length: 2_000_000 }.bytes()).expect("a file");
    let args = ["--bwlimit", "12m", "--no-compress", text(&tree), &on_host(&there)];
    let running = sync(&world, &args).start();
    wait_until(|| {
        there.exists() && staged(&there).is_some_and(|path| fs::metadata(path).is_ok_and(|stat| stat.len() > 0))
    });
    fs::remove_file(tree.join("b")).expect("a file");
    let outcome = running.finish().ends(24);
    assert!(outcome.text().contains("1 vanished"), "{outcome}");
    assert_eq!(fs::read(tree.join("a")).expect("a file"), fs::read(there.join("a")).expect("a file"));
    assert!(!there.join("b").exists());
}

/// As one who may not: sudo asks for a password, and nobody is there to give it.
#[test]
fn a_sudo_that_wants_a_password() {
    let world = World::direct();
    some_tree(&world.home.path().join("tree"));
    let sudo = world.home.script("sudo", "echo 'sudo: a password is required' >&2; exit 1");
    let remote = format!("{} xssh", sudo.display());
    let args = ["--remote-xssh", &remote, "tree", &format!("{HOST}:x")].map(str::to_owned);
    let call = world.home.call(&Subject::get().path).arg("sync").arg("-F").arg(world.home.config());
    let _ = call.args(args).run().ends(12).says("sudo: a password is required").says("ended before it began");
}

mod as_root {
    use super::super::as_root::Mounted;
    use super::*;
    use xssh_tests::{account, peer};

    #[test]
    fn a_target_that_is_read_only() {
        let world = World::direct();
        let [tree, there] = ["tree", "there"].map(|name| world.home.path().join(name));
        some_tree(&tree);
        fs::create_dir(&there).expect("a folder");
        let mounted = Mounted::tmpfs(&there, "20m,ro");
        let outcome = sync(&world, &[text(&tree), &on_host(&there.join("deeper"))]).run().ends(3);
        let _ = outcome.says("deeper: Read-only file system");
        let outcome = sync(&world, &["-q", text(&tree), &on_host(&there)]).run().ends(23);
        let _ = outcome.says("large (on the host): Read-only file system");
        drop(mounted);
    }

    /// A directory that its user may not write to.
    #[test]
    fn a_target_of_somebody_else() {
        let world = World::direct();
        let account = account::throwaway();
        let [tree, there] =
            ["tree", "there"].map(|name| std::env::temp_dir().join(format!("xssh-{name}-{}", std::process::id())));
        fs::create_dir(&tree).expect("a folder");
        fs::write(tree.join("one"), "1").expect("a file");
        fs::create_dir(&there).expect("a folder");
        fs::set_permissions(&there, fs::Permissions::from_mode(0o755)).expect("a mode");
        let as_other = Call::new(peer::require("setpriv"))
            .args(["--reuid", &account.uid.to_string(), "--regid", &account.gid.to_string(), "--clear-groups"])
            .arg(&Subject::get().path);
        let outcome = as_other.args(["sync", text(&tree), text(&there)]).run().ends(23);
        let _ = outcome.says("one: Permission denied");
        fs::remove_dir_all(&tree).expect("a folder");
        fs::remove_dir_all(&there).expect("a folder");
        drop(world);
    }
}
