use std::fmt;

use thiserror::Error;

/// An option of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyOption {
    /// As it was written; case does not count.
    pub name: String,
    /// Without quotes.
    pub value: Option<String>,
}

/// Why options cannot be read. sshd then says no more than "Permission denied" to the client.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OptionError {
    /// No option of sshd's.
    #[error("there is no option '{0}', so the key does not count at all")]
    Unknown(String),
    /// The same, by its number, of what looks like no option's name. It may be a secret, so it is not repeated.
    #[error("what stands there as option {0} is none, so the key does not count at all")]
    Nameless(usize),
    /// An option that may come once only.
    #[error("'{0}' stands there twice, so the key does not count at all")]
    Twice(&'static str),
    /// A value where none belongs, or none where one does.
    #[error("'{0}' {1}")]
    Form(&'static str, &'static str),
    /// No key follows.
    #[error("no key follows the options")]
    NoKey,
}

/// What an option takes, and whether it may come more than once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Value,
    Values,
}

/// sshd(8), AUTHORIZED_KEYS FILE FORMAT.
const KNOWN: [(&str, Takes); 22] = [
    ("agent-forwarding", Takes::Nothing),
    ("cert-authority", Takes::Nothing),
    ("command", Takes::Value),
    ("environment", Takes::Values),
    ("expiry-time", Takes::Value),
    ("from", Takes::Value),
    ("no-agent-forwarding", Takes::Nothing),
    ("no-port-forwarding", Takes::Nothing),
    ("no-pty", Takes::Nothing),
    ("no-touch-required", Takes::Nothing),
    ("no-user-rc", Takes::Nothing),
    ("no-x11-forwarding", Takes::Nothing),
    ("permitlisten", Takes::Values),
    ("permitopen", Takes::Values),
    ("port-forwarding", Takes::Nothing),
    ("principals", Takes::Value),
    ("pty", Takes::Nothing),
    ("restrict", Takes::Nothing),
    ("tunnel", Takes::Value),
    ("user-rc", Takes::Nothing),
    ("verify-required", Takes::Nothing),
    ("x11-forwarding", Takes::Nothing),
];

/// The longest name that is repeated where there is no such option: more than any of sshd's has.
const NAME: usize = 24;

impl KeyOption {
    /// Whether it is called so.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

impl fmt::Display for KeyOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            None => f.write_str(&self.name),
            Some(value) => write!(f, "{}=\"{}\"", self.name, value.replace('"', "\\\"")),
        }
    }
}

/// Reads the options that a line begins with, and gives what follows them.
pub(super) fn options(text: &str) -> Result<(Vec<KeyOption>, &str), OptionError> {
    let mut found: Vec<KeyOption> = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(['=', ',', ' ', '\t']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        let known = KNOWN.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let (known, takes) = *known.ok_or_else(|| unknown(name, found.len()))?;
        let (value, behind) = match behind.strip_prefix('=') {
            Some(quoted) => {
                let (value, behind) = value(quoted).ok_or(OptionError::Form(known, "has no value in quotes"))?;
                (Some(value), behind)
            }
            None => (None, behind),
        };
        match (takes, &value) {
            (Takes::Nothing, Some(_)) => return Err(OptionError::Form(known, "takes no value")),
            (Takes::Value | Takes::Values, None) => return Err(OptionError::Form(known, "has no value in quotes")),
            _ => {}
        }
        if takes == Takes::Value && found.iter().any(|option| option.is(known)) {
            return Err(OptionError::Twice(known));
        }
        found.push(KeyOption { name: name.to_owned(), value });
        match behind.chars().next() {
            Some(',') => rest = &behind[1..],
            Some(' ' | '\t') => return Ok((found, behind.trim_start_matches([' ', '\t']))),
            Some(_) => return Err(OptionError::Form(known, "is followed by something else than a comma")),
            None => return Err(OptionError::NoKey),
        }
    }
}

/// That there is no such option, behind so many.
fn unknown(name: &str, before: usize) -> OptionError {
    let looks_like_one = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    if looks_like_one && name.len() <= NAME {
        OptionError::Unknown(name.to_owned())
    } else {
        OptionError::Nameless(before + 1)
    }
}

/// A value in quotes, in which `\"` is a quote and every other backslash itself.
fn value(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' if text[at + 1..].starts_with('"') => {
                value.push('"');
                let _ = letters.next();
            }
            '"' => return Some((value, &text[at + 1..])),
            letter => value.push(letter),
        }
    }
    None
}
