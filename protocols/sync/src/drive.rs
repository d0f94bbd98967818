//! The two ends of a line: the user's side, which says what is to be done, and the helper's, which does its part.

use std::io::{Read, Write};

use xssh_fs::Lock;

use crate::error::SyncError;
use crate::summary::Summary;
use crate::tree::Tree;
use crate::watch::{Nobody, Watch};
use crate::wire::start::{self, Greeting, Role, Start};
use crate::{source, target};

/// The user's side: asks the helper at the other end for its part and does the other one on `tree`.
///
/// # Errors
/// The other end is no helper or refuses, the line broke, or one side cannot go on.
pub fn client(
    start: &Start,
    tree: &Tree,
    mut input: impl Read + Send,
    mut output: impl Write + Send,
    watch: &dyn Watch,
) -> Result<Summary, SyncError> {
    start::open(&mut output).and_then(|()| start::write_start(&mut output, start)).map_err(SyncError::Line)?;
    match start::read_ready(&mut input)? {
        Greeting::Here(()) => {}
        Greeting::Refused(why) => return Err(SyncError::Refused(why)),
        Greeting::Chatter(said) => return Err(SyncError::Chatter(said)),
        Greeting::Version(theirs) => return Err(SyncError::Version { theirs }),
    }
    match start.role {
        Role::Target => source::run(tree, &start.options, start.key, input, output, watch),
        Role::Source => target::run(tree, &start.options, start.key, input, output, watch, false),
    }
}

/// The helper's side. `open` makes the tree of what the client asks for, or says in words for the user why not; a target
/// comes with the lock that it holds.
///
/// # Errors
/// The client speaks another language, the line broke, or one side cannot go on.
pub fn serve(
    mut input: impl Read + Send,
    mut output: impl Write + Send,
    open: impl FnOnce(&mut Start) -> Result<(Tree, Option<Lock>), String>,
) -> Result<Summary, SyncError> {
    start::open(&mut output).map_err(SyncError::Line)?;
    let mut start = match start::read_start(&mut input)? {
        Greeting::Here(start) => start,
        Greeting::Refused(why) => return Err(SyncError::Refused(why)),
        Greeting::Chatter(said) => return Err(SyncError::Chatter(said)),
        Greeting::Version(theirs) => {
            let why = format!("this side speaks version {} of the protocol, the other {theirs}", start::VERSION);
            start::write_ready(&mut output, Some(&why)).map_err(SyncError::Line)?;
            return Err(SyncError::Version { theirs });
        }
    };
    let (tree, _lock) = match open(&mut start) {
        Ok(opened) => opened,
        Err(why) => {
            start::write_ready(&mut output, Some(&why)).map_err(SyncError::Line)?;
            return Err(SyncError::Refused(why));
        }
    };
    start::write_ready(&mut output, None).map_err(SyncError::Line)?;
    match start.role {
        Role::Source => source::run(&tree, &start.options, start.key, input, output, &Nobody),
        Role::Target => target::run(&tree, &start.options, start.key, input, output, &Nobody, true),
    }
}
