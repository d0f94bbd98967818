use clap::Arg;
use clap::builder::ValueHint;

use super::{flag, taking};

/// Who we are.
pub(super) fn args() -> Vec<Arg> {
    let section = [
        taking('l', "user", "Log in as this user").value_hint(ValueHint::Username),
        taking('i', "file", "Prove who we are with this key").value_hint(ValueHint::FilePath).long_help(
            "Prove who we are with the key in this file, before those of the configuration. The file may be the public \
             half where the agent has the other. May be given more than once; a file that is not there is skipped \
             with a warning.",
        ),
        flag('a', "Do not forward the agent"),
        flag('A', "Let the host's programs use the agent here"),
        flag('k', "Do not pass on GSSAPI credentials; there are none"),
        flag('K', "Refused: there is no GSSAPI"),
        taking('I', "library", "Refused: keys of PKCS#11 tokens come through an agent"),
    ];
    section.map(|arg| arg.help_heading("Who we are")).to_vec()
}
