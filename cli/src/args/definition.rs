//! The letters and words of the command line: the one place that help, man page, completions and the reference page are
//! made from, and that says which letters take a value.

use clap::{Arg, ArgAction, Command};

/// Letters without a value: letter, what it does.
const FLAGS: &[(char, &str)] = &[
    ('4', "Use IPv4 addresses only"),
    ('6', "Use IPv6 addresses only"),
    ('A', "Forward the authentication agent (not here yet)"),
    ('a', "Do not forward the authentication agent"),
    ('C', "Compress"),
    ('f', "Go into the background after authentication (not here yet)"),
    ('G', "Print the configuration for the host and exit"),
    ('g', "Let other hosts use forwarded ports (not here yet)"),
    ('K', "GSSAPI authentication (refused: xssh has none)"),
    ('k', "Do not delegate GSSAPI credentials"),
    ('M', "Be the master of a shared connection (not here yet)"),
    ('N', "Run no remote command"),
    ('n', "Take standard input from /dev/null"),
    ('q', "Be quiet: no warnings"),
    ('s', "The command is the name of a subsystem"),
    ('T', "Ask for no pseudo-terminal"),
    ('t', "Ask for a pseudo-terminal; twice: even without a terminal here"),
    ('V', "Print the version and exit"),
    ('v', "Tell what happens; up to three times"),
    ('X', "Forward X11 (not here yet)"),
    ('x', "Do not forward X11"),
    ('Y', "Forward X11, trusted (not here yet)"),
    ('y', "Send messages to the system's log (refused: use -E)"),
    ('1', "SSH protocol 1 (refused: xssh has none)"),
    ('2', "SSH protocol 2, which is the only one"),
];

/// Letters with a value: letter, the value's name, what it does.
const VALUES: &[(char, &str, &str)] = &[
    ('B', "interface", "Connect from the address of this interface"),
    ('b', "address", "Connect from this address"),
    ('c', "ciphers", "Ciphers, best first; + - ^ change the default list"),
    ('D', "[address:]port", "Forward a local port as a SOCKS proxy (not here yet)"),
    ('E', "file", "Append messages to this file instead of standard error"),
    ('e', "character", "The escape character, ^X, or none"),
    ('F', "file", "Read this configuration file only; none reads none"),
    ('I', "library", "A PKCS#11 library (refused: load it into the agent with ssh-add -s)"),
    ('i', "file", "Prove our identity with the key in this file"),
    (
        'J',
        "hop,...",
        "Go through these hops: [user@]host[:port], ssh://, http://, https://, socks4a://, socks5://, socks5h://",
    ),
    ('L', "forward", "Forward a local port to the far side (not here yet)"),
    ('l', "user", "The user there"),
    ('m', "macs", "MACs, best first; + - ^ change the default list"),
    ('O', "command", "Control a shared connection (not here yet)"),
    ('o', "option", "A line of ssh_config, as Key=value or Key value"),
    ('P', "tag", "A tag for Match tagged"),
    ('p', "port", "The port there"),
    ('Q', "question", "Print what is supported: cipher, mac, kex, key, sig, ...; -Q help lists the questions"),
    ('R', "forward", "Forward a port of the far side to here (not here yet)"),
    ('S', "socket", "The socket of a shared connection (not here yet, but for none)"),
    ('W', "host:port", "Connect standard input and output to this port, through the host"),
    ('w', "tunnel", "Tunnel devices (refused: xssh has none)"),
];

/// The words in first place.
pub const SUBCOMMANDS: &[(&str, &str)] = &[
    ("route", "Show the whole way to a host: every hop, its key, how we proved ourselves, and the time spent"),
    ("sync", "Make one tree like another (not here yet)"),
    ("serve", "Serve one tree to one key (not here yet)"),
    ("authorize", "Write and check authorized_keys lines (not here yet)"),
];

const LONG: &str = "xssh runs a command on another host over SSH, as ssh does, and goes through any chain of ssh, HTTP \
CONNECT and SOCKS hops by itself. It reads ~/.ssh/config and /etc/ssh/ssh_config. Use it wherever a program asks for a \
remote shell: CVS_RSH=xssh, rsync -e xssh, GIT_SSH=xssh, sftp -S xssh.";

const AFTER: &str = "Exit status: that of the remote command, or 255 where xssh failed or the command was ended by a \
signal.\n\nThe words route, sync, serve and authorize are subcommands in first place only; a host of such a name is \
reached as user@sync or with xssh -- sync, and rsync and cvs reach it without more.";

/// The definition of `xssh`.
pub fn command() -> Command {
    let mut command = Command::new("xssh")
        .about("Run a command on another host, through any chain of hops")
        .long_about(LONG)
        .after_long_help(AFTER)
        .override_usage("xssh [options] [user@]host [command ...]\n       xssh route [options] [user@]host [--json]")
        .disable_help_flag(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .args(FLAGS.iter().map(|&(letter, help)| {
            let action = if matches!(letter, 't' | 'v' | 'q') { ArgAction::Count } else { ArgAction::SetTrue };
            Arg::new(letter.to_string()).short(letter).help(help).action(action)
        }))
        .args(VALUES.iter().map(|&(letter, value, help)| {
            Arg::new(letter.to_string()).short(letter).value_name(value).help(help).action(ArgAction::Append)
        }))
        .arg(Arg::new("help").long("help").help("Print all of this").action(ArgAction::SetTrue))
        .arg(Arg::new("h").short('h').help("Print a summary").action(ArgAction::SetTrue))
        .arg(
            Arg::new("destination")
                .value_name("[user@]host")
                .help("The host, or ssh://[user@]host[:port]")
                .value_hint(clap::ValueHint::Hostname),
        )
        .arg(
            Arg::new("command")
                .value_name("command")
                .help("What to run there; without it, the login shell")
                .num_args(0..),
        );
    for &(name, about) in SUBCOMMANDS {
        let mut subcommand = Command::new(name).about(about).disable_help_flag(true);
        if name == "route" {
            subcommand = subcommand
                .arg(Arg::new("json").long("json").help("As JSON").action(ArgAction::SetTrue))
                .arg(Arg::new("destination").value_name("[user@]host"));
        }
        command = command.subcommand(subcommand);
    }
    command
}

/// Whether a letter exists, and whether it takes a value.
pub(super) fn takes_value(letter: char) -> Option<bool> {
    if VALUES.iter().any(|&(known, _, _)| known == letter) {
        return Some(true);
    }
    FLAGS.iter().any(|&(known, _)| known == letter).then_some(false)
}
