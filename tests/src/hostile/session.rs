//! Authentication and one session channel, as an obliging server would do them (RFC 4252, RFC 4254).

use std::io;

use super::handshake::Handshake;
use super::packet::{Fields, Payload, message};
use super::wire::Wire;

/// The window our servers grant.
const WINDOW: u32 = 2 << 20;

/// An open session.
#[derive(Debug, Clone, Copy)]
pub struct Session {
    /// The client's number of the channel.
    pub channel: u32,
    /// The window the client granted.
    pub window: u32,
    /// The largest data the client takes in one message.
    pub packet: u32,
}

impl Session {
    /// Reads the request for the authentication service and accepts it.
    pub fn accept_service(wire: &mut Wire) -> io::Result<()> {
        wire.receive_message(message::SERVICE_REQUEST)?;
        wire.send(Payload::new(message::SERVICE_ACCEPT).string("ssh-userauth"))
    }

    /// Lets in who asks without proof, or with any signature at all.
    pub fn authenticate(wire: &mut Wire) -> io::Result<()> {
        Self::accept_service(wire)?;
        Self::let_in(wire)
    }

    /// The same once the service is accepted.
    pub fn let_in(wire: &mut Wire) -> io::Result<()> {
        loop {
            let request = wire.receive_message(message::USERAUTH_REQUEST)?;
            let mut fields = Fields::of(&request);
            let (_user, _service, method) = (fields.string(), fields.string(), fields.text());
            let answer = match method.as_str() {
                "publickey" if !fields.flag() => {
                    Payload::new(message::USERAUTH_PK_OK).string(fields.string()).string(fields.string())
                }
                _ => Payload::new(message::USERAUTH_SUCCESS),
            };
            wire.send(&answer)?;
            if answer.bytes() == [message::USERAUTH_SUCCESS] {
                return Ok(());
            }
        }
    }

    /// Refuses every method, and says that `methods` might do, until the client gives up.
    pub fn refuse(wire: &mut Wire, methods: &str) -> io::Result<()> {
        Self::accept_service(wire)?;
        loop {
            wire.receive_message(message::USERAUTH_REQUEST)?;
            wire.send(Payload::new(message::USERAUTH_FAILURE).string(methods).flag(false))?;
        }
    }

    /// Reads the client's channel open, and confirms it.
    pub fn open(wire: &mut Wire) -> io::Result<Self> {
        let session = Self::read_open(wire)?;
        wire.send(session.confirmation(WINDOW, 32 << 10))?;
        Ok(session)
    }

    /// Reads the client's channel open, and leaves the answer to the script.
    pub fn read_open(wire: &mut Wire) -> io::Result<Self> {
        let open = wire.receive_message(message::CHANNEL_OPEN)?;
        let mut fields = Fields::of(&open);
        fields.string();
        Ok(Self { channel: fields.number(), window: fields.number(), packet: fields.number() })
    }

    /// The confirmation of the channel, ours being number 0.
    #[must_use]
    pub fn confirmation(&self, window: u32, packet: u32) -> Payload {
        self.to(message::CHANNEL_OPEN_CONFIRMATION).number(0).number(window).number(packet)
    }

    /// Reads requests up to the one that starts a program, and grants them.
    pub fn start(&self, wire: &mut Wire) -> io::Result<()> {
        loop {
            let request = wire.receive_message(message::CHANNEL_REQUEST)?;
            let mut fields = Fields::of(&request);
            let (_channel, kind, want_reply) = (fields.number(), fields.text(), fields.flag());
            if want_reply {
                wire.send(self.to(message::CHANNEL_SUCCESS))?;
            }
            if ["exec", "shell", "subsystem"].contains(&kind.as_str()) {
                return Ok(());
            }
        }
    }

    /// What is left once the client is let in: a session with a program started.
    pub fn begin(wire: &mut Wire) -> io::Result<Self> {
        let session = Self::open(wire)?;
        session.start(wire)?;
        Ok(session)
    }

    /// All of it: versions, keys, authentication, a session with a program started.
    pub fn establish(wire: &mut Wire) -> io::Result<Self> {
        Handshake::complete(wire)?;
        Self::authenticate(wire)?;
        Self::begin(wire)
    }

    /// A message about the client's channel.
    #[must_use]
    pub fn to(&self, message: u8) -> Payload {
        Payload::new(message).number(self.channel)
    }

    /// Standard output.
    #[must_use]
    pub fn data(&self, bytes: impl AsRef<[u8]>) -> Payload {
        self.to(message::CHANNEL_DATA).string(bytes)
    }

    /// `exit-status`.
    #[must_use]
    pub fn exit_status(&self, status: u32) -> Payload {
        self.to(message::CHANNEL_REQUEST).string("exit-status").flag(false).number(status)
    }

    /// Ends the program as it should end: a line of output, status 0, end of file, close.
    pub fn finish(&self, wire: &mut Wire) -> io::Result<()> {
        wire.send(self.data("done\n"))?;
        wire.send(self.exit_status(0))?;
        wire.send(self.to(message::CHANNEL_EOF))?;
        wire.send(self.to(message::CHANNEL_CLOSE))?;
        wire.drain();
        Ok(())
    }
}
