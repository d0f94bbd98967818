//! The two ends of a line: the user's side, which says what is to be done, and the helper's, which does its part.

use std::io::{Read, Write};

use xssh_fs::Lock;

use crate::error::SyncError;
use crate::owners::Rights;
use crate::summary::Summary;
use crate::tree::Tree;
use crate::watch::{Nobody, Watch};
use crate::wire::start::{self, Greeting, Role, Start};
use crate::{source, target};

/// What a helper or a client shows of its disk.
#[derive(Debug)]
pub struct Opened {
    /// The tree.
    pub tree: Tree,
    /// The right to change it, for a target.
    pub lock: Option<Lock>,
    /// For a source: the names under which it shows what it was asked for; none where that is one directory's content.
    pub names: Vec<Vec<u8>>,
}

/// The user's side of a line.
pub enum Near<'a> {
    /// It has the tree that is copied.
    Source(&'a mut Tree),
    /// It has the tree that is changed, which it opens when it knows under which names the source shows its own.
    Target(&'a mut Opener<'a, [Vec<u8>]>),
}

/// Opens a tree, or says in words for the user why not.
pub type Opener<'a, T> = dyn FnMut(&mut T) -> Result<Opened, String> + 'a;

/// The user's side: asks the helper at the other end for its part and does the other one.
///
/// # Errors
/// The other end is no helper or refuses, the line broke, or one side cannot go on.
pub fn client(
    start: &Start,
    near: Near<'_>,
    mut input: impl Read + Send,
    mut output: impl Write + Send,
    watch: &dyn Watch,
) -> Result<Summary, SyncError> {
    let own_rights = match near {
        Near::Source(_) => Rights::of_source(),
        Near::Target(_) => Rights::of_target(&start.options),
    };
    start::open(&mut output)
        .and_then(|()| start::write_start(&mut output, start, &own_rights))
        .map_err(SyncError::Line)?;
    let (mut names, rights) = match start::read_ready(&mut input)? {
        Greeting::Here(ready) => ready,
        Greeting::Refused(why) => return Err(SyncError::Refused(why)),
        Greeting::Chatter(said) if said.is_empty() => return Err(SyncError::Ended),
        Greeting::Chatter(said) => return Err(SyncError::Chatter(said)),
        Greeting::Version(theirs) => return Err(SyncError::Version { theirs }),
    };
    match near {
        Near::Source(tree) => {
            tree.meet(&own_rights, &rights);
            source::run(tree, start, rights, input, output, watch)
        }
        Near::Target(open) => {
            let mut opened = open(&mut names).map_err(SyncError::Refused)?;
            opened.tree.meet(&own_rights, &rights);
            target::run(&opened.tree, start, own_rights, input, output, watch, false)
        }
    }
}

/// The helper's side. `open` makes the tree of what the client asks for.
///
/// # Errors
/// The client speaks another language, the line broke, or one side cannot go on.
pub fn serve(
    mut input: impl Read + Send,
    mut output: impl Write + Send,
    open: &mut Opener<'_, Start>,
) -> Result<Summary, SyncError> {
    start::open(&mut output).map_err(SyncError::Line)?;
    let (mut start, rights) = match start::read_start(&mut input)? {
        Greeting::Here(asked) => asked,
        Greeting::Refused(why) => return Err(SyncError::Refused(why)),
        Greeting::Chatter(said) if said.is_empty() => return Err(SyncError::Ended),
        Greeting::Chatter(said) => return Err(SyncError::Chatter(said)),
        Greeting::Version(theirs) => {
            let why = format!("this side speaks version {} of the protocol, the other {theirs}", start::VERSION);
            start::write_ready(&mut output, Err(&why)).map_err(SyncError::Line)?;
            return Err(SyncError::Version { theirs });
        }
    };
    let mut opened = match open(&mut start) {
        Ok(opened) => opened,
        Err(why) => {
            start::write_ready(&mut output, Err(&why)).map_err(SyncError::Line)?;
            return Err(SyncError::Refused(why));
        }
    };
    let own_rights = match start.role {
        Role::Source => Rights::of_source(),
        Role::Target => Rights::of_target(&start.options),
    };
    start::write_ready(&mut output, Ok((&opened.names, &own_rights))).map_err(SyncError::Line)?;
    opened.tree.meet(&own_rights, &rights);
    match start.role {
        Role::Source => source::run(&opened.tree, &start, rights, input, output, &Nobody),
        Role::Target => target::run(&opened.tree, &start, own_rights, input, output, &Nobody, true),
    }
}
