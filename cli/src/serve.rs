//! `xssh serve --sync`: the helper of a sync, on standard input and output. What it may touch is what the account may.
//!
//! `join` is a process that brings a further lane, `landing` where the helper takes it.

mod join;
mod landing;

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsFd;

use xssh_sync::{Role, Start};

use crate::sync::{path_of, trees};
use crate::words;

pub(crate) use join::join;

/// Does what the client asks for.
pub(crate) fn sync() -> u8 {
    let landing = landing::Socket::default();
    let output = match own_output() {
        Ok(output) => output,
        Err(error) => return words::fail(&format!("standard output cannot be used: {error}")),
    };
    // A server moves more at a time into a pipe that holds more, and waits less.
    let _ = rustix::pipe::fcntl_setpipe_size(io::stdin().as_fd(), 1 << 20);
    let done = xssh_sync::serve(io::stdin(), output, Some(&landing), &mut |start: &mut Start| {
        let paths: Vec<_> = start.paths.iter().map(|path| path_of(path).to_owned()).collect();
        match (start.role, paths.as_slice()) {
            (Role::Source, [_, ..]) => trees::source(&paths, start).map_err(Into::into),
            (Role::Target, [path]) => trees::target(path, &start.names, start.own_name.as_deref(), start),
            _ => Err("the client named no path, or too many".to_owned().into()),
        }
    });
    match done {
        Ok(_) => 0,
        // The client has been told, or is gone.
        Err(error) => {
            ::log::debug!("{error}");
            words::FAILED - 1
        }
    }
}

/// Standard output, held by nobody else: whoever drops it has ended what the client hears. A helper that cannot say a word more
/// would otherwise wait for answers, and the client for it.
fn own_output() -> io::Result<File> {
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdout(OpenOptions::new().write(true).open("/dev/null")?)?;
    Ok(File::from(output))
}
