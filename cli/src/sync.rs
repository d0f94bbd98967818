//! `xssh sync`: the user's side of a sync. It finds out which side is where, starts the helper, and shows what happens.
//!
//! In order of use: `place` (what a word names), `rules` and `selection` (which names take part), `trees` (held directories,
//! also for the helper), `far_side` (this program once more: as a remote shell that runs xssh on the host, or as the helper
//! itself), `show` (what is seen meanwhile).

mod far_side;
mod place;
mod rules;
mod selection;
mod show;
pub(crate) mod trees;

use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use xssh_sync::{Near, Opened, Role, Start, Summary, SyncError};

use crate::args::sync::Sync;
use crate::words;
use far_side::{Ending, FarSide};
use place::Place;
use show::Show;

/// A command line that is none (rsync(1), EXIT VALUES).
pub(crate) const USAGE: u8 = 1;
/// The two sides do not understand each other.
const PROTOCOL: u8 = 2;
/// The connection was lost.
const LOST: u8 = 12;
/// Some files could not be done.
const PARTIAL: u8 = 23;
/// Some files vanished before their turn.
const VANISHED: u8 = 24;
/// Nothing passed for as long as --timeout allows.
const SILENT: u8 = 30;
/// More deletions than allowed.
const DELETIONS: u8 = 25;
/// Another run holds the target (sysexits.h, EX_TEMPFAIL).
const HELD: u8 = 75;

/// Which side is here.
enum Direction {
    Push { sources: Vec<PathBuf>, host: Option<String>, path: Vec<u8> },
    Pull { host: String, paths: Vec<Vec<u8>>, target: PathBuf },
}

/// The first pause before a lost run is begun again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Makes the target like the source; where the connection is lost, once more, as often as was asked for.
pub(crate) fn run(call: &Sync) -> u8 {
    let show = Show::new(call.display);
    let (mut pause, longest) = PAUSES;
    let mut left = call.retry;
    loop {
        let (code, lost) = once(call, &show);
        if !lost || left == 0 {
            return code;
        }
        words::say(&format_args!("xssh: beginning again in {} s, {left} tries left", pause.as_secs()));
        thread::sleep(pause);
        pause = (pause * 2).min(longest);
        left -= 1;
    }
}

/// One run: the exit code, and whether it is worth another try.
fn once(call: &Sync, show: &Show) -> (u8, bool) {
    let direction = match direction(call) {
        Ok(direction) => direction,
        Err(why) => {
            words::say(&format_args!("xssh: {why}"));
            return (USAGE, false);
        }
    };
    let (result, helper) = match run_with(call, direction, show) {
        Ok(done) => done,
        Err(why) => {
            words::say(&format_args!("xssh: {why}"));
            return (PROTOCOL, false);
        }
    };
    let ending = helper.end();
    match result {
        Ok(summary) => {
            show.finished(&summary, call.options.dry_run);
            (verdict(&summary), false)
        }
        Err(error) => {
            show.clear();
            let code = failed(call, &error, ending);
            (code, matches!(code, LOST | SILENT | words::FAILED))
        }
    }
}

fn verdict(summary: &Summary) -> u8 {
    match (summary.failed, summary.vanished) {
        (0, 0) => 0,
        (0, _) => VANISHED,
        _ => PARTIAL,
    }
}

/// Says why there was no sync, and with which code it ends.
fn failed(call: &Sync, error: &SyncError, ending: Ending) -> u8 {
    if ending.silent {
        let seconds = call.timeout.unwrap_or_default();
        words::say(&format_args!("xssh: nothing came or went for {seconds} s (--timeout)"));
        return SILENT;
    }
    match (error, ending.code) {
        // The remote shell has told why itself.
        (_, Some(words::FAILED)) => return words::FAILED,
        (SyncError::Ended, Some(code @ (126 | 127))) => {
            words::say(&format_args!(
                "xssh: there is no '{}' to be run on the host: install xssh there, or say where it is with --remote-xssh",
                call.remote
            ));
            return code;
        }
        (SyncError::Chatter(said), _) => {
            words::say(&format_args!(
                "xssh: {error}; its login script may be talking, or '{}' is no xssh that can sync. It said:\n{}",
                call.remote,
                String::from_utf8_lossy(said)
            ));
            return PROTOCOL;
        }
        _ => words::say(&format_args!("xssh: {error}")),
    }
    match error {
        SyncError::Refused(why) if why.ends_with(trees::HELD) => HELD,
        SyncError::Refused(_) | SyncError::Version { .. } | SyncError::Broke(_) | SyncError::Limit { .. } => PROTOCOL,
        SyncError::Deletions { .. } => DELETIONS,
        SyncError::GaveUp(why) if why.contains("would be deleted") => DELETIONS,
        SyncError::Tree(_) => PARTIAL,
        _ => LOST,
    }
}

fn direction(call: &Sync) -> Result<Direction, String> {
    let sources: Vec<Place> = call.sources.iter().map(|word| Place::parse(word)).collect();
    let here: Option<Vec<PathBuf>> = sources.iter().map(Place::here).collect();
    match (here, Place::parse(&call.target)) {
        (Some(sources), Place::Here(path)) => {
            let path = path.into_os_string().into_vec();
            Ok(Direction::Push { sources, host: None, path })
        }
        (Some(sources), Place::There { host, path }) => Ok(Direction::Push { sources, host: Some(host), path }),
        (None, Place::Here(target)) => {
            let mut paths = Vec::new();
            let mut hosts = Vec::new();
            for source in sources {
                let Place::There { host, path } = source else {
                    return Err("all sources must be at the same place".to_owned());
                };
                hosts.push(host);
                paths.push(path);
            }
            hosts.dedup();
            match <[String; 1]>::try_from(hosts) {
                Ok([host]) => Ok(Direction::Pull { host, paths, target }),
                Err(_) => Err("all sources must be on the same host".to_owned()),
            }
        }
        (None, Place::There { .. }) => Err("one side must be here: not both on hosts".to_owned()),
    }
}

/// What a single source directory is called, where its user may have meant rsync's way of naming it: no slash behind it, and
/// nothing of that name in it.
fn own_name(call: &Sync, sources: &[PathBuf]) -> Option<Vec<u8>> {
    let [source] = sources else { return None };
    let name = source.file_name()?;
    let is_plain = !call.contents && !call.relative && !source.as_os_str().as_bytes().ends_with(b"/");
    (is_plain && source.is_dir() && !source.join(name).exists()).then(|| name.as_bytes().to_vec())
}

type Done = (Result<Summary, SyncError>, FarSide);

fn run_with(call: &Sync, direction: Direction, show: &Show) -> Result<Done, String> {
    let mut key = [0; 32];
    // Kernels that cannot give random bytes at once are not supported by anything here.
    let _ = rustix::rand::getrandom(&mut key, rustix::rand::GetRandomFlags::empty());
    let (options, rules) = (call.options.clone(), rules::read(call)?);
    let selection = selection::read(call)?;
    let mut start = Start { selection, options, rules, ..Start::new(Role::Target, key) };
    let direction = if call.relative { selection::relative(direction, &mut start)? } else { direction };
    match direction {
        Direction::Push { sources, host, path } => {
            let Opened { mut tree, names, .. } = trees::source(&sources, &start)?;
            start.own_name = own_name(call, &sources);
            (start.paths, start.names) = (vec![path], names);
            let mut helper = FarSide::start(call, host.as_deref())?;
            let (input, output) = helper.streams()?;
            Ok((xssh_sync::client(&start, Near::Source(&mut tree), input, output, show), helper))
        }
        Direction::Pull { host, paths, target } => {
            (start.role, start.paths) = (Role::Source, paths);
            let mut helper = FarSide::start(call, Some(&host))?;
            let (input, output) = helper.streams()?;
            let mut open = |names: &mut [Vec<u8>]| trees::target(&target, names, &start, call.wait);
            Ok((xssh_sync::client(&start, Near::Target(&mut open), input, output, show), helper))
        }
    }
}

/// A path as the other side wrote it.
pub(crate) fn path_of(bytes: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(bytes))
}
