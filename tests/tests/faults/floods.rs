//! More than a client asked for, as fast as it can be sent.

use std::io::{self, Write as _};
use std::time::Duration;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use xssh_tests::hostile::{Handshake, Outcome, Payload, Server, Session, Victim, message};

use crate::face;

const LONG: Duration = Duration::from_secs(1);

/// Floods a session with one message and then ends it as it should.
fn flood(config: &str, make: impl Fn(&Session) -> Payload + Send + Sync + 'static) -> io::Result<Outcome> {
    face(config, move |wire| {
        let session = Session::establish(wire)?;
        wire.flood_for(make(&session), LONG)?;
        session.finish(wire)
    })
}

#[test]
fn ignore_is_ignored() -> io::Result<()> {
    flood("", |_| Payload::new(message::IGNORE).string([b'i'; 1000]))?.assert_served();
    Ok(())
}

/// RFC 4253, section 11.3: `always_display` is the server's wish, not its right.
#[test]
fn debug_messages_are_escaped_and_end_somewhere() -> io::Result<()> {
    let outcome = flood("", |_| {
        let debug = Payload::new(message::DEBUG).flag(true);
        debug.string("look \x1b[2J\x07 here\n").string("")
    })?;
    outcome.assert_sound();
    Ok(())
}

#[test]
fn unimplemented_is_passed_over() -> io::Result<()> {
    flood("", |_| Payload::new(message::UNIMPLEMENTED).number(3))?.assert_served_or_failed();
    Ok(())
}

#[test]
fn messages_of_unknown_numbers_are_sound() -> io::Result<()> {
    flood("", |_| Payload::new(200).raw([0; 100]))?.assert_served_or_failed();
    Ok(())
}

#[test]
fn requests_that_want_a_reply_are_sound() -> io::Result<()> {
    for name in ["keepalive@openssh.com", "no-such@request", "tcpip-forward", "\x1b[2J"] {
        flood("", move |_| Payload::new(message::GLOBAL_REQUEST).string(name).flag(true))?.assert_served_or_failed();
    }
    Ok(())
}

#[test]
fn requests_that_want_no_reply_are_passed_over() -> io::Result<()> {
    flood("", |_| Payload::new(message::GLOBAL_REQUEST).string("no-such@request").flag(false))?.assert_served();
    Ok(())
}

#[test]
fn requests_of_the_channel_are_sound() -> io::Result<()> {
    flood("", |session| session.to(message::CHANNEL_REQUEST).string("no-such@request").flag(true))?
        .assert_served_or_failed();
    Ok(())
}

#[test]
fn statuses_by_the_thousand_are_sound() -> io::Result<()> {
    flood("", |session| session.exit_status(0))?.assert_served_or_failed();
    Ok(())
}

#[test]
fn window_adjusts_of_nothing_are_sound() -> io::Result<()> {
    flood("", |session| session.to(message::CHANNEL_WINDOW_ADJUST).number(0))?.assert_served_or_failed();
    Ok(())
}

#[test]
fn data_of_nothing_is_sound() -> io::Result<()> {
    flood("", |session| session.data(""))?.assert_served();
    Ok(())
}

#[test]
fn answers_nobody_waits_for_are_sound() -> io::Result<()> {
    for number in [message::REQUEST_SUCCESS, message::REQUEST_FAILURE] {
        flood("", move |_| Payload::new(number))?.assert_served_or_failed();
    }
    flood("", |session| session.to(message::CHANNEL_SUCCESS))?.assert_served_or_failed();
    Ok(())
}

/// OpenSSH's UpdateHostKeys (PROTOCOL, section 2.5).
#[test]
fn host_keys_by_the_thousand_are_sound() -> io::Result<()> {
    let update = "UpdateHostKeys yes";
    let keys = |key: Payload, count| {
        let request = Payload::new(message::GLOBAL_REQUEST).string("hostkeys-00@openssh.com").flag(false);
        (0..count).fold(request, |request, _| request.string(&key))
    };
    for key in [
        Payload::empty().string("ssh-ed25519").string([3; 32]),
        Payload::empty().string("\x1b[2J").string([3; 32]),
        Payload::empty().number(u32::MAX),
        Payload::empty(),
    ] {
        let request = keys(key, 2000);
        flood(update, move |_| request.clone())?.assert_served_or_failed();
    }
    Ok(())
}

#[test]
fn a_signal_with_a_very_long_name_is_told_shortly() -> io::Result<()> {
    let outcome = face("", |wire| {
        let session = Session::establish(wire)?;
        let signal = session.to(message::CHANNEL_REQUEST).string("exit-signal").flag(false);
        let name = "\x1b[2JKILL".repeat(10_000);
        wire.send(signal.string(&name).flag(true).string(&name).string(""))?;
        wire.send(session.to(message::CHANNEL_CLOSE))?;
        wire.drain();
        Ok(())
    })?;
    outcome.assert_sound();
    assert!(outcome.code == Some(255) && outcome.stderr.length < 4096, "{outcome}");
    Ok(())
}

/// RFC 4254, section 5.2: data past the window may be ignored. It may not be kept.
#[test]
fn data_past_the_window_is_sound() -> io::Result<()> {
    flood("", |session| session.data([b'd'; 32_000]))?.assert_sound();
    Ok(())
}

#[test]
fn data_past_the_window_is_not_kept_in_memory() -> io::Result<()> {
    let server = Server::start(|wire| {
        let session = Session::establish(wire)?;
        wire.flood(session.data([b'd'; 32_000]), 2500)?;
        session.finish(wire)
    })?;
    let victim = Victim::facing(server.port())?.stalled(LONG);
    victim.run()?.assert_sound();
    Ok(())
}

#[test]
fn errors_past_the_window_are_sound() -> io::Result<()> {
    flood("", |session| session.to(message::CHANNEL_EXTENDED_DATA).number(1).string([b'e'; 32_000]))?.assert_sound();
    flood("", |session| session.to(message::CHANNEL_EXTENDED_DATA).number(9).string([b'e'; 32_000]))?.assert_sound();
    Ok(())
}

#[test]
fn channels_opened_without_end_are_sound() -> io::Result<()> {
    flood("", |_| {
        let open = Payload::new(message::CHANNEL_OPEN).string("forwarded-tcpip");
        open.number(9).number(1 << 20).number(1 << 15).string("127.0.0.1").number(1).string("127.0.0.1").number(2)
    })?
    .assert_served_or_failed();
    Ok(())
}

/// RFC 4253, section 6.2, and `zlib@openssh.com`: a packet of 64 KiB that means 64 MiB.
#[test]
fn what_is_compressed_is_not_blown_up_without_end() -> io::Result<()> {
    face("Compression yes", |wire| {
        let offer = Handshake::offer_compressing("zlib@openssh.com");
        Handshake::begin(wire)?.offering(offer).exchange(wire)?;
        Session::authenticate(wire)?;
        let mut bomb = ZlibEncoder::new(Vec::new(), Compression::best());
        bomb.write_all(Payload::new(message::IGNORE).number(64 << 20).bytes())?;
        bomb.write_all(&vec![0; 64 << 20])?;
        let bomb = bomb.finish()?;
        for _ in 0..100 {
            wire.send(&bomb)?;
        }
        wire.hang_up()
    })?
    .assert_failed();
    Ok(())
}
