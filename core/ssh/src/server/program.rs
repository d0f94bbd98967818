//! One program, its pipes and its channel.

use std::ffi::OsStr;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use log::debug;
use russh::server::{Handle, Msg};
use russh::{ChannelId, ChannelWriteHalf, Sig};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{Notify, watch};

use super::peer::Standing;
use super::stdin::Stdin;
use crate::limits::SERVED_READ;

/// What a program needs of its connection.
pub(super) struct Peer {
    pub(super) handle: Handle,
    pub(super) standing: watch::Sender<Standing>,
    pub(super) spill: PathBuf,
    /// Somebody has something to say.
    pub(super) talk: Arc<Notify>,
}

/// A process that runs, to signal it.
pub(super) struct Child {
    pid: Option<Pid>,
    over: watch::Receiver<bool>,
}

impl Child {
    /// Passes on a signal that is meant to end it.
    pub(super) fn signal(&self, signal: &Sig) {
        let signal = match signal {
            Sig::TERM => Signal::TERM,
            Sig::INT => Signal::INT,
            Sig::HUP => Signal::HUP,
            _ => return,
        };
        // Whoever is reaped may be somebody else by now.
        if let Some(pid) = self.pid.filter(|_| !*self.over.borrow()) {
            let _ = kill_process(pid, signal);
        }
    }
}

/// What is asked for on a channel.
#[derive(Clone, Copy)]
pub(super) enum Asked<'a> {
    /// A shell, a command or a subsystem.
    Session(Option<&'a [u8]>),
    /// Bytes to a host. What else the program says is for our own log.
    Tunnel(&'a [u8]),
}

/// From where a client came, and to where.
pub(super) type Ends = (SocketAddr, SocketAddr);

fn ask(program: &mut Command, asked: Asked<'_>, (from, to): Ends) {
    match asked {
        Asked::Session(Some(asked)) | Asked::Tunnel(asked) => {
            program.env("SSH_ORIGINAL_COMMAND", OsStr::from_bytes(asked))
        }
        Asked::Session(None) => program.env_remove("SSH_ORIGINAL_COMMAND"),
    };
    program.env("SSH_CONNECTION", format!("{} {} {} {}", from.ip(), from.port(), to.ip(), to.port()));
}

/// Lets a program know of a request that is refused.
pub(super) async fn note(mut program: Command, asked: &[u8], ends: Ends) {
    ask(&mut program, Asked::Tunnel(asked), ends);
    program.stdin(Stdio::null()).stdout(Stdio::null());
    if let Err(error) = tokio::process::Command::from(program).status().await {
        debug!("a refusal was not logged: {error}");
    }
}

/// Starts the program. What it says goes to the channel until it has ended.
///
/// # Errors
/// It cannot be started; a NUL in what was asked for is one reason.
pub(super) fn start(
    mut program: Command,
    asked: Asked<'_>,
    ends: Ends,
    writer: ChannelWriteHalf<Msg>,
    peer: Peer,
) -> io::Result<(Stdin, Child)> {
    ask(&mut program, asked, ends);
    let is_tunnel = matches!(asked, Asked::Tunnel(_));
    let stderr = if is_tunnel { Stdio::inherit() } else { Stdio::piped() };
    program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
    let mut child = tokio::process::Command::from(program).spawn()?;
    let missing = || io::Error::other("it has no pipes");
    let input = child.stdin.take().ok_or_else(missing)?;
    let (stdout, stderr) = (child.stdout.take().ok_or_else(missing)?, child.stderr.take());
    let pid = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
    let stdin = Stdin::new(input.as_fd(), peer.spill, peer.talk.clone())?;
    let (over, is_over) = watch::channel(false);
    peer.standing.send_modify(|standing| standing.programs += 1);
    tokio::spawn(async move {
        // Its own end of the pipe is another one.
        drop(input);
        let talk = &peer.talk;
        tokio::join!(pass(stdout, &writer, None, talk), async {
            if let Some(stderr) = stderr {
                pass(stderr, &writer, Some(STDERR), talk).await;
            }
        });
        let ended = child.wait().await;
        over.send_replace(true);
        if is_tunnel {
            // Nobody hears it where the connection is over.
            let _ = writer.eof().await;
            let _ = writer.close().await;
        } else {
            tell(&writer, &peer.handle, ended).await;
        }
        peer.standing.send_modify(|standing| standing.programs -= 1);
    });
    Ok((stdin, Child { pid, over: is_over }))
}

/// SSH_EXTENDED_DATA_STDERR (RFC 4254, section 5.2).
const STDERR: u32 = 1;

/// Passes on what a program says, until it has said all or nobody listens.
async fn pass(mut from: impl AsyncRead + Unpin, to: &ChannelWriteHalf<Msg>, stream: Option<u32>, talk: &Notify) {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(SERVED_READ);
        match from.read_buf(&mut buffer).await {
            Ok(n) if n > 0 => {}
            _ => return,
        }
        let bytes: Bytes = buffer.split().freeze();
        talk.notify_one();
        let sent = match stream {
            None => to.data_bytes(bytes).await,
            Some(stream) => to.extended_data_bytes(stream, bytes).await,
        };
        if sent.is_err() {
            return;
        }
    }
}

/// Says how the program ended, and closes the channel. Where nobody hears it, the connection is over.
async fn tell(writer: &ChannelWriteHalf<Msg>, handle: &Handle, ended: io::Result<ExitStatus>) {
    let channel: ChannelId = writer.id();
    let _ = writer.eof().await;
    match ended {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => drop(writer.exit_status(code.cast_unsigned()).await),
            (None, Some(signal)) => {
                let (name, dumped) = (signal_name(signal), status.core_dumped());
                let _ = handle.exit_signal_request(channel, name, dumped, String::new(), String::new()).await;
            }
            (None, None) => {}
        },
        Err(error) => debug!("a program's end was not seen: {error}"),
    }
    let _ = writer.close().await;
}

/// As RFC 4254, section 6.10, calls it.
fn signal_name(number: i32) -> Sig {
    let known = [
        (Signal::ABORT, Sig::ABRT),
        (Signal::ALARM, Sig::ALRM),
        (Signal::FPE, Sig::FPE),
        (Signal::HUP, Sig::HUP),
        (Signal::ILL, Sig::ILL),
        (Signal::INT, Sig::INT),
        (Signal::KILL, Sig::KILL),
        (Signal::PIPE, Sig::PIPE),
        (Signal::QUIT, Sig::QUIT),
        (Signal::SEGV, Sig::SEGV),
        (Signal::TERM, Sig::TERM),
        (Signal::USR1, Sig::USR1),
    ];
    let found = known.into_iter().find(|(signal, _)| signal.as_raw() == number);
    found.map_or_else(|| Sig::Custom(format!("{number}@xssh")), |(_, name)| name)
}
