//! Agents that do not keep to PROTOCOL.agent. An agent that is no use is as good as none: the client goes on without it.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use xssh_tests::hostile::{Agent, Handshake, Outcome, Payload, Server, Session, Victim};

/// SSH_AGENT_IDENTITIES_ANSWER and SSH_AGENT_SIGN_RESPONSE.
const IDENTITIES: u8 = 12;
const SIGNATURE: u8 = 14;

/// One client whose only keys are this agent's, at a server that wants a key.
fn face<F>(script: F) -> io::Result<Outcome>
where
    F: Fn(&mut UnixStream) -> io::Result<()> + Send + Sync + 'static,
{
    let server = Server::start(|wire| {
        Handshake::complete(wire)?;
        Session::refuse(wire, "publickey")
    })?;
    face_at(&server, script)
}

fn face_at<F>(server: &Server, script: F) -> io::Result<Outcome>
where
    F: Fn(&mut UnixStream) -> io::Result<()> + Send + Sync + 'static,
{
    let victim = Victim::facing(server.port())?;
    let agent = Agent::start(victim.folder(), script)?;
    let config = format!("IdentityAgent {}\nPreferredAuthentications publickey", agent.path().display());
    victim.with(&config).run()
}

fn request(stream: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut request = vec![0; u32::from_be_bytes(length).min(1 << 20) as usize];
    stream.read_exact(&mut request)?;
    Ok(request)
}

fn answer(stream: &mut UnixStream, message: &Payload) -> io::Result<()> {
    stream.write_all(Payload::empty().string(message).bytes())
}

/// Answers every request with this.
fn always(message: Payload) -> impl Fn(&mut UnixStream) -> io::Result<()> + Send + Sync {
    move |stream| loop {
        request(stream)?;
        answer(stream, &message)?;
    }
}

fn assert_denied(outcome: &Outcome) {
    let lines = outcome.assert_failed().join("\n");
    assert!(lines.contains("Permission denied (publickey)"), "{outcome}");
}

#[test]
fn messages_of_impossible_length_are_not_waited_for() -> io::Result<()> {
    for length in [0_u32, 1 << 20, 1 << 31, u32::MAX] {
        assert_denied(&face(move |stream| {
            request(stream)?;
            stream.write_all(&length.to_be_bytes())?;
            stream.write_all(&[IDENTITIES; 64])
        })?);
    }
    Ok(())
}

#[test]
fn noise_is_no_answer() -> io::Result<()> {
    assert_denied(&face(|stream| {
        request(stream)?;
        stream.write_all(&[0x5a; 100_000])
    })?);
    Ok(())
}

#[test]
fn an_agent_that_hangs_up_is_none() -> io::Result<()> {
    assert_denied(&face(|_| Ok(()))?);
    assert_denied(&face(|stream| {
        request(stream)?;
        Ok(())
    })?);
    Ok(())
}

#[test]
fn answers_cut_anywhere_are_refused() -> io::Result<()> {
    let key = Payload::empty().string("ssh-ed25519").string([7; 32]);
    let whole = Payload::new(IDENTITIES).number(2).string(&key).string("one").string(&key).string("two");
    for length in 0..whole.bytes().len() {
        let cut = Payload::empty().raw(&whole.bytes()[..length]);
        assert_denied(&face(always(cut))?);
    }
    Ok(())
}

#[test]
fn more_keys_than_there_are_is_refused() -> io::Result<()> {
    for count in [1_u32, 1000, 1 << 24, u32::MAX] {
        assert_denied(&face(always(Payload::new(IDENTITIES).number(count)))?);
    }
    Ok(())
}

#[test]
fn keys_that_are_none_are_passed_over() -> io::Result<()> {
    let kind = |name: &str| Payload::empty().string(name);
    for key in [
        Payload::empty(),
        Payload::empty().number(u32::MAX),
        kind("ssh-ed25519"),
        kind("ssh-ed25519").string([1; 5]),
        kind("ssh-rsa").string([1, 0, 1]).string([]),
        kind("ssh-rsa").string([]).string([0xff; 9000]),
        kind("ecdsa-sha2-nistp256").string("nistp256").string([4; 65]),
        kind("ssh-ed25519-cert-v01@openssh.com").string([1; 20]),
        kind("\x1b[2J").string([1; 20]),
    ] {
        let message = Payload::new(IDENTITIES).number(1).string(&key).string("comment \x1b[2J\x07");
        assert_denied(&face(always(message))?);
    }
    Ok(())
}

#[test]
fn two_thousand_keys_are_sound() -> io::Result<()> {
    let message = (0..2000_u32).fold(Payload::new(IDENTITIES).number(2000), |message, number| {
        let key: Vec<u8> = number.to_be_bytes().repeat(8);
        message.string(Payload::empty().string("ssh-ed25519").string(key)).string("key")
    });
    face(always(message))?.assert_failed();
    Ok(())
}

/// It has a key, the server would take it, and then the agent does not sign.
fn face_signing<F>(sign: F) -> io::Result<Outcome>
where
    F: Fn(&mut UnixStream) -> io::Result<()> + Send + Sync + 'static,
{
    use xssh_tests::hostile::{Fields, message};
    let key = Payload::empty().string("ssh-ed25519").string([7; 32]);
    let server = Server::start(|wire| {
        Handshake::complete(wire)?;
        Session::accept_service(wire)?;
        loop {
            let asked = wire.receive_message(message::USERAUTH_REQUEST)?;
            let mut fields = Fields::of(&asked);
            let (_user, _service, method) = (fields.string(), fields.string(), fields.text());
            wire.send(if method == "publickey" && !fields.flag() {
                let accepted = Payload::new(message::USERAUTH_PK_OK);
                accepted.string(fields.string()).string(fields.string())
            } else {
                Payload::new(message::USERAUTH_FAILURE).string("publickey").flag(false)
            })?;
        }
    })?;
    face_at(&server, move |stream| {
        loop {
            // SSH_AGENTC_SIGN_REQUEST
            if request(stream)?.first() == Some(&13) {
                sign(stream)?;
            } else {
                answer(stream, &Payload::new(IDENTITIES).number(1).string(&key).string("key"))?;
            }
        }
    })
}

#[test]
fn signatures_that_are_none_are_refused() -> io::Result<()> {
    for signature in [
        Payload::new(SIGNATURE),
        Payload::new(SIGNATURE).number(u32::MAX),
        Payload::new(SIGNATURE).string(""),
        Payload::new(SIGNATURE).string(Payload::empty().string("ssh-ed25519").string([1; 3])),
        Payload::new(SIGNATURE).string(vec![1; 200_000]),
        Payload::new(5),
        Payload::new(99),
        Payload::empty(),
    ] {
        face_signing(move |stream| answer(stream, &signature))?.assert_failed();
    }
    Ok(())
}

#[test]
fn an_agent_that_goes_away_when_it_is_to_sign_is_sound() -> io::Result<()> {
    face_signing(|_| Err(io::ErrorKind::BrokenPipe.into()))?.assert_failed();
    Ok(())
}

/// ssh-agent may wait for a person before it signs, so signing is waited for. Listing its keys is not worth a long wait.
#[test]
fn an_agent_that_never_answers_is_given_up() -> io::Result<()> {
    let server = Server::start(|wire| {
        Handshake::complete(wire)?;
        Session::refuse(wire, "publickey")
    })?;
    let victim = Victim::facing(server.port())?.patience(Duration::from_secs(40));
    let agent = Agent::start(victim.folder(), |stream| {
        request(stream)?;
        stream.read_to_end(&mut Vec::new()).map(|_| ())
    })?;
    victim.with(&format!("IdentityAgent {}", agent.path().display())).run()?.assert_failed();
    Ok(())
}
