//! `xssh sync` over a line with a round trip of 60 ms: more connections than one, unless the user wants no more.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use xssh_tests::delay_line::DelayLine;
use xssh_tests::noise::Noise;
use xssh_tests::world::World;

use super::sync::{assert_alike, sync, text};

/// Pushes this much, and gives the number of logins that it took.
fn logins(megabytes: usize, options: &[&str]) -> usize {
    let mut world = World::direct();
    let there = SocketAddr::from((Ipv4Addr::LOCALHOST, world.target.port()));
    let line = DelayLine::start(there, Duration::from_millis(60)).expect("a long line");
    let lines = format!("HostName 127.0.0.1\nHostKeyAlias far\nPort {}", line.address().port());
    world.home.know(&world.target.known_as("far"));
    world.home.host("far", &lines);
    let [from, to] = ["from", "to"].map(|name| world.home.path().join(name));
    fs::create_dir(&from).expect("a folder");
    for number in 0..megabytes {
        let noise = Noise { seed: number as u64, length: 1 << 20 };
        fs::write(from.join(format!("f{number}")), noise.bytes()).expect("a file");
    }
    let far = format!("far:{}", text(&to));
    let _ = sync(&world, &[options, &[text(&from), &far]].concat()).run().ok();
    assert_alike(&from, &to);
    world.target.log().matches("Accepted publickey").count()
}

#[test]
fn much_on_a_long_line_goes_over_several_connections() {
    let made = logins(80, &[]);
    assert!((2..=8).contains(&made), "{made} connections");
}

#[test]
fn little_on_a_long_line_needs_one() {
    let made = logins(0, &[]);
    assert_eq!(made, 1);
}

#[test]
fn a_user_may_want_no_more_than_one() {
    let made = logins(20, &["--connections", "1"]);
    assert_eq!(made, 1);
}
