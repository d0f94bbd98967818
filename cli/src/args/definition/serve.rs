//! `xssh serve`: what a line of authorized_keys gives its key. `xssh authorize` takes the same options.

use clap::builder::ValueHint;
use clap::{Arg, ArgAction, ArgGroup, Command, Id, value_parser};
use xssh_gate::{Name, Protocol, RelayTo};

use super::{long_flag, named, path};
use crate::args::size::{Bytes, Rate};

const ABOUT: &str = "\
Serves one tree to one key, and nothing else, as the forced command of its line in authorized_keys:

restrict,command=\"xssh serve --root /srv/backup\" ssh-ed25519 ...

What the client asks for (SSH_ORIGINAL_COMMAND) is read once and by no shell. It may be xssh sync, or rsync with any remote \
shell; with --cvs-root, it may be cvs; all else is refused in one line. Paths of the client's begin at the root. See \
docs/serve.md for what each layer covers.

Exit codes: 0 done; 1 refused, or not possible; what rsync says where it ran.";

/// The subcommand.
pub(super) fn command() -> Command {
    named(super::SERVE, "--root DIR | --cvs-root DIR [options]")
        .display_name("xssh-serve")
        .bin_name("xssh serve")
        .about("Serve one tree to one key, as a forced command")
        .long_about(ABOUT)
        .args(grants())
        .group(kept())
        .args(asides())
        .arg(long_flag("help").short('h').help("Print help"))
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    long_flag(name).help(help)
}

/// What is kept here and may be bounded.
const KEPT: &str = "kept";

/// One of these is what a bound is about.
pub(super) fn kept() -> ArgGroup {
    ArgGroup::new(KEPT).args(["root", "cvs-root"]).multiple(true)
}

/// What stands in the line of a key beside `--config`, and counts whatever the table of its name says.
const OF_THE_LINE: [&str; 3] = ["name", "require-landlock", "log"];

/// What counts for a relay too, of what bounds a key.
const OF_SESSIONS: &str = "max-sessions";

/// What a key may do. An option that would do nothing beside another is refused there: it would look as if it narrowed something.
pub(crate) fn grants() -> Vec<Arg> {
    // What narrows a tree must not look as if it narrowed repositories.
    let of_root = |arg: Arg| if arg.get_id() == "root" { arg } else { arg.requires("root") };
    let tree = tree().into_iter().map(|arg| of_root(arg).help_heading("The tree"));
    let repositories = repositories().into_iter().map(|arg| arg.help_heading("CVS"));
    let kept: Vec<Arg> = tree.chain(repositories).collect();
    let limits: Vec<Arg> = limits().into_iter().map(|arg| arg.help_heading("How much")).collect();
    let of_relays = |id: &Id| id.as_str() == OF_SESSIONS;
    let beside = kept.iter().chain(&limits).map(Arg::get_id).filter(|id| !of_relays(id)).cloned().collect();
    let relay: Vec<Arg> = relay(beside).into_iter().map(|arg| arg.help_heading("A way on")).collect();
    let of_key = of_key().into_iter().map(|arg| arg.help_heading("The key"));
    let mut all: Vec<Arg> = kept.into_iter().chain(relay).chain(limits).chain(of_key).collect();
    let of_table = all.iter().map(Arg::get_id).filter(|id| !OF_THE_LINE.contains(&id.as_str())).cloned().collect();
    all.push(config(of_table));
    all
}

fn tree() -> Vec<Arg> {
    vec![
        path("root", "DIR", ValueHint::DirPath)
            .help("The tree"),
        flag("read-only", "Nothing may change").conflicts_with_all(["write-only", "append-only", "no-delete"]),
        flag("write-only", "Nothing may be read"),
        flag("append-only", "New names may appear; what is there may not be overwritten, truncated, renamed or deleted"),
        flag("no-delete", "Nothing may be deleted"),
        Arg::new("allow")
            .long("allow")
            .value_name("PROTOCOLS")
            .value_delimiter(',')
            .value_parser(protocol)
            .action(ArgAction::Append)
            .help("By these protocols, with commas between them: sync, rsync; without it, both"),
        flag("allow-devices", "Device nodes, FIFOs and sockets may be made"),
        flag("allow-set-id", "Files may keep their set-user-ID and set-group-ID bits"),
        flag("owner-names", "rsync may read the names of accounts and groups, so that owners travel by name").long_help(
            "rsync may read the names of accounts and groups, so that owners travel by name and not by number. Who finds a \
             way to have rsync read any file of its domain could then learn those names.",
        ),
    ]
}

fn repositories() -> Vec<Arg> {
    vec![
        path("cvs-root", "DIR", ValueHint::DirPath)
            .action(ArgAction::Append)
            .help("A CVS repository, as clients are to name it, byte for byte; may be given several times"),
        flag("cvs-read-only", "Nothing in the repositories may change")
            .requires("cvs-root")
            .conflicts_with("cvs-admin"),
        flag("cvs-admin", "CVSROOT may be changed and cvs admin used; whoever may do that can have programs run")
            .requires("cvs-root"),
        Arg::new("cvs-hooks")
            .long("cvs-hooks")
            .value_name("run|refuse")
            .value_parser(["run", "refuse"])
            .default_value("run")
            .hide_possible_values(true)
            .requires("cvs-root")
            .help("Run the programs that CVSROOT names, or refuse the commands that would run them"),
    ]
}

/// The way on; `beside` is what does not go with it.
fn relay(beside: Vec<Id>) -> Vec<Arg> {
    vec![
        Arg::new("relay")
            .long("relay")
            .value_name("[user@]host[:port]")
            .value_parser(|text: &str| text.parse::<RelayTo>())
            .conflicts_with_all(beside)
            .help(
                "No tree, but a way to this host: the client's command is run there, as this account and with its keys",
            ),
        Arg::new("relay-command")
            .long("relay-command")
            .value_name("COMMAND")
            .requires("relay")
            .conflicts_with("relay-through")
            .help("This command is run there, whatever the client says"),
        path("relay-config", "FILE", ValueHint::FilePath)
            .requires("relay")
            .help("This ssh_config counts for the way there, instead of the account's and the system's"),
        flag(
            "relay-through",
            "The client speaks with that host's sshd itself, with its own keys, as by a ProxyCommand",
        )
        .requires("relay"),
    ]
}

fn of_key() -> Vec<Arg> {
    vec![
        Arg::new("name")
            .long("name")
            .value_name("NAME")
            .value_parser(|text: &str| text.parse::<Name>())
            .help("Whose key it is, for the log; and the author of what it commits by cvs"),
        flag("require-landlock", "Serve nothing where Landlock is not to be had"),
        path("log", "FILE|syslog", ValueHint::FilePath)
            .help("Write a line of JSON for each session to FILE, or to syslog"),
    ]
}

/// Where the grant stands instead, with what is only told there.
fn config(of_table: Vec<Id>) -> Arg {
    path("config", "FILE", ValueHint::FilePath)
        .requires("name")
        .conflicts_with_all(of_table)
        .help_heading("The key")
        .help("What the key may do stands in FILE (TOML), in the table of its --name")
        .long_help(
            "What the key may do stands in FILE (TOML), in the table of its --name: the options of xssh serve without dashes, as \
             root = \"/srv/alice\" or append-only = true. Beside it the line may have --name, --log and --require-landlock, and nothing \
             else.",
        )
}

/// How much a key may take.
fn limits() -> Vec<Arg> {
    let size = |name: &'static str, help| {
        Arg::new(name).long(name).value_name("SIZE").value_parser(|text: &str| text.parse::<Bytes>()).help(help)
    };
    let number = |name: &'static str, value, help| {
        Arg::new(name).long(name).value_name(value).value_parser(value_parser!(u64).range(1..)).help(help)
    };
    let of_root = [
        size("quota", "The files of the tree, or of a repository, may have so many bytes together").long_help(
            "The files of the tree, or of a repository, may have so many bytes together. xssh sync takes no file for which there is \
             no room; rsync is ended when the tree is seen to hold more, and writes no file that is larger than what was left; by \
             cvs, no command is taken whose files may need more than is left.",
        ),
        size("max-file-size", "No file may be larger; by cvs, none that is sent"),
        number("max-files", "N", "The tree, or a repository, may hold so many entries"),
        Arg::new("rate")
            .long("rate")
            .value_name("RATE")
            .value_parser(|text: &str| text.parse::<Rate>())
            .help("No more passes in a second, in KiB without a letter: xssh sync and cvs both ways, rsync where it sends"),
    ];
    // A relay's bytes are nobody's here.
    let of_root = of_root.map(|arg| arg.requires(KEPT));
    let of_key = [
        number("idle-timeout", "SECONDS", "A session in which nothing passes for so long is ended; not with --relay"),
        number(OF_SESSIONS, "N", "So many sessions of this key at once"),
    ];
    of_root.into_iter().chain(of_key).collect()
}

/// What is asked of the subcommand itself.
fn asides() -> Vec<Arg> {
    let explain = Arg::new("explain")
        .long("explain")
        .value_name("COMMAND")
        .value_parser(value_parser!(std::ffi::OsString))
        // A client may ask for anything.
        .allow_hyphen_values(true)
        .help("Say what would be done for a client that asks for COMMAND, and why, without doing it");
    let listen = Arg::new("listen")
        .long("listen")
        .value_name("ADDRESS:PORT")
        .value_parser(value_parser!(std::net::SocketAddr))
        .action(ArgAction::Append)
        .conflicts_with("explain")
        .help("Be an SSH server there, for machines without sshd; may be given more than once")
        .long_help(
            "Be an SSH server there, for machines without sshd; may be given more than once. Keys whose line in the file has a \
             command of xssh serve are served by that, all others as the options here say. SIGHUP has the keys read again; \
             SIGTERM ends it when what is at work is done, twice at once.",
        );
    let keys = path("authorized-keys", "FILE", ValueHint::FilePath)
        .help("The keys that may come in, as sshd's authorized_keys has them");
    let host_key = path("host-key", "FILE", ValueHint::FilePath)
        .help("The server's own key, made where it is missing; without it, xssh/host_key in $XDG_STATE_HOME");
    let server = [listen, keys, host_key].map(|arg| arg.help_heading("Without sshd"));
    [explain.help_heading("Asking")].into_iter().chain(server).collect()
}

fn protocol(text: &str) -> Result<Protocol, String> {
    let served = [Protocol::Sync, Protocol::Rsync];
    let found = served.into_iter().find(|protocol| protocol.to_string() == text);
    found.ok_or_else(|| "sync or rsync".to_owned())
}

/// A value that an option may have, for tests that try them all; none for one that takes none.
#[cfg(test)]
pub(crate) fn sample(arg: &Arg) -> Option<&'static str> {
    if !arg.get_action().takes_values() {
        return None;
    }
    let name = arg.get_value_names().and_then(|names| names.first()).unwrap().as_str();
    Some(match name {
        "DIR" | "FILE" | "FILE|syslog" => "/x",
        "PROTOCOLS" => "rsync",
        "run|refuse" => "refuse",
        "[user@]host[:port]" => "inner",
        "COMMAND" | "NAME" => "x",
        "SIZE" | "RATE" => "100k",
        "N" | "SECONDS" => "7",
        other => panic!("what is {other}?"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::definition::AUTHORIZE;
    use crate::args::{Fault, definition::SERVE, parse};

    /// What is said of a line with an option beside another.
    fn beside(command: &str, given: &[&str], arg: &Arg) -> Result<(), Fault> {
        let value = sample(arg).map(|value| format!("={value}")).unwrap_or_default();
        let option = format!("--{}{value}", arg.get_id());
        let key = (command == AUTHORIZE).then_some("key.pub");
        let words = [command].into_iter().chain(given.iter().copied()).chain([option.as_str()]).chain(key);
        parse("xssh", &words.map(std::ffi::OsString::from).collect::<Vec<_>>()).map(|_| ())
    }

    /// What every option says that does nothing there.
    fn assert_refused_beside(given: &[&str], does_count: &[&str]) {
        let name = given[0];
        for arg in grants().iter().filter(|arg| !given.contains(&format!("--{}", arg.get_id()).as_str())) {
            let counts = does_count.contains(&arg.get_id().as_str());
            for command in [SERVE, AUTHORIZE] {
                let told = beside(command, given, arg);
                match (counts, &told) {
                    (true, Ok(())) => {}
                    (false, Err(fault)) => {
                        let fault = fault.to_string();
                        let names = fault.contains(name) && fault.contains(&format!("--{}", arg.get_id()));
                        assert!(names && fault.contains("cannot be used with"), "{command} {given:?}: {fault}");
                    }
                    _ => panic!("{command} {given:?} --{}: {told:?}", arg.get_id()),
                }
            }
            if !counts {
                let listens = ["--listen=127.0.0.1:0", "--authorized-keys=/x"];
                assert!(beside(SERVE, &[given, &listens].concat(), arg).is_err(), "{}", arg.get_id());
            }
        }
    }

    #[test]
    fn beside_a_table_there_is_nothing_that_only_a_table_says() {
        assert_refused_beside(&["--config", "/x", "--name", "alice"], &["require-landlock", "log"]);
    }

    #[test]
    fn beside_a_relay_there_is_nothing_that_is_about_a_tree() {
        let count = ["relay-command", "relay-config", "relay-through", OF_SESSIONS, "name", "require-landlock", "log"];
        assert_refused_beside(&["--relay", "inner"], &count);
    }
}
