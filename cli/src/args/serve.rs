//! The words of `xssh serve`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use clap::ArgMatches;
use xssh_gate::{Access, Grant, Limits, Name, Protocol, Relay, RelayTo, Repositories, Tree, Way};

use super::action::{Action, Help, Topic};
use super::definition::{self, SERVE};
use super::size::{Bytes, Rate};
use super::{Fault, listen};

/// `xssh serve` as a forced command, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Serve {
    /// What the key may do.
    pub(crate) grant: Grant,
    /// Where the grant stands instead.
    pub(crate) config: Option<PathBuf>,
    /// Where its sessions are logged.
    pub(crate) log: Option<Log>,
    /// What is to be explained instead of done.
    pub(crate) explain: Option<OsString>,
}

/// The protocols of a line that names none.
const USUAL: [Protocol; 2] = [Protocol::Sync, Protocol::Rsync];

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
        Ok(matches) if matches.contains_id("listen") => listen::listen(&matches, words),
        Ok(matches) if ["authorized-keys", "host-key"].into_iter().any(|name| matches.contains_id(name)) => {
            Err(Fault::Serve("--authorized-keys and --host-key are for --listen".to_owned()))
        }
        Ok(matches) => {
            let mut serve = read(&matches).map_err(|why| Fault::Serve(why.to_owned()))?;
            serve.explain = matches.get_one("explain").cloned();
            Ok(Action::Serve(Box::new(serve)))
        }
        Err(_) if wants_help("--help") || wants_help("-h") => {
            Ok(Action::Help(Help { topic: Topic::Serve, long: wants_help("--help") }))
        }
        Err(error) => Err(Fault::Serve(definition::first_line(&error))),
    }
}

/// What words are the options of a forced command's.
pub(crate) fn forced(words: &[OsString]) -> Option<Serve> {
    match serve(words) {
        Ok(Action::Serve(call)) => Some(*call),
        _ => None,
    }
}

/// Reads the options of a line.
pub(super) fn read(matches: &ArgMatches) -> Result<Serve, &'static str> {
    let log = matches.get_one::<PathBuf>("log").map(log);
    if log.as_ref().is_some_and(|log| matches!(log, Log::File(path) if !path.is_absolute())) {
        return Err("--log is to begin with /, or to be syslog");
    }
    let config: Option<PathBuf> = matches.get_one("config").cloned();
    if config.as_ref().is_some_and(|config| !config.is_absolute()) {
        return Err("--config is to begin with /");
    }
    Ok(Serve { grant: grant(matches)?, config, log, explain: None })
}

/// The options of a grant, as a line of authorized_keys has them: read again, they are the same.
pub(crate) fn words(serve: &Serve) -> Vec<OsString> {
    let mut words: Vec<OsString> = Vec::new();
    let Serve { grant, config, log, .. } = serve;
    if let Some(config) = config {
        words.extend(["--config".into(), config.as_os_str().to_owned()]);
    }
    if let Some(tree) = &grant.tree {
        words.extend(["--root".into(), tree.root.as_os_str().to_owned()]);
        words.extend(of_tree(tree));
    }
    if let Some(relay) = &grant.relay {
        words.extend(of_relay(relay));
    }
    if let Some(repositories) = &grant.repositories {
        words.extend(of_repositories(repositories));
    }
    words.extend(of_limits(&grant.limits));
    if let Some(name) = &grant.name {
        words.extend(["--name".into(), name.as_str().into()]);
    }
    words.extend(grant.require_landlock.then(|| "--require-landlock".into()));
    match log {
        Some(Log::Syslog) => words.extend(["--log", "syslog"].map(OsString::from)),
        Some(Log::File(path)) => words.extend(["--log".into(), path.as_os_str().to_owned()]),
        None => {}
    }
    words
}

/// How a tree is held narrower than all that a key may have.
fn of_tree(tree: &Tree) -> Vec<OsString> {
    let Access { read, create, replace, delete } = tree.access;
    let mut words = given(&[
        (!create && !replace && !delete, "--read-only"),
        (!read, "--write-only"),
        (create && !replace && !delete, "--append-only"),
        (replace && !delete, "--no-delete"),
        (tree.devices, "--allow-devices"),
        (tree.set_id, "--allow-set-id"),
        (tree.owner_names, "--owner-names"),
    ]);
    if tree.protocols != USUAL {
        let protocols: Vec<String> = tree.protocols.iter().map(ToString::to_string).collect();
        words.extend(["--allow".into(), protocols.join(",").into()]);
    }
    words
}

fn of_relay(Relay { destination, way, config }: &Relay) -> Vec<OsString> {
    let mut words: Vec<OsString> = Vec::new();
    if let Some(config) = config {
        words.extend(["--relay-config".into(), config.as_os_str().to_owned()]);
    }
    words.extend(["--relay".into(), destination.to_string().into()]);
    match way {
        Way::Fixed(command) => words.extend(["--relay-command".into(), command.into()]),
        Way::Through => words.push("--relay-through".into()),
        Way::Passed => {}
    }
    words
}

fn of_repositories(repositories: &Repositories) -> Vec<OsString> {
    let roots = repositories.roots.iter().flat_map(|root| ["--cvs-root".into(), root.as_os_str().to_owned()]);
    let flags = [(repositories.is_read_only, "--cvs-read-only"), (repositories.is_admin, "--cvs-admin")];
    let hooks = if repositories.runs_hooks { Vec::new() } else { vec!["--cvs-hooks".into(), "refuse".into()] };
    roots.chain(given(&flags)).chain(hooks).collect()
}

fn of_limits(Limits { quota, max_files, max_file_size, rate, idle, sessions }: &Limits) -> Vec<OsString> {
    let numbers = [
        ("--quota", quota.map(|bytes| bytes.to_string())),
        ("--max-files", max_files.map(|most| most.to_string())),
        ("--max-file-size", max_file_size.map(|bytes| bytes.to_string())),
        ("--rate", rate.map(|rate| format!("{rate}b"))),
        ("--idle-timeout", idle.map(|idle| idle.as_secs().to_string())),
        ("--max-sessions", sessions.map(|most| most.to_string())),
    ];
    numbers.into_iter().flat_map(|(name, number)| number.map(|number| [name.into(), number.into()])).flatten().collect()
}

/// Those options that were given.
fn given(flags: &[(bool, &str)]) -> Vec<OsString> {
    flags.iter().filter(|(is_given, _)| *is_given).map(|(_, flag)| flag.into()).collect()
}

fn log(place: &PathBuf) -> Log {
    if place == OsStr::new("syslog") { Log::Syslog } else { Log::File(place.clone()) }
}

/// What a key may do, of the options of its line.
fn grant(matches: &ArgMatches) -> Result<Grant, &'static str> {
    let (tree, repositories) = (tree(matches)?, repositories(matches)?);
    let relay = relay(matches)?;
    if tree.is_none() && repositories.is_none() && relay.is_none() && !matches.contains_id("config") {
        return Err("--root is missing, or --cvs-root, or --relay: what is served");
    }
    Ok(Grant {
        name: matches.get_one::<Name>("name").cloned(),
        tree,
        repositories,
        relay,
        limits: limits(matches),
        require_landlock: matches.get_flag("require-landlock"),
    })
}

fn limits(matches: &ArgMatches) -> Limits {
    let bytes = |name: &str| matches.get_one::<Bytes>(name).map(|bytes| bytes.0);
    let number = |name: &str| matches.get_one::<u64>(name).copied();
    Limits {
        quota: bytes("quota"),
        max_files: number("max-files"),
        max_file_size: bytes("max-file-size"),
        rate: matches.get_one::<Rate>("rate").and_then(|rate| rate.0),
        idle: number("idle-timeout").map(Duration::from_secs),
        sessions: number("max-sessions").map(|most| u32::try_from(most).unwrap_or(u32::MAX)),
    }
}

fn relay(matches: &ArgMatches) -> Result<Option<Relay>, &'static str> {
    let config: Option<PathBuf> = matches.get_one("relay-config").cloned();
    if config.as_ref().is_some_and(|config| !config.is_absolute()) {
        return Err("--relay-config is to begin with /");
    }
    let way = match matches.get_one::<String>("relay-command") {
        Some(command) => Way::Fixed(command.clone()),
        None if matches.get_flag("relay-through") => Way::Through,
        None => Way::Passed,
    };
    Ok(matches.get_one::<RelayTo>("relay").map(|to| Relay { destination: to.clone(), way, config }))
}

fn repositories(matches: &ArgMatches) -> Result<Option<Repositories>, &'static str> {
    let roots: Vec<PathBuf> = matches.get_many("cvs-root").into_iter().flatten().cloned().collect();
    let is_plain = |root: &PathBuf| {
        let bytes = root.as_os_str().as_bytes();
        bytes.starts_with(b"/") && bytes.len() > 1 && !bytes.ends_with(b"/") && !bytes.contains(&b'\n')
    };
    if roots.iter().any(|root| leads_up(root)) {
        return Err("--cvs-root has '..' in it: name the repository itself, as realpath prints it");
    }
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

/// Whether a path has `..` in it. Behind a link that leads elsewhere than it reads, and what a client names is compared with it as it
/// is written.
fn leads_up(path: &Path) -> bool {
    path.components().any(|part| part == Component::ParentDir)
}

fn tree(matches: &ArgMatches) -> Result<Option<Tree>, &'static str> {
    let flag = |name: &str| matches.get_flag(name);
    let Some(root) = matches.get_one::<PathBuf>("root").cloned() else { return Ok(None) };
    if !root.is_absolute() {
        return Err("--root is to begin with /: the account's home directory is not where a client's session begins");
    }
    if leads_up(&root) {
        return Err("--root has '..' in it: name the directory itself, as realpath prints it");
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
        protocols: if protocols.is_empty() { USUAL.to_vec() } else { protocols },
        devices: flag("allow-devices"),
        set_id: flag("allow-set-id"),
        owner_names: flag("owner-names"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &[impl AsRef<OsStr> + std::fmt::Debug]) -> Serve {
        let words: Vec<OsString> = line.iter().map(|word| word.as_ref().to_owned()).collect();
        match serve(&words) {
            Ok(Action::Serve(serve)) => *serve,
            other => panic!("{line:?}: {other:?}"),
        }
    }

    #[test]
    fn the_words_of_a_grant_are_read_the_same() {
        for line in [
            "--root /srv",
            "--root /srv --read-only --name alice --log syslog",
            "--root /srv --write-only --append-only --require-landlock",
            "--root /srv --append-only --allow sync",
            "--root /srv --no-delete --write-only --log /var/log/x --allow rsync,sync",
            "--cvs-root /a --cvs-root /b --cvs-read-only --name x",
            "--cvs-root /a --cvs-admin --cvs-hooks refuse --root /srv --no-delete",
            "--root /srv --quota 10g --max-files 5 --max-file-size 1.5m --rate 100 --idle-timeout 60 --max-sessions 2",
            "--config /etc/grants.toml --name x --log syslog",
            "--relay u@inner:2222 --name x",
            "--relay inner --relay-through --relay-config /etc/x",
            "--relay [::1]:22 --relay-command uptime",
            "--root /srv/..a/b.. --cvs-root /...",
            "--root /srv --allow-devices --allow-set-id --owner-names --allow rsync",
        ] {
            let line: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let serve = parse(&line);
            assert_eq!(parse(&words(&serve)), serve, "{line:?} {:?}", words(&serve));
        }
    }

    /// What cannot be written as text is not made another.
    #[test]
    fn the_words_of_a_path_are_its_bytes() {
        let path = OsStr::from_bytes(b"/srv/\xff");
        for line in [["--root", "", "--log", ""], ["--cvs-root", "", "--log", ""], ["--config", "", "--name", "x"]] {
            let serve = parse(&line.map(|word| if word.is_empty() { path } else { OsStr::new(word) }));
            assert_eq!(parse(&words(&serve)), serve);
        }
    }

    #[test]
    fn what_is_to_be_explained_may_look_like_an_option() {
        for command in ["-oProxyCommand=x", "--root", "-", "--"] {
            let line = ["--root", "/srv", "--explain", command].map(str::to_owned);
            assert_eq!(parse(&line).explain.as_deref(), Some(OsStr::new(command)));
        }
    }

    #[test]
    fn what_is_no_grant_is_named() {
        for (line, said) in [
            ("--require-landlock", "--root is missing"),
            ("--root srv", "--root is to begin with /"),
            ("--root /a/../b", "--root has '..' in it"),
            ("--root /srv/..", "--root has '..' in it"),
            ("--cvs-root /a --cvs-root /a/../b", "--cvs-root has '..' in it"),
            ("--relay -oProxyCommand=x", "unexpected argument"),
            ("--relay u@-oProxyCommand=x", "a host to go to"),
            ("--relay h --root /srv", "cannot be used with"),
            ("--relay h --idle-timeout 3", "cannot be used with"),
            ("--root /srv --cvs-hooks refuse", "--cvs-root"),
            ("--relay h --relay-through --relay-command x", "cannot be used with"),
            ("--root /srv --log x", "--log is to begin with /"),
            ("--root /srv --read-only --append-only", "cannot be used with"),
            ("--root /srv --allow scp", "sync or rsync"),
            ("--root /srv --name x/y", "a name has"),
            ("--root /srv --unknown", "--unknown"),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let fault = serve(&words).unwrap_err().to_string();
            assert!(fault.contains(said), "{line}: {fault}");
        }
    }
}
