//! `xssh serve --sync`: the helper of a sync, on standard input and output. What it may touch is what the account may.
//!
//! `join` is a process that brings a further lane, `landing` where the helper takes it.

mod join;
mod landing;

use std::io;

use xssh_sync::{Role, Start};

use crate::sync::{path_of, trees};
use crate::words;

pub(crate) use join::join;

/// Does what the client asks for.
pub(crate) fn sync() -> u8 {
    let landing = landing::Socket::default();
    let done = xssh_sync::serve(io::stdin(), io::stdout(), Some(&landing), &mut |start: &mut Start| {
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
