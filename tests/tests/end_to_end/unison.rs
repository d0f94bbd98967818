//! Unison: two trees that both changed are brought together.

use std::fs;
use std::time::Duration;

use xssh_tests::account;
use xssh_tests::over_both_routes;
use xssh_tests::peer;
use xssh_tests::tree;
use xssh_tests::world::{WRONG_PORT, World};

over_both_routes!(changes_on_both_sides);

fn changes_on_both_sides(world: &World) {
    let (near, far) = (world.home.path().join("near"), world.target.folder().join("far"));
    tree::plant_many(&near, 300);
    fs::write(near.join("two words"), "x".repeat(1 << 20)).expect("a file");
    fs::create_dir(&far).expect("a folder");
    let (user, port) = (account::own().name, world.target.port());
    let root = format!("ssh://{user}@{WRONG_PORT}:{port}/{}", far.display());
    let unison = || {
        let call = world.home.call(peer::require("unison")).arg(&near).arg(&root);
        let call = call.args(["-batch", "-auto", "-ui", "text", "-sshcmd"]).arg(world.home.remote_shell());
        let _ = call.env("USER", &user).limit(Duration::from_secs(120)).run().ok();
        tree::assert_same(&near, &far, &[]);
    };
    unison();
    fs::write(near.join("1/100"), "changed here").expect("a file");
    fs::write(far.join("2/200"), "changed there").expect("a file");
    fs::remove_file(far.join("0/7")).expect("a file");
    unison();
    assert_eq!(fs::read(near.join("2/200")).expect("a file"), b"changed there");
    assert!(!near.join("0/7").exists());
}
