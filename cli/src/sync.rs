//! `xssh sync`: the user's side of a sync. It finds out which side is where, starts the helper, and shows what happens.
//!
//! In order of use: `place` (what a word names), `direction` (which side is here), `rules` and `selection` (which names take
//! part), `trees` and `references` (held directories, also for the helper; `holder` says who else has one, `git` what a source's repository says of it), `guard` (what is
//! stopped before it begins), `remote` and `bootstrap` (how the host finds xssh, and how it comes there), `far_side` (this
//! program once more: as a remote shell that runs xssh on the host, or as the helper itself),
//! `connection` and `lanes` (more channels for a long line), `show` (what is seen meanwhile), `interrupt` (an end before the end),
//! `ending` (the exit code, and why).

mod bootstrap;
mod connection;
mod direction;
mod ending;
mod far_side;
mod git;
pub(crate) mod ground;
mod guard;
mod holder;
mod interrupt;
mod lanes;
mod place;
mod references;
mod remote;
mod rules;
mod selection;
mod show;
pub(crate) mod trees;

pub(crate) use bootstrap::verify;

use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use xssh_sync::lanes::Lanes;
use xssh_sync::{Near, Options, Reason, Role, Rules, Shown, Start, Summary, SyncError};

use crate::args::sync::Sync;
use crate::environment;
use connection::Connection;
use direction::Direction;
use ending::{Failure, HELD, UNUSABLE};
use far_side::FarSide;
use ground::Ground;
use show::Show;

/// A command line that is none (rsync(1), EXIT VALUES).
pub(crate) const USAGE: u8 = 1;

/// The first pause before a lost run is begun again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Makes the target like the source; where the connection is lost, once more, as often as was asked for.
pub(crate) fn run(call: &Sync) -> u8 {
    let show = Arc::new(Show::new(call.display, direction::other_side(call)));
    interrupt::listen(&show);
    show.begun(call);
    let (mut pause, longest) = PAUSES;
    let (mut left, mut lost) = (call.retry, false);
    let mut copies = call.bootstrap;
    loop {
        let Failure { code, why, mut again, absent } = match once(call, &show, copies) {
            Ok(code) => return code,
            Err(failure) => failure,
        };
        if absent && !copies && far_side::is_attended() && bootstrap::wanted(call) {
            copies = true;
            show.resumed();
            continue;
        }
        show.failed(why.as_deref(), code);
        // What holds the target may be what a lost run of ours has left there, which has not heard of its end yet.
        again |= lost && code == HELD;
        lost |= again;
        if !again || left == 0 {
            return code;
        }
        left -= 1;
        show.begins_again(pause, left);
        thread::sleep(pause);
        show.resumed();
        pause = (pause * 2).min(longest);
    }
}

/// One run, and its exit code. `copies`: a host without xssh gets this one.
fn once(call: &Sync, show: &Show, copies: bool) -> Result<u8, Failure> {
    let direction = direction::of(call).map_err(|why| Failure::new(USAGE, why))?;
    let rules = rules::read(call).map_err(|why| Failure::new(USAGE, why))?;
    // The grammar and all that is behind it.
    xssh_os::code::let_go();
    let done = run_with(call, direction, rules, show, copies);
    let (result, helper) = done.map_err(|why| Failure::new(UNUSABLE, why))?;
    let ended = helper.end();
    match result {
        Ok(summary) => {
            let code = ending::code(&summary);
            Ok(show.finished(&summary, call.options.dry_run, code))
        }
        Err(error) => {
            show.clear();
            Err(ending::failed(call, &error, ended))
        }
    }
}

type Done = (Result<Summary, SyncError>, FarSide);

fn run_with(call: &Sync, direction: Direction, rules: Rules, show: &Show, copies: bool) -> Result<Done, String> {
    let mut key = [0; 32];
    // Kernels that cannot give random bytes at once are not supported by anything here.
    let _ = rustix::rand::getrandom(&mut key, rustix::rand::GetRandomFlags::empty());
    let chmod = call.options.chmod.clone().map(|change| change.under(environment::umask()));
    let options = Options { progress: show.looks_ahead(), chmod, ..call.options.clone() };
    let selection = selection::read(call)?;
    let patience = call.timeout.map_or(0, |seconds| u32::try_from(seconds).unwrap_or(u32::MAX));
    let mut start = Start { selection, options, rules, patience, ..Start::new(Role::Target, key) };
    // The paths of a list are relative already.
    let direction = if call.relative && call.files_from.is_none() {
        selection::relative(direction, &mut start)?
    } else {
        direction
    };
    let names_itself = direction::names_itself(call);
    let copy = copies.then(bootstrap::this_program).transpose()?;
    match direction {
        Direction::Push { sources, host, path } => {
            let mut opened = trees::source(&Ground::Account, &sources, &start)?;
            guard::home(call, &sources)?;
            if host.is_none() {
                guard::nested(&sources, &opened, path_of(&path), &start)?;
            }
            let Shown { names, own_name, git_above } = opened.shown;
            (start.paths, start.names) = (vec![path], names);
            start.options.git_above = git_above;
            start.own_name = own_name.filter(|_| names_itself);
            let copy = copy.filter(|_| host.is_some());
            let connection = host.as_ref().filter(|_| call.connections > 1).and_then(|_| Connection::of(&key));
            let mut helper = FarSide::start(call, host.as_deref(), copy.as_ref(), connection.as_ref())?;
            let (input, mut output) = helper.streams()?;
            let input = bootstrap::hear(call, copy.as_ref(), input, &mut output)?;
            let more = helper.more(call, host.as_deref(), connection.as_ref())?;
            let near = Near::Source(&mut opened.tree, more.as_ref().map(|more| more as &dyn Lanes));
            let mut result = xssh_sync::client(&start, near, input, output, show);
            if let Err(SyncError::Refused(refusal)) = &mut result
                && let (Reason::OwnName, Some(name)) = (refusal.reason, &start.own_name)
            {
                // The helper does not know what the user calls its host.
                *refusal = guard::own_name(&call.target.to_string_lossy(), name);
            }
            Ok((result, helper))
        }
        Direction::Pull { host, paths, target } => {
            (start.role, start.paths) = (Role::Source, paths);
            start.vacant = start.options.take_all() && trees::is_vacant(&target);
            loop {
                let mut helper = FarSide::start(call, Some(&host), copy.as_ref(), None)?;
                let (input, mut output) = helper.streams()?;
                let input = bootstrap::hear(call, copy.as_ref(), input, &mut output)?;
                let mut open = |shown: &mut Shown| {
                    let own_name = shown.own_name.as_deref().filter(|_| names_itself);
                    let git_above = shown.git_above.take();
                    let start = Start { options: Options { git_above, ..start.options.clone() }, ..start.clone() };
                    trees::target(&Ground::Account, &target, &shown.names, own_name, &start)
                };
                let result = xssh_sync::client(&start, Near::Target(&mut open), input, output, show);
                if !matches!(result, Err(SyncError::Occupied)) {
                    return Ok((result, helper));
                }
                start.vacant = false;
                helper.end();
            }
        }
    }
}

/// A path as the other side wrote it.
pub(crate) fn path_of(bytes: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(bytes))
}
