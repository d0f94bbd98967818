use clap::{Arg, ArgAction};

use super::{flag, taking};

/// What runs there.
pub(super) fn args() -> Vec<Arg> {
    let section = [
        flag('t', "Ask for a terminal; twice: even without one here").action(ArgAction::Count).long_help(
            "Ask for a terminal although a command is given. Twice, -tt, asks for one even where standard input is \
             none.",
        ),
        flag('T', "Ask for no terminal"),
        flag('s', "The command names a subsystem, such as sftp"),
        flag('N', "Run nothing there"),
        flag('n', "Read standard input from /dev/null"),
        taking('e', "char", "Set the escape character; `none` turns it off").long_help(
            "Set the character that begins an escape at the start of a line of an interactive session: a character, \
             ^ and a letter, or `none`. It is ~ by default.",
        ),
        flag('f', "Go to the background once logged in").long_help(
            "Go to the background once logged in, with standard input from /dev/null. With ExitOnForwardFailure, only once \
             all forwards stand. With -N nothing of the caller's stays open.",
        ),
    ];
    section.map(|arg| arg.help_heading("The session")).to_vec()
}
