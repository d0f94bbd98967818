//! Letters that are understood and not obeyed: some until their feature is there, some for good.
//!
//! Letters that switch something off which is off (`-a`, `-k`, `-x`) are no refusals: scp passes them. The same features
//! in configuration files are no refusals either; there they stand for other programs too.

use super::Fault;

/// The refusal of a letter; none for those that work.
pub(super) fn of(letter: char) -> Option<Fault> {
    let never = |reason| Some(Fault::Never { letter, reason });
    let not_yet = |feature| Some(Fault::NotYet { letter, feature });
    match letter {
        '1' => never("SSH protocol v.1 is no longer supported"),
        'K' => never("xssh has no GSSAPI; keys, certificates, passwords and keyboard-interactive work"),
        'I' => never("xssh has no PKCS#11; load the token into an agent with ssh-add -s, and xssh uses the agent"),
        'y' => never("xssh does not write to syslog; -E file writes messages to a file"),
        'Z' => not_yet("listing the keys that would be tried"),
        'w' => not_yet("tunnelling a network device"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::args::Fault;
    use crate::args::definition::options;

    #[test]
    fn help_says_of_every_letter_whether_it_is_refused() {
        for option in options() {
            let letter = option.get_short().unwrap();
            let help = option.get_help().unwrap().to_string();
            let expected = match of(letter) {
                Some(Fault::Never { .. }) => "Refused: ",
                Some(_) => "Not yet: ",
                None => "",
            };
            assert!(help.starts_with(expected), "-{letter}: {help}");
            let says_so = help.starts_with("Refused") || help.starts_with("Not yet");
            assert_eq!(says_so, !expected.is_empty(), "-{letter}: {help}");
        }
    }
}
