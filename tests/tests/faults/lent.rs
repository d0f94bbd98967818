//! Hosts that misuse what they were lent: the agent, the display.

use std::io::{self, Read as _};
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use xssh_tests::hostile::{Agent, Fields, Outcome, Payload, Server, Session, Victim, Wire, message};

/// The answer of an agent that knows no bindings (draft-miller-ssh-agent, section 7.1).
const FAILURE: [u8; 5] = [0, 0, 0, 1, 5];
/// Our number for what we open.
const OURS: u32 = 1000;

fn open(kind: &str) -> Payload {
    let open = Payload::new(message::CHANNEL_OPEN).string(kind).number(OURS).number(1 << 20).number(1 << 15);
    if kind == "x11" { open.string("127.0.0.1").number(6000) } else { open }
}

/// Opens one channel and gives the client's number for it.
fn opened(wire: &mut Wire, kind: &str) -> io::Result<u32> {
    wire.send(open(kind))?;
    let confirmation = wire.receive_message(message::CHANNEL_OPEN_CONFIRMATION)?;
    let mut fields = Fields::of(&confirmation);
    assert_eq!(fields.number(), OURS);
    Ok(fields.number())
}

fn data(channel: u32, bytes: impl AsRef<[u8]>) -> Payload {
    Payload::new(message::CHANNEL_DATA).number(channel).string(bytes)
}

/// Waits until the client has closed the channel, and closes it too.
fn await_close(wire: &mut Wire, channel: u32) -> io::Result<()> {
    wire.receive_message(message::CHANNEL_CLOSE)?;
    wire.send(Payload::new(message::CHANNEL_CLOSE).number(channel))
}

/// Opens `many` channels at once; how many of them were confirmed.
fn flood(wire: &mut Wire, kind: &str, many: usize) -> io::Result<usize> {
    wire.flood(open(kind), many)?;
    let (mut confirmed, mut refused) = (0, 0);
    while confirmed + refused < many {
        match wire.receive()?[..] {
            [message::CHANNEL_OPEN_CONFIRMATION, ..] => confirmed += 1,
            [message::CHANNEL_OPEN_FAILURE, ..] => refused += 1,
            _ => (),
        }
    }
    Ok(confirmed)
}

/// A client that lends an agent, which takes nothing more once it has been told of the host.
fn lends_an_agent<F>(script: F) -> io::Result<Outcome>
where
    F: Fn(&mut Wire) -> io::Result<()> + Send + Sync + 'static,
{
    let server = Server::start(script)?;
    let victim = Victim::facing(server.port())?;
    let agent = Agent::start(victim.folder(), |stream| {
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        let mut request = vec![0; u32::from_be_bytes(length).min(1 << 20) as usize];
        stream.read_exact(&mut request)?;
        io::Write::write_all(stream, &FAILURE)?;
        std::thread::park_timeout(std::time::Duration::from_secs(60));
        Ok(())
    })?;
    let outcome = victim.with(&format!("ForwardAgent {}", agent.path().display())).run()?;
    server.ending()?;
    Ok(outcome)
}

#[test]
fn connections_to_the_agent_are_counted() -> io::Result<()> {
    let outcome = lends_an_agent(|wire| {
        let session = Session::establish(wire)?;
        let confirmed = flood(wire, "auth-agent@openssh.com", 1000)?;
        assert!((1..=64).contains(&confirmed), "{confirmed} were confirmed");
        session.finish(wire)
    })?;
    outcome.assert_served();
    assert!(outcome.stderr.text().contains("is refused"), "{outcome}");
    Ok(())
}

#[test]
fn requests_to_the_agent_are_not_heaped_up() -> io::Result<()> {
    let outcome = lends_an_agent(|wire| {
        let session = Session::establish(wire)?;
        let channel = opened(wire, "auth-agent@openssh.com")?;
        let request = Payload::empty().string([11; 20_000]);
        wire.flood(data(channel, request.bytes()), 200)?;
        await_close(wire, channel)?;
        session.finish(wire)
    })?;
    outcome.assert_served();
    assert!(outcome.stderr.text().contains("without waiting for answers"), "{outcome}");
    Ok(())
}

#[test]
fn requests_of_impossible_length_never_reach_the_agent() -> io::Result<()> {
    for length in [0, (256 << 10) + 1, u32::MAX] {
        let outcome = lends_an_agent(move |wire| {
            let session = Session::establish(wire)?;
            let channel = opened(wire, "auth-agent@openssh.com")?;
            wire.send(data(channel, length.to_be_bytes()))?;
            await_close(wire, channel)?;
            session.finish(wire)
        })?;
        outcome.assert_served();
        assert!(outcome.stderr.text().contains("empty or too long"), "{outcome}");
    }
    Ok(())
}

/// A client that lends a display, and how many connections that got.
fn lends_a_display<F>(script: F) -> io::Result<(Outcome, usize)>
where
    F: Fn(&mut Wire) -> io::Result<()> + Send + Sync + 'static,
{
    let server = Server::start(script)?;
    let victim = Victim::facing(server.port())?;
    let socket = victim.folder().join("X5");
    let listener = UnixListener::bind(&socket)?;
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            counted.fetch_add(1, Ordering::Relaxed);
            let mut first = [0; 1];
            let _ = stream.map(|mut stream| stream.read(&mut first));
        }
    });
    let victim = victim.with("ForwardX11 yes\nForwardX11Trusted yes\nXAuthLocation /no/xauth").env("DISPLAY", &socket);
    let outcome = victim.run()?;
    server.ending()?;
    Ok((outcome, connections.load(Ordering::Relaxed)))
}

/// A set-up packet with this cookie.
fn set_up(protocol: &str, cookie: &[u8]) -> Vec<u8> {
    let mut packet = vec![b'l', 0, 11, 0, 0, 0];
    for length in [protocol.len(), cookie.len(), 0] {
        packet.extend(u16::try_from(length).unwrap().to_le_bytes());
    }
    for string in [protocol.as_bytes(), cookie] {
        packet.extend(string);
        packet.resize(packet.len().next_multiple_of(4), 0);
    }
    packet
}

#[test]
fn the_display_hears_of_nobody_without_the_cookie() -> io::Result<()> {
    let wrong = "wrong authentication";
    for (packet, said) in [
        (set_up("MIT-MAGIC-COOKIE-1", &[0; 16]), wrong),
        (set_up("MIT-MAGIC-COOKIE-1", &[]), wrong),
        (set_up("", &[]), wrong),
        (set_up(&"X".repeat(60_000), &[0; 4000])[..3000].to_vec(), wrong),
        (b"l\0\x0b\0\0\0\xff\xff\xff\xff\0\0".to_vec(), wrong),
        (b"\x1b[2J and other noise".to_vec(), "byte order"),
    ] {
        let (outcome, connections) = lends_a_display(move |wire| {
            let session = Session::establish(wire)?;
            let channel = opened(wire, "x11")?;
            wire.send(data(channel, &packet))?;
            await_close(wire, channel)?;
            session.finish(wire)
        })?;
        outcome.assert_served();
        assert!(outcome.stderr.text().contains(said), "{outcome}");
        assert_eq!(connections, 0, "{outcome}");
    }
    Ok(())
}

#[test]
fn x_clients_are_counted() -> io::Result<()> {
    let (outcome, connections) = lends_a_display(|wire| {
        let session = Session::establish(wire)?;
        let confirmed = flood(wire, "x11", 1000)?;
        assert!((1..=256).contains(&confirmed), "{confirmed} were confirmed");
        wire.send(session.exit_status(0))?;
        wire.hang_up()
    })?;
    outcome.assert_sound();
    assert_eq!(connections, 0, "{outcome}");
    Ok(())
}
