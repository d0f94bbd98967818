//! The way to a host: ssh hosts in between, commands as the way, and what is said when a hop fails.

use std::fs;

use xssh_tests::home::Home;
use xssh_tests::key::Key;
use xssh_tests::noise::Noise;
use xssh_tests::peer;
use xssh_tests::sshd::Sshd;
use xssh_tests::subject::Subject;
use xssh_tests::terminal::Terminal;
use xssh_tests::world::{HOST, World};

/// Three ssh hosts `one`, `two`, `three`, known and usable, and [`HOST`].
fn chain() -> (Home, Vec<Sshd>) {
    let mut home = Home::new();
    let sshds: Vec<_> = (0..4).map(|_| Sshd::plan().start()).collect();
    for (name, sshd) in ["one", "two", "three", HOST].iter().zip(&sshds) {
        home.meet(name, sshd, "");
    }
    (home, sshds)
}

#[test]
fn several_ssh_hops() {
    let (home, sshds) = chain();
    let noise = Noise { seed: 1, length: 3_000_000 };
    for (jump, passed) in [("one", 1), ("one,two", 2), ("one,two,three", 3)] {
        let before: Vec<_> = sshds.iter().map(|sshd| sshd.log().matches("Accepted publickey").count()).collect();
        let outcome = home.xssh(&["-J", jump, HOST, "cat; exit 5"]).input(noise.bytes()).run().ends(5);
        noise.check(&outcome.stdout[..]);
        for (number, sshd) in sshds.iter().enumerate() {
            let logins = sshd.log().matches("Accepted publickey").count() - before[number];
            assert_eq!(logins, usize::from(number < passed || number == 3), "-J {jump}, hop {number}");
        }
    }
}

/// Each hop has a user, a port, a key and a known host of its own, from its own block or from the jump itself.
#[test]
fn each_hop_has_its_own_configuration() {
    let (mut home, sshds) = chain();
    let key = Key::new(home.path().join("for-one"), "ed25519");
    sshds[0].authorize_only(&key.public());
    let (one, two) = (sshds[0].port(), sshds[1].port());
    home.host("inner", &format!("HostName 127.0.0.1\nPort {one}\nIdentityFile {}", key.path.display()));
    home.host("aliased", "HostName 127.0.0.1\nPort 1\nProxyJump inner");
    home.know(&sshds[1].known_as("elsewhere"));
    home.configure(&format!(
        "Match originalhost middle\nHostName 127.0.0.1\nHostKeyAlias elsewhere\nPort {two}\nHost *"
    ));
    let port = sshds[3].port().to_string();
    let user = xssh_tests::account::own().name;
    let _ = home.xssh(&["-p", &port, "aliased", "true"]).run().ok();
    assert!(sshds[0].log().contains(&key.fingerprint()), "{}", sshds[0].log());
    for jump in ["inner,middle", &format!("ssh://{user}@inner,{user}@middle"), &format!("inner,127.0.0.1:{two}")] {
        let _ = home.xssh(&["-J", jump, "-o", "ProxyJump=two", HOST, "true"]).run().ok();
    }
    let _ = home.xssh(&["-J", "none", "-p", &port, "aliased", "true"]).run().ok();
}

#[test]
fn a_failing_hop_is_named() {
    let (home, sshds) = chain();
    let stranger = Sshd::plan().start();
    let unknown = format!("127.0.0.1:{}", stranger.port());
    let outcome = home.xssh(&["-J", &format!("one,{unknown}"), HOST, "true"]).run().ends(255);
    let outcome = outcome.says("Host key verification failed.");
    assert!(outcome.errors().contains("127.0.0.1"), "{outcome}");
    sshds[1].authorize_only("");
    let outcome = home.xssh(&["-J", "one,two", HOST, "true"]).run().ends(255);
    let _ = outcome.says("Permission denied (publickey)");
    let outcome = home.xssh(&["-J", "one,127.0.0.1:1", HOST, "true"]).run().ends(255);
    assert!(outcome.stdout.is_empty(), "{outcome}");
    let outcome = outcome.says("Connection refused");
    if Subject::is_xssh_or_say("it does not name the hop that was refused") {
        let _ = outcome.says("127.0.0.1");
    }
    let outcome = home.xssh(&["-J", "no-such-hop.invalid", HOST, "true"]).run().ends(255);
    let _ = outcome.says("Could not resolve hostname no-such-hop.invalid");
}

#[test]
fn a_hop_that_may_not_forward() {
    let bastion = Sshd::plan().with("AllowTcpForwarding no").start();
    let mut world = World::direct();
    world.home.meet("bastion", &bastion, "");
    let outcome = world.home.xssh(&["-J", "bastion", HOST, "true"]).run().ends(255);
    let _ = outcome.says("administratively prohibited");
}

#[test]
fn a_command_as_the_way() {
    let world = World::direct();
    let (nc, note) = (peer::require("nc"), world.home.path().join("note"));
    let way = format!("echo $* >{}; exec {} $2 $3", note.display(), nc.display());
    let command = format!("ProxyCommand={} %n %h %p %r", world.home.script("way", &way).display());
    let noise = Noise { seed: 2, length: 3_000_000 };
    let outcome = world.home.xssh(&["-o", &command, HOST, "cat"]).input(noise.bytes()).run().ok();
    noise.check(&outcome.stdout[..]);
    let user = xssh_tests::account::own().name;
    let expected = format!("{HOST} 127.0.0.1 {} {user}\n", world.target.port());
    assert_eq!(fs::read_to_string(note).expect("a note"), expected);
    let outcome = world.home.xssh(&["-o", "ProxyCommand=echo no way >&2", HOST, "true"]).run().ends(255);
    let _ = outcome.says("no way");
    let outcome = world.home.xssh(&["-J", "one", "-o", &command, HOST, "true"]).run().ends(255);
    assert!(!outcome.stderr.is_empty(), "{outcome}");
}

/// The command opens the connection and passes it on as a descriptor.
#[test]
fn a_command_that_passes_a_descriptor() {
    let world = World::direct();
    let command = format!("ProxyCommand={} -F %h %p", peer::require("nc").display());
    let args = ["-o", "ProxyUseFdpass=yes", "-o", &command, HOST, "echo passed"];
    assert_eq!(world.home.xssh(&args).run().ok().text(), "passed\n");
}

/// Itself as the command: `ProxyCommand xssh -W %h:%p one`
#[test]
fn forwarded_streams_as_the_way() {
    let (home, sshds) = chain();
    let command = format!("ProxyCommand='{}' -W %h:%p one", home.remote_shell().display());
    assert_eq!(home.xssh(&["-o", &command, HOST, "echo through"]).run().ok().text(), "through\n");
    assert!(sshds[0].log().contains("Accepted"));
}

/// `xssh -t one xssh -t target`: the second runs on the first's far side, each with a terminal.
#[test]
fn one_inside_the_other() {
    let (home, _sshds) = chain();
    let shell = home.remote_shell();
    let mut terminal = Terminal::new();
    let [setsid, ctty, end] = Terminal::owner();
    let call = home.call(setsid).arg(ctty).arg(end).arg(&shell).args(["-t", "one"]);
    let call = call.arg(&shell).args(["-t", HOST, "stty size; echo ready; read line; echo got $line; exit 8"]);
    let running = terminal.start(call.env("TERM", "xterm"));
    terminal.wait_for("24 80");
    terminal.wait_for("ready");
    terminal.type_in("words\r");
    terminal.wait_for("got words");
    let _ = running.wait().ends(8);
}

#[test]
fn a_loop_of_jumps_is_an_error() {
    if !Subject::is_xssh_or_say("it starts itself until the system has had enough") {
        return;
    }
    let mut home = Home::new();
    home.host("a", "HostName 127.0.0.1\nProxyJump b");
    home.host("b", "HostName 127.0.0.1\nProxyJump a");
    let outcome = home.xssh(&["a", "true"]).run().ends(255);
    assert!(!outcome.stderr.is_empty(), "{outcome}");
}
