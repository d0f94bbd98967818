//! `xssh tunnel`: forwards that stay up, and who is told how they stand.

use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use xssh_tests::call::{Call, Running};
use xssh_tests::home::Home;
use xssh_tests::port::Port;
use xssh_tests::sshd::Sshd;
use xssh_tests::wait::until;
use xssh_tests::world::HOST;

/// A client whose host block has a forward to the host's own sshd.
struct Scene {
    home: Home,
    target: Sshd,
    port: Port,
}

impl Scene {
    fn new() -> Self {
        let (target, port) = (Sshd::plan().start(), Port::lease());
        let mut home = Home::new();
        home.meet(HOST, &target, &format!("LocalForward 127.0.0.1:{} 127.0.0.1:{}", port.number(), target.port()));
        fs::create_dir(home.path().join("run")).expect("a folder");
        Self { home, target, port }
    }

    fn call(&self, args: &[&str]) -> Call {
        let tunnel = ["tunnel", "-F", self.home.config().to_str().expect("text")].map(str::to_owned);
        let program = &xssh_tests::subject::Subject::get().path;
        let call = self.home.call(program).args(tunnel).args(args);
        call.env("XDG_RUNTIME_DIR", self.home.path().join("run"))
    }

    fn start(&self) -> Running {
        self.call(&[HOST]).limit(Duration::from_secs(300)).start()
    }

    /// Whether a connection through the forward reaches the host's sshd.
    fn passes(&self) -> bool {
        let mut greeting = [0; 8];
        TcpStream::connect(("127.0.0.1", self.port.number()))
            .and_then(|mut stream| {
                stream.set_read_timeout(Some(Duration::from_secs(5)))?;
                stream.read_exact(&mut greeting)
            })
            .is_ok_and(|()| &greeting == b"SSH-2.0-")
    }

    fn status(&self) -> Value {
        let outcome = self.call(&["--status", "--json"]).run();
        serde_json::from_slice(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome}"))
    }

    fn state(&self) -> String {
        self.status()["tunnels"][0]["state"].as_str().unwrap_or_default().to_owned()
    }
}

#[test]
fn a_lost_connection_comes_back() {
    let scene = Scene::new();
    let running = scene.start();
    until("the forward does not stand", || scene.passes() && scene.state() == "up");
    let times_up = || scene.status()["tunnels"][0]["times_up"].as_u64().unwrap_or(0);
    for pid in scene.target.serving() {
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid).expect("a process")).expect("a process");
        let _ = rustix::process::kill_process(pid, Signal::KILL);
    }
    until("the connection does not come back", || times_up() == 2 && scene.passes());
    let record = &scene.status()["tunnels"][0];
    assert!(record["last_reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{record}");
    assert!(record["last_reason_at"].as_u64() <= record["since"].as_u64(), "{record}");
    running.signal(Signal::TERM);
    let outcome = running.finish().ok().says("trying again in 1 s");
    assert!(outcome.stdout.is_empty(), "{outcome}");
    assert!(!scene.passes());
}

/// The words of systemd's protocol, in their order.
#[test]
fn the_service_manager_is_told() {
    let scene = Scene::new();
    let path: PathBuf = scene.home.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
    let hear = || {
        let mut buffer = [0; 4096];
        let length = socket.recv(&mut buffer).expect("words");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let running = scene.call(&[HOST]).env("NOTIFY_SOCKET", &path).limit(Duration::from_secs(300)).start();
    assert_eq!(hear(), "STATUS=connecting");
    assert_eq!(hear(), "READY=1\nSTATUS=up");
    assert!(scene.passes());
    running.signal(Signal::TERM);
    assert_eq!(hear(), "STOPPING=1");
    let _ = running.finish().ok();
}

#[test]
fn status_for_people_and_by_its_exit_code() {
    let scene = Scene::new();
    let none = scene.call(&["--status"]).run().ends(1);
    assert_eq!(none.text().lines().count(), 1, "{none}");
    assert!(!scene.home.path().join("run/xssh").exists(), "to look makes nothing");
    // Where nothing could be kept, there is none either.
    let nowhere = scene.home.path().join("nowhere");
    let none = scene.call(&["--status", "--json"]).env("XDG_RUNTIME_DIR", &nowhere).run().ends(1);
    assert_eq!((none.text().trim(), none.errors().as_str()), (r#"{"tunnels":[]}"#, ""), "{none}");
    let running = scene.start();
    until("the forward does not stand", || scene.state() == "up");
    let outcome = scene.call(&["--status", HOST]).run().ok();
    let pid = running.pid().to_string();
    let line = outcome.text().lines().nth(1).unwrap_or_default().to_owned();
    assert!([HOST, "up", &pid].iter().all(|word| line.split_whitespace().any(|found| found == *word)), "{outcome}");
    let forward = format!("    -L 127.0.0.1:{} to 127.0.0.1:{}", scene.port.number(), scene.target.port());
    assert_eq!(outcome.text().lines().nth(2), Some(forward.as_str()), "{outcome}");
    let outcome = scene.call(&["--status", "another"]).run().ends(1);
    let _ = outcome.says("there is no tunnel of the name another");
    let _ = scene.call(&["--forget", HOST]).run().ends(255).says("the tunnel target runs");
    running.signal(Signal::KILL);
    let _ = running.wait();
    let outcome = scene.call(&["--status", HOST]).run().ends(1);
    assert!(outcome.text().contains(" died "), "{outcome}");
    let record = &scene.status()["tunnels"][0];
    assert!(record["pid"].is_null() && record["since"].is_null() && record["forwards"] == serde_json::json!([]));
    let _ = scene.call(&["--forget", HOST]).run().ok();
    let outcome = scene.call(&["--status", HOST]).run().ends(1);
    let _ = outcome.says("there is no tunnel of the name target");
    let _ = scene.call(&["--forget", HOST]).run().ends(255).says("there is no tunnel of the name target");
}

/// Nothing is wrong where nobody wants it: a tunnel that is ended is no longer spoken of.
#[test]
fn a_tunnel_that_is_ended_is_forgotten() {
    let scene = Scene::new();
    for signal in [Signal::TERM, Signal::INT] {
        let running = scene.start();
        until("the forward does not stand", || scene.state() == "up");
        running.signal(signal);
        let _ = running.finish().ok();
        assert_eq!(scene.status(), serde_json::json!({ "tunnels": [] }));
    }
}

/// What the host chose is what an administrator has to know.
#[test]
fn every_forward_is_shown_with_its_real_port() {
    let scene = Scene::new();
    let (target, socket, dynamic) = (scene.target.port(), scene.home.path().join("socket"), Port::lease());
    let specs = [
        format!("0:127.0.0.1:{target}"),
        format!("{}:127.0.0.1:{target}", socket.display()),
        format!("127.0.0.1:{}", dynamic.number()),
    ];
    let running = scene.call(&["-R", &specs[0], "-L", &specs[1], "-D", &specs[2], HOST]).start();
    until("the forwards do not stand", || scene.state() == "up");
    let record = scene.status()["tunnels"][0].clone();
    let forwards = record["forwards"].as_array().expect("forwards");
    let of = |kind: &str| forwards.iter().filter(|forward| forward["kind"] == kind).collect::<Vec<_>>();
    let [remote] = of("remote")[..] else { panic!("one there: {record}") };
    let port = remote["port"].as_u64().and_then(|port| u16::try_from(port).ok()).expect("a port");
    assert_eq!(remote["listen"], format!("localhost:{port}"));
    let mut greeting = [0; 8];
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the host listens");
    stream.read_exact(&mut greeting).expect("a greeting");
    assert_eq!(&greeting, b"SSH-2.0-");
    let [dynamic] = of("dynamic")[..] else { panic!("one proxy: {record}") };
    assert_eq!((&dynamic["listen"], &dynamic["to"]), (&specs[2].clone().into(), &"socks".into()));
    let local = of("local");
    assert!(
        local.iter().any(|forward| forward["listen"] == socket.to_str().expect("text") && forward["port"].is_null())
    );
    assert_eq!(forwards.len(), 4, "{record}");
    let table = scene.call(&["--status"]).run().ok();
    assert!(table.text().contains(&format!("    -R localhost:{port} to 127.0.0.1:{target}\n")), "{table}");
    running.signal(Signal::TERM);
    let _ = running.finish().ok();
}

/// One of the two addresses of a name is another's: who connects to it reaches somebody else.
#[test]
fn a_forward_that_has_one_of_its_addresses_is_not_up() {
    for (taken, shown) in [("127.0.0.1", "127.0.0.1"), ("::1", "::1")] {
        let (scene, port) = (Scene::new(), Port::lease());
        let listener = std::net::TcpListener::bind((taken, port.number())).expect("a port");
        let spec = format!("{}:127.0.0.1:{}", port.number(), scene.target.port());
        let running = scene.call(&["-L", &spec, HOST]).start();
        until("it does not wait", || scene.state() == "waiting");
        let said = format!("bind [{shown}]:{}: Address already in use", port.number());
        let record = scene.status()["tunnels"][0].clone();
        assert_eq!(record["last_reason"], said);
        assert!(record["last_reason_at"].is_u64() && record["times_up"] == 0, "{record}");
        drop(listener);
        until("the forward does not stand", || scene.state() == "up");
        running.signal(Signal::TERM);
        let _ = running.finish().ok().says(&said);
    }
}

/// A port that the host does not give is named too.
#[test]
fn a_forward_that_the_host_refuses_is_named() {
    let scene = Scene::new();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = taken.local_addr().expect("its number").port();
    let spec = format!("127.0.0.1:{port}:localhost:1");
    let running = scene.call(&["-R", &spec, HOST]).start();
    until("it does not wait", || scene.state() == "waiting");
    let said = format!("remote port forwarding failed for listen port {port}");
    assert_eq!(scene.status()["tunnels"][0]["last_reason"], said);
    running.signal(Signal::TERM);
    let _ = running.finish().ok();
}

/// Why a login did not succeed stays known, to the service manager and to `--status`.
#[test]
fn a_login_that_cannot_succeed_is_told() {
    let scene = Scene::new();
    let path = scene.home.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
    let wrong_key = ["-i", "/dev/null", "-o", "IdentitiesOnly=yes", "-l", "nobody-there", HOST];
    for (args, said) in [(&wrong_key[..], "Permission denied"), (&[HOST], "Host key verification failed")] {
        if args.len() == 1 {
            fs::write(scene.home.known_hosts(), "").expect("known_hosts");
        }
        let _ = scene.call(args).env("NOTIFY_SOCKET", &path).run().ends(255).says(said);
        let record = scene.status()["tunnels"][0].clone();
        assert_eq!((&record["state"], &record["pid"]), (&"failed".into(), &Value::Null));
        assert!(record["last_reason"].as_str().is_some_and(|reason| reason.contains(said)), "{record}");
        let table = scene.call(&["--status", HOST]).run().ends(1);
        assert!(table.text().contains(" failed ") && table.text().contains(said), "{table}");
        let mut heard = Vec::new();
        while heard.last().is_none_or(|last| last != "STOPPING=1") {
            let mut buffer = [0; 4096];
            let length = socket.recv(&mut buffer).expect("words");
            heard.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
        }
        let [_, failed, _] = &heard[..] else { panic!("three words: {heard:?}") };
        assert!(failed.starts_with("STATUS=failed: ") && failed.contains(said), "{heard:?}");
    }
}

#[test]
fn one_tunnel_a_name() {
    let scene = Scene::new();
    let running = scene.start();
    until("the forward does not stand", || scene.passes());
    let _ = scene.call(&[HOST]).run().ends(255).says("another xssh tunnel keeps target up already");
    running.signal(Signal::TERM);
    let _ = running.finish().ok();
}

/// What no further try mends is said at once: no forwards, a host that is not the one known, a key that is not taken.
#[test]
fn what_cannot_be_mended_is_no_tunnel() {
    let scene = Scene::new();
    let outcome = scene.call(&["-o", "ClearAllForwardings=yes", HOST]).run().ends(255);
    let _ = outcome.says("has no forwards");
    let _ = scene.call(&["-i", "/dev/null", "-o", "IdentitiesOnly=yes", "-l", "nobody-there", HOST]).run().ends(255);
    fs::write(scene.home.known_hosts(), "").expect("known_hosts");
    let _ = scene.call(&[HOST]).run().ends(255).says("Host key verification failed");
    let _ = scene.call(&[HOST, "true"]).run().ends(255).says("tunnel takes no command");
}

/// A port that another has is a forward that does not stand: the tunnel is down, and comes up when it is free.
#[test]
fn a_forward_that_does_not_stand_is_tried_again() {
    let scene = Scene::new();
    let taken = std::net::TcpListener::bind(("127.0.0.1", scene.port.number())).expect("a port");
    let running = scene.start();
    until("it does not wait", || scene.state() == "waiting");
    drop(taken);
    until("the forward does not stand", || scene.state() == "up" && scene.passes());
    running.signal(Signal::TERM);
    let _ = running.finish().ok();
}
