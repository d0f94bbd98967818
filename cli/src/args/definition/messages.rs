use clap::builder::{PossibleValue, ValueHint};
use clap::{Arg, ArgAction};

use super::{flag, taking};

/// The questions of `-Q` that help and completions name. Names of keywords are answered too.
const QUESTIONS: [&str; 12] = [
    "cipher",
    "cipher-auth",
    "compression",
    "kex",
    "key",
    "key-ca-sign",
    "key-cert",
    "key-plain",
    "key-sig",
    "mac",
    "protocol-version",
    "sig",
];

/// What we say, and questions that need no connection.
pub(super) fn args() -> Vec<Arg> {
    let section = [
        flag('v', "Tell what happens; up to three times for more").action(ArgAction::Count),
        flag('q', "Say nothing but what the program there says")
            .long_help("Say nothing of our own: no warning, and no reason for a failure. The exit status still tells."),
        taking('E', "file", "Append messages to this file instead of standard error").value_hint(ValueHint::FilePath),
        flag('y', "Refused: messages do not go to syslog; see -E"),
        flag('G', "Print the configuration for the host, and do not connect"),
        taking('Q', "question", "Print the algorithms there are: cipher, kex, key, mac, help, ...")
            .value_parser(QUESTIONS.map(PossibleValue::new))
            .hide_possible_values(true)
            .long_help(
                "Print the algorithms there are, one on a line: `cipher`, `cipher-auth` (those that authenticate by \
                 themselves), `mac`, `kex`, `key`, `key-cert`, `key-plain`, `key-sig`, `sig`, `key-ca-sign`, \
                 `compression`, `protocol-version`; or the name of a keyword such as HostKeyAlgorithms. `help` lists \
                 the questions.",
            ),
        flag('V', "Print the version"),
        flag('Z', "Not yet: list the keys that would be tried"),
    ];
    section.map(|arg| arg.help_heading("Messages and questions")).to_vec()
}
