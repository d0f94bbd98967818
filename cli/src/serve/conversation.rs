//! The helper of a sync, on standard input and output.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::sync::Arc;

use xssh_sync::{Nobody, Opened, Refusal, Role, Start, Summary, SyncError, Watch};

use super::pace::{Meter, Paced};
use super::{landing, orphan};
use crate::sync::ground::Ground;
use crate::sync::trees;
use crate::words;

/// Does what the client asks for, with the rights of the account.
pub(crate) fn sync() -> u8 {
    let output = match own_output() {
        Ok(output) => output,
        Err(error) => return words::fail(&format!("standard output cannot be used: {error}")),
    };
    let meter = Arc::new(Meter::new(None));
    let (input, output) = (Paced(io::stdin(), &meter), Paced(output, &meter));
    let served = serve(input, output, &Nobody, &mut |start| {
        orphan::watch(start, &meter)?;
        open(&Ground::Account, start)
    });
    match served {
        Ok(_) => 0,
        // The client has been told, or is gone.
        Err(error) => {
            ::log::debug!("{error}");
            words::FAILED - 1
        }
    }
}

/// Opens what the client names.
pub(super) fn open(ground: &Ground, start: &mut Start) -> Result<Opened, Refusal> {
    let paths: Vec<_> = start.paths.iter().map(|path| ground.path(path)).collect::<Result<_, _>>()?;
    match (start.role, paths.as_slice()) {
        (Role::Source, [_, ..]) => trees::source(ground, &paths, start).map_err(Into::into),
        (Role::Target, [path]) => trees::target(ground, path, &start.names, start.own_name.as_deref(), start),
        _ => Err("the client named no path, or too many".to_owned().into()),
    }
}

/// Speaks with the client. `open` says what it gets, and `watch` hears what could not be done.
pub(super) fn serve(
    input: impl Read + Send,
    output: impl Write + Send,
    watch: &dyn Watch,
    open: &mut dyn FnMut(&mut Start) -> Result<Opened, Refusal>,
) -> Result<Summary, SyncError> {
    let landing = landing::Socket::default();
    xssh_os::code::let_go();
    // A server moves more at a time into a pipe that holds more, and waits less.
    let _ = rustix::pipe::fcntl_setpipe_size(io::stdin().as_fd(), 1 << 20);
    xssh_sync::serve(input, output, Some(&landing), watch, open)
}

/// Standard output, held by nobody else: whoever drops it has ended what the client hears. A helper that cannot say a word more
/// would otherwise wait for answers, and the client for it.
pub(super) fn own_output() -> io::Result<File> {
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdout(OpenOptions::new().write(true).open("/dev/null")?)?;
    Ok(File::from(output))
}
