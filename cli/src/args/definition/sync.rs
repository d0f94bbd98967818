//! `xssh sync`: rsync's long names, and ssh's letters with ssh's meanings.

use clap::builder::ValueHint;
use clap::{Arg, ArgAction, Command, value_parser};

use super::{long_flag, named};

const ABOUT: &str = "\
Makes DST like SRC: xssh sync ./dir host:/dir makes /dir on the host like ./dir, and xssh sync host:/dir ./dir brings it \
here. Two local places work too. A slash at the end of SRC changes nothing. A single file may be SRC: it goes into DST where \
that is a directory, else it becomes DST. Several SRCs go into DST under their names.

Both sides look at their trees at once and only what differs travels; of a large file, only its changed parts. A file appears \
under its name whole or not at all. Directories, permissions, times and symbolic links are kept, and owners where root \
receives. The host needs xssh: --remote-xssh says where it is.

Exit codes: 0 done; 1 usage; 2 the two sides do not understand each other; 12 the connection was lost; \
23 some files could not be done, each is named; 24 some vanished before their turn; 25 more deletions than --max-delete: \
none was done; 75 another run is changing DST; what the remote shell says (255) where there is no connection.";

/// The subcommand.
pub(super) fn command() -> Command {
    named(super::SYNC, "[options] SRC... DST")
        .display_name("xssh-sync")
        .bin_name("xssh sync")
        .about("Make one tree like another, here or on a host")
        .long_about(ABOUT)
        .args(what())
        .args(how())
        .args(shell())
        .arg(long_flag("help").short('h').help("Print help"))
        .arg(
            Arg::new("places")
                .value_name("PLACE")
                .num_args(2..)
                .required(true)
                .value_parser(value_parser!(std::ffi::OsString))
                .value_hint(ValueHint::AnyPath)
                .help("SRC... and DST: paths here, or [user@]host:path on a host"),
        )
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    long_flag(name).help(help)
}

fn what() -> Vec<Arg> {
    let pattern =
        |name: &'static str, help| Arg::new(name).long(name).value_name("PATTERN").action(ArgAction::Append).help(help);
    let list = |name: &'static str, help| {
        Arg::new(name)
            .long(name)
            .value_name("FILE")
            .action(ArgAction::Append)
            .value_hint(ValueHint::FilePath)
            .help(help)
    };
    let args = vec![
        flag("delete", "Delete from DST what SRC does not have, after everything could be read"),
        flag("delete-excluded", "Delete what is excluded too"),
        Arg::new("max-delete")
            .long("max-delete")
            .value_name("N")
            .value_parser(value_parser!(u64))
            .help("Delete nothing where more than N entries would be deleted; without it, where more than half of DST would be"),
        flag("checksum", "Compare the contents of all files, not only sizes and times").short('c'),
        flag("update", "Leave files alone that are newer in DST"),
        flag("existing", "Make no new files"),
        flag("ignore-existing", "Leave files alone that DST has"),
        pattern("exclude", "Leave out what matches, with rsync's rules; the first rule that matches counts"),
        pattern("include", "Do not leave out what matches"),
        list("exclude-from", "Patterns to leave out, a line each"),
        list("include-from", "Patterns not to leave out, a line each"),
        Arg::new("filter")
            .long("filter")
            .value_name("RULE")
            .action(ArgAction::Append)
            .help("A filter rule of rsync's, merge files included"),
        flag("no-perms", "Leave permissions as they are"),
        flag("no-times", "Leave times as they are"),
        flag("no-owner", "Leave owners as they are"),
        flag("devices", "Make device files"),
        flag("specials", "Make FIFOs and sockets"),
        flag("one-file-system", "Do not go into other file systems").short('x'),
        Arg::new("modify-window")
            .long("modify-window")
            .value_name("SECONDS")
            .value_parser(value_parser!(u32))
            .help("Times that differ by no more are the same"),
        flag("archive", "As it is anyway").short('a').hide(true),
        flag("recursive", "As it is anyway").short('r').hide(true),
    ];
    args.into_iter().map(|arg| arg.help_heading("What is made alike")).collect()
}

fn how() -> Vec<Arg> {
    let args = vec![
        flag("dry-run", "Change nothing, and say what would be changed").short('n'),
        flag("itemize", "Say each change").visible_alias("itemize-changes"),
        flag("json", "Say each change and the end as JSON, a line each"),
        flag("progress", "Show how far it is, also where standard error is no terminal"),
        flag("no-progress", "Do not show how far it is"),
        flag("stats", "End with all numbers"),
        flag("whole-file", "Send changed files whole"),
        flag("compress", "Compress always, not only where the line is the slower part").short('z'),
        flag("no-compress", "Never compress"),
        flag("fsync", "Have everything on the disk before it is said to be there"),
        flag("wait", "Wait for another run that is changing DST, up to an hour"),
    ];
    args.into_iter().map(|arg| arg.help_heading("How")).collect()
}

fn shell() -> Vec<Arg> {
    let letter = |letter: char, value: &'static str, help: &'static str| {
        Arg::new(letter.to_string())
            .short(letter)
            .value_name(value)
            .action(ArgAction::Append)
            .value_parser(value_parser!(std::ffi::OsString))
            .help(help)
    };
    let switch = |letter: char, help: &'static str| {
        Arg::new(letter.to_string()).short(letter).action(ArgAction::Count).help(help)
    };
    let args = vec![
        Arg::new("remote-xssh")
            .long("remote-xssh")
            .value_name("COMMAND")
            .help("xssh on the host, as its shell takes it: /opt/bin/xssh, or 'sudo xssh'"),
        letter('F', "file", "Configuration file, as with ssh"),
        letter('J', "hops", "Go through these hosts and proxies"),
        letter('i', "file", "Key file"),
        letter('l', "user", "User on the host"),
        letter('o', "option", "An option of the configuration"),
        letter('p', "port", "Port"),
        switch('4', "IPv4 only"),
        switch('6', "IPv6 only"),
        switch('v', "Tell the story of the connection"),
        switch('q', "Say less"),
    ];
    args.into_iter().map(|arg| arg.help_heading("The connection")).collect()
}
