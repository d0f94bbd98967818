//! `-X`, `-Y` and ForwardX11: real X clients on the host, shown by a real X server here.

use std::time::{Duration, Instant};

use xssh_tests::call::Call;
use xssh_tests::home::Home;
use xssh_tests::key::Key;
use xssh_tests::port::Port;
use xssh_tests::sshd::Sshd;
use xssh_tests::subject::Subject;
use xssh_tests::world::HOST;
use xssh_tests::x_server::{Picture, XServer};

/// What everybody else's wait is bounded by too.
const LATE: Duration = Duration::from_secs(60);
/// An extension that programs which are not trusted do not see: with it they could act as a person at the keyboard.
const FOR_TRUSTED: &str = "XTEST";

const NOT_TRUSTED: &str = "-oForwardX11Trusted=no";

/// A client with a display, and a host that forwards X11.
struct Scene {
    home: Home,
    host: Sshd,
    display: XServer,
    _port: Port,
}

impl Scene {
    fn new() -> Self {
        Self::showing_on(XServer::start())
    }

    fn showing_on(display: XServer) -> Self {
        // Two servers that look for a free display at once may take the same one, and one of them then gives up: each has a
        // range of its own.
        let port = Port::lease();
        let first = 10 + port.number() % 980;
        let host = Sshd::plan().with(&format!("X11Forwarding yes\nX11DisplayOffset {first}")).start();
        Self { home: Home::facing(HOST, &host), host, display, _port: port }
    }

    fn xssh(&self, args: &[&str]) -> Call {
        self.display.shown(self.home.xssh(args))
    }
}

/// The picture that these words make of a clock, and nothing else: it always shows the same.
const CLOCK: &str = "env LC_ALL=C xclock -norender -digital -strftime 'no time' -geometry 200x60+10+10";

/// Its window comes before its face, which is of two colours at least.
fn is_drawn(picture: &Picture) -> bool {
    let pixels = picture.within(12..208, 12..68);
    pixels.iter().any(|pixel| *pixel != pixels[0])
}

fn await_that(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < LATE, "{what}: it takes too long");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_trusted_host_sees_what_we_see() {
    let scene = Scene::new();
    let here = scene.display.call("xdpyinfo").run().ok().text();
    let seen = scene.xssh(&["-Y", HOST, "xdpyinfo"]).run().ok().text();
    let beyond_the_name = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(beyond_the_name(&seen), beyond_the_name(&here));
    assert!(seen.contains(FOR_TRUSTED) && seen.starts_with("name of display:    localhost:"), "{seen}");
    let configured = ["-oForwardX11=yes", "-oForwardX11Trusted=yes", HOST, "xdpyinfo"];
    assert!(scene.xssh(&configured).run().ok().text().contains(FOR_TRUSTED));
}

#[test]
fn another_host_is_restricted() {
    let scene = Scene::new();
    let is_restricted = |how: &[&str]| {
        let outcome = scene.xssh(&[how, &[HOST, "xdpyinfo"]].concat()).run().ok();
        !outcome.text().contains(FOR_TRUSTED)
    };
    assert!(is_restricted(&["-X", NOT_TRUSTED]));
    assert!(!is_restricted(&["-Y", "-oForwardX11Trusted=yes", "-oForwardX11=no", "-X"]));
    if Subject::is_xssh_or_say("Debian's trusts every host") {
        assert!(is_restricted(&["-X"]) && is_restricted(&["-oForwardX11=yes"]));
    }
}

#[test]
fn a_clock_of_the_hosts_is_shown_as_one_of_ours() {
    let scene = Scene::new();
    let blank = scene.display.picture();
    let expected = {
        let ours = scene.display.call("sh").arg("-c").arg(format!("exec {CLOCK}")).start();
        await_that("a clock of ours", || is_drawn(&scene.display.picture()));
        let picture = scene.display.picture();
        drop(ours);
        picture
    };
    assert!(!is_drawn(&blank));
    await_that("an empty screen", || scene.display.picture() == blank);
    for how in ["-X", "-Y"] {
        let running = scene.xssh(&[how, HOST, &format!("exec {CLOCK}")]).start();
        await_that(how, || scene.display.picture() == expected);
        drop(running);
        await_that("an empty screen", || scene.display.picture() == blank);
    }
}

#[test]
fn it_stays_for_a_client_that_outlives_the_command() {
    let scene = Scene::new();
    let blank = scene.display.picture();
    // Not before it is there: as with ssh, what comes after the command's end finds nobody.
    let command = format!(
        "{CLOCK} < /dev/null > /dev/null 2>&1 & clock=$!\n\
         until xwininfo -name xclock > /dev/null 2>&1; do sleep 0.1; done; echo $clock"
    );
    let mut running = scene.xssh(&["-Y", HOST, &command]).start();
    await_that("a clock", || scene.display.picture() != blank);
    let mut said = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(running.stdout.as_mut().unwrap()), &mut said).unwrap();
    // The command has ended by now.
    scene.host.await_log("Close session");
    assert_ne!(scene.display.picture(), blank);
    let clock = rustix::process::Pid::from_raw(said.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(clock, rustix::process::Signal::TERM).unwrap();
    let _ = running.wait().ok();
}

#[test]
fn nothing_is_forwarded_unasked() {
    let scene = Scene::new();
    let asks = "echo \"<$DISPLAY>\"";
    for without in [&[][..], &["-x", "-oForwardX11=yes"], &["-X", "-x"], &["-Y", "-x"]] {
        let outcome = scene.xssh(&[without, &[HOST, asks]].concat()).run().ok();
        assert_eq!(outcome.text(), "<>\n", "{without:?}");
    }
    // Nor without a display here.
    let outcome = scene.home.xssh(&["-X", HOST, asks]).run().ok();
    assert_eq!((outcome.text().as_str(), outcome.errors().as_str()), ("<>\n", ""));
}

#[test]
fn whoever_has_not_the_cookie_is_turned_away() {
    let scene = Scene::new();
    for (change, why) in [
        ("echo \"add $DISPLAY . 00112233445566778899aabbccddeeff\" | xauth -q", "another cookie"),
        ("echo \"add $DISPLAY . 00\" | xauth -q", "a short one"),
        (
            "echo \"add $DISPLAY XDM-AUTHORIZATION-1 00112233445566778899aabbccddeeff\" | xauth -q; xauth remove $DISPLAY",
            "none",
        ),
    ] {
        let outcome = scene.xssh(&["-Y", HOST, &format!("{change}; xdpyinfo")]).run().ends(1);
        assert!(!outcome.text().contains("dimensions"), "{why}: {outcome}");
        let _ = outcome.says("X11 connection rejected because of wrong authentication.");
    }
}

#[test]
fn what_speaks_no_x_is_turned_away() {
    let scene = Scene::new();
    let port = "port=$((6000 + $(echo ${DISPLAY#*:} | cut -d. -f1)))";
    let speaks = format!("{port}; printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc 127.0.0.1 $port | wc -c");
    let outcome = scene.xssh(&["-Y", HOST, &speaks]).run().ok();
    assert_eq!(outcome.text(), "0\n");
    if !Subject::is_xssh_or_say("it says so only with -vv, and waits for who has left") {
        return;
    }
    let _ = outcome.says("Initial X11 packet contains bad byte order byte: 0x47");
    // And one that leaves in the middle of its first packet does no harm.
    let leaves = format!("{port}; printf 'l\\0\\13\\0\\0\\0\\22\\0\\20\\0\\0\\0MIT' | nc -N 127.0.0.1 $port; xdpyinfo");
    assert!(scene.xssh(&["-Y", HOST, &leaves]).run().ok().text().contains("dimensions"));
}

#[test]
fn the_real_cookie_stays_here_and_no_cookie_is_logged() {
    let scene = Scene::new();
    let asks = "xauth list \"$DISPLAY\" | sed 's/.* //'; xdpyinfo > /dev/null";
    for how in ["-X", "-Y"] {
        let outcome = scene.xssh(&["-vvv", how, HOST, asks]).run().ok();
        let told = outcome.text().trim().to_owned();
        assert_eq!(told.len(), 32, "{outcome}");
        assert_ne!(told, scene.display.cookie());
        for secret in [told.as_str(), scene.display.cookie()] {
            assert!(!outcome.errors().contains(secret), "{how}: {outcome}");
        }
    }
}

#[test]
fn after_its_time_no_further_client_is_let_in() {
    let scene = Scene::new();
    // However slow this machine is: it is asked until the answer changes.
    let asks = "while xdpyinfo > /dev/null 2>&1; do sleep 0.2; done; echo over";
    let outcome = scene.xssh(&["-X", NOT_TRUSTED, "-oForwardX11Timeout=4", HOST, asks]).run().ok();
    assert_eq!(outcome.text(), "over\n");
    if Subject::is_xssh_or_say("it says so only with -v") {
        let _ = outcome.says("Rejected X11 connection after ForwardX11Timeout expired");
    }
}

#[test]
fn where_the_server_cannot_restrict_nothing_is_forwarded() {
    let scene = Scene::showing_on(XServer::with(&["-nolisten", "tcp", "-extension", "SECURITY"]));
    let outcome = scene.xssh(&["-X", NOT_TRUSTED, HOST, "echo \"<$DISPLAY>\""]).run().ok();
    assert_eq!(outcome.text(), "<>\n");
    let _ = outcome.says("untrusted X11 forwarding setup failed: xauth key data not generated");
    assert!(scene.xssh(&["-Y", HOST, "xdpyinfo"]).run().ok().text().contains("dimensions"));
}

#[test]
fn without_xauth_a_trusted_host_may_still_reach_a_server_that_asks_for_nothing() {
    let scene = Scene::showing_on(XServer::with(&["-nolisten", "tcp", "-ac"]));
    let none = scene.home.path().join("none");
    let call = |args: &[&str]| scene.xssh(&[args, &[HOST, "xdpyinfo"]].concat()).env("XAUTHORITY", &none);
    let fake = "Warning: No xauth data; using fake authentication data for X11 forwarding.";
    assert!(call(&["-Y"]).run().ok().says(fake).text().contains("dimensions"));
    if !Subject::is_xssh_or_say("it does not name an xauth that is missing") {
        return;
    }
    let outcome = call(&["-Y", "-oXAuthLocation=/no/xauth"]).run().ok().says(fake).says("cannot run /no/xauth");
    assert!(outcome.text().contains("dimensions"));
    // Who is not trusted gets nothing then.
    let outcome = call(&["-X", "-oXAuthLocation=/no/xauth"]).run().ends(1).says("cannot run /no/xauth");
    let _ = outcome.does_not_say("fake");
}

#[test]
fn each_form_of_display_is_found() {
    let scene = Scene::showing_on(XServer::with(&["-listen", "tcp"]));
    let number = scene.display.number();
    let socket = format!("/tmp/.X11-unix/X{number}");
    // Filed under what it is called here, and under what it is called on the network.
    let authority = scene.display.authority();
    let add = format!("add 127.0.0.1:{number} . {}\n", scene.display.cookie());
    let _ = scene.display.call("xauth").arg("-q").arg("-f").arg(&authority).input(add).run().ok();
    for display in [
        format!(":{number}"),
        format!(":{number}.0"),
        format!("unix:{number}"),
        format!("localhost:{number}.0"),
        format!("127.0.0.1:{number}"),
        socket.clone(),
        format!("unix:{socket}"),
    ] {
        if display.contains('/') && !Subject::is_xssh_or_say("paths are for macOS") {
            continue;
        }
        let call = scene.xssh(&["-Y", HOST, "xdpyinfo"]).env("DISPLAY", &display).env("XAUTHORITY", &authority);
        assert!(call.run().ok().does_not_say("Warning").text().contains("dimensions"), "{display}");
    }
    let call = scene.xssh(&["-Y", HOST, "echo \"<$DISPLAY>\""]).env("DISPLAY", ":0;x");
    assert_eq!(call.run().ok().says("invalid; disabling X11 forwarding").text(), "<>\n");
}

#[test]
fn an_abstract_socket_will_do() {
    if !Subject::is_xssh_or_say("Debian's does without") {
        return;
    }
    let scene = Scene::showing_on(XServer::with(&["-nolisten", "tcp", "-nolisten", "unix", "-listen", "local"]));
    assert!(scene.xssh(&["-Y", HOST, "xdpyinfo"]).run().ok().text().contains("dimensions"));
}

#[test]
fn a_host_that_forbids_it_says_so_and_the_command_runs() {
    let host = Sshd::plan().with("X11Forwarding no").start();
    let (home, display) = (Home::facing(HOST, &host), XServer::start());
    let outcome = display.shown(home.xssh(&["-X", HOST, "echo \"<$DISPLAY>\""])).run().ok();
    assert_eq!(outcome.text(), "<>\n");
    let _ = outcome.says("X11 forwarding request failed on channel 0");
}

#[test]
fn many_clients_at_once() {
    let scene = Scene::new();
    let ask = "for i in 1 2 3 4 5 6 7 8; do for j in 1 2 3; do xdpyinfo | grep -c dimensions; done & done; wait";
    let outcome = scene.xssh(&["-Y", HOST, ask]).run().ok();
    assert_eq!(outcome.text(), "1\n".repeat(24), "{outcome}");
}

#[test]
fn a_host_that_is_let_in_unknown_gets_no_display() {
    let scene = Scene::new();
    let other = Key::new(scene.home.path().join("other"), "ed25519");
    let line = format!("[127.0.0.1]:{} {}\n", scene.host.port(), other.public());
    std::fs::write(scene.home.known_hosts(), line).unwrap();
    let outcome = scene.xssh(&["-Y", "-oStrictHostKeyChecking=no", HOST, "echo \"<$DISPLAY>\""]).run().ok();
    assert_eq!(outcome.text(), "<>\n");
    let _ = outcome.says("X11 forwarding is disabled to avoid man-in-the-middle attacks.");
}
