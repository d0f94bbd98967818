//! The way to one other host: by a command there, or as bare bytes to its sshd, so that the client's session is with that host alone.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::thread;

use xssh_gate::RelayAuthority;

use super::forced;
use super::journal::{Outcome, REFUSED, plain};
use crate::args::{self, Action};
use crate::{log, remote_shell};

/// How much is passed on at once, in bytes.
const BUFFER: usize = 64 * 1024;

/// Goes there.
pub(super) fn serve(relay: &RelayAuthority<'_>) -> Outcome {
    if relay.is_through() { through(relay) } else { by_command(relay) }
}

/// Runs the command there, as this account's own remote shell would. Behind `--` nothing is an option, whatever it looks like.
fn by_command(relay: &RelayAuthority<'_>) -> Outcome {
    let to = relay.destination();
    let mut words: Vec<OsString> =
        ["-T", "-a", "-x", "-oBatchMode=yes", "-oClearAllForwardings=yes", "-oPermitLocalCommand=no"]
            .map(OsString::from)
            .to_vec();
    if let Some(config) = relay.config() {
        words.extend(["-F".into(), config.into()]);
    }
    if let Some(port) = to.port() {
        words.push(format!("-p{port}").into());
    }
    if let Some(user) = to.user() {
        words.push(format!("-l{user}").into());
    }
    words.extend(["--".into(), to.host().into()]);
    words.extend(relay.command().map(|command| OsString::from_vec(command.to_vec())));
    match args::parse("xssh", &words) {
        Ok(Action::RemoteShell(invocation)) => {
            let code = log::with(&invocation, || remote_shell::run(&invocation));
            let ran = relay.command().map(plain);
            let ran = Some(format!("{to}: {}", ran.unwrap_or_default()));
            // What the command there ends with is no failure of ours, whatever its code.
            Outcome { code, ran, failed: log::failure(), ..Outcome::default() }
        }
        _ => refused(format!("{to} is no host")),
    }
}

/// Passes bytes both ways.
fn through(relay: &RelayAuthority<'_>) -> Outcome {
    let to = relay.destination();
    let connected = TcpStream::connect((to.host(), to.reached()));
    let passed = connected.and_then(|stream| {
        stream.set_nodelay(true)?;
        Ok((stream.try_clone()?, stream))
    });
    let (mut there, mut back) = match passed {
        Ok(both) => both,
        Err(error) => return refused(format!("{to} cannot be reached: {error}")),
    };
    // What the client says no more, its host hears the end of; when that ends, so do we.
    let _ = thread::Builder::new().spawn(move || {
        let _ = pass(&mut io::stdin().lock(), &mut there);
        let _ = there.shutdown(Shutdown::Write);
    });
    // Without a buffer: whoever waits for an answer has it at once.
    let output = io::stdout().as_fd().try_clone_to_owned().map(File::from);
    let bytes = output.and_then(|mut output| pass(&mut back, &mut output));
    let ran = Some(format!("{to}: through"));
    match bytes {
        Ok(bytes) => Outcome { ran, moved: Some((0, bytes)), ..Outcome::default() },
        Err(error) => Outcome { code: REFUSED, ran, failed: Some(error.to_string()), ..Outcome::default() },
    }
}

/// Passes on what comes as it comes. std's copy would have the kernel splice it, which holds the last of it back for more to come.
fn pass(from: &mut impl Read, to: &mut impl Write) -> io::Result<u64> {
    let mut buffer = vec![0; BUFFER];
    let mut passed = 0;
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(passed),
            Ok(count) => {
                to.write_all(buffer.get(..count).unwrap_or_default())?;
                passed += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn refused(why: String) -> Outcome {
    forced::refuse(&why);
    Outcome::refused(why)
}
