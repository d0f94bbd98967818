//! Before and in the version line (RFC 4253, section 4.2).

use std::io;
use std::time::Duration;

use xssh_tests::hostile::{Handshake, Session, Wire};

use crate::{face, says};

fn rest_of_a_session(wire: &mut Wire, mut handshake: Handshake) -> io::Result<()> {
    handshake.exchange(wire)?;
    Session::authenticate(wire)?;
    let session = Session::open(wire)?;
    session.start(wire)?;
    session.finish(wire)
}

#[test]
fn an_obliging_server_is_served() -> io::Result<()> {
    face("", |wire| Session::establish(wire)?.finish(wire))?.assert_served();
    Ok(())
}

#[test]
fn nothing_at_all_is_a_closed_connection() -> io::Result<()> {
    let line = face("", Wire::hang_up)?.assert_refused();
    assert!(says(&line, &["Connection closed by"]), "{line}");
    Ok(())
}

#[test]
fn a_version_cut_short_is_a_closed_connection() -> io::Result<()> {
    face("", |wire| {
        wire.write("SSH-2.0-Open")?;
        wire.hang_up()
    })?
    .assert_refused();
    Ok(())
}

#[test]
fn noise_is_not_taken_for_a_version() -> io::Result<()> {
    let noise: Vec<u8> = (0..65536_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    face("", move |wire| {
        wire.write(&noise)?;
        wire.hang_up()
    })?
    .assert_refused();
    Ok(())
}

#[test]
fn zeros_are_not_taken_for_a_version() -> io::Result<()> {
    face("", |wire| {
        wire.write([0; 4096])?;
        wire.hang_up()
    })?
    .assert_refused();
    Ok(())
}

#[test]
fn a_web_server_is_named_or_refused() -> io::Result<()> {
    face("", |wire| {
        wire.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
        wire.hang_up()
    })?
    .assert_refused();
    Ok(())
}

#[test]
fn lines_before_the_version_end_somewhere() -> io::Result<()> {
    let outcome = face("", |wire| {
        loop {
            wire.write("not yet\r\n".repeat(512))?;
        }
    })?;
    outcome.assert_refused();
    assert!(outcome.wall < Duration::from_secs(10), "{outcome}");
    Ok(())
}

#[test]
fn a_line_before_the_version_ends_somewhere() -> io::Result<()> {
    let outcome = face("", |wire| {
        loop {
            wire.write([b'x'; 4096])?;
        }
    })?;
    outcome.assert_refused();
    assert!(outcome.wall < Duration::from_secs(10), "{outcome}");
    Ok(())
}

#[test]
fn some_lines_before_the_version_are_passed_over() -> io::Result<()> {
    face("", |wire| {
        wire.write("Welcome\r\nto \x1b[31mthis\x07 host\r\n\r\n")?;
        let handshake = Handshake::begin(wire)?;
        rest_of_a_session(wire, handshake)
    })?
    .assert_served();
    Ok(())
}

#[test]
fn an_endless_version_is_refused() -> io::Result<()> {
    face("", |wire| {
        wire.write("SSH-2.0-")?;
        loop {
            wire.write([b'x'; 4096])?;
        }
    })?
    .assert_refused();
    Ok(())
}

#[test]
fn control_bytes_in_the_version_never_reach_stderr() -> io::Result<()> {
    let outcome = face("LogLevel DEBUG3", |wire| {
        wire.write("SSH-2.0-\x1b]0;owned\x07\x1b[2J\x7f\r\n")?;
        wire.hang_up()
    })?;
    outcome.assert_failed();
    Ok(())
}

#[test]
fn version_one_is_refused() -> io::Result<()> {
    for version in ["SSH-1.5-old", "SSH-1.3-older"] {
        face("", move |wire| Handshake::begin_as(wire, version).and_then(|_| wire.hang_up()))?.assert_refused();
    }
    Ok(())
}

/// RFC 4253, section 5.1: a server of both ages calls itself 1.99.
#[test]
fn version_1_99_is_version_two() -> io::Result<()> {
    face("", |wire| {
        let handshake = Handshake::begin_as(wire, "SSH-1.99-both")?;
        rest_of_a_session(wire, handshake)
    })?
    .assert_served();
    Ok(())
}

#[test]
fn versions_to_come_are_refused() -> io::Result<()> {
    for version in ["SSH-3.0-future", "SSH-2-short", "SSH--", "SSH-2.0"] {
        face("", move |wire| Handshake::begin_as(wire, version).and_then(|_| wire.hang_up()))?.assert_refused();
    }
    Ok(())
}
