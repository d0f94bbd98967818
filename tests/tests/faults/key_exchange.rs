//! From KEXINIT to NEWKEYS (RFC 4253, sections 6 to 8).

use std::io;

use xssh_tests::hostile::{Fields, Handshake, HostKey, Payload, Session, VERSION, Wire, message};

use crate::{face, says};

/// Sends a version and then these bytes as they are.
fn after_version(bytes: Vec<u8>) -> impl Fn(&mut Wire) -> io::Result<()> + Send + Sync {
    move |wire| {
        wire.write(format!("{VERSION}\r\n"))?;
        wire.write(&bytes)?;
        wire.hang_up()
    }
}

/// A KEXINIT whose list number `changed` is `list`.
fn offer_with(changed: usize, list: &[u8]) -> Payload {
    let ours = Handshake::offer();
    let mut fields = Fields::of(ours.bytes());
    let offer = (0..16).fold(Payload::new(message::KEXINIT), |offer, _| offer.byte(u8::from(fields.flag())));
    (0..10)
        .fold(offer, |offer, index| {
            let name = fields.string();
            offer.string(if index == changed { list } else { name })
        })
        .flag(false)
        .number(0)
}

#[test]
fn impossible_packet_lengths_are_refused() -> io::Result<()> {
    for length in [0_u32, 1, 3, 4, 7, 13, 262_149, 1 << 20, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] {
        let bytes = [&length.to_be_bytes()[..], &[0x41; 64]].concat();
        face("", after_version(bytes))?.assert_refused();
    }
    Ok(())
}

#[test]
fn a_packet_of_the_largest_length_takes_no_memory_ahead() -> io::Result<()> {
    let bytes = [&(256_u32 << 10).to_be_bytes()[..], &[0x41; 64]].concat();
    face("ConnectTimeout 2", after_version(bytes))?.assert_refused();
    Ok(())
}

#[test]
fn padding_longer_than_its_packet_is_refused() -> io::Result<()> {
    for padding in [0_u8, 3, 12, 13, 200, 255] {
        let bytes = [&12_u32.to_be_bytes()[..], &[padding], &[message::KEXINIT; 11]].concat();
        face("", after_version(bytes))?.assert_refused();
    }
    Ok(())
}

#[test]
fn an_offer_cut_at_any_field_is_refused() -> io::Result<()> {
    let whole = Handshake::offer();
    for length in 0..whole.bytes().len() {
        let cut = Payload::empty().raw(&whole.bytes()[..length]);
        let outcome = face("", move |wire| {
            wire.write(format!("{VERSION}\r\n"))?;
            wire.send(&cut)?;
            wire.hang_up()
        })?;
        outcome.assert_refused();
    }
    Ok(())
}

#[test]
fn an_offer_we_cannot_meet_is_shown_without_its_control_bytes() -> io::Result<()> {
    for list in [&b"\x1b[2Jnone\x07,\x9b31m"[..], b"one,two\nthree", b"", b",", b",,,,", b"\xff\xfe"] {
        for changed in [0, 1, 3] {
            let offer = offer_with(changed, list);
            let line = face("", move |wire| {
                wire.write(format!("{VERSION}\r\n"))?;
                wire.send(&offer)?;
                wire.hang_up()
            })?
            .assert_refused();
            assert!(!line.lines().any(|line| line.starts_with("three")), "a forged line: {line}");
        }
    }
    Ok(())
}

#[test]
fn an_offer_of_very_long_lists_is_refused() -> io::Result<()> {
    for changed in 0..10 {
        let offer = offer_with(changed, &b"a-name,".repeat(33_000));
        face("", move |wire| {
            wire.write(format!("{VERSION}\r\n"))?;
            wire.send(&offer)?;
            wire.hang_up()
        })?
        .assert_failed();
    }
    Ok(())
}

#[test]
fn a_list_length_past_the_packet_is_refused() -> io::Result<()> {
    for length in [1_u32, 1 << 16, 1 << 31, u32::MAX] {
        let offer = Payload::new(message::KEXINIT).raw([7; 16]).number(length);
        face("", move |wire| {
            wire.write(format!("{VERSION}\r\n"))?;
            wire.send(&offer)?;
            wire.hang_up()
        })?
        .assert_refused();
    }
    Ok(())
}

#[test]
fn messages_of_other_phases_are_refused() -> io::Result<()> {
    let session = Payload::new(message::CHANNEL_DATA).number(0).string("early");
    let open = Payload::new(message::CHANNEL_OPEN).string("session").number(0).number(1).number(1);
    for early in [
        Payload::new(message::USERAUTH_SUCCESS),
        Payload::new(message::NEWKEYS),
        Payload::new(message::ECDH_REPLY),
        Payload::new(message::SERVICE_ACCEPT).string("ssh-userauth"),
        session,
        open,
        Payload::new(255),
        Payload::empty(),
    ] {
        face("", move |wire| {
            let mut handshake = Handshake::begin(wire)?;
            handshake.negotiate(wire)?;
            wire.send(&early)?;
            wire.hang_up()
        })?
        .assert_refused();
    }
    Ok(())
}

#[test]
fn a_key_exchange_reply_cut_anywhere_is_refused() -> io::Result<()> {
    let length = 51 + 4 + 36 + 4 + 83 + 1;
    for cut in 0..length {
        face("", move |wire| {
            let mut handshake = Handshake::begin(wire)?;
            handshake.negotiate(wire)?;
            let (reply, _) = handshake.answer(wire)?;
            wire.send(&reply.bytes()[..cut.min(reply.bytes().len() - 1)])?;
            wire.hang_up()
        })?
        .assert_refused();
    }
    Ok(())
}

#[test]
fn a_signature_of_another_exchange_is_refused() -> io::Result<()> {
    let line = face("", |wire| {
        let mut handshake = Handshake::begin(wire)?;
        handshake.negotiate(wire)?;
        let (reply, _) = handshake.answer(wire)?;
        let mut fields = Fields::of(reply.bytes());
        let forged = Payload::new(message::ECDH_REPLY)
            .string(fields.string())
            .string(fields.string())
            .string(HostKey::numbered(1)?.sign(b"something else"));
        wire.send(forged)?;
        wire.hang_up()
    })?
    .assert_refused();
    assert!(says(&line, &["signature"]), "{line}");
    Ok(())
}

#[test]
fn points_that_give_no_secret_are_refused() -> io::Result<()> {
    let one = [&[1][..], &[0; 31]].concat();
    for point in [vec![0; 32], one, Vec::new(), vec![9; 31], vec![9; 33], vec![9; 60_000]] {
        face("", move |wire| {
            let mut handshake = Handshake::begin(wire)?;
            handshake.negotiate(wire)?;
            let (reply, _) = handshake.answer(wire)?;
            let mut fields = Fields::of(reply.bytes());
            let (key, _, signature) = (fields.string(), fields.string(), fields.string());
            wire.send(Payload::new(message::ECDH_REPLY).string(key).string(&point).string(signature))?;
            wire.hang_up()
        })?
        .assert_refused();
    }
    Ok(())
}

#[test]
fn host_keys_that_are_none_are_refused() -> io::Result<()> {
    let kind = Payload::empty().string("ssh-ed25519");
    let rsa = Payload::empty().string("ssh-rsa").string([1, 0, 1]).string([0x7f; 8192]);
    for key in [
        Payload::empty(),
        Payload::empty().number(u32::MAX),
        kind.clone(),
        kind.clone().string([0; 31]),
        kind.clone().string([0xff; 32]),
        kind.clone().string(vec![1; 100_000]),
        kind.number(32),
        Payload::empty().string("ssh-ed448").string([1; 57]),
        Payload::empty().string("\x1b[2Jnone").string([1; 57]),
        rsa,
    ] {
        face("", move |wire| {
            let mut handshake = Handshake::begin(wire)?;
            handshake.negotiate(wire)?;
            let (reply, _) = handshake.answer(wire)?;
            let mut fields = Fields::of(reply.bytes());
            let (_, point, signature) = (fields.string(), fields.string(), fields.string());
            wire.send(Payload::new(message::ECDH_REPLY).string(&key).string(point).string(signature))?;
            wire.hang_up()
        })?
        .assert_failed();
    }
    Ok(())
}

#[test]
fn what_a_server_says_on_leaving_is_escaped() -> io::Result<()> {
    let reason = "go away\x1b[2J\x1b]0;owned\x07\r\nHost key verification succeeded\u{9b}31m";
    let bye = Payload::new(message::DISCONNECT).number(2).string(reason).string("");
    let lines = face("", move |wire| {
        Handshake::begin(wire)?;
        wire.send(&bye)?;
        wire.hang_up()
    })?
    .assert_failed();
    assert!(says(&lines.join("\n"), &["go away"]), "{lines:?}");
    assert!(!lines.iter().any(|line| line.starts_with("Host key")), "a forged line: {lines:?}");
    Ok(())
}

#[test]
fn a_farewell_cut_anywhere_is_refused() -> io::Result<()> {
    let bye = Payload::new(message::DISCONNECT).number(2).string("go away").string("");
    for length in 0..bye.bytes().len() {
        let cut = Payload::empty().raw(&bye.bytes()[..length]);
        face("", move |wire| {
            Handshake::begin(wire)?;
            wire.send(&cut)?;
            wire.hang_up()
        })?
        .assert_failed();
    }
    Ok(())
}

#[test]
fn a_second_key_exchange_that_never_ends_holds_nothing_up_for_ever() -> io::Result<()> {
    let outcome = face("ServerAliveInterval 1\nServerAliveCountMax 2", |wire| {
        let mut handshake = Handshake::complete(wire)?;
        Session::authenticate(wire)?;
        let session = Session::open(wire)?;
        session.start(wire)?;
        handshake.negotiate(wire)?;
        wire.stall()
    })?;
    outcome.assert_refused();
    Ok(())
}

#[test]
fn key_exchange_after_key_exchange_is_followed() -> io::Result<()> {
    face("", |wire| {
        let mut handshake = Handshake::complete(wire)?;
        Session::authenticate(wire)?;
        let session = Session::open(wire)?;
        session.start(wire)?;
        for _ in 0..50 {
            handshake.exchange(wire)?;
        }
        session.finish(wire)
    })?
    .assert_served();
    Ok(())
}
