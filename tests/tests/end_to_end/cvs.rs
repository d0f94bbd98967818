//! CVS: a project imported, checked out, changed, compared and updated through its client/server protocol.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use xssh_tests::account;
use xssh_tests::call::{Call, Outcome};
use xssh_tests::noise::Noise;
use xssh_tests::over_both_routes;
use xssh_tests::peer;
use xssh_tests::tree;
use xssh_tests::world::{HOST, WRONG_PORT, World};

over_both_routes!(ext, ext_compressed, extssh_with_a_port, binary_of_30_mb, a_failure_tells_its_reason);

const LONG: Duration = Duration::from_secs(180);

fn cvs(world: &World, folder: &Path, root: &str, args: &[&str]) -> Call {
    let call = world.home.call(peer::require("cvs")).dir(folder).arg("-d").arg(root);
    let call = call.env("CVS_RSH", world.home.remote_shell()).env("LOGNAME", account::own().name);
    call.args(args).limit(LONG)
}

#[track_caller]
fn succeed(world: &World, folder: &Path, root: &str, args: &[&str]) -> Outcome {
    cvs(world, folder, root, args).run().ok()
}

/// A new repository on the far side, as its path.
fn repository(world: &World) -> PathBuf {
    let repository = world.target.folder().join("cvsroot");
    let root = format!(":local:{}", repository.display());
    let _ = succeed(world, world.home.path(), &root, &["init"]);
    repository
}

/// A folder with a project in it: text, keywords, a folder, a name with a space.
fn project(world: &World) -> PathBuf {
    let project = world.home.path().join("project");
    fs::create_dir_all(project.join("src")).expect("a folder");
    fs::write(project.join("README"), "first line\n\nthe last line\n").expect("a file");
    fs::write(project.join("src/main.c"), "int main(void) { return 0; }\n".repeat(2000)).expect("a file");
    fs::write(project.join("src/two words"), "text\n").expect("a file");
    project
}

/// Two working copies of one imported project: what one commits, the other gets.
fn exercise(world: &World, root: &str, options: &[&str]) {
    let run = |folder: &Path, args: &[&str]| succeed(world, folder, root, &[options, args].concat());
    let project = project(world);
    let _ = run(&project, &["-Q", "import", "-m", "import", "project", "vendor", "start"]);
    let [one, two] = ["one", "two"].map(|name| world.home.path().join(name));
    for copy in ["one", "two"] {
        let _ = run(world.home.path(), &["-Q", "checkout", "-d", copy, "project"]);
    }
    tree::assert_same(&project, &one, &["CVS"]);

    fs::write(one.join("README"), "first line\nbetween\nthe last line\n").expect("a file");
    fs::write(one.join("src/new"), "new\n".repeat(100_000)).expect("a file");
    let _ = run(&one, &["-Q", "add", "src/new"]);
    let difference = cvs(world, &one, root, &[options, &["-Q", "diff", "-u", "README"]].concat());
    let difference = difference.run().ends(1).text();
    assert!(difference.contains("\n+between\n"), "{difference}");
    let _ = run(&one, &["-Q", "commit", "-m", "a change"]);
    let updated = run(&two, &["-q", "update", "-d"]).text();
    assert!(updated.contains("README") && updated.contains("src/new"), "{updated}");
    tree::assert_same(&one, &two, &["CVS"]);
    let log = run(&two, &["-q", "log", "README"]).text();
    assert!(log.contains("a change"), "{log}");
}

fn ext_root(world: &World) -> String {
    format!(":ext:{}@{HOST}:{}", account::own().name, repository(world).display())
}

fn ext(world: &World) {
    exercise(world, &ext_root(world), &[]);
}

fn ext_compressed(world: &World) {
    exercise(world, &ext_root(world), &["-z9"]);
}

fn extssh_with_a_port(world: &World) {
    let (shell, port) = (world.home.remote_shell(), world.target.port());
    let (user, path) = (account::own().name, repository(world));
    let root = format!(":extssh;CVS_RSH={}:{user}@{WRONG_PORT}:{port}{}", shell.display(), path.display());
    exercise(world, &root, &[]);
}

fn binary_of_30_mb(world: &World) {
    let root = ext_root(world);
    let project = project(world);
    let noise = Noise { seed: 30, length: 30_000_000 };
    tree::plant_file(&project.join("binary"), noise);
    let _ = succeed(world, &project, &root, &["-Q", "import", "-kb", "-m", "import", "project", "vendor", "start"]);
    let _ = succeed(world, world.home.path(), &root, &["-Q", "checkout", "-d", "copy", "project"]);
    noise.check(fs::File::open(world.home.path().join("copy/binary")).expect("the copy"));
    let copy = world.home.path().join("copy");
    let changed = Noise { seed: 31, length: 30_000_001 };
    tree::plant_file(&copy.join("binary"), changed);
    let _ = succeed(world, &copy, &root, &["-Q", "-z9", "commit", "-m", "a change"]);
    let _ = succeed(world, &project, &root, &["-Q", "-z9", "checkout", "-d", "again", "project"]);
    changed.check(fs::File::open(project.join("again/binary")).expect("the second copy"));
}

/// cvs itself only says that the server ended: the reason must come from the remote shell.
fn a_failure_tells_its_reason(world: &World) {
    let root = format!(":ext:nobody-there@{HOST}:/nowhere");
    let outcome = cvs(world, world.home.path(), &root, &["checkout", "project"]).run();
    assert_ne!(outcome.code(), Some(0), "{outcome}");
    let _ = outcome.says("Permission denied (publickey)").says("end of file from server");
    let root = format!(":ext:{}@{HOST}:/nowhere", account::own().name);
    let outcome = cvs(world, world.home.path(), &root, &["checkout", "project"]).run();
    assert_ne!(outcome.code(), Some(0), "{outcome}");
    let _ = outcome.says("Cannot access /nowhere/CVSROOT");
}
