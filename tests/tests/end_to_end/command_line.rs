//! The grammar of the command line, as callers and people use it.

use std::os::unix::fs::symlink;

use xssh_tests::account;
use xssh_tests::peer;
use xssh_tests::subject::Subject;
use xssh_tests::world::{HOST, WRONG_PORT, World};

/// Each must reach the host and run `echo reached`.
#[test]
fn ways_to_say_the_same() {
    let world = World::direct();
    let (user, port) = (account::own().name, world.target.port().to_string());
    let config = world.home.config();
    let config = config.to_str().expect("UTF-8");
    let (at, uri) = (format!("{user}@{WRONG_PORT}"), format!("ssh://{user}@{WRONG_PORT}:{port}"));
    let (joined, spaced) = (format!("-oPort={port}"), format!("-oPort {port}"));
    let (equals, quoted) = (format!("Port = {port}"), format!("port \"{port}\""));
    let (attached, bundle) = (format!("-p{port}"), format!("-xTnp{port}"));
    let command = "echo reached";
    for args in [
        &[HOST, command][..],
        &["--", HOST, command],
        &[HOST, "--", command],
        &[HOST, "echo", "reached"],
        &["-p", &port, &at, command],
        &[&attached, WRONG_PORT, command],
        &[&bundle, WRONG_PORT, command],
        &[&at, "-p", &port, command],
        &[WRONG_PORT, "-p", &port, "-l", &user, command],
        &["-l", &user, "-p", &port, "--", WRONG_PORT, command],
        &[&uri, command],
        &[&joined, WRONG_PORT, command],
        &[&spaced, WRONG_PORT, command],
        &["-o", &equals, WRONG_PORT, command],
        &["-o", &quoted, WRONG_PORT, command],
        &["-o", &joined[2..], "-o", "Port=2", WRONG_PORT, command],
        &["-oForwardX11 no", "-oPermitLocalCommand no", "-oClearAllForwardings yes", HOST, command],
        &["-x", "-a", "-T", "-4", HOST, command],
        &["-F", config, HOST, command],
    ] {
        let outcome = world.home.xssh(args).run().ok();
        assert_eq!(outcome.text(), "reached\n", "{outcome}");
    }
}

/// What follows the command's first word belongs to the command.
#[test]
fn options_end_at_the_command() {
    let world = World::direct();
    let outcome = world.home.xssh(&[HOST, "echo", "-p", "1", "-v", "--"]).run().ok();
    assert_eq!((outcome.text().as_str(), outcome.errors().as_str()), ("-p 1 -v --\n", ""));
}

/// Words that are subcommands of ours are hosts for every program that calls a remote shell.
#[test]
fn hosts_named_like_subcommands() {
    let mut world = World::direct();
    let port = world.target.port();
    for name in ["route", "sync", "serve", "authorize"] {
        world.home.host(name, &format!("HostName 127.0.0.1\nPort {port}"));
        let user = account::own().name;
        for args in [&["-l", &user, name, "echo reached"][..], &["-l", &user, "--", name, "echo reached"]] {
            assert_eq!(world.home.xssh(args).run().ok().text(), "reached\n");
        }
        let rsync = world.home.call(peer::require("rsync")).arg("-e").arg(world.home.remote_shell());
        let source = format!("{name}:{}/sshd_config", world.target.folder().display());
        let _ = rsync.arg(source).arg("copy").run().ok();
    }
}

/// Under the name `ssh` there are no subcommands.
#[test]
fn linked_as_ssh() {
    let mut world = World::direct();
    let port = world.target.port();
    world.home.host("route", &format!("HostName 127.0.0.1\nPort {port}"));
    let link = world.home.path().join("ssh");
    symlink(&Subject::get().path, &link).expect("a link");
    let config = world.home.config();
    let call = |args: &[&str]| world.home.call(&link).args(args).arg("-F").arg(&config);
    assert_eq!(call(&["route"]).arg("echo reached").run().ok().text(), "reached\n");
    assert!(call(&["-G", "route"]).run().ok().text().contains("hostname 127.0.0.1\n"));
}
