//! Clients that do not read, where the file for what they do not take is full.

use std::fs::read_to_string;
use std::path::Path;

use rustix::process::Signal;
use xssh_tests::world::{HOST, World};

use super::{OpenSsh, logins, socket, until};
use crate::forwards::stalled::{PAUSES, short_of_room};

#[test]
fn one_that_is_killed_when_nothing_more_fits_leaves_the_others_alone() {
    let world = World::direct();
    let path = socket(&world.home);
    let (call, log) = short_of_room(&world, &["-M", "-S", &path, "-N", HOST]);
    let master = call.start();
    until("no control socket", || Path::new(&path).exists());
    // OpenSSH waits for a master however busy the machine is; ours would do without it, and remove its socket.
    let by_master = |command: &[&str]| OpenSsh.call(&world.home, &[&["-S", path.as_str(), HOST], command].concat());
    for round in 1..=5 {
        let mut client = by_master(&["exec cat /dev/zero"]).start();
        let unread = client.stdout.take();
        let pauses = || read_to_string(&log).expect("a log").matches(PAUSES).count();
        until("it never fills", || pauses() >= round);
        client.signal(Signal::KILL);
        let _ = client.end_by_itself();
        drop(unread);
        // A master whose host is slow to open a session refuses, and then there is one more login.
        until("the master serves nobody any more", || {
            let before = logins(&world.target);
            let _ = by_master(&["true"]).run().ok();
            logins(&world.target) == before
        });
    }
    master.signal(Signal::TERM);
    let _ = master.end_by_itself();
}
