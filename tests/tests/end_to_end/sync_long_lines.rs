//! `xssh sync` over a line with a round trip of 60 ms: more channels than one, unless the user wants no more.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use xssh_tests::delay_line::DelayLine;
use xssh_tests::home::Home;
use xssh_tests::noise::Noise;
use xssh_tests::sshd::{Plan, Sshd};
use xssh_tests::world::World;

use super::sync::{assert_alike, sync, text};

/// What a push took of its host.
#[derive(Debug, PartialEq, Eq)]
struct Taken {
    logins: usize,
    /// Programs that were started.
    sessions: usize,
}

/// Pushes this much to a host far away, which is reached with further lines of configuration.
fn push(host: Plan, megabytes: usize, more: impl Fn(&Home) -> String, options: &[&str]) -> Taken {
    push_with(host, megabytes, more, options, &[])
}

/// The same with these variables.
fn push_with(
    host: Plan,
    megabytes: usize,
    more: impl Fn(&Home) -> String,
    options: &[&str],
    variables: &[(&str, &str)],
) -> Taken {
    let mut world = World::direct();
    let host = host.start();
    host.authorize(&world.home.key().public());
    let there = SocketAddr::from((Ipv4Addr::LOCALHOST, host.port()));
    let line = DelayLine::start(there, Duration::from_millis(60)).expect("a long line");
    let port = line.address().port();
    world.home.know(&host.known_as("far"));
    let more = more(&world.home);
    world.home.host("far", &format!("HostName 127.0.0.1\nHostKeyAlias far\nPort {port}\n{more}"));
    let [from, to] = ["from", "to"].map(|name| world.home.path().join(name));
    fs::create_dir(&from).expect("a folder");
    for number in 0..megabytes {
        let noise = Noise { seed: number as u64, length: 1 << 20 };
        fs::write(from.join(format!("f{number}")), noise.bytes()).expect("a file");
    }
    let far = format!("far:{}", text(&to));
    let call = sync(&world, &[options, &[text(&from), &far]].concat());
    let _ = variables.iter().fold(call, |call, (name, value)| call.env(name, value)).run().ok();
    assert_alike(&from, &to);
    assert!(!world.target.log().contains("Starting session"), "a way is no host");
    let count = |words| host.log().matches(words).count();
    Taken { logins: count("Accepted publickey"), sessions: count("Starting session") }
}

fn nothing(_: &Home) -> String {
    String::new()
}

#[test]
fn much_on_a_long_line_goes_over_several_channels_of_one_connection() {
    let taken = push(Sshd::plan(), 80, nothing, &[]);
    assert!(taken.logins == 1 && (2..=8).contains(&taken.sessions), "{taken:?}");
}

/// sshd counts the sessions of a connection: each further lane logs in by itself then.
#[test]
fn where_a_connection_has_one_channel_there_are_several_connections() {
    let taken = push(Sshd::plan().with("MaxSessions 1"), 80, nothing, &[]);
    // One that has just logged in when all is done has no session any more.
    assert!((2..=8).contains(&taken.sessions) && (taken.sessions..=8).contains(&taken.logins), "{taken:?}");
}

/// Nothing can be made there: each lane logs in by itself, and nothing is said of it.
#[test]
fn where_there_is_no_folder_for_temporary_files_there_are_several_connections() {
    let taken = push_with(Sshd::plan(), 80, nothing, &[], &[("TMPDIR", "/proc")]);
    assert!((2..=8).contains(&taken.logins), "{taken:?}");
}

/// The way to the host is this program too, with the same variables: nobody may take it for the connection to the host.
#[test]
fn a_way_through_another_host_carries_no_lanes() {
    let way = |home: &Home| format!("ProxyCommand '{}' -W %h:%p target", home.remote_shell().display());
    let taken = push(Sshd::plan(), 80, way, &[]);
    assert!(taken.logins == 1 && (2..=8).contains(&taken.sessions), "{taken:?}");
}

#[test]
fn a_connection_that_the_user_shares_carries_the_lanes() {
    let shared =
        |home: &Home| format!("ControlMaster auto\nControlPath {}/control-%C\nControlPersist 5", home.path().display());
    let taken = push(Sshd::plan(), 80, shared, &[]);
    assert!(taken.logins == 1 && (2..=8).contains(&taken.sessions), "{taken:?}");
}

#[test]
fn little_on_a_long_line_needs_one() {
    assert_eq!(push(Sshd::plan(), 0, nothing, &[]), Taken { logins: 1, sessions: 1 });
}

#[test]
fn a_user_may_want_no_more_than_one() {
    assert_eq!(push(Sshd::plan(), 20, nothing, &["--connections", "1"]), Taken { logins: 1, sessions: 1 });
}
