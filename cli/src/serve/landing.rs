//! Where further lanes of a run reach its helper: a socket that has no file, under a name that only the run's sides can know.
//!
//! Whoever comes must be of this account and show the run's key; anybody else is hung up on. What a joining process hands over is
//! its standard input, so nothing is copied on the way. It stays until this process ends, which closes the socket.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use xssh_sync::lanes::{JOINED, Joining, Landing, meeting_place};
use xssh_sync::limits::LANES;

/// A process that joins has this long to say which run it is of.
const PATIENCE: Duration = Duration::from_secs(5);

/// Lanes that have come and were not taken.
#[derive(Debug, Default)]
pub(super) struct Socket(Arc<Mutex<HashMap<u8, Lane>>>);

/// What a joining process read from, and the connection that keeps it there.
#[derive(Debug)]
struct Lane {
    input: File,
    joined: UnixStream,
}

impl Read for Lane {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer)
    }
}

impl Landing for Socket {
    fn expect(&self, key: [u8; 32]) -> io::Result<()> {
        let listener = UnixListener::bind_addr(&address(&key)?)?;
        let lanes = self.0.clone();
        thread::Builder::new().spawn(move || {
            for _ in 0..LANES {
                let Ok((stream, _)) = listener.accept() else { return };
                if let Ok((number, mut lane)) = admit(stream, &key) {
                    // Held until it is there: it may be named as soon as the word is out.
                    let mut lanes = lanes.lock().unwrap_or_else(PoisonError::into_inner);
                    if lane.joined.write_all(JOINED).is_ok() {
                        lanes.insert(number, lane);
                    }
                }
            }
        })?;
        Ok(())
    }

    fn take(&self, number: u8) -> Option<Box<dyn Read + Send>> {
        let lane = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&number)?;
        Some(Box::new(lane))
    }
}

/// Where the helper with this key waits.
pub(super) fn address(key: &[u8; 32]) -> io::Result<SocketAddr> {
    SocketAddr::from_abstract_name(meeting_place(key))
}

/// Takes what a process brings that shows the key.
fn admit(mut stream: UnixStream, key: &[u8; 32]) -> io::Result<(u8, Lane)> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let peer = rustix::net::sockopt::socket_peercred(&stream)?;
    if peer.uid != rustix::process::getuid() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let joining = Joining::read(&mut stream)?;
    if joining.key != *key {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let input = File::from(receive(&stream)?);
    Ok((joining.number, Lane { input, joined: stream }))
}

/// The one descriptor that comes with a byte.
fn receive(stream: &UnixStream) -> io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(stream, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let brought = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    brought.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd as _;

    use super::super::join::hand_over;
    use super::*;

    /// However soon the run's other side makes use of the word, the lane is there.
    #[test]
    fn a_lane_that_was_told_that_it_has_joined_can_be_taken() {
        let own = std::process::id().to_le_bytes();
        for round in 0..100_u32 {
            let (socket, mut key) = (Socket::default(), [7; 32]);
            key[..4].copy_from_slice(&own);
            key[4..8].copy_from_slice(&round.to_le_bytes());
            socket.expect(key).unwrap();
            let mut helper = UnixStream::connect_addr(&address(&key).unwrap()).unwrap();
            Joining { key, number: 3 }.write(&mut helper).unwrap();
            hand_over(&helper, File::open("/dev/null").unwrap().as_fd()).unwrap();
            helper.read_exact(&mut [0; JOINED.len()]).unwrap();
            assert!(socket.take(3).is_some(), "round {round}");
        }
    }
}
