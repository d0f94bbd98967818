//! A good server on a bad line: cut anywhere, and with a bit turned over anywhere.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use xssh_tests::hostile::{Damage, Handshake, Server, Session, Victim, Wire};

use crate::{face, says};

/// How many bytes an obliging server sends: up to the end of key exchange, and in all.
fn lengths() -> io::Result<(u64, u64)> {
    let lengths = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
    let seen = lengths.clone();
    face("", move |wire| {
        Handshake::complete(wire)?;
        seen[0].store(wire.written(), Ordering::Relaxed);
        Session::authenticate(wire)?;
        let ending = Session::begin(wire)?.finish(wire);
        seen[1].store(wire.written(), Ordering::Relaxed);
        ending
    })?
    .assert_served();
    Ok((lengths[0].load(Ordering::Relaxed), lengths[1].load(Ordering::Relaxed)))
}

/// A server whose line is damaged at one place after the other, connection by connection.
fn damaged(first: u64, damage: fn(u64) -> Damage) -> io::Result<Server> {
    let next = AtomicU64::new(first);
    Server::start(move |wire: &mut Wire| {
        wire.damage(damage(next.fetch_add(1, Ordering::Relaxed)));
        Session::establish(wire)?.finish(wire)
    })
}

#[test]
fn a_line_cut_anywhere_is_a_failure() -> io::Result<()> {
    let (_, all) = lengths()?;
    let server = damaged(0, Damage::Cut)?;
    let victim = Victim::facing(server.port())?;
    for at in 0..all {
        let outcome = victim.run()?;
        outcome.assert_sound();
        let over = outcome.code == Some(255) || outcome.stdout.bytes == b"done\n";
        assert!(over, "cut at {at} of {all}: {outcome}");
        if outcome.stdout.length == 0 {
            outcome.assert_refused();
        }
    }
    Ok(())
}

/// The words that OpenSSH's own integrity test looks for.
#[test]
fn a_bit_turned_over_anywhere_in_sealed_packets_is_found() -> io::Result<()> {
    let (clear, all) = lengths()?;
    let server = damaged(clear, Damage::Flip)?;
    let victim = Victim::facing(server.port())?.with("ConnectTimeout 2\nServerAliveInterval 1\nServerAliveCountMax 1");
    for at in clear..all {
        let outcome = victim.run()?;
        outcome.assert_sound();
        if outcome.stdout.bytes == b"done\n" {
            // What comes after the data and the status is damaged: nothing that was used.
            continue;
        }
        let line = outcome.assert_failed().join("\n");
        // A length that became larger is waited for.
        let words = [
            "Corrupted MAC",
            "Bad packet",
            "message authentication code incorrect",
            "imeout",
            "imed out",
            "has not answered",
        ];
        assert!(says(&line, &words), "bit turned over at {at} of {all}: {outcome}");
    }
    Ok(())
}

/// Before there are keys nothing can be told for sure until the signature; but nothing may get through it.
#[test]
fn a_bit_turned_over_anywhere_before_the_keys_is_never_believed() -> io::Result<()> {
    let (clear, _) = lengths()?;
    let server = damaged(0, Damage::Flip)?;
    let victim = Victim::facing(server.port())?.with("ConnectTimeout 1\nServerAliveInterval 1\nServerAliveCountMax 1");
    for at in 0..clear {
        let outcome = victim.run()?;
        outcome.assert_sound();
        // Padding, and the cookie of another's offer, are covered by nothing that RFC 4253 has checked before the keys;
        // the cookie is part of what is signed, padding is not.
        assert!(outcome.code == Some(255) || outcome.stdout.bytes == b"done\n", "at {at} of {clear}: {outcome}");
    }
    Ok(())
}
