//! A client that means harm: it speaks SSH properly up to any point, and then does what no client would.

use std::io;
use std::net::{SocketAddr, TcpStream};

use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::rand::SystemRandom;

use super::algorithm::{Cipher, HostKey, hash, refused};
use super::packet::{Fields, Payload, message};
use super::wire::Wire;

/// What it calls itself.
const VERSION: &str = "SSH-2.0-OpenSSH_9.2p1";
/// The one suite it speaks.
const CIPHER: &str = "aes256-gcm@openssh.com";

/// How far it goes properly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// A connection, without a word.
    Connected,
    /// Versions.
    Greeted,
    /// What it would speak is said.
    Negotiated,
    /// Its half of the key exchange is sent.
    Exchanged,
    /// Keys are in use.
    Keyed,
    /// It may log in.
    Served,
    /// It has logged in.
    LoggedIn,
    /// A channel is open: its own number 0, and the server's first.
    Opened,
    /// A command runs on it.
    Running,
    /// Keys are being renewed.
    Renewing,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Self; 10] = [
        Self::Connected,
        Self::Greeted,
        Self::Negotiated,
        Self::Exchanged,
        Self::Keyed,
        Self::Served,
        Self::LoggedIn,
        Self::Opened,
        Self::Running,
        Self::Renewing,
    ];
}

/// One connection of it.
pub struct Client {
    /// All that it says and hears.
    pub wire: Wire,
}

impl Client {
    /// Connects, and goes as far as `stage`. `key` logs in, and `command` is what it asks for.
    pub fn at(stage: Stage, server: SocketAddr, key: &HostKey, command: &str) -> io::Result<Self> {
        let mut client = Self { wire: Wire::new(TcpStream::connect(server)?)? };
        if stage > Stage::Connected {
            client.advance(stage, key, command)?;
        }
        Ok(client)
    }

    fn advance(&mut self, stage: Stage, key: &HostKey, command: &str) -> io::Result<()> {
        let wire = &mut self.wire;
        wire.write(format!("{VERSION}\r\n"))?;
        let server = wire.receive_line()?;
        if stage == Stage::Greeted {
            return Ok(());
        }
        let ours = offer();
        wire.send(&ours)?;
        let theirs = wire.receive_message(message::KEXINIT)?;
        if stage == Stage::Negotiated {
            return Ok(());
        }
        let secret = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).map_err(refused)?;
        let point = secret.compute_public_key().map_err(refused)?;
        wire.send(Payload::new(message::ECDH_INIT).string(point.as_ref()))?;
        if stage == Stage::Exchanged {
            return Ok(());
        }
        let reply = wire.receive_message(message::ECDH_REPLY)?;
        let mut fields = Fields::of(&reply);
        let (host_key, answer) = (fields.string(), fields.string());
        let peer = UnparsedPublicKey::new(&X25519, answer);
        let shared = agree_ephemeral(secret, &peer, |shared| Payload::empty().positive(shared)).map_err(refused)?;
        let transcript = Payload::empty()
            .string(VERSION)
            .string(&server)
            .string(&ours)
            .string(&theirs)
            .string(host_key)
            .string(point.as_ref())
            .string(answer)
            .raw(&shared);
        let session = hash(transcript.bytes());
        wire.send(Payload::new(message::NEWKEYS))?;
        wire.receive_message(message::NEWKEYS)?;
        let derived = |letter: u8| hash(Payload::empty().raw(&shared).raw(&session).byte(letter).raw(&session).bytes());
        wire.set_keys(Cipher::wide(&derived(b'C'), &derived(b'A'))?, Cipher::wide(&derived(b'D'), &derived(b'B'))?);
        if stage == Stage::Keyed {
            return Ok(());
        }
        wire.send(Payload::new(message::SERVICE_REQUEST).string("ssh-userauth"))?;
        wire.receive_message(message::SERVICE_ACCEPT)?;
        if stage == Stage::Served {
            return Ok(());
        }
        wire.send(login(key, &session))?;
        wire.receive_message(message::USERAUTH_SUCCESS)?;
        if stage == Stage::LoggedIn {
            return Ok(());
        }
        wire.send(Self::open("session"))?;
        let confirmed = wire.receive_message(message::CHANNEL_OPEN_CONFIRMATION)?;
        let mut fields = Fields::of(&confirmed);
        let (_, channel) = (fields.number(), fields.number());
        if stage == Stage::Opened {
            return Ok(());
        }
        let request = Payload::new(message::CHANNEL_REQUEST).number(channel).string("exec").flag(true);
        wire.send(request.string(command))?;
        wire.receive_message(message::CHANNEL_SUCCESS)?;
        if stage == Stage::Renewing {
            wire.send(offer())?;
        }
        Ok(())
    }

    /// A channel as a client would open it.
    #[must_use]
    pub fn open(kind: &str) -> Payload {
        Payload::new(message::CHANNEL_OPEN).string(kind).number(0).number(1 << 20).number(32 << 10)
    }

    /// Whether the server answers still: to a request that it does not know, as to any other.
    pub fn is_answered(&mut self) -> bool {
        let asked = Payload::new(message::GLOBAL_REQUEST).string("keepalive@openssh.com").flag(true);
        self.wire.send(asked).is_ok() && self.wire.receive_message(message::REQUEST_FAILURE).is_ok()
    }
}

fn offer() -> Payload {
    let mac = "hmac-sha2-256";
    let names = ["curve25519-sha256", "ssh-ed25519", CIPHER, CIPHER, mac, mac, "none", "none", "", ""];
    let offer = Payload::new(message::KEXINIT).raw([9; 16]);
    names.iter().fold(offer, Payload::string).flag(false).number(0)
}

/// A login by a key (RFC 4252, section 7).
fn login(key: &HostKey, session: &[u8]) -> Payload {
    let request = Payload::new(message::USERAUTH_REQUEST)
        .string("anybody")
        .string("ssh-connection")
        .string("publickey")
        .flag(true)
        .string("ssh-ed25519")
        .string(key.blob());
    let signed = Payload::empty().string(session).raw(&request);
    let signature = key.sign(signed.bytes());
    request.string(signature)
}
