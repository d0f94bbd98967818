//! What speaks to a master in proxy mode and is no SSH client. It ends its own connection at most.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use xssh_tests::hostile::{Payload, message};
use xssh_tests::noise::Noise;
use xssh_tests::world::{HOST, World};

use super::{OpenSsh, Standing, Xssh, proxied, until};

/// A process of the user's at the control socket.
struct Peer(UnixStream);

impl Peer {
    /// One that is in proxy mode.
    fn new(standing: &Standing) -> Self {
        let socket = UnixStream::connect(&standing.path).expect("a master");
        socket.set_read_timeout(Some(Duration::from_secs(30))).expect("patience");
        let mut peer = Self(socket);
        // MUX_MSG_HELLO and MUX_C_PROXY (PROTOCOL.mux, sections 1 and 9).
        peer.frame(&[1_u32, 4].map(u32::to_be_bytes).concat()).expect("a greeting");
        peer.frame(&[0x1000_000f_u32, 7].map(u32::to_be_bytes).concat()).expect("a request");
        assert_eq!(peer.hear().expect("a greeting"), [0, 0, 0, 1, 0, 0, 0, 4]);
        assert_eq!(peer.hear().expect("an answer"), [0x80, 0, 0, 0x0f, 0, 0, 0, 7]);
        peer
    }

    fn frame(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).expect("a length");
        self.0.write_all(&[&length.to_be_bytes(), bytes].concat())
    }

    fn say(&mut self, payload: &Payload) -> io::Result<()> {
        self.frame(&[&[0], payload.as_ref()].concat())
    }

    fn hear(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length)?;
        let mut packet = vec![0; u32::from_be_bytes(length) as usize];
        self.0.read_exact(&mut packet)?;
        Ok(packet)
    }

    /// The type of the next packet.
    fn kind(&mut self) -> io::Result<u8> {
        Ok(self.hear()?[1])
    }

    /// Opens a session; the master's number for it is 0.
    fn open(&mut self, window: u32, packet: u32) {
        let open = Payload::new(message::CHANNEL_OPEN).string("session").number(9).number(window).number(packet);
        self.say(&open).expect("an opening");
        assert_eq!(self.kind().expect("an answer"), message::CHANNEL_OPEN_CONFIRMATION);
    }

    fn run(&mut self, command: &str) {
        let exec = Payload::new(message::CHANNEL_REQUEST).number(0).string("exec").flag(true).string(command);
        self.say(&exec).expect("a request");
        assert_eq!(self.kind().expect("an answer"), message::CHANNEL_SUCCESS);
    }

    /// Whether the master has hung up, whatever it said before.
    fn is_hung_up(&mut self) -> bool {
        loop {
            match self.hear() {
                Ok(_) => {}
                Err(error) => return !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut),
            }
        }
    }
}

fn to(message: u8, channel: u32) -> Payload {
    Payload::new(message).number(channel)
}

fn assert_sound(world: &World, standing: &Standing) {
    for client in [Xssh, OpenSsh] {
        let outcome = proxied(client, &world.home, standing, &[HOST, "echo sound"]).run().ok();
        assert_eq!(outcome.text(), "sound\n");
    }
}

/// What breaks the protocol ends a client, with a channel open and without.
#[test]
fn packets_that_are_none() {
    let world = World::direct();
    let standing = Standing::start(Xssh, &world.home, &[]);
    let window = vec![0; 512 << 10];
    let bad = [
        to(message::CHANNEL_DATA, 1).string("nowhere"),
        to(message::CHANNEL_DATA, 0).string(&window[..]).raw([0]),
        to(message::CHANNEL_DATA, 0).number(u32::MAX).raw("short"),
        to(message::CHANNEL_EXTENDED_DATA, 0).number(1).string("backwards"),
        to(message::CHANNEL_CLOSE, u32::MAX),
        to(message::CHANNEL_WINDOW_ADJUST, 3).number(1),
        to(message::CHANNEL_OPEN_CONFIRMATION, 0).number(0).number(0).number(0),
        to(message::CHANNEL_REQUEST, 0).string("exec").flag(true),
        to(message::CHANNEL_REQUEST, 0).string("pty-req").flag(true).string("xterm").number(1),
        Payload::new(message::CHANNEL_OPEN).string("session").number(0).number(1).number(0),
        Payload::new(message::CHANNEL_OPEN).string("session"),
        Payload::new(message::CHANNEL_OPEN)
            .string("direct-tcpip")
            .number(0)
            .number(1)
            .number(1)
            .string("h")
            .number(70_000),
        Payload::new(message::GLOBAL_REQUEST).string("tcpip-forward").flag(true).string([0xff]).number(1),
        Payload::new(message::CHANNEL_DATA),
    ];
    for payload in &bad {
        let mut peer = Peer::new(&standing);
        peer.open(1 << 20, 1 << 15);
        let _ = peer.say(payload);
        assert!(peer.is_hung_up(), "{payload:?}");
    }
    for bytes in [&[][..], &[0], &[1, 94], &[0xff; 64]] {
        let mut peer = Peer::new(&standing);
        let _ = peer.frame(bytes);
        assert!(peer.is_hung_up(), "{bytes:?}");
    }
    let mut peer = Peer::new(&standing);
    let _ = peer.0.write_all(&[0xff; 64]);
    assert!(peer.is_hung_up());
    // More than the window that was granted.
    let mut peer = Peer::new(&standing);
    peer.open(1 << 20, 1 << 15);
    peer.run("sleep 60");
    let sent: Vec<_> = (0..99).map(|_| peer.say(&to(message::CHANNEL_DATA, 0).string([0; 32 << 10]))).collect();
    assert!(sent.iter().any(Result::is_err) || peer.is_hung_up());
    assert_sound(&world, &standing);
}

/// What means nothing to us, or nothing now, is refused or ignored, and the client goes on.
#[test]
fn what_is_refused() {
    let world = World::direct();
    let standing = Standing::start(Xssh, &world.home, &[]);
    let mut peer = Peer::new(&standing);
    for (name, more) in [("keepalive@openssh.com", vec![]), ("unheard-of", vec![1, 2, 3])] {
        peer.say(&Payload::new(message::GLOBAL_REQUEST).string(name).flag(true).raw(&more[..])).expect("a request");
        // An answer of less than five bytes ends OpenSSH's client.
        let answer = peer.hear().expect("an answer");
        assert!(answer[1] == message::REQUEST_FAILURE && answer.len() >= 5, "{answer:?}");
    }
    for kind in ["x11", "auth-agent@openssh.com", "forwarded-streamlocal@openssh.com", "unheard-of"] {
        let open = Payload::new(message::CHANNEL_OPEN).string(kind).number(5).number(1).number(1);
        peer.say(&open.string("path").string("")).expect("an opening");
        let answer = peer.hear().expect("an answer");
        assert_eq!(answer[1..10], [message::CHANNEL_OPEN_FAILURE, 0, 0, 0, 5, 0, 0, 0, 3], "{kind}");
    }
    peer.open(1 << 20, 1 << 15);
    // Answers come in the order of their requests, whoever gives them.
    let ask = |name: &str| to(message::CHANNEL_REQUEST, 0).string(name).flag(true);
    peer.say(&ask("unheard-of").raw("x")).expect("a request");
    peer.say(&ask("env").string("LANG").string([0xff])).expect("a request");
    peer.say(&ask("auth-agent-req@openssh.com")).expect("a request");
    peer.say(&ask("exec").string("cat")).expect("a request");
    peer.say(&ask("break").number(1)).expect("a request");
    let answers: Vec<u8> = (0..5).map(|_| peer.kind().expect("an answer")).collect();
    let (no, yes) = (message::CHANNEL_FAILURE, message::CHANNEL_SUCCESS);
    assert_eq!(answers, [no, no, no, yes, no]);
    // As much as can be said of a window, twice; data of nothing; messages of other layers; an end, twice.
    for _ in 0..2 {
        peer.say(&to(message::CHANNEL_WINDOW_ADJUST, 0).number(u32::MAX)).expect("a window");
        peer.say(&to(message::CHANNEL_DATA, 0).string("")).expect("data");
        peer.say(&Payload::new(2).string("ignored")).expect("noise");
    }
    peer.say(&to(message::CHANNEL_DATA, 0).string("hello")).expect("data");
    assert_eq!(
        peer.hear().expect("an echo"),
        [&[0, message::CHANNEL_DATA, 0, 0, 0, 9, 0, 0, 0, 5], &b"hello"[..]].concat()
    );
    peer.say(&to(message::CHANNEL_EOF, 0)).expect("an end");
    peer.say(&to(message::CHANNEL_EOF, 0)).expect("an end");
    let kinds: Vec<u8> = (0..3).map(|_| peer.kind().expect("the end")).collect();
    assert!(kinds.contains(&message::CHANNEL_EOF) && kinds.contains(&message::CHANNEL_REQUEST), "{kinds:?}");
    assert_eq!(kinds[2], message::CHANNEL_CLOSE);
    peer.say(&to(message::CHANNEL_CLOSE, 0)).expect("a close");
    // The number is free again.
    peer.open(1 << 20, 1 << 15);
    peer.say(&to(message::CHANNEL_CLOSE, 0)).expect("a close");
    assert_eq!(peer.kind().expect("a close"), message::CHANNEL_CLOSE);
    assert_sound(&world, &standing);
}

/// The window is a client's to give: without one it is sent nothing, and packets hold what it says.
#[test]
fn windows_are_honoured() {
    let world = World::direct();
    let standing = Standing::start(Xssh, &world.home, &[]);
    let mut peer = Peer::new(&standing);
    peer.open(10, 7);
    peer.run("printf 123456789012345; printf abcdefgh >&2; sleep 60");
    let (mut sizes, mut stdout, mut stderr) = (Vec::new(), Vec::new(), Vec::new());
    while stdout.len() + stderr.len() < 23 {
        let packet = peer.hear().expect("data");
        let (text, stream) = match packet[1] {
            message::CHANNEL_DATA => (&packet[10..], &mut stdout),
            _ => (&packet[14..], &mut stderr),
        };
        sizes.push(text.len());
        stream.extend_from_slice(text);
        if stdout.len() + stderr.len() == 10 {
            peer.0.set_read_timeout(Some(Duration::from_millis(300))).expect("little patience");
            assert!(peer.hear().is_err(), "more than the window");
            peer.0.set_read_timeout(Some(Duration::from_secs(30))).expect("patience");
            peer.say(&to(message::CHANNEL_WINDOW_ADJUST, 0).number(13)).expect("a window");
        }
    }
    assert!(sizes.iter().all(|size| (1..=7).contains(size)), "{sizes:?}");
    assert_eq!((&stdout[..], &stderr[..]), (&b"123456789012345"[..], &b"abcdefgh"[..]));
}

/// Nobody is held up by a client that asks without end and reads nothing, nor by one that opens all that it may.
#[test]
fn floods() {
    let world = World::direct();
    let standing = Standing::start(Xssh, &world.home, &[]);
    let mut silent = Peer::new(&standing);
    silent.0.set_write_timeout(Some(Duration::from_secs(2))).expect("little patience");
    let ask = Payload::new(message::GLOBAL_REQUEST).string("unheard-of").flag(true);
    let asked = (0..1_000_000).take_while(|_| silent.say(&ask).is_ok()).count();
    assert!(asked < 1_000_000, "all are answered, and nobody reads the answers");
    assert_sound(&world, &standing);
    let mut many = Peer::new(&standing);
    // sshd gives 200 sessions and counts no streams; what is beyond our own bound is refused without it.
    let port = world.target.port();
    for number in 0..300 {
        let open = Payload::new(message::CHANNEL_OPEN).string("direct-tcpip").number(number).number(1).number(1);
        many.say(&open.string("127.0.0.1").number(port.into()).string("127.0.0.1").number(1)).expect("an opening");
    }
    let mut refused = 0;
    for _ in 0..300 {
        loop {
            match many.kind().expect("an answer") {
                message::CHANNEL_OPEN_CONFIRMATION => break,
                message::CHANNEL_OPEN_FAILURE => {
                    refused += 1;
                    break;
                }
                _ => {}
            }
        }
    }
    assert!(refused >= 44, "{refused}");
    assert_sound(&world, &standing);
    drop((silent, many));
    until("connections stay open", || {
        let open = std::fs::read_dir(format!("/proc/{}/fd", standing.pid())).expect("descriptors").count();
        open < 30
    });
    assert_sound(&world, &standing);
}

/// Noise in well-formed packets of every type.
#[test]
fn noise() {
    let world = World::direct();
    let standing = Standing::start(Xssh, &world.home, &[]);
    for seed in 0..200_u64 {
        let mut peer = Peer::new(&standing);
        peer.open(1 << 20, 1 << 15);
        let kind = 80 + u8::try_from(seed % 21).expect("a type");
        let noise = Noise { seed, length: 8 + seed }.bytes();
        let _ = peer.say(&Payload::new(kind).raw(&noise[..]));
        let _ = peer.say(&to(kind, 0).raw(noise));
    }
    assert_sound(&world, &standing);
}
