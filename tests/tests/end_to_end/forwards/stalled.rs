//! Connections whose readers have stalled, where the file for what they do not take is full.

use std::fs::{File, read_to_string};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread;

use xssh_tests::call::Call;
use xssh_tests::port::Port;
use xssh_tests::service::{self, answers};
use xssh_tests::subject::Subject;
use xssh_tests::tunnel::Tunnel;
use xssh_tests::wait::until;
use xssh_tests::world::{HOST, World};

/// Runs what follows with no file longer than 1 MiB: what is written beyond is refused, as on a full disk.
const SHORT_FILES: &str = "trap '' XFSZ; ulimit -f 2048; exec \"$@\"";

/// What the log says when nothing more can be put anywhere.
pub(crate) const PAUSES: &str = "the queue is full: the connection pauses";

fn v4(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// A call of the remote shell, which has room for 1 MiB in a file, and its log.
pub(crate) fn short_of_room(world: &World, args: &[&str]) -> (Call, PathBuf) {
    let log = world.home.path().join("log");
    let call = world.home.call("sh").args(["-c", SHORT_FILES, "sh"]).arg(&Subject::get().path);
    let call = call.arg("-F").arg(world.home.config()).arg("-v").args(args);
    (call.stderr(File::create(&log).expect("a log")), log)
}

/// A server that sends without end.
fn flood() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("its number").port();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || while stream.write_all(&[b'x'; 1 << 16]).is_ok() {});
        }
    });
    port
}

/// A tunnel that is short of room, with a forward to a server that floods and one to a server that answers.
struct Cramped {
    tunnel: Tunnel,
    stalled: Port,
    quick: Port,
    flood: u16,
    log: PathBuf,
    _world: World,
}

impl Cramped {
    /// None where the program under test needs no room.
    fn new() -> Option<Self> {
        if !Subject::is_xssh_or_say("it does without a queue: the window of the channel alone holds the host back") {
            return None;
        }
        let world = World::direct();
        let (flood, service, stalled, quick) = (flood(), service::on_a_port(), Port::lease(), Port::lease());
        let to = |near: &Port, far: u16| format!("{}:127.0.0.1:{far}", near.number());
        let specs = [to(&stalled, flood), to(&quick, service)];
        let (call, log) = short_of_room(&world, &["-L", &specs[0], "-L", &specs[1], HOST, "echo up; cat"]);
        Some(Self { tunnel: Tunnel::start(call), stalled, quick, flood, log, _world: world })
    }

    /// A connection that reads nothing.
    fn stall(&self) -> TcpStream {
        TcpStream::connect(v4(self.stalled.number())).expect("a connection")
    }

    fn said(&self) -> String {
        read_to_string(&self.log).expect("a log")
    }

    fn others_are_answered(&self) -> bool {
        answers(v4(self.quick.number()))
    }
}

#[test]
fn one_that_is_reset_when_nothing_more_fits_leaves_the_others_alone() {
    let Some(cramped) = Cramped::new() else { return };
    for round in 1..=10 {
        let idle = cramped.stall();
        until("it never fills", || cramped.said().matches(PAUSES).count() >= round);
        // With data unread: a reset.
        drop(idle);
        assert!(cramped.others_are_answered(), "round {round}");
    }
    let _ = cramped.tunnel.down();
}

#[test]
fn one_that_takes_nothing_when_nothing_more_fits_is_closed_alone() {
    let Some(cramped) = Cramped::new() else { return };
    let idle = cramped.stall();
    until("it is never closed", || cramped.said().contains("closed: its reader takes nothing"));
    let (said, flood) = (cramped.said(), cramped.flood);
    assert!(said.contains("cannot spill output to"), "{said}");
    for _ in 0..5 {
        assert!(cramped.others_are_answered());
    }
    // Which connection it was, a reader of the log can tell.
    assert!(said.contains(&format!("127.0.0.1:{flood}")) || said.contains(&format!("port {flood}")), "{said}");
    drop(idle);
    let _ = cramped.tunnel.down();
}
