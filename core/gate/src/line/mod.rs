//! Lines of authorized_keys: read as sshd reads them (sshd(8), AUTHORIZED_KEYS FILE FORMAT), written, and judged.
//!
//! In order of use: [`Line::parse`], [`Line`] and its `Display` (what is written is read the same), [`Line::terms`]
//! (what it asks of who comes by it, beside the key), [`judge`] (what is wrong with the lines of a file). What a forced command of ours gives is for the reader of its options to say; [`Line::served`] finds their words.

mod expiry;
mod judge;
mod key;
mod option;
mod sources;
mod terms;

use std::fmt;

pub use expiry::{Civil, Expiry};
pub use judge::{Finding, Weight, judge};
pub use key::{KeyError, PublicKey};
pub use option::{KeyOption, OptionError};
pub use sources::{Sources, SourcesError};
pub use terms::{Principals, Terms, TermsError};

use crate::limits::LINE;
use crate::words::of_shell;
use thiserror::Error;

/// A line that lets a key in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is held to, in order.
    pub options: Vec<KeyOption>,
    /// The key.
    pub key: PublicKey,
}

/// Why a line lets nobody in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LineError {
    /// Longer than a line may be.
    #[error("it is too long")]
    TooLong,
    /// Its options cannot be read.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// Its key cannot be read.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Line {
    /// Reads a line; none where it is blank or a remark.
    ///
    /// # Errors
    /// sshd would not let anybody in by it.
    pub fn parse(text: &str) -> Result<Option<Self>, LineError> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        if text.is_empty() || text.starts_with('#') {
            return Ok(None);
        }
        if text.len() > LINE {
            return Err(LineError::TooLong);
        }
        if PublicKey::begins(text) {
            return Ok(Some(Self { options: Vec::new(), key: PublicKey::parse(text)? }));
        }
        let (options, rest) = option::options(text)?;
        Ok(Some(Self { options, key: PublicKey::parse(rest)? }))
    }

    /// The value of an option, if it has one.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|option| option.is(name))?.value.as_deref()
    }

    /// The words behind `serve` in its forced command, where that is one of ours: the program, and the options of its grant.
    pub fn served(&self) -> Option<(Vec<u8>, Vec<Vec<u8>>)> {
        served(self.value("command")?)
    }
}

/// The same of a command that stands elsewhere.
pub fn served(command: &str) -> Option<(Vec<u8>, Vec<Vec<u8>>)> {
    let mut words = of_shell(command.as_bytes()).ok()?.into_iter();
    // What a shell would take as a variable is no program.
    let program = words.next().filter(|program| !program.contains(&b'=') || program.starts_with(b"/"))?;
    (words.next()? == b"serve").then(|| (program, words.collect()))
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, option) in self.options.iter().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            write!(f, "{option}")?;
        }
        if !self.options.is_empty() {
            f.write_str(" ")?;
        }
        write!(f, "{}", self.key)
    }
}

/// A word as a POSIX shell takes it for itself, and our own tokeniser too.
#[must_use]
pub fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+,:@=%".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKZP7fC2XWzPWQHHHqmXsBOQbwzoGnQHmW5z9l6oU5yq alice@host";

    fn parse(options: &str) -> Result<Line, LineError> {
        Line::parse(&format!("{options}{KEY}")).map(Option::unwrap)
    }

    #[test]
    fn lines_are_read_as_sshd_reads_them() {
        assert_eq!(Line::parse(" # remark"), Ok(None));
        assert_eq!(Line::parse("\t"), Ok(None));
        let line = parse("").unwrap();
        assert_eq!((line.options.len(), line.key.comment.as_str()), (0, "alice@host"));
        let line = parse(r#"restrict,command="xssh serve --root \"/a b\",x",from="10.0.0.0/8" "#).unwrap();
        assert_eq!(line.value("command"), Some(r#"xssh serve --root "/a b",x"#));
        assert_eq!(line.value("FROM"), Some("10.0.0.0/8"));
        assert_eq!(line.options.len(), 3);
    }

    #[test]
    fn what_lets_nobody_in_is_an_error() {
        for bad in [
            format!("restrict,nonsense {KEY}"),
            format!("command=x {KEY}"),
            format!("command=\"x {KEY}"),
            format!("command {KEY}"),
            format!("restrict=\"x\" {KEY}"),
            format!("restrict, {KEY}"),
            format!("restrict,,pty {KEY}"),
            format!("command=\"a\",command=\"b\" {KEY}"),
            "restrict ssh-ed25519".to_owned(),
            "restrict ssh-ed25519 !!!!".to_owned(),
            "ssh-ed25519 AAAAB3NzaC1yc2E=".to_owned(),
            "ssh-nothing AAAA".to_owned(),
            format!("{KEY} {}", "x".repeat(LINE)),
        ] {
            assert!(Line::parse(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_looks_like_no_option_is_not_repeated() {
        let told = |options: &str| parse(options).unwrap_err().to_string();
        assert!(told("restrict,no-ptty ").contains("no option 'no-ptty'"));
        for secret in ["AAAAC3NzaC1lZDI1", "s3cret", "Hunter", "correcthorsebatterystaple", "ge\u{df}eim", "\"quoted\""]
        {
            for (options, at) in [(format!("{secret} "), 1), (format!("restrict,pty,{secret}=\"x\" "), 3)] {
                let told = told(&options);
                assert!(told.contains(&format!("option {at} is none")), "{told}");
                assert!(!told.contains(secret), "{told}");
            }
        }
    }

    #[test]
    fn our_own_commands_are_found() {
        let line = parse(r#"restrict,command="/usr/bin/xssh serve --root '/a b' --read-only" "#).unwrap();
        let (program, words) = line.served().unwrap();
        assert_eq!(
            (program.as_slice(), words),
            (&b"/usr/bin/xssh"[..], vec![b"--root".to_vec(), b"/a b".to_vec(), b"--read-only".to_vec()])
        );
        let line = parse(r#"command="\"/usr/local/bin/xssh\" serve --root \"/srv/my backup\"" "#).unwrap();
        assert_eq!(
            line.served(),
            Some((b"/usr/local/bin/xssh".to_vec(), vec![b"--root".to_vec(), b"/srv/my backup".to_vec()]))
        );
        for none in
            ["A=b serve --root /srv", "xssh serve --root /srv/*", "xssh serve --root $HOME", "env A=b xssh serve"]
        {
            assert_eq!(served(none), None, "{none}");
        }
        assert!(served("/a=b/xssh serve --root /srv").is_some());
        assert!(parse(r#"command="rrsync /srv" "#).unwrap().served().is_none());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_the_same(command in "[ -~]{0,60}", from in "[a-z.,*]{1,9}") {
            let option = |name: &str, value: Option<&str>| KeyOption { name: name.to_owned(), value: value.map(str::to_owned) };
            let options = vec![option("restrict", None), option("command", Some(&command)), option("from", Some(&from))];
            let line = Line { options, key: PublicKey::parse(KEY).unwrap() };
            // A backslash before the closing quote cannot be written in this format.
            prop_assume!(!command.ends_with('\\') && !command.contains("\\\""));
            prop_assert_eq!(Line::parse(&line.to_string()), Ok(Some(line)));
        }

        #[test]
        fn no_text_does_harm(text: String) {
            let _ = Line::parse(&text);
        }

        #[test]
        fn a_quoted_word_is_one_word(word in "[ -~]{0,20}") {
            prop_assert_eq!(of_shell(quoted(&word).as_bytes()), Ok(vec![word.into_bytes()]));
        }
    }
}
