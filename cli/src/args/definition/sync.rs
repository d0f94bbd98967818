//! `xssh sync`: rsync's long names, and ssh's letters with ssh's meanings.

use clap::builder::ValueHint;
use clap::{Arg, ArgAction, Command, value_parser};
use xssh_fs::RelPath;
use xssh_sync::{BackupPlace, Chmod, Mapping};

use super::{long_flag, named};
use crate::args::size::{Bytes, Rate};

const ABOUT: &str = "\
Makes DST like SRC: xssh sync ./dir host:/dir makes /dir on the host like ./dir, and xssh sync host:/dir ./dir brings it \
here. Two local places work too. A slash at the end of SRC changes nothing. A single file may be SRC: it goes into DST where \
that is a directory, else it becomes DST. Several SRCs go into DST under their names.

Both sides look at their trees at once and only what differs travels; of a large file, only its changed parts. A file appears \
under its name whole or not at all. Directories, permissions, times and symbolic links are kept, and owners where root \
receives. The host needs xssh: --remote-xssh says where it is.

Exit codes: 0 done; 1 usage; 2 the two sides do not understand each other; 3 SRC or DST cannot be used; 11 one side cannot go on; 12 the connection was lost; 20 ended by a signal; \
23 some files could not be done, each is named; 24 some vanished before their turn; 25 more deletions than --max-delete: \
none was done; 30 nothing passed for --timeout; 75 another run is changing DST; what the remote shell says (255) where there is no connection.";

/// The subcommand.
pub(super) fn command() -> Command {
    named(super::SYNC, "[options] SRC... DST")
        .display_name("xssh-sync")
        .bin_name("xssh sync")
        .about("Make one tree like another, here or on a host")
        .long_about(ABOUT)
        .args(what())
        .args(kept())
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

fn size(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name("SIZE").value_parser(|text: &str| text.parse::<Bytes>()).help(help)
}

fn reference(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("DIR")
        .action(ArgAction::Append)
        .value_parser(value_parser!(std::ffi::OsString))
        .value_hint(ValueHint::DirPath)
        .help(help)
}

fn map(name: &'static str, help: &'static str) -> Arg {
    let read = |text: &str| Mapping::parse(text, "").map(|_| text.to_owned());
    Arg::new(name).long(name).value_name("RULES").value_parser(read).help(help)
}

fn suffix(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains('/') {
        return Err("a suffix is not empty and has no slash".to_owned());
    }
    Ok(text.to_owned())
}

fn directory(text: &str) -> Result<BackupPlace, String> {
    let names: Vec<&str> = text.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
    if text.starts_with('/') || names.contains(&"..") {
        return Ok(BackupPlace::Outside(text.as_bytes().to_vec()));
    }
    match RelPath::parse(names.join("/").as_bytes()) {
        Ok(path) if !path.is_root() => Ok(BackupPlace::Inside(path)),
        Ok(_) => Err("DST itself holds what is kept without --backup-dir".to_owned()),
        Err(error) => Err(error.to_string()),
    }
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
            .help("Delete nothing where more than N entries would be deleted; without it, where more than half of DST would be, but for a few in a small one"),
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
        flag("gitignore", "Leave out what git ignores; .git itself takes part"),
        size("min-size", "Leave smaller files alone"),
        size("max-size", "Leave larger files alone"),
        flag("contents", "DST itself becomes like SRC, also where it holds a directory called like SRC"),
        flag("prune-empty-dirs", "Leave out directories that hold nothing but directories"),
        flag("ignore-missing-args", "What was named and is not there is no error"),
        flag("relative", "Put the sources under their own paths in DST, from /./ on where that is in them"),
        Arg::new("files-from")
            .long("files-from")
            .value_name("FILE")
            .value_hint(ValueHint::FilePath)
            .help("Only the paths listed in FILE, a line each; of a directory only itself, or with -r all"),
        flag("from0", "The paths in --files-from end with NUL"),
        flag("one-file-system", "Do not go into other file systems").short('x'),
        flag("archive", "As it is anyway").short('a').hide(true),
        flag("recursive", "As it is anyway, but for --files-from").short('r').hide(true),
        flag("partial", "As it is anyway").hide(true),
    ];
    args.into_iter().map(|arg| arg.help_heading("What is made alike")).collect()
}

fn kept() -> Vec<Arg> {
    let args = vec![
        flag("no-perms", "Leave permissions as they are"),
        flag("no-times", "Leave times as they are"),
        flag("omit-dir-times", "Leave the times of directories as they are"),
        flag("no-owner", "Leave owners as they are"),
        flag("no-group", "Leave groups as they are"),
        Arg::new("chown")
            .long("chown")
            .value_name("USER:GROUP")
            .value_parser(|text: &str| Mapping::everybody(text))
            .conflicts_with_all(["usermap", "groupmap"])
            .help("Give everything to this user and this group"),
        map("usermap", "Other owners on the way, as in 0-99:nobody,www-*:web"),
        map("groupmap", "The same for groups"),
        flag("numeric-ids", "Keep the numbers of owners and groups, not their names"),
        flag(
            "fake-super",
            "Keep owners, devices and special bits beside the files where DST is not root's, and read them there in SRC, as rsync \
             does; by their numbers",
        ),
        flag("hard-links", "Keep names of one file names of one file").short('H'),
        flag("sparse", "Make holes of long runs of zeros").short('S'),
        flag("xattrs", "Keep extended attributes").short('X'),
        flag("acls", "Keep POSIX ACLs").short('A'),
        flag("safe-links", "Leave out symbolic links that lead out of the tree"),
        flag("copy-links", "Copy what symbolic links in SRC lead to, wherever that is, instead of the links"),
        flag("copy-unsafe-links", "The same for links that lead out of the tree"),
        flag("copy-dirlinks", "The same for links to directories"),
        Arg::new("chmod")
            .long("chmod")
            .value_name("CHANGES")
            .action(ArgAction::Append)
            .value_parser(|text: &str| Chmod::parse(text))
            .help("Change permissions on the way, as in Du=rwx,go-w,F644"),
        flag("devices", "Make device files"),
        flag("specials", "Make FIFOs and sockets"),
        Arg::new("modify-window")
            .long("modify-window")
            .value_name("SECONDS")
            .value_parser(value_parser!(u32))
            .help("Times that differ by no more are the same"),
    ];
    args.into_iter().map(|arg| arg.help_heading("What is kept of it")).collect()
}

fn how() -> Vec<Arg> {
    let args = vec![
        flag("dry-run", "Change nothing, and say what would be changed").short('n'),
        flag("itemize", "Say each change").visible_alias("itemize-changes"),
        flag("json", "Say how far it is, each change and the end as JSON, a line each"),
        flag("progress", "Show how far it is, also where standard error is no terminal"),
        flag("no-progress", "Do not show how far it is"),
        flag("stats", "End with all numbers"),
        flag("whole-file", "Send changed files whole"),
        flag("compress", "Compress always, not only where the line is the slower part").short('z'),
        flag("no-compress", "Never compress"),
        Arg::new("compress-level")
            .long("compress-level")
            .value_name("LEVEL")
            .allow_negative_numbers(true)
            .value_parser(value_parser!(i32).range(-7..=19))
            .help("How hard to compress, -7 (fast) to 19"),
        Arg::new("bwlimit")
            .long("bwlimit")
            .value_name("RATE")
            .value_parser(|text: &str| text.parse::<Rate>())
            .help("Send no more than so many KiB a second, or with a letter: 1.5m"),
        flag(
            "inplace",
            "Write into files that are there: a reader may see half of the new one, and a cut leaves a mixture",
        ),
        flag("backup", "Keep what is replaced or deleted, with a ~ behind its name"),
        Arg::new("suffix")
            .long("suffix")
            .value_name("SUFFIX")
            .value_parser(suffix)
            .help("Keep it with this behind its name"),
        Arg::new("backup-dir")
            .long("backup-dir")
            .value_name("DIR")
            .value_parser(directory)
            .help("Keep it in this directory, under its path; DIR begins at DST, and may lead out of it"),
        reference(
            "link-dest",
            "Give what is as in SRC in this directory, seen from DST, its name in DST too, instead of a copy",
        )
        .conflicts_with_all(["copy-dest", "compare-dest"]),
        reference("copy-dest", "Copy what is as in SRC in this directory, instead of having it sent")
            .conflicts_with("compare-dest"),
        reference("compare-dest", "Leave out of DST what is as in SRC in this directory"),
        flag(
            "fsync",
            "Have each file on the disk before it gets its name, and everything before it is said to be there",
        ),
        Arg::new("retry")
            .long("retry")
            .value_name("N")
            .value_parser(value_parser!(u32))
            .help("Begin again up to N times where the connection is lost, going on from what has come"),
        Arg::new("connections").long("connections").value_name("N").value_parser(value_parser!(u8).range(1..)).help(
            "Send over no more than N channels; without it a long line gets up to 8, and nobody is asked for a further login",
        ),
        Arg::new("timeout")
            .long("timeout")
            .value_name("SECONDS")
            .value_parser(value_parser!(u64))
            .help("Give up where nothing comes or goes for so long"),
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
        flag("bootstrap", "Where the host has no xssh, copy this one into its cache directory and use it from then on")
            .conflicts_with("remote-xssh"),
        letter('F', "file", "Configuration file, as with ssh"),
        letter('J', "hops", "Go through these hosts and proxies"),
        letter('i', "file", "Key file"),
        letter('l', "user", "User on the host"),
        letter('o', "option", "An option of the configuration"),
        letter('p', "port", "Port"),
        switch('C', "Compress the connection, as with ssh; the data is compressed where that pays anyway"),
        switch('4', "IPv4 only").long("ipv4"),
        switch('6', "IPv6 only").long("ipv6"),
        switch('v', "Tell the story of the connection"),
        switch('q', "Say less").long("quiet"),
    ];
    args.into_iter().map(|arg| arg.help_heading("The connection")).collect()
}
