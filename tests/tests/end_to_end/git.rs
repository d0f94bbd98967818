//! git: clone, push and fetch, with each of its ways to name a remote shell.

use std::path::{Path, PathBuf};

use xssh_tests::account;
use xssh_tests::call::Call;
use xssh_tests::noise::Noise;
use xssh_tests::over_both_routes;
use xssh_tests::peer;
use xssh_tests::tree;
use xssh_tests::world::{HOST, WRONG_PORT, World};

over_both_routes!(remote_shell_as_a_path, remote_shell_with_arguments, port_in_the_url);

fn git(world: &World) -> Call {
    let call = world.home.call(peer::require("git"));
    let call = call.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0");
    ["AUTHOR", "COMMITTER"].into_iter().fold(call, |call, who| {
        let call = call.env(&format!("GIT_{who}_NAME"), "A Person");
        call.env(&format!("GIT_{who}_EMAIL"), "person@example.org")
    })
}

/// Commits everything in a folder.
fn commit(world: &World, folder: &Path) {
    for args in [&["add", "-A"][..], &["commit", "-q", "-m", "a change"]] {
        let _ = git(world).dir(folder).args(args).run().ok();
    }
}

/// A bare repository on the far side with one commit. Its path has a space in it.
fn repository(world: &World) -> PathBuf {
    let (source, bare) = (world.home.path().join("source"), world.target.folder().join("a repository.git"));
    tree::plant_odd(&source);
    tree::plant_file(&source.join("large"), Noise { seed: 1, length: 9 << 20 });
    let _ = git(world).args(["init", "-q", "-b", "main"]).arg(&source).run().ok();
    commit(world, &source);
    let _ = git(world).args(["clone", "-q", "--bare"]).args([&source, &bare]).run().ok();
    bare
}

/// Two clones: one pushes, the other fetches.
fn exercise(world: &World, url: &str, variables: &[(&str, String)]) {
    let over_ssh = |folder: &Path, args: &[&str]| {
        let call = git(world).dir(folder).args(args);
        let call = variables.iter().fold(call, |call, (name, value)| call.env(name, value));
        call.run().ok()
    };
    let [one, two] = ["one", "two"].map(|name| world.home.path().join(name));
    for name in ["one", "two"] {
        let _ = over_ssh(world.home.path(), &["clone", "-q", url, name]);
    }
    tree::plant_file(&one.join("new"), Noise { seed: 2, length: 3 << 20 });
    commit(world, &one);
    let _ = over_ssh(&one, &["push", "-q"]);
    let _ = over_ssh(&two, &["fetch", "-q"]);
    let _ = git(world).dir(&two).args(["merge", "-q", "--ff-only", "origin/main"]).run().ok();
    tree::assert_same(&one, &two, &[".git"]);
    assert!(two.join("large").is_file() && two.join("new").is_file());
}

fn remote_shell_as_a_path(world: &World) {
    let url = format!("{HOST}:{}", repository(world).display());
    let shell = world.home.remote_shell().display().to_string();
    exercise(world, &url, &[("GIT_SSH", shell)]);
}

fn remote_shell_with_arguments(world: &World) {
    let url = format!("{HOST}:{}", repository(world).display());
    let command = format!("'{}' -o Compression=yes", world.home.remote_shell().display());
    exercise(world, &url, &[("GIT_SSH_COMMAND", command)]);
}

/// git finds out by `-G` whether the remote shell takes `-p`; it refuses a port otherwise.
fn port_in_the_url(world: &World) {
    let (user, port) = (account::own().name, world.target.port());
    let path = repository(world).display().to_string().replace(' ', "%20");
    let url = format!("ssh://{user}@{WRONG_PORT}:{port}{path}");
    let shell = world.home.remote_shell().display().to_string();
    exercise(world, &url, &[("GIT_SSH", shell)]);
}
