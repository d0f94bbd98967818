//! Channels nobody asked for, and messages that no channel should get (RFC 4254).

use std::io;

use xssh_tests::hostile::{Fields, Payload, Server, Session, Victim, Wire, message};

use crate::face;

/// Opens of every type there is, and of some that there are not.
fn opens() -> Vec<Payload> {
    let open =
        |kind: &str| Payload::new(message::CHANNEL_OPEN).string(kind).number(1000).number(1 << 20).number(1 << 15);
    let from = |open: Payload| open.string("127.0.0.1").number(22).string("127.0.0.1").number(40_000);
    vec![
        open("session"),
        open("auth-agent@openssh.com"),
        open("auth-agent"),
        open("x11").string("127.0.0.1").number(6000),
        from(open("forwarded-tcpip")),
        from(open("direct-tcpip")),
        open("forwarded-streamlocal@openssh.com").string("/run/socket").string(""),
        open("direct-streamlocal@openssh.com").string("/run/socket").string("").number(0),
        open("tun@openssh.com").number(1).number(0),
        open("no-such-type"),
        open("\x1b[2Jtype\x07"),
        open(&"long".repeat(5000)),
        open(""),
        open("x11"),
        open("forwarded-tcpip").string("127.0.0.1"),
    ]
}

#[test]
fn channels_nobody_asked_for_are_refused_by_the_thousand() -> io::Result<()> {
    for open in opens() {
        let kind = Fields::of(open.bytes()).text();
        let many = if open.bytes().len() > 10_000 { 50 } else { 1000 };
        let server = Server::start(move |wire| {
            let session = Session::establish(wire)?;
            wire.flood(&open, many)?;
            let mut refused = 0;
            while refused < many {
                match wire.receive()?[..] {
                    [message::CHANNEL_OPEN_FAILURE, ..] => refused += 1,
                    [message::CHANNEL_OPEN_CONFIRMATION, ..] => return Err(io::Error::other("it was confirmed")),
                    _ => (),
                }
            }
            session.finish(wire)
        })?;
        let outcome = Victim::facing(server.port())?.run()?;
        // A truncated open may also end the connection.
        if !["x11", "forwarded-tcpip"].contains(&kind.as_str()) || outcome.code == Some(0) {
            outcome.assert_served();
            server.ending()?;
        } else {
            outcome.assert_failed();
        }
    }
    Ok(())
}

#[test]
fn a_channel_opened_before_ours_is_refused() -> io::Result<()> {
    for open in opens() {
        face("", move |wire| {
            xssh_tests::hostile::Handshake::complete(wire)?;
            Session::authenticate(wire)?;
            wire.send(&open)?;
            Session::begin(wire)?.finish(wire)
        })?
        .assert_served_or_failed();
    }
    Ok(())
}

/// Sends one message in a session that then ends as it should. Whatever the client makes of it, it must not take the
/// wrong status or print what was not for it.
fn slip_in(make: impl Fn(&Session) -> Payload + Send + Sync + 'static) -> io::Result<()> {
    face("", move |wire| {
        let session = Session::establish(wire)?;
        let message = make(&session);
        wire.send(message)?;
        session.finish(wire)
    })?
    .assert_served_or_failed();
    Ok(())
}

fn elsewhere(message: u8) -> Payload {
    Payload::new(message).number(77)
}

#[test]
fn a_status_for_another_channel_is_not_ours() -> io::Result<()> {
    slip_in(|_| elsewhere(message::CHANNEL_REQUEST).string("exit-status").flag(false).number(7))
}

#[test]
fn data_for_another_channel_is_not_printed() -> io::Result<()> {
    slip_in(|_| elsewhere(message::CHANNEL_DATA).string("not yours\n"))?;
    slip_in(|_| elsewhere(message::CHANNEL_EXTENDED_DATA).number(1).string("not yours\n"))
}

#[test]
fn the_end_of_another_channel_is_not_ours() -> io::Result<()> {
    slip_in(|_| elsewhere(message::CHANNEL_EOF))?;
    slip_in(|_| elsewhere(message::CHANNEL_CLOSE))?;
    slip_in(|_| Payload::new(message::CHANNEL_CLOSE).number(u32::MAX))
}

#[test]
fn answers_to_nothing_are_sound() -> io::Result<()> {
    slip_in(|_| elsewhere(message::CHANNEL_SUCCESS))?;
    slip_in(|_| elsewhere(message::CHANNEL_FAILURE))?;
    slip_in(|session| session.to(message::CHANNEL_SUCCESS))?;
    slip_in(|_| Payload::new(message::REQUEST_SUCCESS))?;
    slip_in(|_| Payload::new(message::REQUEST_FAILURE))
}

#[test]
fn confirmations_of_nothing_are_sound() -> io::Result<()> {
    slip_in(|_| elsewhere(message::CHANNEL_OPEN_CONFIRMATION).number(5).number(1).number(1))?;
    slip_in(|session| session.confirmation(1, 1))
}

#[test]
fn refusals_of_nothing_are_sound() -> io::Result<()> {
    slip_in(|_| elsewhere(message::CHANNEL_OPEN_FAILURE).number(1).string("no\x1b[2J").string(""))
}

#[test]
fn a_channel_that_is_open_cannot_be_refused() -> io::Result<()> {
    slip_in(|session| session.to(message::CHANNEL_OPEN_FAILURE).number(1).string("no").string(""))
}

#[test]
fn messages_of_other_phases_are_sound() -> io::Result<()> {
    for message in [0, 5, 6, 7, 21, 30, 31, 50, 51, 52, 53, 60, 61, 79, 83, 101, 127, 191, 192, 254, 255] {
        slip_in(move |_| Payload::new(message))?;
        slip_in(move |_| Payload::new(message).raw([0xff; 64]))?;
    }
    slip_in(|_| Payload::empty())
}

#[test]
fn requests_that_are_cut_or_odd_are_sound() -> io::Result<()> {
    slip_in(|session| session.to(message::CHANNEL_REQUEST).string("exit-status").flag(false))?;
    slip_in(|session| session.to(message::CHANNEL_REQUEST).string("exit-signal").flag(false).number(u32::MAX))?;
    slip_in(|session| session.to(message::CHANNEL_REQUEST).string("exit-status"))?;
    slip_in(|session| session.to(message::CHANNEL_REQUEST).number(u32::MAX))?;
    slip_in(|session| session.to(message::CHANNEL_REQUEST).string("\x1b[2J").flag(true))?;
    slip_in(|session| session.to(message::CHANNEL_REQUEST).string("xon-xoff").flag(true).flag(true))?;
    slip_in(|session| session.to(message::CHANNEL_REQUEST).string("keepalive@openssh.com").flag(true))?;
    slip_in(|session| session.to(message::CHANNEL_REQUEST).string("eow@openssh.com").flag(false))?;
    slip_in(|session| session.to(message::CHANNEL_REQUEST).string("exec").flag(true).string("id"))?;
    slip_in(|session| session.to(message::CHANNEL_DATA).number(u32::MAX))?;
    slip_in(|session| session.to(message::CHANNEL_DATA))?;
    slip_in(|session| session.to(message::CHANNEL_EXTENDED_DATA).number(1).number(u32::MAX))?;
    slip_in(|session| session.to(message::CHANNEL_EXTENDED_DATA).number(9).string("of no known type"))
}

#[test]
fn data_after_the_end_of_data_is_not_printed_twice_over() -> io::Result<()> {
    let outcome = face("", |wire| {
        let session = Session::establish(wire)?;
        wire.send(session.to(message::CHANNEL_EOF))?;
        wire.send(session.to(message::CHANNEL_EOF))?;
        session.finish(wire)
    })?;
    outcome.assert_sound();
    Ok(())
}

#[test]
fn nothing_is_printed_after_a_close() -> io::Result<()> {
    let outcome = face("", |wire| {
        let session = Session::establish(wire)?;
        wire.send(session.data("done\n"))?;
        wire.send(session.exit_status(0))?;
        wire.send(session.to(message::CHANNEL_CLOSE))?;
        wire.send(session.data("late\n"))?;
        wire.send(session.to(message::CHANNEL_CLOSE))?;
        wire.drain();
        Ok(())
    })?;
    outcome.assert_sound();
    assert!(outcome.stdout.bytes == b"done\n", "{outcome}");
    Ok(())
}

#[test]
fn a_close_without_a_status_is_a_failure() -> io::Result<()> {
    face("", |wire| {
        let session = Session::establish(wire)?;
        wire.send(session.to(message::CHANNEL_CLOSE))?;
        wire.drain();
        Ok(())
    })?
    .assert_sound();
    Ok(())
}

#[test]
fn two_statuses_end_in_one_of_them() -> io::Result<()> {
    let outcome = face("", |wire| {
        let session = Session::establish(wire)?;
        wire.send(session.exit_status(3))?;
        wire.send(session.exit_status(u32::MAX))?;
        wire.send(session.to(message::CHANNEL_CLOSE))?;
        wire.drain();
        Ok(())
    })?;
    outcome.assert_sound();
    assert!([Some(3), Some(255)].contains(&outcome.code), "{outcome}");
    Ok(())
}

/// RFC 4254, section 5.2: a window is at most 2^32 - 1.
#[test]
fn a_window_past_its_limit_is_sound() -> io::Result<()> {
    face("", |wire| {
        let session = Session::establish(wire)?;
        for _ in 0..3 {
            wire.send(session.to(message::CHANNEL_WINDOW_ADJUST).number(u32::MAX))?;
        }
        session.finish(wire)
    })?
    .assert_served_or_failed();
    Ok(())
}

/// Grants this window and packet size to a client that has much to send, and reads it all.
fn grant(window: u32, packet: u32, adjust: u32, upload: usize) -> io::Result<xssh_tests::hostile::Outcome> {
    let server = Server::start(move |wire| {
        xssh_tests::hostile::Handshake::complete(wire)?;
        Session::authenticate(wire)?;
        let session = Session::read_open(wire)?;
        wire.send(session.confirmation(window, packet))?;
        session.start(wire)?;
        wire.send(session.to(message::CHANNEL_WINDOW_ADJUST).number(adjust))?;
        read_upload(wire, packet, upload)?;
        session.finish(wire)
    })?;
    let outcome = Victim::facing(server.port())?.stdin(vec![b'u'; upload]).run()?;
    server.ending()?;
    Ok(outcome)
}

/// Reads data until there is `upload` of it, none of it larger than a packet may be.
fn read_upload(wire: &mut Wire, packet: u32, upload: usize) -> io::Result<()> {
    let mut got = 0;
    while got < upload {
        let data = wire.receive_message(message::CHANNEL_DATA)?;
        let mut fields = Fields::of(&data);
        fields.number();
        let length = fields.string().len();
        if length > packet as usize {
            return Err(io::Error::other(format!("{length} bytes in a packet of {packet}")));
        }
        got += length;
    }
    Ok(())
}

#[test]
fn packets_of_one_byte_are_kept_to() -> io::Result<()> {
    grant(1 << 20, 1, 0, 20_000)?.assert_served();
    Ok(())
}

/// A server may grant anything; packets must still be such as every server takes.
#[test]
fn packets_of_any_size_are_not_filled() -> io::Result<()> {
    grant(u32::MAX, u32::MAX, 0, 8 << 20)?.assert_served();
    Ok(())
}

#[test]
fn packets_of_nothing_do_not_spin() -> io::Result<()> {
    let server = Server::start(|wire| {
        xssh_tests::hostile::Handshake::complete(wire)?;
        Session::authenticate(wire)?;
        let session = Session::read_open(wire)?;
        wire.send(session.confirmation(1 << 20, 0))?;
        session.start(wire)?;
        std::thread::sleep(std::time::Duration::from_secs(1));
        session.finish(wire)
    })?;
    let victim = Victim::facing(server.port())?.stdin(vec![b'u'; 1 << 20]);
    victim.run()?.assert_served_or_failed();
    Ok(())
}

#[test]
fn a_refused_session_is_told_without_control_bytes() -> io::Result<()> {
    let lines = face("", |wire| {
        xssh_tests::hostile::Handshake::complete(wire)?;
        Session::authenticate(wire)?;
        let session = Session::read_open(wire)?;
        let failure = session.to(message::CHANNEL_OPEN_FAILURE).number(2);
        wire.send(failure.string("no \x1b[2Jroom\x07\nforged").string(""))?;
        wire.drain();
        Ok(())
    })?
    .assert_failed();
    assert!(lines.iter().any(|line| line.contains("no ")), "{lines:?}");
    assert!(!lines.iter().any(|line| line.starts_with("forged")), "{lines:?}");
    Ok(())
}

#[test]
fn a_refused_command_is_told() -> io::Result<()> {
    face("", |wire| {
        xssh_tests::hostile::Handshake::complete(wire)?;
        Session::authenticate(wire)?;
        let session = Session::open(wire)?;
        wire.receive_message(message::CHANNEL_REQUEST)?;
        wire.send(session.to(message::CHANNEL_FAILURE))?;
        wire.send(session.to(message::CHANNEL_CLOSE))?;
        wire.drain();
        Ok(())
    })?
    .assert_sound();
    Ok(())
}
