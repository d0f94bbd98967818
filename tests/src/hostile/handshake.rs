//! Versions and key exchange (RFC 4253, sections 4.2, 7 and 8; RFC 8731), a step at a time.

use std::io;

use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::rand::SystemRandom;

use super::algorithm::{Cipher, HostKey, hash, refused};
use super::packet::{Fields, Payload, message};
use super::wire::Wire;

/// What our servers call themselves.
pub const VERSION: &str = "SSH-2.0-OpenSSH_9.2p1";

/// What both sides have said so far; the exchange hash is made of it.
pub struct Handshake {
    key: HostKey,
    our_version: String,
    their_version: Vec<u8>,
    our_offer: Payload,
    their_offer: Vec<u8>,
    session_id: Option<Vec<u8>>,
}

impl Handshake {
    /// Sends our version and reads the client's.
    pub fn begin(wire: &mut Wire) -> io::Result<Self> {
        Self::begin_as(wire, VERSION)
    }

    /// The same under another version.
    pub fn begin_as(wire: &mut Wire, version: &str) -> io::Result<Self> {
        wire.write(format!("{version}\r\n"))?;
        Ok(Self {
            key: HostKey::numbered(1)?,
            our_version: version.into(),
            their_version: wire.receive_line()?,
            our_offer: Self::offer(),
            their_offer: Vec::new(),
            session_id: None,
        })
    }

    /// Versions and key exchange in one go.
    pub fn complete(wire: &mut Wire) -> io::Result<Self> {
        let mut handshake = Self::begin(wire)?;
        handshake.exchange(wire)?;
        Ok(handshake)
    }

    /// Our KEXINIT: one name of each kind.
    #[must_use]
    pub fn offer() -> Payload {
        Self::offer_compressing("none")
    }

    /// The same with another compression.
    #[must_use]
    pub fn offer_compressing(compression: &str) -> Payload {
        let (cipher, mac) = ("aes128-gcm@openssh.com", "hmac-sha2-256");
        let names = ["curve25519-sha256", "ssh-ed25519", cipher, cipher, mac, mac, compression, compression, "", ""];
        let offer = Payload::new(message::KEXINIT).raw([7; 16]);
        names.iter().fold(offer, Payload::string).flag(false).number(0)
    }

    /// Has this sent in place of [`Handshake::offer`].
    #[must_use]
    pub fn offering(mut self, offer: Payload) -> Self {
        self.our_offer = offer;
        self
    }

    /// Sends our KEXINIT, reads the client's.
    pub fn negotiate(&mut self, wire: &mut Wire) -> io::Result<()> {
        wire.send(&self.our_offer)?;
        self.their_offer = wire.receive_message(message::KEXINIT)?;
        Ok(())
    }

    /// Reads the client's ECDH_INIT; gives our reply and the keys to use after it, but sends nothing.
    pub fn answer(&mut self, wire: &mut Wire) -> io::Result<(Payload, Keys)> {
        let init = wire.receive_message(message::ECDH_INIT)?;
        let theirs = Fields::of(&init).string();
        let random = SystemRandom::new();
        let secret = EphemeralPrivateKey::generate(&X25519, &random).map_err(refused)?;
        let ours = secret.compute_public_key().map_err(refused)?;
        let peer = UnparsedPublicKey::new(&X25519, theirs);
        let shared = agree_ephemeral(secret, &peer, |shared| Payload::empty().positive(shared)).map_err(refused)?;
        let transcript = Payload::empty()
            .string(&self.their_version)
            .string(&self.our_version)
            .string(&self.their_offer)
            .string(&self.our_offer)
            .string(self.key.blob())
            .string(theirs)
            .string(ours.as_ref())
            .raw(&shared);
        let exchange = hash(transcript.bytes());
        let reply = Payload::new(message::ECDH_REPLY)
            .string(self.key.blob())
            .string(ours.as_ref())
            .string(self.key.sign(&exchange));
        let session_id = self.session_id.get_or_insert_with(|| exchange.clone()).clone();
        let keys = Keys { shared, exchange, session_id };
        Ok((reply, keys))
    }

    /// The rest of a key exchange after the versions, properly; and again whenever keys are to be renewed.
    pub fn exchange(&mut self, wire: &mut Wire) -> io::Result<()> {
        self.negotiate(wire)?;
        let (reply, keys) = self.answer(wire)?;
        wire.send(reply)?;
        wire.send(Payload::new(message::NEWKEYS))?;
        wire.receive_message(message::NEWKEYS)?;
        keys.apply(wire)
    }
}

/// What keys are derived from (RFC 4253, section 7.2).
pub struct Keys {
    shared: Payload,
    exchange: Vec<u8>,
    session_id: Vec<u8>,
}

impl Keys {
    fn derive(&self, letter: u8) -> Vec<u8> {
        let seed = self.shared.clone().raw(&self.exchange).byte(letter).raw(&self.session_id);
        hash(seed.bytes())
    }

    /// Begins to use them in both directions.
    pub fn apply(&self, wire: &mut Wire) -> io::Result<()> {
        let opening = Cipher::new(&self.derive(b'C'), &self.derive(b'A'))?;
        let sealing = Cipher::new(&self.derive(b'D'), &self.derive(b'B'))?;
        wire.set_keys(sealing, opening);
        Ok(())
    }
}
