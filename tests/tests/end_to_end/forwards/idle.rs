//! ChannelTimeout: what is idle for too long is closed, and nothing else.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use xssh_tests::port::Port;
use xssh_tests::service::{self, Half as _};
use xssh_tests::subject::Subject;
use xssh_tests::tunnel::Tunnel;
use xssh_tests::world::{HOST, World};

/// OpenSSH's client knows the keyword since 9.7.
fn is_known() -> bool {
    Subject::is_xssh_or_say("the installed one does not know ChannelTimeout")
}

#[test]
fn an_idle_connection_is_closed_and_a_busy_one_is_not() {
    if !is_known() {
        return;
    }
    let world = World::direct();
    let (service, port) = (service::on_a_port(), Port::lease());
    let spec = format!("{}:127.0.0.1:{service}", port.number());
    let tunnel = Tunnel::up(&world, &["-o", "ChannelTimeout=session*=1h direct-*=5s", "-L", &spec]);
    let connect = || {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port.number())).expect("a connection");
        stream.patient().expect("a time limit")
    };
    // Before the connections: they are idle from their own beginning.
    let begun = Instant::now();
    let (mut idle, mut busy) = (connect(), connect());
    let watching = thread::spawn(move || {
        let mut rest = Vec::new();
        let ended = idle.read_to_end(&mut rest);
        (ended.is_err() || rest.is_empty(), begun.elapsed())
    });
    while !watching.is_finished() || begun.elapsed() < Duration::from_secs(8) {
        busy.write_all(b"x").expect("written");
        busy.read_exact(&mut [0]).expect("the echo");
        thread::sleep(Duration::from_millis(50));
    }
    let (nothing, after) = watching.join().expect("its end");
    assert!(nothing && after >= Duration::from_secs(5), "{after:?}");
    drop(busy);
    let _ = tunnel.down().ok();
}

#[test]
fn an_idle_session_is_ended() {
    if !is_known() {
        return;
    }
    let world = World::direct();
    for timeout in ["session:command=2", "session=2", "global=2"] {
        let option = format!("ChannelTimeout={timeout}");
        let outcome = world.home.xssh(&["-o", &option, HOST, "echo begun; sleep 300"]).run().ends(255);
        assert_eq!(outcome.text(), "begun\n", "{timeout}");
    }
    for timeout in ["session:shell=2", "*=0 session=2", "direct-tcpip=1"] {
        let option = format!("ChannelTimeout={timeout}");
        let outcome = world.home.xssh(&["-o", &option, HOST, "sleep 4; echo done"]).run().ok();
        assert_eq!(outcome.text(), "done\n", "{timeout}");
    }
}

/// Traffic on one channel keeps all others, as long as it lasts.
#[test]
fn all_together_are_idle_or_none_is() {
    if !is_known() {
        return;
    }
    let world = World::direct();
    let (service, port) = (service::on_a_port(), Port::lease());
    let spec = format!("{}:127.0.0.1:{service}", port.number());
    let options = ["-o", "ChannelTimeout=global=5", "-L", &spec];
    let tunnel = Tunnel::up(&world, &options);
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port.number())).expect("a connection");
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(8) {
        stream.write_all(b"x").expect("written");
        stream.read_exact(&mut [0]).expect("the echo");
        thread::sleep(Duration::from_millis(50));
    }
    // The session, which has been silent all the time, ends only now.
    let _ = tunnel.wait().ends(255);
    let mut rest = Vec::new();
    assert!(stream.patient().expect("a time limit").read_to_end(&mut rest).is_err() || rest.is_empty());
}
