//! Asking the person: on the terminal, or through the program that SSH_ASKPASS names (ssh(1), ENVIRONMENT; readpass.c).
//!
//! Standard input and output are the caller's and are never used for it. In batch mode nobody is asked: then
//! [`xssh_ssh::prompt::Nobody`] stands in this place.

mod askpass;
mod keyboard;
mod typing;

use xssh_ssh::prompt::Prompt;
use zeroize::Zeroizing;

use crate::environment;
use askpass::{Askpass, Hint};
use keyboard::Keyboard;

/// The longest answer; what is typed beyond it is left out.
const ANSWER: usize = 8 << 10;

/// The person at the terminal, or at the screen.
pub(crate) struct Terminal {
    askpass: Askpass,
}

impl Terminal {
    /// As the environment has it.
    pub(crate) fn from_environment() -> Self {
        Self { askpass: Askpass::new(environment::variable) }
    }

    fn ask(&self, question: &str, echo: bool) -> Option<Zeroizing<String>> {
        let hint = Hint::Question;
        if self.askpass.is_preferred() {
            ::log::debug!("read_passphrase: requested to askpass");
            return self.askpass.ask(question, hint);
        }
        match Keyboard::open() {
            Ok(mut keyboard) => keyboard.ask(question, echo),
            Err(error) => {
                ::log::debug!("read_passphrase: can't open /dev/tty: {error}");
                self.askpass.ask(question, hint)
            }
        }
    }
}

impl Prompt for Terminal {
    fn secret(&self, question: &str) -> Option<Zeroizing<String>> {
        self.ask(question, false)
    }

    fn line(&self, question: &str) -> Option<String> {
        self.ask(question, true).map(|answer| answer.as_str().to_owned())
    }

    fn confirm(&self, question: &str) -> bool {
        // OpenSSH asks this on a screen or not at all; without one we ask on the terminal.
        let answer = if self.askpass.is_allowed() {
            self.askpass.ask(question, Hint::Confirm)
        } else {
            let mut keyboard = Keyboard::open().ok();
            keyboard.as_mut().and_then(|keyboard| keyboard.ask(&format!("{question} (yes/no) "), true))
        };
        answer.is_some_and(|answer| answer.is_empty() || answer.eq_ignore_ascii_case("yes"))
    }

    fn show(&self, text: &str) {
        // As OpenSSH's INFO: -q silences it, and -E takes it to a file.
        ::log::warn!("{}", text.trim_end());
    }
}

/// An answer as text. A password that is not UTF-8 cannot be sent, and must not be sent as another.
fn as_text(bytes: &Zeroizing<Vec<u8>>) -> Option<Zeroizing<String>> {
    match str::from_utf8(bytes) {
        Ok(text) => Some(Zeroizing::new(text.to_owned())),
        Err(_) => {
            ::log::error!("The answer is not valid UTF-8; it was not used.");
            None
        }
    }
}
