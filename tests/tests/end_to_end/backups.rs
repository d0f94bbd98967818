//! borg and restic: a tree goes into a repository on the far side and comes back the same.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use xssh_tests::account;
use xssh_tests::call::Call;
use xssh_tests::noise::Noise;
use xssh_tests::over_both_routes;
use xssh_tests::peer;
use xssh_tests::tree;
use xssh_tests::world::{HOST, WRONG_PORT, World};

over_both_routes!(borg, restic);

const LONG: Duration = Duration::from_secs(180);

fn near(world: &World) -> PathBuf {
    let near = world.home.path().join("near");
    tree::plant_odd(&near);
    tree::plant_file(&near.join("large"), Noise { seed: 1, length: 12 << 20 });
    near
}

fn borg(world: &World) {
    let near = near(world);
    let (user, port) = (account::own().name, world.target.port());
    let repository = format!("ssh://{user}@{WRONG_PORT}:{port}{}/repository", world.target.folder().display());
    let borg = |args: &[&str]| -> Call {
        let call = world.home.call(peer::require("borg")).args(args).limit(LONG);
        let call = call.env("BORG_RSH", world.home.remote_shell());
        let call = call.env("BORG_BASE_DIR", world.home.path());
        call.env("BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK", "yes")
    };
    let archive = format!("{repository}::first");
    let _ = borg(&["init", "-e", "none", &repository]).run().ok();
    let _ = borg(&["create", "--compression", "none", &archive, "."]).dir(&near).run().ok();
    let _ = borg(&["check", "--verify-data", &repository]).run().ok();
    let again = world.home.path().join("again");
    fs::create_dir(&again).expect("a folder");
    let _ = borg(&["extract", &archive]).dir(&again).run().ok();
    tree::assert_same(&near, &again, &[]);
}

fn restic(world: &World) {
    let near = near(world);
    let repository = format!("sftp:{HOST}:{}/repository", world.target.folder().display());
    let command = format!("sftp.command={} {HOST} -s sftp", world.home.remote_shell().display());
    let restic = |args: &[&str]| -> Call {
        let call = world.home.call(peer::require("restic")).args(["-q", "-r", &repository, "-o", &command]);
        call.args(args).env("RESTIC_PASSWORD", "secret").dir(&near).limit(LONG)
    };
    let _ = restic(&["init"]).run().ok();
    let _ = restic(&["backup", "."]).run().ok();
    let _ = restic(&["check", "--read-data"]).run().ok();
    let again = world.home.path().join("again");
    let _ = restic(&["restore", "latest", "--target"]).arg(&again).run().ok();
    tree::assert_same(&near, &again, &[]);
}
