//! The words of `xssh serve`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use clap::ArgMatches;
use xssh_gate::{Access, Grant, Limits, Name, Protocol, Repositories, Tree};

use super::Fault;
use super::action::{Action, Help, Topic};
use super::definition::{self, SERVE};

/// `xssh serve` as a forced command, read.
#[derive(Debug, Clone)]
pub(crate) struct Serve {
    /// What the key may do.
    pub(crate) grant: Grant,
    /// Where its sessions are logged.
    pub(crate) log: Option<Log>,
    /// What is to be explained instead of done.
    pub(crate) explain: Option<OsString>,
}

/// Where sessions are logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Log {
    /// By the system.
    Syslog,
    /// At the end of a file.
    File(PathBuf),
}

/// Reads what follows `serve`.
pub(super) fn serve(words: &[OsString]) -> Result<Action, Fault> {
    match words {
        [word] if word == OsStr::new("--sync") => return Ok(Action::ServeSync),
        [word, digest] if word == OsStr::new("--verify") => {
            return Ok(Action::Verify(digest.to_string_lossy().into_owned()));
        }
        [word] if word == OsStr::new("--sync-join") => return Ok(Action::ServeSyncJoin),
        _ => {}
    }
    let wants_help = |word: &str| words.iter().any(|given| given == word);
    match definition::subcommand(SERVE).no_binary_name(true).try_get_matches_from(words) {
        Ok(matches) if matches.get_flag("help") => Ok(Action::Help(Help { topic: Topic::Serve, long: true })),
        Ok(matches) => {
            let serve = Serve {
                grant: grant(&matches).map_err(|why| Fault::Serve(why.to_owned()))?,
                log: matches.get_one::<PathBuf>("log").map(log),
                explain: matches.get_one("explain").cloned(),
            };
            Ok(Action::Serve(Box::new(serve)))
        }
        Err(_) if wants_help("--help") || wants_help("-h") => {
            Ok(Action::Help(Help { topic: Topic::Serve, long: wants_help("--help") }))
        }
        Err(error) => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            Err(Fault::Serve(first.strip_prefix("error: ").unwrap_or(first).to_owned()))
        }
    }
}

fn log(place: &PathBuf) -> Log {
    if place == OsStr::new("syslog") { Log::Syslog } else { Log::File(place.clone()) }
}

/// What a key may do, of the options of its line.
fn grant(matches: &ArgMatches) -> Result<Grant, &'static str> {
    let (tree, repositories) = (tree(matches)?, repositories(matches)?);
    if tree.is_none() && repositories.is_none() {
        return Err("--root is missing, or --cvs-root: what is served");
    }
    Ok(Grant {
        name: matches.get_one::<Name>("name").cloned(),
        tree,
        repositories,
        relay: None,
        limits: Limits::default(),
        require_landlock: matches.get_flag("require-landlock"),
    })
}

fn repositories(matches: &ArgMatches) -> Result<Option<Repositories>, &'static str> {
    let roots: Vec<PathBuf> = matches.get_many("cvs-root").into_iter().flatten().cloned().collect();
    let is_plain = |root: &PathBuf| {
        let bytes = root.as_os_str().as_bytes();
        bytes.starts_with(b"/") && bytes.len() > 1 && !bytes.ends_with(b"/") && !bytes.contains(&b'\n')
    };
    if !roots.iter().all(is_plain) {
        return Err("--cvs-root is to begin with / and not to end with it: clients name it in the same words");
    }
    let hooks: Option<&String> = matches.get_one("cvs-hooks");
    Ok((!roots.is_empty()).then(|| Repositories {
        roots,
        is_read_only: matches.get_flag("cvs-read-only"),
        is_admin: matches.get_flag("cvs-admin"),
        runs_hooks: hooks.is_none_or(|choice| choice == "run"),
    }))
}

fn tree(matches: &ArgMatches) -> Result<Option<Tree>, &'static str> {
    let flag = |name: &str| matches.get_flag(name);
    let Some(root) = matches.get_one::<PathBuf>("root").cloned() else { return Ok(None) };
    if !root.is_absolute() {
        return Err("--root is to begin with /: the account's home directory is not where a client's session begins");
    }
    let narrowed = [
        ("read-only", Access::read_only as fn(Access) -> Access),
        ("write-only", Access::write_only),
        ("append-only", Access::append_only),
        ("no-delete", Access::no_delete),
    ];
    let access =
        narrowed.into_iter().filter(|(name, _)| flag(name)).fold(Access::ALL, |access, (_, narrow)| narrow(access));
    let protocols: Vec<Protocol> = matches.get_many("allow").into_iter().flatten().copied().collect();
    Ok(Some(Tree {
        root,
        access,
        protocols: if protocols.is_empty() { vec![Protocol::Sync, Protocol::Rsync] } else { protocols },
        devices: flag("allow-devices"),
        set_id: flag("allow-set-id"),
        owner_names: flag("owner-names"),
    }))
}
