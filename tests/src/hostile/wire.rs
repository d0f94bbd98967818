//! The binary packet protocol (RFC 4253, section 6) over TCP, with every corner in reach.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use super::algorithm::{Cipher, TAG};

/// How long a script waits for its client before it gives up; longer than any client under test may live.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a flood waits for a client that does not read. One that is slow opens a full window again only when it is through a
/// sixteenth of it, and kernels of today let a window grow to 32 MiB.
const STUCK: Duration = Duration::from_secs(6);
/// A flood is over after so many bytes: in small messages a client that is not optimised is seconds behind then.
const FLOOD: u64 = 8 << 20;
/// The largest packet a script takes from a client.
const MOST: u32 = 1 << 20;

/// One connection.
pub struct Wire {
    stream: TcpStream,
    sealing: Option<Cipher>,
    opening: Option<Cipher>,
    written: u64,
    damage: Option<Damage>,
}

/// What happens to the bytes of a server on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// The line ends before the byte with this number.
    Cut(u64),
    /// The lowest bit of the byte with this number is turned over.
    Flip(u64),
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, sealing: None, opening: None, written: 0, damage: None })
    }

    /// The bytes of a packet, sealed if keys are in use. A sealed packet has to be sent: it has used up a nonce.
    pub fn packet(&mut self, payload: impl AsRef<[u8]>) -> io::Result<Vec<u8>> {
        let payload = payload.as_ref();
        // A sealed packet's length does not count towards the block (RFC 5647, section 7.2).
        let unaligned = payload.len() + if self.sealing.is_some() { 1 } else { 5 };
        let padding = 4 + (32 - (unaligned + 4) % 16) % 16;
        let body = [&[padding as u8], payload, &vec![0; padding]].concat();
        let length = u32::try_from(body.len()).map_err(io::Error::other)?.to_be_bytes();
        match &mut self.sealing {
            Some(cipher) => cipher.seal(length, body),
            None => Ok([length.as_slice(), &body].concat()),
        }
    }

    /// Sends a packet.
    pub fn send(&mut self, payload: impl AsRef<[u8]>) -> io::Result<()> {
        let packet = self.packet(payload)?;
        self.write(&packet)
    }

    /// Sends `count` packets in as few writes as is sensible.
    pub fn flood(&mut self, payload: impl AsRef<[u8]>, count: usize) -> io::Result<()> {
        let payload = payload.as_ref();
        let batch = (64 << 10) / (payload.len() + 32) + 1;
        let mut left = count;
        while left > 0 {
            let mut bytes = Vec::new();
            for _ in 0..left.min(batch) {
                bytes.extend(self.packet(payload)?);
            }
            self.write(&bytes)?;
            left = left.saturating_sub(batch);
        }
        Ok(())
    }

    /// Sends the same packet until `time` is over. An error: the client went away, or has stopped reading for a while,
    /// and there is no way to go on, since part of a packet may have been sent.
    pub fn flood_for(&mut self, payload: impl AsRef<[u8]>, time: Duration) -> io::Result<()> {
        let payload = payload.as_ref();
        let (end, enough) = (Instant::now() + time, self.written + FLOOD);
        self.stream.set_write_timeout(Some(STUCK))?;
        while Instant::now() < end && self.written < enough {
            self.flood(payload, 64)?;
        }
        self.stream.set_write_timeout(Some(PATIENCE))
    }

    /// Sends bytes as they are.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let bytes = bytes.as_ref();
        let start = self.written;
        self.written += bytes.len() as u64;
        let within = |at: u64| (start..self.written).contains(&at).then(|| (at - start) as usize);
        match self.damage {
            Some(Damage::Cut(at)) if at < self.written => {
                self.stream.write_all(&bytes[..within(at).unwrap_or(0)])?;
                self.hang_up()?;
                Err(io::ErrorKind::BrokenPipe.into())
            }
            Some(Damage::Flip(at)) if within(at).is_some() => {
                let mut bytes = bytes.to_vec();
                bytes[(at - start) as usize] ^= 1;
                self.stream.write_all(&bytes)
            }
            _ => self.stream.write_all(bytes),
        }
    }

    /// Has what is sent from now on damaged; bytes are counted from the beginning of the connection.
    pub fn damage(&mut self, damage: Damage) {
        self.damage = Some(damage);
    }

    /// How many bytes were sent so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Receives one packet's payload.
    pub fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let count = u32::from_be_bytes(length);
        if count > MOST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let tag = if self.opening.is_some() { TAG } else { 0 };
        let mut body = vec![0; count as usize + tag];
        self.stream.read_exact(&mut body)?;
        if let Some(cipher) = &mut self.opening {
            body = cipher.open(length, body)?;
        }
        let padding = usize::from(body.first().copied().unwrap_or_default());
        let end = body.len().checked_sub(padding).ok_or(io::ErrorKind::InvalidData)?;
        Ok(body.get(1..end).ok_or(io::ErrorKind::InvalidData)?.to_vec())
    }

    /// Receives until a packet with this message number comes; what comes before it is passed over.
    pub fn receive_message(&mut self, message: u8) -> io::Result<Vec<u8>> {
        loop {
            let payload = self.receive()?;
            if payload.first() == Some(&message) {
                return Ok(payload);
            }
        }
    }

    /// Receives a line, without its end.
    pub fn receive_line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        let mut byte = [0];
        loop {
            self.stream.read_exact(&mut byte)?;
            match byte[0] {
                b'\n' => return Ok(line.strip_suffix(b"\r").unwrap_or(&line).to_vec()),
                other => line.push(other),
            }
        }
    }

    /// Reads and drops whatever comes until the client closes its end.
    pub fn drain(&mut self) {
        let mut buffer = vec![0; 64 << 10];
        while matches!(self.stream.read(&mut buffer), Ok(read) if read > 0) {}
    }

    /// Says nothing more, and waits until the client has given up on us.
    pub fn stall(&mut self) -> io::Result<()> {
        self.drain();
        Ok(())
    }

    /// Sends no more, as a half-close, and waits until the client has gone.
    pub fn hang_up(&mut self) -> io::Result<()> {
        let _ = self.stream.shutdown(Shutdown::Write);
        self.drain();
        Ok(())
    }

    /// Begins to seal and to open.
    pub(super) fn set_keys(&mut self, sealing: Cipher, opening: Cipher) {
        self.sealing = Some(sealing);
        self.opening = Some(opening);
    }
}
