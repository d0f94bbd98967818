//! The program that asks on a screen.

use std::io::{self, Read};
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use super::{ANSWER, as_text};

/// Where nobody named another (the path of Debian's OpenSSH).
const DEFAULT: &str = "/usr/bin/ssh-askpass";

/// The program, and when it is used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Askpass {
    program: String,
    /// There is a screen, or it is to be used without one.
    allowed: bool,
    /// It is used even where there is a terminal.
    preferred: bool,
}

/// What kind of dialogue the program may show (SSH_ASKPASS_PROMPT).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hint {
    Question,
    Confirm,
}

impl Askpass {
    /// By the rules of DISPLAY, SSH_ASKPASS and SSH_ASKPASS_REQUIRE.
    pub(super) fn new(variable: impl Fn(&str) -> Option<String>) -> Self {
        let has = |name| variable(name).is_some_and(|value| !value.is_empty());
        let screen = has("DISPLAY") || has("WAYLAND_DISPLAY");
        let require = variable("SSH_ASKPASS_REQUIRE").unwrap_or_default().to_ascii_lowercase();
        let (allowed, preferred) = match require.as_str() {
            "force" => (true, true),
            "prefer" => (screen, screen),
            "never" => (false, false),
            _ => (screen, false),
        };
        let program = variable("SSH_ASKPASS").unwrap_or_else(|| DEFAULT.to_owned());
        Self { program, allowed, preferred }
    }

    pub(super) fn is_allowed(&self) -> bool {
        self.allowed
    }

    pub(super) fn is_preferred(&self) -> bool {
        self.preferred
    }

    /// The first line that the program prints; none where it may not run, fails, or is closed without an answer.
    pub(super) fn ask(&self, question: &str, hint: Hint) -> Option<Zeroizing<String>> {
        if !self.allowed {
            return None;
        }
        match self.run(question, hint) {
            Ok(answer) => as_text(&answer?),
            Err(error) => {
                ::log::error!("ssh_askpass: exec({}): {error}", self.program);
                None
            }
        }
    }

    fn run(&self, question: &str, hint: Hint) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        let mut command = Command::new(&self.program);
        if hint == Hint::Confirm {
            command.env("SSH_ASKPASS_PROMPT", "confirm");
        }
        // Standard input is the caller's data.
        let command = command.arg(question).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut answer = Zeroizing::new(Vec::with_capacity(ANSWER));
        if let Some(output) = child.stdout.take() {
            output.take(ANSWER as u64).read_to_end(&mut answer)?;
        }
        if !child.wait()?.success() {
            return Ok(None);
        }
        if let Some(end) = answer.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
            answer.truncate(end);
        }
        Ok(Some(answer))
    }
}

#[cfg(test)]
mod tests {
    use super::{Askpass, DEFAULT, Hint};
    use std::os::unix::fs::OpenOptionsExt;

    fn askpass(variables: &[(&str, &str)]) -> Askpass {
        Askpass::new(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    /// Each rule of readpass.c: variables, whether it may be used, whether before the terminal.
    #[test]
    fn the_environment_decides() {
        for (variables, allowed, preferred) in [
            (&[][..], false, false),
            (&[("DISPLAY", "")], false, false),
            (&[("DISPLAY", ":0")], true, false),
            (&[("WAYLAND_DISPLAY", "wayland-0")], true, false),
            (&[("SSH_ASKPASS_REQUIRE", "prefer")], false, false),
            (&[("DISPLAY", ":0"), ("SSH_ASKPASS_REQUIRE", "Prefer")], true, true),
            (&[("SSH_ASKPASS_REQUIRE", "FORCE")], true, true),
            (&[("DISPLAY", ":0"), ("SSH_ASKPASS_REQUIRE", "never")], false, false),
            (&[("DISPLAY", ":0"), ("SSH_ASKPASS_REQUIRE", "nonsense")], true, false),
        ] {
            let askpass = askpass(variables);
            assert_eq!((askpass.allowed, askpass.preferred), (allowed, preferred), "{variables:?}");
            assert_eq!(askpass.program, DEFAULT);
        }
    }

    fn answer(script: &str, hint: Hint) -> Option<String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("askpass");
        let mut options = std::fs::File::options();
        let mut file = options.write(true).create(true).mode(0o700).open(&path).unwrap();
        std::io::Write::write_all(&mut file, format!("#!/bin/sh\n{script}\n").as_bytes()).unwrap();
        drop(file);
        let askpass = askpass(&[("SSH_ASKPASS", path.to_str().unwrap()), ("SSH_ASKPASS_REQUIRE", "force")]);
        askpass.ask("What now?", hint).map(|answer| answer.as_str().to_owned())
    }

    #[test]
    fn its_first_line_is_the_answer() {
        assert_eq!(answer("echo \"$1\"; echo more", Hint::Question).unwrap(), "What now?");
        assert_eq!(answer("printf 'no end'", Hint::Question).unwrap(), "no end");
        assert_eq!(answer("cat", Hint::Question).unwrap(), "");
        assert_eq!(answer("echo \"$SSH_ASKPASS_PROMPT\"", Hint::Confirm).unwrap(), "confirm");
    }

    #[test]
    fn failing_is_no_answer() {
        assert_eq!(answer("echo secret; exit 1", Hint::Question), None);
        assert_eq!(answer("kill -9 $$", Hint::Question), None);
        assert_eq!(answer("printf '\\377'", Hint::Question), None);
        let missing = askpass(&[("SSH_ASKPASS", "/nonexistent"), ("SSH_ASKPASS_REQUIRE", "force")]);
        assert!(missing.ask("?", Hint::Question).is_none());
    }
}
