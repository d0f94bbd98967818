//! From the request for the authentication service to success (RFC 4252, RFC 4256, RFC 8308).

use std::io;
use std::time::Duration;

use xssh_tests::hostile::{Handshake, Outcome, Payload, Server, Session, Victim, Wire, message};

use crate::{face, says};

fn banner(text: &str) -> Payload {
    Payload::new(message::USERAUTH_BANNER).string(text).string("")
}

fn failure(methods: &str, partial: bool) -> Payload {
    Payload::new(message::USERAUTH_FAILURE).string(methods).flag(partial)
}

/// For servers that never answer as they should.
const BOUNDS: &str = "ServerAliveInterval 1\nServerAliveCountMax 2";

/// Keys, service, the first request for authentication; then the script.
fn first_request(wire: &mut Wire) -> io::Result<()> {
    Handshake::complete(wire)?;
    Session::accept_service(wire)?;
    wire.receive_message(message::USERAUTH_REQUEST)?;
    Ok(())
}

/// Lets keyboard-interactive be asked for, and answers each request of it with this.
fn interrogate(request: Payload) -> impl Fn(&mut Wire) -> io::Result<()> + Send + Sync {
    move |wire| {
        first_request(wire)?;
        wire.send(failure("keyboard-interactive", false))?;
        wire.receive_message(message::USERAUTH_REQUEST)?;
        wire.send(&request)?;
        loop {
            let answer = wire.receive()?;
            wire.send(match answer.first() {
                Some(&message::USERAUTH_REQUEST) => failure("keyboard-interactive", false),
                _ => request.clone(),
            })?;
        }
    }
}

/// One client that may be asked, and its questions.
fn ask<F>(config: &str, script: F) -> io::Result<(Outcome, Vec<Vec<u8>>)>
where
    F: Fn(&mut Wire) -> io::Result<()> + Send + Sync + 'static,
{
    let server = Server::start(script)?;
    let victim = Victim::facing(server.port())?.answering("secret")?.with(config);
    let outcome = victim.run()?;
    Ok((outcome, victim.questions()))
}

fn info_request(prompts: u32) -> Payload {
    Payload::new(message::USERAUTH_INFO_REQUEST).string("").string("").string("").number(prompts)
}

#[test]
fn a_banner_is_shown_without_its_control_bytes() -> io::Result<()> {
    let text = "hello\x1b[2J\x1b]0;owned\x07\x08\x7f\u{9b}31m\r\nworld\n";
    let outcome = face("", move |wire| {
        Handshake::complete(wire)?;
        Session::accept_service(wire)?;
        wire.send(banner(text))?;
        Session::let_in(wire)?;
        Session::begin(wire)?.finish(wire)
    })?;
    outcome.assert_served();
    let shown = outcome.stderr.text();
    assert!(shown.contains("hello") && shown.contains("world"), "{outcome}");
    assert!(!shown.contains('\u{9b}'), "a C1 control character: {outcome}");
    Ok(())
}

#[test]
fn a_banner_that_is_not_text_is_sound() -> io::Result<()> {
    face("", move |wire| {
        Handshake::complete(wire)?;
        Session::accept_service(wire)?;
        let noise: Vec<u8> = (0..=255).collect();
        wire.send(Payload::new(message::USERAUTH_BANNER).string(noise).string("\x1b"))?;
        Session::let_in(wire)?;
        Session::begin(wire)?.finish(wire)
    })?
    .assert_served_or_failed();
    Ok(())
}

#[test]
fn a_very_long_banner_is_sound() -> io::Result<()> {
    face("", move |wire| {
        Handshake::complete(wire)?;
        Session::accept_service(wire)?;
        wire.send(banner(&"long ".repeat(40_000)))?;
        Session::let_in(wire)?;
        Session::begin(wire)?.finish(wire)
    })?
    .assert_served_or_failed();
    Ok(())
}

#[test]
fn banners_end_somewhere() -> io::Result<()> {
    let outcome = face("", move |wire| {
        Handshake::complete(wire)?;
        Session::accept_service(wire)?;
        wire.flood_for(banner("again and again\n"), Duration::from_secs(60))
    })?;
    outcome.assert_failed();
    assert!(outcome.stderr.length < 4 << 20, "{outcome}");
    Ok(())
}

#[test]
fn methods_that_are_refused_are_named_without_control_bytes() -> io::Result<()> {
    let line = face("", |wire| {
        Handshake::complete(wire)?;
        Session::refuse(wire, "publickey,\x1b[2Jowned\x07\nHost key verified")
    })?
    .assert_failed();
    assert!(says(&line.join("\n"), &["Permission denied (publickey"]), "{line:?}");
    assert!(!line.iter().any(|line| line.starts_with("Host key")), "a forged line: {line:?}");
    Ok(())
}

#[test]
fn odd_lists_of_methods_are_refused() -> io::Result<()> {
    for methods in ["", ",", ",,,,publickey,,", &"publickey,".repeat(20_000), "none", "hostbased"] {
        let methods = methods.to_owned();
        face("", move |wire| {
            Handshake::complete(wire)?;
            Session::refuse(wire, &methods)
        })?
        .assert_failed();
    }
    Ok(())
}

#[test]
fn partial_success_for_ever_is_given_up() -> io::Result<()> {
    let server = Server::start(|wire| {
        first_request(wire)?;
        loop {
            wire.send(failure("publickey,password,keyboard-interactive", true))?;
            wire.receive_message(message::USERAUTH_REQUEST)?;
        }
    })?;
    let victim = Victim::facing(server.port())?.with_key()?.answering("secret")?;
    victim.run()?.assert_failed();
    Ok(())
}

#[test]
fn failures_nobody_asked_for_are_sound() -> io::Result<()> {
    face("", |wire| {
        first_request(wire)?;
        wire.flood(failure("publickey", false), 10_000)?;
        wire.hang_up()
    })?
    .assert_failed();
    Ok(())
}

#[test]
fn a_failure_cut_anywhere_is_refused() -> io::Result<()> {
    let whole = failure("publickey", false);
    for length in 0..whole.bytes().len() {
        let cut = Payload::empty().raw(&whole.bytes()[..length]);
        face("", move |wire| {
            first_request(wire)?;
            wire.send(&cut)?;
            wire.hang_up()
        })?
        .assert_failed();
    }
    Ok(())
}

#[test]
fn another_service_than_the_one_asked_for_is_refused() -> io::Result<()> {
    for service in ["ssh-connection", "", "\x1b[2J"] {
        face(BOUNDS, move |wire| {
            Handshake::complete(wire)?;
            wire.receive_message(message::SERVICE_REQUEST)?;
            wire.send(Payload::new(message::SERVICE_ACCEPT).string(service))?;
            Session::let_in(wire)?;
            Session::begin(wire)?.finish(wire)
        })?
        .assert_served_or_failed();
    }
    Ok(())
}

#[test]
fn success_nobody_asked_for_is_sound() -> io::Result<()> {
    face("", |wire| {
        Handshake::complete(wire)?;
        wire.send(Payload::new(message::USERAUTH_SUCCESS))?;
        Session::begin(wire)?.finish(wire)
    })?
    .assert_served_or_failed();
    Ok(())
}

#[test]
fn a_goodbye_during_authentication_is_told() -> io::Result<()> {
    let lines = face("", |wire| {
        first_request(wire)?;
        wire.send(Payload::new(message::DISCONNECT).number(2).string("Too many \x1b[31mfailures").string(""))?;
        wire.hang_up()
    })?
    .assert_failed();
    assert!(says(&lines.join("\n"), &["Too many"]), "{lines:?}");
    Ok(())
}

#[test]
fn ten_thousand_prompts_are_not_asked() -> io::Result<()> {
    let request = (0..10_000).fold(info_request(10_000), |request, _| request.string("x").flag(false));
    let (outcome, questions) = ask("PreferredAuthentications keyboard-interactive", interrogate(request))?;
    outcome.assert_failed();
    assert!(questions.len() < 1000, "it asked {} times", questions.len());
    Ok(())
}

#[test]
fn more_prompts_than_there_are_is_refused() -> io::Result<()> {
    for prompts in [1_u32, 1000, 1 << 24, u32::MAX] {
        let (outcome, _) = ask("PreferredAuthentications keyboard-interactive", interrogate(info_request(prompts)))?;
        outcome.assert_failed();
    }
    Ok(())
}

/// RFC 4256, section 3.2, allows a request without prompts; and then?
#[test]
fn requests_without_prompts_end_somewhere() -> io::Result<()> {
    let (outcome, _) = ask("PreferredAuthentications keyboard-interactive", interrogate(info_request(0)))?;
    outcome.assert_failed();
    Ok(())
}

#[test]
fn a_request_for_information_cut_anywhere_is_refused() -> io::Result<()> {
    let whole = info_request(1).string("Password:").flag(false);
    for length in 1..whole.bytes().len() {
        let cut = Payload::empty().raw(&whole.bytes()[..length]);
        let (outcome, _) = ask("PreferredAuthentications keyboard-interactive", interrogate(cut))?;
        outcome.assert_failed();
    }
    Ok(())
}

#[test]
fn questions_are_shown_without_their_control_bytes() -> io::Result<()> {
    let request = Payload::new(message::USERAUTH_INFO_REQUEST)
        .string("name\x1b[2J")
        .string("instruction\x1b]0;owned\x07")
        .string("")
        .number(1)
        .string("Password\x1b[8m\x07:")
        .flag(false);
    let (outcome, questions) = ask("PreferredAuthentications keyboard-interactive", interrogate(request))?;
    outcome.assert_failed();
    assert!(!questions.is_empty(), "it never asked: {outcome}");
    for question in questions {
        let plain = |byte: &u8| matches!(byte, b'\n' | b'\r' | 0x20..=0x7e);
        assert!(question.iter().all(plain), "{}", question.escape_ascii());
    }
    Ok(())
}

#[test]
fn a_password_is_asked_for_three_times_at_most() -> io::Result<()> {
    let (outcome, questions) = ask("PreferredAuthentications password", |wire| {
        Handshake::complete(wire)?;
        Session::refuse(wire, "password")
    })?;
    outcome.assert_failed();
    assert!((1..=3).contains(&questions.len()), "it asked {} times", questions.len());
    Ok(())
}

#[test]
fn a_password_that_must_always_be_changed_is_given_up() -> io::Result<()> {
    let (outcome, questions) = ask(&format!("PreferredAuthentications password\n{BOUNDS}"), |wire| {
        first_request(wire)?;
        wire.send(failure("password", false))?;
        loop {
            wire.receive_message(message::USERAUTH_REQUEST)?;
            wire.send(Payload::new(message::USERAUTH_PASSWD_CHANGEREQ).string("New\x1b[2J one").string(""))?;
        }
    })?;
    outcome.assert_failed();
    assert!(questions.len() < 100, "it asked {} times", questions.len());
    Ok(())
}

#[test]
fn keys_accepted_that_were_not_offered_are_not_signed_with() -> io::Result<()> {
    for (algorithm, blob) in [("ssh-ed25519", &[1_u8; 51][..]), ("", b""), ("\x1b[2J", &[0xff; 3000])] {
        let server = Server::start(move |wire| {
            first_request(wire)?;
            wire.send(failure("publickey", false))?;
            wire.receive_message(message::USERAUTH_REQUEST)?;
            wire.send(Payload::new(message::USERAUTH_PK_OK).string(algorithm).string(blob))?;
            loop {
                wire.receive_message(message::USERAUTH_REQUEST)?;
                wire.send(failure("publickey", false))?;
            }
        })?;
        Victim::facing(server.port())?.with_key()?.with(BOUNDS).run()?.assert_failed();
    }
    Ok(())
}

#[test]
fn a_key_accepted_again_and_again_is_given_up() -> io::Result<()> {
    let server = Server::start(|wire| {
        first_request(wire)?;
        wire.flood_for(
            Payload::new(message::USERAUTH_PK_OK).string("ssh-ed25519").string([1; 51]),
            Duration::from_secs(60),
        )
    })?;
    Victim::facing(server.port())?.with_key()?.with(BOUNDS).run()?.assert_failed();
    Ok(())
}

/// RFC 8308: counts and lists of the server's making, before anything else that is sealed.
#[test]
fn extensions_that_lie_about_themselves_are_sound() -> io::Result<()> {
    let extensions = |count| Payload::new(message::EXT_INFO).number(count);
    for info in [
        extensions(u32::MAX),
        extensions(1).string("server-sig-algs").number(u32::MAX),
        extensions(1).string("server-sig-algs").string("\x1b[2J,".repeat(30_000)),
        extensions(1).string("server-sig-algs").string([0xff; 300]),
        (0..3000).fold(extensions(3000), |info, _| info.string("x").string("")),
        Payload::new(message::EXT_INFO),
    ] {
        face("LogLevel DEBUG1", move |wire| {
            Handshake::complete(wire)?;
            wire.send(&info)?;
            Session::authenticate(wire)?;
            Session::begin(wire)?.finish(wire)
        })?
        .assert_served_or_failed();
    }
    Ok(())
}
