//! Options that change what a session is.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use rustix::process::Signal;
use xssh_tests::home::Home;
use xssh_tests::over_both_routes;
use xssh_tests::sshd::Sshd;
use xssh_tests::subject::Subject;
use xssh_tests::world::{HOST, World};

over_both_routes!(subsystem, forwarded_standard_streams);

/// A client and a host with these lines in its sshd_config.
fn with_sshd(lines: &str) -> (Home, Sshd) {
    let sshd = Sshd::plan().with(lines).start();
    (Home::facing(HOST, &sshd), sshd)
}

/// Else it would be the login shell that reads what was meant for the subsystem.
#[test]
fn a_subsystem_without_a_name() {
    let world = World::direct();
    for args in [&["-s", HOST][..], &["-o", "SessionType=subsystem", HOST]] {
        let outcome = world.home.xssh(args).input("echo ran\n").run().ends(255);
        let _ = outcome.says("You must specify a subsystem to invoke.").does_not_say("ran");
    }
}

/// `-s sftp`: the server answers SSH_FXP_INIT with SSH_FXP_VERSION (draft-ietf-secsh-filexfer-02, section 4).
fn subsystem(world: &World) {
    let init = [0, 0, 0, 5, 1, 0, 0, 0, 3];
    for args in [&["-s", HOST, "sftp"][..], &[HOST, "-s", "sftp"]] {
        let mut running = world.home.xssh(args).start();
        running.stdin.as_mut().expect("a pipe").write_all(&init).expect("a request");
        let mut answer = [0; 5];
        running.stdout.as_mut().expect("a pipe").read_exact(&mut answer).expect("an answer");
        assert_eq!(answer[4], 2);
        let _ = running.finish().ok();
    }
    let outcome = world.home.xssh(&["-s", HOST, "no-such-subsystem"]).run().ends(255);
    let _ = outcome.says("subsystem request failed");
}

/// `-W`: no session, but a connection from the host to somewhere.
fn forwarded_standard_streams(world: &World) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    let address = listener.local_addr().expect("its address").to_string();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut got = Vec::new();
        stream.read_to_end(&mut got).expect("all until the end");
        got.reverse();
        stream.write_all(&got).expect("the answer");
    });
    let input: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let outcome = world.home.xssh(&["-W", &address, HOST]).input(&input[..]).run().ok();
    assert!(outcome.stdout.iter().rev().eq(&input), "{outcome}");
    server.join().expect("the server");
}

#[test]
fn no_input() {
    let world = World::direct();
    let outcome = world.home.xssh(&["-n", HOST, "cat"]).input("not for you").run().ok();
    assert_eq!(outcome.text(), "");
}

#[test]
fn no_command() {
    let world = World::direct();
    let mut running = world.home.xssh(&["-N", HOST]).start();
    let stdin = running.stdin.take();
    world.target.await_log("Accepted publickey");
    running.signal(Signal::TERM);
    assert!(running.finish().stdout.is_empty());
    assert!(!world.target.log().contains("Starting session"), "{}", world.target.log());
    drop(stdin);
}

/// Between the login and the wait for its end nobody reads signals; one that comes then is not lost.
#[test]
fn a_signal_right_behind_the_login() {
    let world = World::direct();
    let command = "LocalCommand=kill -TERM $PPID";
    for (what, code) in [(&["-N", HOST][..], 0), (&[HOST, "sleep 100"], 255)] {
        let options = [&["-o", "PermitLocalCommand=yes", "-o", command], what].concat();
        let _ = world.home.xssh(&options).run().ends(code);
    }
}

#[test]
fn log_file() {
    let world = World::direct();
    let log = world.home.path().join("a log");
    let log_text = log.to_str().expect("UTF-8");
    let outcome = world.home.xssh(&["-v", "-E", log_text, HOST, "echo out; echo err >&2"]).run().ok();
    assert_eq!((outcome.text(), outcome.errors()), ("out\n".into(), "err\n".into()));
    let said = fs::read_to_string(&log).expect("the log");
    assert!(said.contains("debug1: ") && said.contains("Authenticated to 127.0.0.1"), "{said}");
}

#[test]
fn levels_of_verbosity_tell_more_and_more() {
    let world = World::direct();
    let lines = |options: &[&str]| {
        let outcome = world.home.xssh(&[options, &[HOST, "true"]].concat()).run().ok();
        outcome.errors().lines().count()
    };
    let told: Vec<_> = [&[][..], &["-v"], &["-vv"], &["-v", "-v", "-v"]].into_iter().map(lines).collect();
    assert!(told[0] == 0 && told.is_sorted() && told[1] > 5 && told[2] > told[1], "{told:?} lines");
}

#[test]
fn quiet() {
    let (home, sshd) = with_sshd("Banner %d/banner");
    fs::write(sshd.folder().join("banner"), "authorised use only\n").expect("a banner");
    let outcome = home.xssh(&[HOST, "echo out"]).run().ok();
    assert_eq!(outcome.text(), "out\n");
    let _ = outcome.says("authorised use only");
    let outcome = home.xssh(&["-q", HOST, "echo out"]).run().ok();
    assert!(outcome.stderr.is_empty(), "{outcome}");
    let outcome = home.xssh(&["-q", "-i", "/dev/null", "-l", "nobody-there", HOST, "true"]).run().ends(255);
    assert!(outcome.stderr.is_empty() && outcome.stdout.is_empty(), "{outcome}");
}

#[test]
fn environment() {
    let (mut home, _sshd) = with_sshd("AcceptEnv ONE_* TWO THREE");
    home.configure("SendEnv ONE_* FOUR\nSendEnv TWO");
    let args = ["-o", "SetEnv=THREE=three ONE_B=set", HOST, "echo $ONE_A/$ONE_B/$TWO/$THREE/$FOUR"];
    let call = home.xssh(&args).env("ONE_A", "a b").env("TWO", "2").env("FOUR", "4");
    assert_eq!(call.run().ok().text(), "a b/set/2/three/\n");
}

#[test]
fn remote_command() {
    let world = World::direct();
    let option = ["-o", "RemoteCommand=echo %n; exit 9"];
    let outcome = world.home.xssh(&[&option[..], &[HOST]].concat()).run().ends(9);
    assert_eq!(outcome.text(), format!("{HOST}\n"));
    let outcome = world.home.xssh(&[&option[..], &[HOST, "echo other"]].concat()).run().ends(255);
    let _ = outcome.says("Cannot execute command-line and remote command.");
}

#[test]
fn local_command() {
    let world = World::direct();
    let note = world.home.path().join("note");
    let command = format!("LocalCommand=echo %n %h %p >{}", note.display());
    let call = |permit: &str| {
        let permit = format!("PermitLocalCommand={permit}");
        let _ = world.home.xssh(&["-o", &permit, "-o", &command, HOST, "true"]).run().ok();
    };
    call("no");
    assert!(!note.exists());
    call("yes");
    let expected = format!("{HOST} 127.0.0.1 {}\n", world.target.port());
    assert_eq!(fs::read_to_string(note).expect("a note"), expected);
}

#[test]
fn version_goes_to_standard_error() {
    let outcome = Home::new().xssh(&["-V"]).run().ok();
    assert!(outcome.stdout.is_empty() && outcome.errors().lines().count() == 1, "{outcome}");
}

#[test]
fn queries() {
    let home = Home::new();
    for (query, expected) in [
        ("cipher", "aes128-gcm@openssh.com"),
        ("cipher-auth", "chacha20-poly1305@openssh.com"),
        ("mac", "hmac-sha2-256-etm@openssh.com"),
        ("kex", "curve25519-sha256"),
        ("key", "ssh-ed25519-cert-v01@openssh.com"),
        ("key-plain", "ssh-ed25519"),
        ("sig", "rsa-sha2-512"),
    ] {
        let listed = home.xssh(&["-Q", query]).run().ok().text();
        assert!(listed.lines().any(|line| line == expected), "{query}: {listed}");
    }
    let _ = home.xssh(&["-Q", "nonsense"]).run().ends(255);
}

#[test]
fn an_unknown_option_is_refused() {
    let world = World::direct();
    for args in [&["-z", HOST, "true"][..], &["-p", "no-number", HOST, "true"], &[]] {
        let outcome = world.home.xssh(args).run().ends(255);
        assert!(outcome.stdout.is_empty() && !outcome.stderr.is_empty(), "{outcome}");
    }
}

/// What comes later, or never, says so in one line.
#[test]
fn what_is_not_there_is_refused_by_name() {
    if !Subject::is_xssh_or_say("it has these") {
        return;
    }
    let world = World::direct();
    let later = [&["-w", "any"][..]];
    let never = [&["-I", "/lib.so"][..], &["-1"], &["-K"]];
    for args in later.into_iter().chain(never) {
        let outcome = world.home.xssh(&[args, &[HOST, "true"]].concat()).run().ends(255);
        assert!(outcome.errors().lines().count() == 1, "{outcome}");
    }
}
