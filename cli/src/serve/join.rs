//! `xssh serve --sync-join`: a further lane of a run. It hands its standard input to the run's helper and stays as long as that.

use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use xssh_sync::lanes::{JOINED, Joining};

use super::landing::address;
use crate::words;

/// Joins the run that standard input names first.
pub(crate) fn join() -> u8 {
    match joined() {
        Ok(()) => 0,
        Err(error) => {
            ::log::debug!("no run to join: {error}");
            words::FAILED - 1
        }
    }
}

fn joined() -> io::Result<()> {
    // Nothing may be read ahead: what follows is the helper's.
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let mut input = File::from(input);
    let joining = Joining::read(&mut input)?;
    let mut helper = UnixStream::connect_addr(&address(&joining.key)?)?;
    joining.write(&mut helper)?;
    hand_over(&helper, input.as_fd())?;
    drop(input);
    let mut answer = [0; JOINED.len()];
    helper.read_exact(&mut answer)?;
    let mut output = io::stdout();
    output.write_all(&answer)?;
    output.flush()?;
    // Until the helper ends.
    match helper.read(&mut answer) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(()),
        Err(error) => Err(error),
    }
}

pub(super) fn hand_over(helper: &UnixStream, descriptor: BorrowedFd<'_>) -> io::Result<()> {
    let descriptors = [descriptor];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&descriptors));
    sendmsg(helper, &[IoSlice::new(b"\0")], &mut control, SendFlags::empty())?;
    Ok(())
}
