//! The one definition of the command line: every letter, whether it takes a value, and all that is said of it.
//!
//! Help, the man page, the completions and the reference page are rendered from [`command`]; the walk over the arguments
//! learns from [`Letters`] which letters there are and which take a value. clap itself never parses: OpenSSH's grammar
//! (options after the host, clusters, a command of raw bytes) is not clap's.

mod authentication;
mod authorize;
mod connection;
mod forwarding;
mod letters;
mod messages;
mod prose;
mod serve;
mod session;
mod sync;

pub(crate) use letters::{Letters, Wants};
#[cfg(test)]
pub(crate) use prose::SECTIONS;
pub(crate) use serve::grants;
#[cfg(test)]
pub(crate) use serve::sample;

use clap::builder::ValueHint;
use clap::{Arg, ArgAction, Command, value_parser};

/// The name of the program.
pub(crate) const PROGRAM: &str = "xssh";
/// The subcommand that shows the way to a host.
pub(crate) const ROUTE: &str = "route";

/// The subcommand that makes one tree like another.
pub(crate) const SYNC: &str = "sync";

/// The subcommand that serves a tree to a key.
pub(crate) const SERVE: &str = "serve";

/// The subcommand that keeps forwards up.
pub(crate) const TUNNEL: &str = "tunnel";
/// The subcommand that writes lines for it.
pub(crate) const AUTHORIZE: &str = "authorize";

/// Everything.
pub(crate) fn command() -> Command {
    named(PROGRAM, "[options] [user@]host [command ...]\n       xssh route [options] [user@]host [--json]\n       xssh tunnel [options] [user@]host\n       xssh sync [options] SRC... DST\n       xssh serve --root DIR [options]\n       xssh authorize --root DIR [options] KEY.pub")
        .about("Run a program on another host over SSH; a drop-in for ssh as a remote shell")
        .long_about(prose::ABOUT)
        .after_help(prose::AFTER_HELP)
        .after_long_help(prose::after_long_help())
        .args(options())
        .arg(long_flag("help").short('h').help("Print help: -h the short one, --help the long one"))
        .arg(destination())
        .arg(
            Arg::new("command")
                .value_name("command")
                .num_args(0..)
                .trailing_var_arg(true)
                .value_hint(ValueHint::CommandWithArguments)
                .help("What to run there; a shell if there is none")
                .long_help(prose::COMMAND),
        )
        .subcommand(route())
        .subcommand(tunnel())
        .subcommand(sync::command())
        .subcommand(serve::command())
        .subcommand(authorize::command())
}

/// A subcommand by itself.
pub(crate) fn subcommand(name: &str) -> Command {
    match name {
        SYNC => sync::command(),
        SERVE => serve::command(),
        AUTHORIZE => authorize::command(),
        TUNNEL => tunnel(),
        _ => route(),
    }
}

/// What clap says first about a command line that is none: a line, and a list that may be below it.
pub(crate) fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let first = lines.join(" ");
    let first = first.as_str();
    first.strip_prefix("error: ").unwrap_or(first).to_owned()
}

/// The letters of OpenSSH, in the order in which help lists them.
pub(crate) fn options() -> Vec<Arg> {
    let sections = [connection::args(), authentication::args(), session::args(), forwarding::args(), messages::args()];
    sections.into_iter().flatten().collect()
}

fn route() -> Command {
    named(ROUTE, "[options] [user@]host [--json]")
        .display_name("xssh-route")
        .bin_name("xssh route")
        .about("Show the whole way to a host: every hop, its key, how we logged in, and where the time went")
        .long_about(prose::ROUTE)
        .arg(long_flag("json").help("Print one JSON object instead of a table"))
        .arg(long_flag("help").short('h').help("Print help"))
        .arg(destination())
}

fn tunnel() -> Command {
    named(
        TUNNEL,
        "[options] [user@]host\n       xssh tunnel --status [--json] [host]\n       xssh tunnel --forget host",
    )
    .display_name("xssh-tunnel")
    .bin_name("xssh tunnel")
    .about("Keep the forwards of a host up: connect again when the connection is lost, and tell how they stand")
    .long_about(prose::TUNNEL)
    .arg(
        long_flag("status")
            .help("Show how the tunnels of this account stand; ends with 1 where one is not up, or there is none"),
    )
    .arg(long_flag("json").help("With --status: print one JSON object instead of a table"))
    .arg(long_flag("forget").help("Remove what --status still shows of a tunnel that failed or was killed"))
    .arg(long_flag("help").short('h').help("Print help"))
    .arg(destination())
}

fn named(name: &'static str, usage: &str) -> Command {
    let bin_name = if name == PROGRAM { PROGRAM.to_owned() } else { format!("{PROGRAM} {name}") };
    Command::new(name)
        .override_usage(format!("{bin_name} {usage}"))
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_flag(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .subcommand_negates_reqs(true)
        .max_term_width(100)
}

fn destination() -> Arg {
    Arg::new("destination")
        .value_name("[user@]host")
        .required(true)
        .value_hint(ValueHint::Hostname)
        .help("The host to reach, or ssh://[user@]host[:port]")
        .long_help(prose::DESTINATION)
}

fn long_flag(name: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue)
}

/// An option whose value is a path.
fn path(name: &'static str, value: &'static str, hint: ValueHint) -> Arg {
    let parser = value_parser!(std::path::PathBuf);
    Arg::new(name).long(name).value_name(value).value_parser(parser).value_hint(hint)
}

/// A letter that stands alone.
fn flag(letter: char, help: &'static str) -> Arg {
    Arg::new(letter.to_string()).short(letter).action(ArgAction::SetTrue).help(help)
}

/// A letter that takes a value.
fn taking(letter: char, value: &'static str, help: &'static str) -> Arg {
    Arg::new(letter.to_string()).short(letter).action(ArgAction::Append).value_name(value).help(help)
}
