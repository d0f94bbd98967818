//! The two ends of a line: the user's side, which says what is to be done, and the helper's, which does its part.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use xssh_fs::Lock;

use crate::error::SyncError;
use crate::lanes::{Landing, Lanes};
use crate::owners::Rights;
use crate::summary::Summary;
use crate::tree::Tree;
use crate::watch::Watch;
use crate::wire::opening::{self, Speaker};
use crate::wire::start::{self, Greeting, Ready, Reason, Refusal, Role, Shown, Start};
use crate::{source, target};

/// What a helper or a client shows of its disk.
#[derive(Debug)]
pub struct Opened {
    /// The tree.
    pub tree: Tree,
    /// The right to change it, for a target.
    pub lock: Option<Lock>,
    /// For a source: how it shows what it was asked for.
    pub shown: Shown,
}

/// The user's side of a line.
pub enum Near<'a> {
    /// It has the tree that is copied, and may have a way to open more lanes.
    Source(&'a mut Tree, Option<&'a dyn Lanes>),
    /// It has the tree that is changed, which it opens when it knows under which names the source shows its own.
    Target(&'a mut Opener<'a, Shown>),
}

/// Opens a tree, or says why not.
pub type Opener<'a, T> = dyn FnMut(&mut T) -> Result<Opened, Refusal> + 'a;

/// The user's side: asks the helper at the other end for its part and does the other one.
///
/// # Errors
/// The other end is no helper or refuses, the line broke, one side cannot go on, or the target is not vacant any more.
pub fn client(
    start: &Start,
    near: Near<'_>,
    mut input: impl Read + Send,
    mut output: impl Write + Send,
    watch: &dyn Watch,
) -> Result<Summary, SyncError> {
    let own_rights = match near {
        Near::Source(..) => Rights::of_source(),
        Near::Target(_) => Rights::of_target(&start.options),
    };
    let asked = Instant::now();
    opening::write(&mut output)
        .and_then(|()| start::write_start(&mut output, start, &own_rights))
        .map_err(SyncError::Line)?;
    let Ready { mut shown, rights, vacant } = match start::read_ready(&mut input)? {
        Greeting::Here(ready) => ready,
        other => return Err(never_began(other)),
    };
    let begun = asked.elapsed();
    match near {
        Near::Source(tree, lanes) => {
            tree.meet(&own_rights, &rights);
            source::run(tree, start, (rights, vacant), (input, output), (lanes, begun), watch)
        }
        Near::Target(open) => {
            let mut opened = open(&mut shown).map_err(SyncError::Refused)?;
            if start.vacant && !opened.tree.is_vacant() {
                return Err(SyncError::Occupied);
            }
            opened.tree.meet(&own_rights, &rights);
            target::run(&opened.tree, start, (own_rights, start.vacant), (input, output), None, watch, false)
        }
    }
}

/// The helper's side. `open` makes the tree of what the client asks for; lanes that the client opens beside the line come to
/// `landing`, and what could not be done is told to `watch` too.
///
/// # Errors
/// The client speaks another language, the line broke, or one side cannot go on.
pub fn serve(
    mut input: impl Read + Send,
    mut output: impl Write + Send,
    landing: Option<&dyn Landing>,
    watch: &dyn Watch,
    open: &mut Opener<'_, Start>,
) -> Result<Summary, SyncError> {
    opening::write(&mut output).map_err(SyncError::Line)?;
    let asked = match start::read_start(&mut input) {
        Err(error) if !error.is_end() => {
            let words = format!("{} cannot read what it is asked for: {error}", Speaker::here());
            return Err(refused(&mut output, Refusal { reason: Reason::Other, words }));
        }
        asked => asked?,
    };
    let (mut start, rights) = match asked {
        Greeting::Here(asked) => asked,
        Greeting::Newer(theirs) => {
            let words = format!(
                "{} asks for what {} does not know yet; leave out the newer options, or bring both to the same release",
                theirs,
                Speaker::here()
            );
            return Err(refused(&mut output, Refusal { reason: Reason::Newer, words }));
        }
        // The client finds out by itself: our opening tells it what we speak.
        other => return Err(never_began(other)),
    };
    let mut opened = match open(&mut start) {
        Ok(opened) => opened,
        Err(refusal) => return Err(refused(&mut output, refusal)),
    };
    let own_rights = match start.role {
        Role::Source => Rights::of_source(),
        Role::Target => Rights::of_target(&start.options),
    };
    let vacant = start.role == Role::Target && start.options.take_all() && opened.tree.is_vacant();
    let ready = Ready { shown: opened.shown, rights: own_rights, vacant };
    start::write_ready(&mut output, &ready).map_err(SyncError::Line)?;
    let own_rights = ready.rights;
    opened.tree.meet(&own_rights, &rights);
    match start.role {
        Role::Source => {
            let unknown = (None, Duration::ZERO);
            source::run(&opened.tree, &start, (rights, start.vacant), (input, output), unknown, watch)
        }
        Role::Target => target::run(&opened.tree, &start, (own_rights, vacant), (input, output), landing, watch, true),
    }
}

/// Why there is no run, from what the other side said instead of its first words.
fn never_began<T>(said: Greeting<T>) -> SyncError {
    match said {
        Greeting::Refused(refusal) => SyncError::Refused(refusal),
        Greeting::Foreign(theirs) => SyncError::Version { theirs },
        Greeting::Chatter(said) if !said.is_empty() => SyncError::Chatter(said),
        Greeting::Chatter(_) | Greeting::Here(_) | Greeting::Newer(_) => SyncError::NeverBegan,
    }
}

/// Tells the client that nothing will come of it.
fn refused(output: &mut impl Write, refusal: Refusal) -> SyncError {
    match start::write_refusal(output, &refusal) {
        Ok(()) => SyncError::Refused(refusal),
        Err(error) => SyncError::Line(error),
    }
}
