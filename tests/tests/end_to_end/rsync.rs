//! rsync: pushes and pulls trees with `-e`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use xssh_tests::call::{Call, Outcome};
use xssh_tests::noise::Noise;
use xssh_tests::over_both_routes;
use xssh_tests::peer;
use xssh_tests::tree;
use xssh_tests::world::{HOST, World};

over_both_routes!(push, pull, compressed, delete, many_files, update_of_a_large_file);

/// For 20,000 files on a busy machine.
const LONG: Duration = Duration::from_secs(240);

fn rsync(world: &World) -> Call {
    let call = world.home.call(peer::require("rsync"));
    call.arg("-a").arg("-e").arg(world.home.remote_shell())
}

/// A folder here with odd names in it, and one on the far side.
fn folders(world: &World) -> (std::path::PathBuf, std::path::PathBuf) {
    let (near, far) = (world.home.path().join("near"), world.target.folder().join("far"));
    fs::create_dir(&far).expect("a folder");
    tree::plant_odd(&near);
    (near, far)
}

fn inside(folder: &Path) -> String {
    format!("{}/", folder.display())
}

fn on_host(folder: &Path) -> String {
    format!("{HOST}:{}/", folder.display())
}

#[track_caller]
fn succeed(call: Call) -> Outcome {
    let outcome = call.limit(LONG).run().ok();
    assert!(outcome.stderr.is_empty(), "nothing was due on stderr: {outcome}");
    outcome
}

fn push(world: &World) {
    let (near, far) = folders(world);
    succeed(rsync(world).args([inside(&near), on_host(&far)]));
    tree::assert_same(&near, &far, &[]);
}

fn pull(world: &World) {
    let (near, far) = folders(world);
    fs::remove_dir(&far).expect("an empty folder");
    fs::rename(&near, &far).expect("a folder to move");
    succeed(rsync(world).args([on_host(&far), inside(&near)]));
    tree::assert_same(&far, &near, &[]);
}

fn compressed(world: &World) {
    let (near, far) = folders(world);
    fs::write(near.join("sparse"), vec![b'x'; 5 << 20]).expect("a file");
    succeed(rsync(world).args(["-z".to_owned(), inside(&near), on_host(&far)]));
    tree::assert_same(&near, &far, &[]);
    fs::remove_dir_all(&near).expect("a folder");
    succeed(rsync(world).args(["-z".to_owned(), on_host(&far), inside(&near)]));
    tree::assert_same(&near, &far, &[]);
}

fn delete(world: &World) {
    let (near, far) = folders(world);
    tree::plant_odd(&far.join("old"));
    fs::write(far.join("two\nlines"), "old").expect("a file");
    succeed(rsync(world).args(["--delete".to_owned(), inside(&near), on_host(&far)]));
    tree::assert_same(&near, &far, &[]);
}

fn many_files(world: &World) {
    let (near, far) = (world.home.path().join("near"), world.target.folder().join("far"));
    tree::plant_many(&near, 20_000);
    succeed(rsync(world).args([inside(&near), on_host(&far)]));
    tree::assert_same(&near, &far, &[]);
    // What changed alone goes over again, and a third run finds nothing.
    fs::write(near.join("7/777"), "new").expect("a file");
    let listing = ["-i".to_owned(), inside(&near), on_host(&far)];
    let changed = succeed(rsync(world).args(&listing)).text();
    assert!(changed.lines().count() <= 2 && changed.contains("7/777"), "{changed}");
    assert_eq!(succeed(rsync(world).args(&listing)).text(), "");
}

fn update_of_a_large_file(world: &World) {
    let (near, far) = (world.home.path().join("near"), world.target.folder().join("far"));
    for folder in [&near, &far] {
        fs::create_dir(folder).expect("a folder");
    }
    let noise = Noise { seed: 3, length: 40 << 20 };
    tree::plant_file(&far.join("image"), noise);
    let mut bytes = noise.bytes();
    bytes[20 << 20..][..1000].fill(7);
    bytes.extend_from_slice(b"the end");
    fs::write(near.join("image"), &bytes).expect("a file");
    let stats = succeed(rsync(world).args(["--stats".to_owned(), inside(&near), on_host(&far)])).text();
    tree::assert_same(&near, &far, &[]);
    let literal = stats.lines().find_map(|line| line.strip_prefix("Literal data: "));
    let literal = literal.expect("rsync's statistics").replace(',', "");
    let literal: u64 = literal.split(' ').next().and_then(|n| n.parse().ok()).expect("a number");
    assert!(literal < 1 << 20, "{literal} bytes were sent whole:\n{stats}");
}
