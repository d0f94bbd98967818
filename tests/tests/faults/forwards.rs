//! Hosts that were asked to listen, and what they then open and answer (RFC 4254, section 7; PROTOCOL, section 2.4).

use std::io;

use xssh_tests::hostile::{Fields, Handshake, Payload, Server, Session, Victim, Wire, message};

use crate::face;

/// A client that has the host listen on port 5000 and on a socket, for a port here on which nobody listens.
const FORWARDS: &str =
    "RemoteForward 5000 127.0.0.1:1\nRemoteForward /far 127.0.0.1:1\nExitOnForwardFailure yes\nLogLevel INFO";

fn open(kind: &str, number: u32) -> Payload {
    Payload::new(message::CHANNEL_OPEN).string(kind).number(number).number(1 << 20).number(1 << 15)
}

fn forwarded(number: u32, address: &str, port: u32) -> Payload {
    open("forwarded-tcpip", number).string(address).number(port).string("127.0.0.1").number(40_000)
}

/// Logs the client in and grants what it wants listened on.
fn grant(wire: &mut Wire, requests: usize) -> io::Result<()> {
    Handshake::complete(wire)?;
    Session::authenticate(wire)?;
    for _ in 0..requests {
        wire.receive_message(message::GLOBAL_REQUEST)?;
    }
    for _ in 0..requests {
        wire.send(Payload::new(message::REQUEST_SUCCESS))?;
    }
    Ok(())
}

/// The reason with which a channel of ours is refused.
fn refusal(wire: &mut Wire) -> io::Result<u32> {
    loop {
        let answer = wire.receive()?;
        match answer.first() {
            Some(&message::CHANNEL_OPEN_FAILURE) => {
                let mut fields = Fields::of(&answer);
                let _channel = fields.number();
                return Ok(fields.number());
            }
            Some(&message::CHANNEL_OPEN_CONFIRMATION) => return Err(io::Error::other("it was confirmed")),
            _ => (),
        }
    }
}

const PROHIBITED: u32 = 1;
const CONNECT_FAILED: u32 = 2;

#[test]
fn only_what_was_asked_for_leads_anywhere() -> io::Result<()> {
    let others = [
        forwarded(1, "localhost", 5001),
        forwarded(2, "0.0.0.0", 5000),
        forwarded(3, "", 5000),
        forwarded(4, "localhost", 5000 + 65_536),
        forwarded(5, "\x1b[2J\u{202e}", 5000),
        open("forwarded-streamlocal@openssh.com", 6).string("/other").string(""),
        open("forwarded-streamlocal@openssh.com", 7).string("").string(""),
    ];
    let ours =
        [forwarded(8, "localhost", 5000), open("forwarded-streamlocal@openssh.com", 9).string("/far").string("")];
    let server = Server::start(move |wire| {
        grant(wire, 2)?;
        let session = Session::begin(wire)?;
        for (opens, reason) in [(&others[..], PROHIBITED), (&ours, CONNECT_FAILED)] {
            for open in opens {
                wire.send(open)?;
                let found = refusal(wire)?;
                if found != reason {
                    return Err(io::Error::other(format!("refused with {found}, not {reason}")));
                }
            }
        }
        session.finish(wire)
    })?;
    let outcome = Victim::facing(server.port())?.with(FORWARDS).run()?;
    outcome.assert_served();
    server.ending()
}

#[test]
fn connections_to_a_forward_come_by_the_thousand() -> io::Result<()> {
    const MANY: usize = 1000;
    let server = Server::start(move |wire| {
        grant(wire, 2)?;
        let session = Session::begin(wire)?;
        wire.flood(forwarded(1, "localhost", 5000), MANY)?;
        for _ in 0..MANY {
            refusal(wire)?;
        }
        session.finish(wire)
    })?;
    let outcome = Victim::facing(server.port())?.with(FORWARDS).run()?;
    outcome.assert_served();
    server.ending()
}

/// A port that the host was to choose, and what it may answer instead.
#[test]
fn ports_that_are_none() -> io::Result<()> {
    let success = || Payload::new(message::REQUEST_SUCCESS);
    for answer in [
        success().number(0),
        success().number(65_536),
        success().number(u32::MAX),
        success(),
        success().flag(true),
        success().number(5000).number(5000),
        Payload::new(message::REQUEST_FAILURE),
    ] {
        face("RemoteForward 0 127.0.0.1:1\nExitOnForwardFailure yes", move |wire| {
            Handshake::complete(wire)?;
            Session::authenticate(wire)?;
            wire.receive_message(message::GLOBAL_REQUEST)?;
            wire.send(&answer)?;
            Session::begin(wire)?.finish(wire)
        })?
        .assert_failed();
    }
    Ok(())
}

/// An answer that is missing, where the connection then ends.
#[test]
fn no_answer_at_all() -> io::Result<()> {
    face(FORWARDS, |wire| {
        Handshake::complete(wire)?;
        Session::authenticate(wire)?;
        wire.receive_message(message::GLOBAL_REQUEST).map(drop)
    })?
    .assert_failed();
    Ok(())
}
