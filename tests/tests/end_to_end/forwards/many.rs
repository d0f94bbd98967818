//! Many connections through one forward, one that stalls, and descriptors that run out.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use xssh_tests::call::Call;
use xssh_tests::peer;
use xssh_tests::port::Port;
use xssh_tests::service::{self, Half as _, answers, talk};
use xssh_tests::subject::Subject;
use xssh_tests::tunnel::Tunnel;
use xssh_tests::world::{HOST, World};

fn v4(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

#[test]
fn two_thousand_connections_through_one_forward() {
    let world = World::direct();
    let (service, port) = (service::on_a_port(), Port::lease());
    let number = port.number();
    let tunnel = Tunnel::up(&world, &["-L", &format!("{number}:127.0.0.1:{service}")]);
    let workers: Vec<_> = (0..20)
        .map(|worker| {
            thread::spawn(move || {
                for turn in 0..100 {
                    let text = format!("{worker}.{turn}");
                    let stream = TcpStream::connect(v4(number)).expect("a connection");
                    let heard = talk(stream, &text).expect("the service");
                    assert_eq!(heard, format!("{text}<{}>", text.len()));
                }
            })
        })
        .collect();
    workers.into_iter().for_each(|worker| worker.join().expect("all connections"));
    let _ = tunnel.down().ok();
}

/// Hundreds that are open at once, each with something to say, and all of it right.
#[test]
fn hundreds_of_connections_at_once() {
    let world = World::direct();
    let (service, port) = (service::on_a_port(), Port::lease());
    let tunnel = Tunnel::up(&world, &["-L", &format!("{}:127.0.0.1:{service}", port.number())]);
    let mut streams: Vec<_> = (0..400)
        .map(|_| TcpStream::connect(v4(port.number())).expect("a connection").patient().expect("a time limit"))
        .collect();
    for (number, stream) in streams.iter_mut().enumerate() {
        write!(stream, "{number:04}").expect("written");
    }
    for (number, mut stream) in streams.into_iter().enumerate() {
        let mut heard = [0; 4];
        stream.read_exact(&mut heard).expect("the echo");
        assert_eq!(heard, format!("{number:04}").as_bytes());
    }
    let _ = tunnel.down().ok();
}

/// A server that sends without end, to clients that do not read.
fn flood() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("its number").port();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let piece = vec![b'x'; 1 << 20];
                // More than the sockets on the way, the window and what is kept in memory, together.
                for _ in 0..100 {
                    if stream.write_all(&piece).is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

#[test]
fn one_that_stalls_holds_nobody_up() {
    if !Subject::is_xssh_or_say("it does without a queue: the window of the channel alone holds the host back") {
        return;
    }
    let world = World::direct();
    let (flood, service, stalled, quick) = (flood(), service::on_a_port(), Port::lease(), Port::lease());
    let specs = [(&stalled, flood), (&quick, service)].map(|(near, far)| format!("{}:127.0.0.1:{far}", near.number()));
    let tunnel = Tunnel::up(&world, &["-L", &specs[0], "-L", &specs[1]]);
    let mut idle = TcpStream::connect(v4(stalled.number())).expect("a connection").patient().expect("a time limit");
    let mut piece = vec![0; 1 << 20];
    idle.read_exact(&mut piece).expect("the beginning");
    for _ in 0..50 {
        assert!(answers(v4(quick.number())));
    }
    // What had been held for it is all there.
    let mut rest = 0;
    while rest < 99 << 20 {
        match idle.read(&mut piece).expect("the rest") {
            0 => panic!("cut off after {rest} bytes"),
            n => rest += n,
        }
    }
    drop(idle);
    let _ = tunnel.down().ok();
}

/// Seconds of processor time that a process has taken.
fn processor_time(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a running process");
    let fields: Vec<&str> = stat.rsplit(") ").next().expect("fields").split(' ').collect();
    let ticks: f64 = fields[11..13].iter().map(|ticks| ticks.parse::<f64>().expect("ticks")).sum();
    ticks / 100.0
}

/// With all descriptors taken there is an error and a pause; as soon as some are free it goes on.
#[test]
fn descriptors_that_run_out_make_no_spin() {
    let world = World::direct();
    let (service, port) = (service::on_a_port(), Port::lease());
    let spec = format!("{}:127.0.0.1:{service}", port.number());
    let log = world.home.path().join("log");
    let call: Call = world.home.call(peer::require("prlimit")).args(["--nofile=40:40", "--"]);
    let call = call.arg(&Subject::get().path).arg("-F").arg(world.home.config());
    let call = call.args(["-L", &spec, HOST, "echo up; cat"]).stderr(std::fs::File::create(&log).expect("a log"));
    let tunnel = Tunnel::start(call);
    let held: Vec<_> = (0..60).map(|_| TcpStream::connect(v4(port.number())).expect("a connection")).collect();
    let said = || std::fs::read_to_string(&log).expect("a log");
    let late = Instant::now() + Duration::from_secs(60);
    while !said().contains("Too many open files") {
        assert!(Instant::now() < late, "no error: {}", said());
        thread::sleep(Duration::from_millis(10));
    }
    let (errors, before, begun) = (said().lines().count(), processor_time(tunnel.pid()), Instant::now());
    thread::sleep(Duration::from_secs(3));
    let (spent, passed) = (processor_time(tunnel.pid()) - before, begun.elapsed().as_secs_f64());
    assert!(spent < passed / 3.0, "{spent} of {passed} seconds");
    // Two listeners, and a word a second from each.
    let more = said().lines().count() - errors;
    assert!(more as f64 <= 2.0 * (passed + 2.0), "{more} lines in {passed} seconds: {}", said());
    drop(held);
    assert!(answers(v4(port.number())));
    let _ = tunnel.down().ok();
}

/// A burst at a port of the host: each of its connections is a channel that the host opens, and none may be turned away.
#[test]
fn hundreds_at_once_at_a_port_of_the_host() {
    let world = World::direct();
    let (service, port) = (service::on_a_port(), Port::lease());
    let number = port.number();
    let tunnel = Tunnel::up(&world, &["-R", &format!("{number}:127.0.0.1:{service}")]);
    let mut streams: Vec<_> = (0..400)
        .map(|_| TcpStream::connect(v4(number)).expect("a connection").patient().expect("a time limit"))
        .collect();
    for stream in &mut streams {
        stream.write_all(b"hello").expect("written");
    }
    for mut stream in streams {
        let mut heard = [0; 5];
        stream.read_exact(&mut heard).expect("the echo");
    }
    let _ = tunnel.down().ok().does_not_say("refused");
}
