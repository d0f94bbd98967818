//! The small server of `xssh_ssh::server`, with a program of the test's own behind it: OpenSSH and xssh as its clients.

mod besieged;

use std::fs;
use std::io::{self, Read as _, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};
use xssh_ssh::limits::{LOGIN_GRACE, PEER_PROGRAMS, STARTUPS};
use xssh_ssh::server::{ClientCertificate, ClientKey, Gatekeeper, HostKey, Plan, Server, Service, Stop};
use xssh_tests::call::Call;
use xssh_tests::home::Home;
use xssh_tests::key::Key;
use xssh_tests::noise::Noise;
use xssh_tests::peer;

use crate::sync::wait_until;

/// Lets one key in, and runs for it what the client says: only a test may do that.
struct Anything(String);

impl Gatekeeper for Anything {
    fn admit(&self, key: &ClientKey<'_>, _from: SocketAddr) -> Option<Arc<dyn Service>> {
        key.line().is_some_and(|line| self.0.starts_with(&line)).then(|| Arc::new(Shell) as Arc<dyn Service>)
    }

    fn knows_authorities(&self) -> bool {
        false
    }

    fn admit_certificate(&self, _: &ClientCertificate<'_>, _from: SocketAddr) -> Option<Arc<dyn Service>> {
        None
    }
}

struct Shell;

impl Service for Shell {
    fn program(&self) -> Command {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "eval \"${SSH_ORIGINAL_COMMAND-echo nothing asked}\""]);
        shell
    }

    fn tunnel(&self, _host: &str, _port: u32) -> (Vec<u8>, Result<(), String>) {
        (b"exit 1".to_vec(), Err("no way leads there".to_owned()))
    }

    fn subsystem(&self, name: &str) -> Vec<u8> {
        name.as_bytes().to_vec()
    }
}

/// A running server, and a client who may come in.
struct Small {
    home: Home,
    address: SocketAddr,
    stop: watch::Sender<Stop>,
    running: Option<JoinHandle<()>>,
}

impl Small {
    fn start() -> Self {
        let mut home = Home::new();
        let (host_key, _) = HostKey::load_or_make(&home.path().join("host_key")).expect("a host key");
        let public = host_key.public_line().expect("a public half");
        let (stop, stopped) = watch::channel(Stop::No);
        let (told, tells) = oneshot::channel();
        let gatekeeper = Arc::new(Anything(home.key().public()));
        let plan = Plan {
            addresses: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))],
            host_key,
            gatekeeper,
            spill: home.path().to_owned(),
        };
        let running = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let server = Server::bind(plan).await.expect("a server");
                told.send(server.addresses()[0]).expect("somebody who waits");
                server.run(stopped).await;
            });
        });
        let address: SocketAddr = tells.blocking_recv().expect("an address");
        home.know(&format!("[127.0.0.1]:{} {public}\n", address.port()));
        home.host("small", &format!("HostName 127.0.0.1\nPort {}", address.port()));
        Self { home, address, stop, running: Some(running) }
    }

    /// Both clients.
    fn clients(&self, args: &[&str]) -> [Call; 2] {
        let own = self.home.xssh(args);
        let ssh = self.home.call(peer::require("ssh")).arg("-F").arg(self.home.config()).args(args);
        [own, ssh]
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        self.stop.send_replace(Stop::Now);
        if let Some(running) = self.running.take() {
            running.join().expect("the server's end");
        }
    }
}

#[test]
fn what_a_program_says_and_how_it_ends_arrives() {
    let small = Small::start();
    for call in small.clients(&["small", "cat; echo aside >&2; exit 7"]) {
        let outcome = call.input("there and back").run().ends(7).says("aside");
        assert_eq!(outcome.text(), "there and back");
    }
    for call in small.clients(&["small"]) {
        assert_eq!(call.input("").run().ok().text(), "nothing asked\n");
    }
    let killed = small.home.xssh(&["small", "kill -TERM $$"]).run();
    assert_eq!(killed.code(), Some(255), "{killed}");
    for call in small.clients(&["-s", "small", "echo a subsystem"]) {
        assert_eq!(call.run().ok().text(), "a subsystem\n");
    }
}

/// Two peers that both write before they read: neither waits for the other.
#[test]
fn bulk_data_both_ways_at_once() {
    let small = Small::start();
    let (up, down) = (Noise { seed: 1, length: 150_000_000 }, Noise { seed: 2, length: 150_000_000 });
    let source = small.home.path().join("source");
    up.write_to(fs::File::create(small.home.path().join("expected")).expect("a file")).expect("noise");
    down.write_to(fs::File::create(&source).expect("a file")).expect("noise");
    let command = format!("cat {0}/source & cat >{0}/sink; wait", small.home.path().display());
    for call in small.clients(&["small", &command]) {
        let mut running = call.limit(Duration::from_secs(240)).start();
        let stdin = running.stdin.take().expect("a pipe");
        let stdout = running.stdout.take().expect("a pipe");
        let writer = thread::spawn(move || up.write_to(stdin));
        down.check(stdout);
        writer.join().expect("the writer").expect("all was taken");
        let _ = running.wait().ok();
        up.check(fs::File::open(small.home.path().join("sink")).expect("what was received"));
    }
    // A program that reads nothing before its own words are taken, and a client that does the same.
    for call in small.clients(&["small", "cat"]) {
        let mut running = call.limit(Duration::from_secs(240)).start();
        let mut stdin = running.stdin.take().expect("a pipe");
        let stdout = running.stdout.take().expect("a pipe");
        let writer = thread::spawn(move || up.write_to(&mut stdin));
        up.check(stdout);
        writer.join().expect("the writer").expect("all was taken");
        let _ = running.wait().ok();
    }
}

/// A program that reads nothing yet: its client is held back, others are not, and nothing is lost.
#[test]
fn a_client_sends_no_more_than_its_program_reads() {
    let small = Small::start();
    let noise = Noise { seed: 3, length: 80_000_000 };
    for (number, call) in small.clients(&["small"]).into_iter().enumerate() {
        let (go, sink) = (small.home.path().join(format!("go-{number}")), small.home.path().join("sink"));
        let command = format!("until [ -e {} ]; do sleep 0.1; done; cat >{}", go.display(), sink.display());
        let mut running = call.arg(&command).limit(Duration::from_secs(240)).start();
        let stdin = running.stdin.take().expect("a pipe");
        let sent = Arc::new(AtomicU64::new(0));
        let counted = Counted(stdin, sent.clone());
        let writer = thread::spawn(move || noise.write_to(counted));
        let mut before = 0;
        loop {
            // While others are served.
            let _ = small.home.xssh(&["small", "sleep 1"]).run().ok();
            let now = sent.load(Ordering::Relaxed);
            if now > 0 && now == before {
                break;
            }
            before = now;
        }
        assert!(before < 20_000_000, "{before} bytes were taken for a program that reads nothing");
        fs::write(&go, "").expect("a file");
        writer.join().expect("the writer").expect("all was taken");
        let _ = running.wait().ok();
        noise.check(fs::File::open(&sink).expect("what was received"));
    }
}

/// Counts what goes through.
struct Counted<W>(W, Arc<AtomicU64>);

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let written = self.0.write(data)?;
        self.1.fetch_add(written as u64, Ordering::Relaxed);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[test]
fn others_do_not_come_in() {
    let small = Small::start();
    let other = Key::new(small.home.path().join("other"), "ed25519");
    let args = ["-o", "IdentitiesOnly=yes", "-i", other.path.to_str().expect("a path"), "other", "true"];
    let mut home = Home::new();
    home.know(&fs::read_to_string(small.home.known_hosts()).expect("known_hosts"));
    home.host("other", &format!("HostName 127.0.0.1\nPort {}", small.address.port()));
    let _ = home.xssh(&args).run().ends(255).says("Permission denied (publickey)");
    let ssh = home.call(peer::require("ssh")).arg("-F").arg(home.config()).args(args);
    let _ = ssh.run().ends(255).says("Permission denied (publickey)");
}

#[test]
fn terminals_and_forwards_are_not_given() {
    let small = Small::start();
    let ssh = small.home.call(peer::require("ssh")).arg("-F").arg(small.home.config());
    let _ = ssh.args(["-tt", "small", "true"]).run().says("PTY allocation request failed");
    let ssh = small.home.call(peer::require("ssh")).arg("-F").arg(small.home.config());
    let forward = format!("127.0.0.1:{}", small.address.port());
    let _ = ssh.args(["-W", &forward, "small"]).run().ends(255).says("no way leads there");
    let ssh = small.home.call(peer::require("ssh")).arg("-F").arg(small.home.config());
    let _ = ssh.args(["-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:1", "small", "true"]).run().ends(255);
}

/// Whoever does not log in holds only so many places, and only for so long; others come in meanwhile.
#[test]
fn those_who_say_nothing_do_no_harm() {
    let small = Small::start();
    let mut idle: Vec<TcpStream> =
        (0..STARTUPS - 1).map(|_| TcpStream::connect(small.address).expect("a connection")).collect();
    // Half of them begin, a byte at a time.
    for stream in idle.iter_mut().step_by(2) {
        stream.write_all(b"S").expect("a byte");
    }
    let _ = small.home.xssh(&["small", "true"]).run().ok();
    let begun = Instant::now();
    let first = &mut idle[0];
    first.set_read_timeout(Some(LOGIN_GRACE * 3)).expect("a limit");
    let mut said = Vec::new();
    let _ = first.read_to_end(&mut said);
    assert!(begun.elapsed() < LOGIN_GRACE * 2, "it was never turned away");
    assert!(said.starts_with(b"SSH-2.0-xssh_"), "{said:?}");
}

#[test]
fn the_end_waits_for_what_is_at_work() {
    let mut small = Small::start();
    let marker = small.home.path().join("at-work");
    let command = format!("touch {}; cat; echo done", marker.display());
    let mut busy = small.home.xssh(&["small", &command]).start();
    wait_until(|| marker.exists());
    small.stop.send_replace(Stop::Gently);
    wait_until(|| TcpStream::connect(small.address).is_err());
    busy.stdin.take().expect("a pipe").write_all(b"more, ").expect("it is still there");
    assert_eq!(busy.finish().ok().text(), "more, done\n");
    small.running.take().expect("the server").join().expect("the server's end");
}

#[test]
fn one_connection_has_a_bounded_number_of_programs() {
    let small = Small::start();
    let control = small.home.path().join("c");
    let control = control.to_str().expect("a path");
    let ssh = |args: &[&str]| {
        let call = small.home.call(peer::require("ssh")).arg("-F").arg(small.home.config());
        call.args(["-S", control]).args(args)
    };
    let master = ssh(&["-M", "small", "cat"]).start();
    wait_until(|| std::path::Path::new(control).exists());
    let more: Vec<_> = (1..PEER_PROGRAMS).map(|_| ssh(&["small", "echo up; cat"]).start()).collect();
    let more: Vec<_> = more
        .into_iter()
        .map(|mut running| {
            running.stdout.as_mut().expect("a pipe").read_exact(&mut [0; 3]).expect("a word");
            running
        })
        .collect();
    // It is told so, and connects anew.
    let _ = ssh(&["-o", "ControlMaster=no", "small", "true"]).run().ok().says("Session open refused by peer");
    for running in more {
        let _ = running.finish().ok();
    }
    let _ = master.finish().ok();
}
