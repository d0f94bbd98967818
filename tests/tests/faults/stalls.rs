//! Peers that stop, and the settings that bound how long they are waited for.

use std::io;
use std::thread;
use std::time::Duration;

use xssh_tests::hostile::{Handshake, Outcome, Payload, Server, Session, VERSION, Victim, Wire, message};

use crate::{face, says};

const BOUNDS: &str = "ConnectTimeout 1\nServerAliveInterval 1\nServerAliveCountMax 2";
/// What those bounds may add up to, on a busy machine.
const SOON: Duration = Duration::from_secs(10);

fn assert_given_up(outcome: &Outcome) {
    let line = outcome.assert_refused();
    assert!(says(&line, &["imed out", "imeout", "has not answered"]), "{line}");
    assert!(outcome.wall < SOON, "{outcome}");
}

#[test]
fn before_the_version() -> io::Result<()> {
    assert_given_up(&face(BOUNDS, Wire::stall)?);
    Ok(())
}

#[test]
fn within_the_version() -> io::Result<()> {
    assert_given_up(&face(BOUNDS, |wire| {
        wire.write("SSH-2.0-Op")?;
        wire.stall()
    })?);
    Ok(())
}

/// A byte now and then must not begin the wait anew.
#[test]
fn byte_by_byte_within_the_version() -> io::Result<()> {
    assert_given_up(&face(BOUNDS, |wire| {
        for byte in VERSION.bytes().chain([b'x'; 1000]) {
            wire.write([byte])?;
            thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    })?);
    Ok(())
}

#[test]
fn line_by_line_before_the_version() -> io::Result<()> {
    assert_given_up(&face(BOUNDS, |wire| {
        loop {
            wire.write("please wait\r\n")?;
            thread::sleep(Duration::from_millis(200));
        }
    })?);
    Ok(())
}

#[test]
fn after_the_version() -> io::Result<()> {
    assert_given_up(&face(BOUNDS, |wire| {
        Handshake::begin(wire)?;
        wire.stall()
    })?);
    Ok(())
}

#[test]
fn within_the_offer() -> io::Result<()> {
    assert_given_up(&face(BOUNDS, |wire| {
        Handshake::begin(wire)?;
        let offer = wire.packet(Handshake::offer())?;
        wire.write(&offer[..offer.len() / 2])?;
        wire.stall()
    })?);
    Ok(())
}

#[test]
fn before_the_key_exchange_reply() -> io::Result<()> {
    assert_given_up(&face(BOUNDS, |wire| {
        Handshake::begin(wire)?.negotiate(wire)?;
        wire.stall()
    })?);
    Ok(())
}

#[test]
fn before_the_new_keys() -> io::Result<()> {
    assert_given_up(&face(BOUNDS, |wire| {
        let mut handshake = Handshake::begin(wire)?;
        handshake.negotiate(wire)?;
        let (reply, _) = handshake.answer(wire)?;
        wire.send(reply)?;
        wire.stall()
    })?);
    Ok(())
}

#[test]
fn before_the_service() -> io::Result<()> {
    assert_given_up(&face(BOUNDS, |wire| {
        Handshake::complete(wire)?;
        wire.stall()
    })?);
    Ok(())
}

#[test]
fn before_the_answer_to_authentication() -> io::Result<()> {
    assert_given_up(&face(BOUNDS, |wire| {
        Handshake::complete(wire)?;
        Session::accept_service(wire)?;
        wire.stall()
    })?);
    Ok(())
}

#[test]
fn within_the_answer_to_authentication() -> io::Result<()> {
    assert_given_up(&face(BOUNDS, |wire| {
        Handshake::complete(wire)?;
        Session::accept_service(wire)?;
        let packet = wire.packet(Payload::new(message::USERAUTH_SUCCESS))?;
        wire.write(&packet[..packet.len() - 1])?;
        wire.stall()
    })?);
    Ok(())
}

#[test]
fn before_the_channel_is_confirmed() -> io::Result<()> {
    assert_given_up(&face(BOUNDS, |wire| {
        Handshake::complete(wire)?;
        Session::authenticate(wire)?;
        wire.stall()
    })?);
    Ok(())
}

#[test]
fn after_the_command() -> io::Result<()> {
    assert_given_up(&face(BOUNDS, |wire| {
        Session::establish(wire)?;
        wire.stall()
    })?);
    Ok(())
}

#[test]
fn within_data() -> io::Result<()> {
    assert_given_up(&face(BOUNDS, |wire| {
        let session = Session::establish(wire)?;
        let packet = wire.packet(session.data([b'd'; 1000]))?;
        wire.write(&packet[..packet.len() / 2])?;
        wire.stall()
    })?);
    Ok(())
}

/// Nothing can be written to such a server, keepalives included; that it does not answer them has to be noticed all the
/// same.
#[test]
fn a_server_that_does_not_read_an_upload() -> io::Result<()> {
    let server = Server::start(|wire| {
        let session = Session::establish(wire)?;
        wire.send(session.to(message::CHANNEL_WINDOW_ADJUST).number(1 << 30))?;
        thread::sleep(Duration::from_secs(40));
        Ok(())
    })?;
    let victim = Victim::facing(server.port())?.with(BOUNDS).stdin(vec![b'u'; 64 << 20]);
    assert_given_up(&victim.run()?);
    Ok(())
}

/// A server that is only slow is not given up while it answers.
#[test]
fn a_slow_server_that_answers_is_waited_for() -> io::Result<()> {
    face(BOUNDS, |wire| {
        let session = Session::establish(wire)?;
        for _ in 0..4 {
            // A keepalive is a request for an answer, whatever its name.
            let mut request = wire.receive()?;
            while !request.starts_with(&[message::GLOBAL_REQUEST]) {
                request = wire.receive()?;
            }
            wire.send(Payload::new(message::REQUEST_FAILURE))?;
        }
        session.finish(wire)
    })?
    .assert_served();
    Ok(())
}
