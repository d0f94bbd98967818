//! One connection for many calls: xssh and OpenSSH as each other's master and client.

mod automatic;
mod control;
mod dead_masters;
mod forwards;
mod persist;
mod proxy;
mod stalled;
mod terminals;
mod users;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use xssh_tests::agent::Agent;
use xssh_tests::call::{Call, Running};
use xssh_tests::home::Home;
use xssh_tests::peer;
use xssh_tests::sshd::Sshd;
use xssh_tests::wait::{until, until_caught};
use xssh_tests::world::{HOST, World};

/// The two programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Program {
    Xssh,
    OpenSsh,
}

use Program::{OpenSsh, Xssh};

/// Who is the master, and who the client; of two of OpenSSH's we have nothing to show.
const PAIRS: [(Program, Program); 3] = [(Xssh, Xssh), (Xssh, OpenSsh), (OpenSsh, Xssh)];

impl Program {
    fn call(self, home: &Home, args: &[&str]) -> Call {
        match self {
            Xssh => home.xssh(args),
            OpenSsh => home.call(peer::require("ssh")).arg("-F").arg(home.config()).args(args),
        }
    }
}

/// A file that will be a control socket.
fn socket(home: &Home) -> String {
    text(&home.path().join("control")).to_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}

/// A master without a session of its own, which is told to end when dropped.
struct Standing {
    running: Option<Running>,
    path: String,
}

impl Standing {
    fn start(program: Program, home: &Home, options: &[&str]) -> Self {
        let path = socket(home);
        let own = ["-M", "-S", path.as_str(), "-N"];
        let running =
            program.call(home, &[&own[..], options, &[HOST]].concat()).limit(Duration::from_secs(600)).start();
        until("no control socket", || Path::new(&path).exists());
        Self { running: Some(running), path }
    }

    fn pid(&self) -> u32 {
        self.running.as_ref().expect("a master").pid()
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.signal(Signal::TERM);
        }
    }
}

/// How often somebody has logged in.
fn logins(sshd: &Sshd) -> usize {
    sshd.log().matches("Accepted publickey for ").count()
}

#[test]
fn a_command_and_its_pipes() {
    for (master, client) in PAIRS {
        let world = World::direct();
        let standing = Standing::start(master, &world.home, &[]);
        let call = |command: &str| client.call(&world.home, &["-S", &standing.path, HOST, command]);
        let outcome = call("cat; echo err >&2; exit 42").input("in\n").run().ends(42);
        assert_eq!((outcome.text(), outcome.errors()), ("in\n".into(), "err\n".into()), "{master:?} {client:?}");
        // More than any pipe or window holds, both ways at once.
        let large: Vec<u8> = (0..20_000_000_u32).map(|n| (n % 251) as u8).collect();
        let outcome = call("cat").input(&large[..]).limit(Duration::from_secs(200)).run().ok();
        assert!(outcome.stdout == large, "{} bytes came back", outcome.stdout.len());
        let _ = call("kill -9 $$").run().ends(255);
        assert_eq!(logins(&world.target), 1, "{master:?} {client:?}");
    }
}

/// How a client is carried: the client, its home, the master, and what comes behind the options for that.
type Ride = fn(Program, &Home, &Standing, &[&str]) -> Call;

/// A session of the shared connection.
fn shared(client: Program, home: &Home, standing: &Standing, args: &[&str]) -> Call {
    client.call(home, &[&["-S", standing.path.as_str()], args].concat())
}

fn are_apart(ride: Ride) {
    for (master, client) in PAIRS {
        let world = World::direct();
        let standing = Standing::start(master, &world.home, &[]);
        let call = |number: usize| {
            let command = format!("cat; sleep 0.2; exit {number}");
            let mut running = ride(client, &world.home, &standing, &[HOST, &command]).start();
            let mut stdin = running.stdin.take().expect("its input");
            std::io::Write::write_all(&mut stdin, number.to_string().as_bytes()).expect("a number");
            running
        };
        let running: Vec<Running> = (1..9).map(call).collect();
        for (number, running) in (1..).zip(running) {
            assert_eq!(running.finish().ends(number).text(), number.to_string());
        }
        assert_eq!(logins(&world.target), 1);
    }
}

#[test]
fn sessions_at_once_are_apart() {
    are_apart(shared);
}

/// The output of a program whose reader is slow is neither lost nor in the way of others.
#[test]
fn a_client_that_does_not_read_holds_up_nobody() {
    for (master, client) in [(Xssh, Xssh), (Xssh, OpenSsh)] {
        let world = World::direct();
        let standing = Standing::start(master, &world.home, &[]);
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let command = "head -c 50000000 /dev/zero";
        let stuck = client.call(&world.home, &["-S", &standing.path, HOST, command]).stdout(writer).start();
        for _ in 0..10 {
            let outcome = client.call(&world.home, &["-S", &standing.path, HOST, "echo free"]).run().ok();
            assert_eq!(outcome.text(), "free\n");
        }
        let read = thread::spawn(move || std::io::copy(&mut { reader }, &mut std::io::sink()).expect("what came"));
        let _ = stuck.wait().ok();
        assert_eq!(read.join().expect("the reader"), 50_000_000);
    }
}

#[test]
fn variables_and_subsystems() {
    for (master, client) in PAIRS {
        let target = Sshd::plan().with("AcceptEnv LANG GIT_*").start();
        let home = Home::facing(HOST, &target);
        let standing = Standing::start(master, &home, &["-o", "SendEnv=GIT_*"]);
        let options = ["-S", &standing.path, "-o", "SendEnv=GIT_*", HOST, "echo \"$GIT_PROTOCOL\""];
        let outcome = client.call(&home, &options).env("GIT_PROTOCOL", "version=2").run().ok();
        assert_eq!(outcome.text(), "version=2\n", "{master:?} {client:?}");
        std::fs::write(home.path().join("here"), "contents").expect("a file");
        let program = match client {
            Xssh => home.remote_shell(),
            OpenSsh => peer::require("ssh"),
        };
        let (here, there) = (home.path().join("here"), target.folder().join("there"));
        let path = format!("ControlPath={}", standing.path);
        let call = home.call(peer::require("scp")).arg("-S").arg(program).arg("-F").arg(home.config());
        let _ = call.args(["-q", "-o", &path]).arg(&here).arg(format!("{HOST}:{}", text(&there))).run().ok();
        assert_eq!(std::fs::read_to_string(there).expect("a copy"), "contents");
        assert_eq!(logins(&target), 1, "{master:?} {client:?}");
    }
}

/// `git fetch`, fifty times, by one login.
#[test]
fn git_fetches_by_one_login() {
    for (master, client) in PAIRS {
        let world = World::direct();
        let standing = Standing::start(master, &world.home, &[]);
        let git = |args: &[&str], folder: &Path| {
            let program = match client {
                Xssh => world.home.remote_shell(),
                OpenSsh => peer::require("ssh"),
            };
            let command = format!("'{}' -F '{}' -S '{}'", text(&program), text(&world.home.config()), standing.path);
            let call =
                world.home.call(peer::require("git")).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_SSH_COMMAND", command);
            let _ =
                call.dir(folder).args(["-c", "user.name=A", "-c", "user.email=a@example.org"]).args(args).run().ok();
        };
        let (source, clone) = (world.target.folder().join("source"), world.home.path().join("clone"));
        std::fs::create_dir(&source).expect("a repository");
        git(&["init", "-q", "-b", "main"], &source);
        git(&["commit", "-q", "--allow-empty", "-m", "first"], &source);
        git(&["clone", "-q", &format!("{HOST}:{}", text(&source)), text(&clone)], world.home.path());
        for _ in 0..50 {
            git(&["fetch", "-q"], &clone);
        }
        assert_eq!(logins(&world.target), 1, "{master:?} {client:?}");
    }
}

/// The host gives no further session: the call goes by a connection of its own.
#[test]
fn more_sessions_than_the_host_gives() {
    for (master, client) in PAIRS {
        let target = Sshd::plan().with("MaxSessions 1").start();
        let home = Home::facing(HOST, &target);
        let standing = Standing::start(master, &home, &[]);
        let mut first = client.call(&home, &["-S", &standing.path, HOST, "echo there; cat"]).start();
        let stdin = first.stdin.take();
        target.await_log("Starting session");
        let outcome = client.call(&home, &["-S", &standing.path, HOST, "echo second"]).run().ok();
        assert_eq!(outcome.text(), "second\n");
        assert_eq!(logins(&target), 2, "{master:?} {client:?}");
        drop(stdin);
        assert_eq!(first.finish().ok().text(), "there\n");
    }
}

/// The same for many at once, who are all told in the same words.
#[test]
fn many_sessions_more_than_the_host_gives() {
    let target = Sshd::plan().with("MaxSessions 2\nMaxStartups 100").start();
    let home = Home::facing(HOST, &target);
    let standing = Standing::start(Xssh, &home, &[]);
    let call = || home.xssh(&["-S", &standing.path, HOST, "echo ran; cat"]).start();
    let mut running: Vec<Running> = (0..10).map(|_| call()).collect();
    for one in &mut running {
        let mut ran = [0; 4];
        std::io::Read::read_exact(one.stdout.as_mut().expect("its output"), &mut ran).expect("it runs");
    }
    let mut refused = 0;
    for one in running {
        let outcome = one.finish().ok();
        let said = outcome.errors();
        assert!(said.is_empty() || said.contains("Session open refused by peer: "), "{outcome}");
        refused += usize::from(!said.is_empty());
    }
    assert_eq!(refused, 8, "two are let in");
}

/// Told to end, a client ends its own session, and 255 says so; the master goes on.
#[test]
fn a_client_that_is_killed() {
    for (master, client) in PAIRS {
        let world = World::direct();
        let standing = Standing::start(master, &world.home, &[]);
        let folder = world.home.path().to_owned();
        let command = format!("echo $$ > {0}/pid; exec cat", text(&folder));
        let mut running = client.call(&world.home, &["-S", &standing.path, HOST, &command]).start();
        let stdin = running.stdin.take();
        let pid = || std::fs::read_to_string(folder.join("pid")).unwrap_or_default();
        until("no program", || pid().ends_with('\n'));
        // The program may be there before its client minds signals.
        until_caught(running.pid(), Signal::TERM);
        running.signal(Signal::TERM);
        let _ = running.finish().ends(255);
        let process = PathBuf::from("/proc").join(pid().trim());
        until("the program goes on", || !process.exists());
        let _ = client.call(&world.home, &["-S", &standing.path, HOST, "true"]).run().ok();
        assert_eq!(logins(&world.target), 1);
        drop(stdin);
    }
}

/// A stream has no program that could have a status: SIGTERM is how it is ended.
#[test]
fn a_stream_that_is_ended() {
    for (master, client) in PAIRS {
        let world = World::direct();
        let standing = Standing::start(master, &world.home, &[]);
        let address = format!("127.0.0.1:{}", world.target.port());
        let mut running = client.call(&world.home, &["-S", &standing.path, "-W", &address, HOST]).start();
        let stdin = running.stdin.take();
        let mut greeting = [0; 8];
        std::io::Read::read_exact(running.stdout.as_mut().expect("its output"), &mut greeting).expect("a greeting");
        until_caught(running.pid(), Signal::TERM);
        running.signal(Signal::TERM);
        let _ = running.finish().ends(0);
        drop(stdin);
    }
}

/// `-W`, as ProxyCommand uses it.
#[test]
fn a_stream_to_a_further_host() {
    for (master, client) in PAIRS {
        let world = World::direct();
        let standing = Standing::start(master, &world.home, &[]);
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a listener");
        let address = listener.local_addr().expect("its address").to_string();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut got = String::new();
            std::io::Read::read_to_string(&mut stream, &mut got).expect("all until the end");
            std::io::Write::write_all(&mut stream, got.to_uppercase().as_bytes()).expect("the answer");
        });
        let outcome = client.call(&world.home, &["-S", &standing.path, "-W", &address, HOST]).input("words").run().ok();
        assert_eq!(outcome.text(), "WORDS");
        server.join().expect("the server");
        assert_eq!(logins(&world.target), 1);
    }
}

/// The same to a socket on the host, over a connection of one's own and over a shared one. A master of OpenSSH 9.2 refuses it: then the
/// call goes by itself.
#[test]
fn a_stream_to_a_socket() {
    for (master, logins_needed) in [(Xssh, 2), (OpenSsh, 3)] {
        let world = World::direct();
        let path = world.home.path().join("service");
        xssh_tests::service::on_a_socket(&path);
        let nowhere = world.home.path().join("nowhere");
        let call = |control: &str, to: &Path| world.home.xssh(&["-S", control, "-W", text(to), HOST]);
        let standing = Standing::start(master, &world.home, &[]);
        for control in ["none", &standing.path] {
            let outcome = call(control, &path).input("words").run().ok();
            assert_eq!(outcome.text(), "words<5>", "{master:?} {control}");
        }
        assert_eq!(logins(&world.target), logins_needed, "{master:?}");
        let _ = call("none", &nowhere).run().ends(255).says("stdio forwarding failed");
    }
}

/// The master's agent, for a client that asks for it and for no other.
#[test]
fn the_agent_is_for_who_asks() {
    for (master, client) in PAIRS {
        let world = World::direct();
        let agent = Agent::holding(&[world.home.key()]);
        let forwarded = format!("ForwardAgent={}", text(agent.socket()));
        let standing = Standing::start(master, &world.home, &["-o", &forwarded]);
        let lists = |options: &[&str]| {
            let own = ["-S", standing.path.as_str()];
            client.call(&world.home, &[&own[..], options, &[HOST, "ssh-add -l"]].concat()).run()
        };
        // In this order: sshd shows an agent that it has once to every later session of the connection.
        let _ = lists(&["-a"]).ends(2);
        assert!(lists(&["-A"]).ok().text().contains("ED25519"), "{master:?} {client:?}");
        assert_eq!(logins(&world.target), 1);
    }
}
