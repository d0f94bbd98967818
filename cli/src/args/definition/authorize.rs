//! `xssh authorize`: lines of authorized_keys whose keys are served by `xssh serve`.

use clap::builder::ValueHint;
use clap::{Arg, ArgGroup, Command, value_parser};

use super::{long_flag, named, path, serve};

const ABOUT: &str = "\
Prints the line of authorized_keys that gives a key one tree, as xssh serve has it, with this program's absolute path:

xssh authorize --root /srv/backup --append-only alice.pub

The key comes from a file, or from standard input with -. --install adds the line to the account's own authorized_keys, in one \
step and never twice; --list, --remove and --check say what is there, take a key away, and explain every line of a file and what \
is wrong with it.

Exit codes: 0 done; 1 not possible, or --check has found something wrong.";

/// The subcommand.
pub(super) fn command() -> Command {
    named(
        super::AUTHORIZE,
        "--root DIR [options] KEY.pub\n       xssh authorize --list | --remove KEY | --check [FILE]",
    )
    .display_name("xssh-authorize")
    .bin_name("xssh authorize")
    .about("Write and judge lines of authorized_keys for xssh serve")
    .long_about(ABOUT)
    .args(serve::grants())
    .group(serve::kept())
    .args(asides())
    .group(ArgGroup::new("what").args(["install", "list", "remove", "check"]))
    .arg(long_flag("help").short('h').help("Print help"))
    .arg(
        Arg::new("key")
            .value_name("KEY")
            .value_parser(value_parser!(std::path::PathBuf))
            .value_hint(ValueHint::FilePath)
            .help("The public key's file; - reads it from standard input"),
    )
}

fn asides() -> Vec<Arg> {
    let file = |name| path(name, "FILE", ValueHint::FilePath);
    let args = [
        long_flag("install").help("Add the line to the account's authorized_keys"),
        long_flag("list").help("Say what each key may do"),
        Arg::new("remove")
            .long("remove")
            .value_name("KEY")
            .help("Take the lines of this name, comment or SHA256 fingerprint, or of the key in this file, away"),
        file("check")
            .num_args(0..=1)
            .help("Explain every line of FILE, or of the account's authorized_keys, and what is wrong with it"),
        file("file").help("This authorized_keys instead of the account's"),
    ];
    args.map(|arg| arg.help_heading("The file")).to_vec()
}
