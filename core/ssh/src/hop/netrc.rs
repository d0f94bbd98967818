//! The netrc format as curl reads it: words between blanks, `"quoted words"` with `\n \r \t` and `\x` for any x, `#` for
//! the rest of a line where a word would start, macros skipped to the next empty line. No I/O.

use zeroize::Zeroizing;

/// A user and a password from a netrc file.
#[derive(PartialEq, Eq)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: Zeroizing<String>,
}

/// A quoted word without its end: nothing in such a file can be relied on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OpenQuote {
    pub(super) line: usize,
}

/// Whether the first word is one that a netrc file starts with.
pub(super) fn looks_like_netrc(text: &str) -> bool {
    let mut words = Words::new(text);
    let first = words.next_word();
    matches!(first, Ok(Some(word)) if ["machine", "default", "macdef"].contains(&word.as_str()))
}

/// Looks for the first entry of `host` (or a `default`) that has a password: for `user`, if that is given, else for
/// whomever the entry names.
pub(super) fn lookup(text: &str, host: &str, user: Option<&str>) -> Result<Option<Login>, OpenQuote> {
    let mut words = Words::new(text);
    let mut entry = Entry::default();
    while let Some(word) = words.next_word()? {
        match word.to_ascii_lowercase().as_str() {
            "machine" => {
                if let Some(login) = entry.login_of(user) {
                    return Ok(Some(login));
                }
                let ours = words.next_word()?.is_some_and(|name| name.eq_ignore_ascii_case(host));
                entry = Entry { ours, ..Entry::default() };
            }
            "default" => {
                if let Some(login) = entry.login_of(user) {
                    return Ok(Some(login));
                }
                entry = Entry { ours: true, ..Entry::default() };
            }
            "login" => entry.user = words.next_word()?,
            "password" => entry.password = words.next_word()?,
            "account" => {
                words.next_word()?;
            }
            "macdef" => words.skip_macro(),
            _ => {}
        }
    }
    Ok(entry.login_of(user))
}

#[derive(Default)]
struct Entry {
    ours: bool,
    user: Option<Zeroizing<String>>,
    password: Option<Zeroizing<String>>,
}

impl Entry {
    /// What it has to give to `wanted`: an entry that names nobody is for everyone.
    fn login_of(&mut self, wanted: Option<&str>) -> Option<Login> {
        let own = self.user.as_ref().map(|user| user.as_str());
        let user = match (wanted, own) {
            (Some(wanted), Some(own)) if wanted != own => return None,
            (Some(wanted), _) => wanted,
            (None, own) => own?,
        };
        let user = user.to_owned();
        let password = self.password.take().filter(|_| self.ours)?;
        Some(Login { user, password })
    }
}

/// The words of a file, one after the other.
struct Words<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Words<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text, line: 1 }
    }

    fn next_word(&mut self) -> Result<Option<Zeroizing<String>>, OpenQuote> {
        loop {
            let trimmed = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
            self.advance(self.rest.len() - trimmed.len());
            match self.rest.as_bytes().first() {
                None => return Ok(None),
                Some(b'#') => self.advance(self.rest.find('\n').unwrap_or(self.rest.len())),
                Some(b'"') => return self.quoted_word().map(Some),
                Some(_) => {
                    let end = self.rest.find([' ', '\t', '\r', '\n']).unwrap_or(self.rest.len());
                    let word = self.rest.get(..end).unwrap_or_default().to_owned();
                    self.advance(end);
                    return Ok(Some(Zeroizing::new(word)));
                }
            }
        }
    }

    /// A quoted word ends on its line.
    fn quoted_word(&mut self) -> Result<Zeroizing<String>, OpenQuote> {
        let line = self.rest.lines().next().unwrap_or_default();
        let mut word = Zeroizing::new(String::with_capacity(line.len()));
        let mut characters = line.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.advance(at + 1);
                    return Ok(word);
                }
                '\\' => match characters.next() {
                    Some((_, 'n')) => word.push('\n'),
                    Some((_, 'r')) => word.push('\r'),
                    Some((_, 't')) => word.push('\t'),
                    Some((_, other)) => word.push(other),
                    None => break,
                },
                _ => word.push(character),
            }
        }
        Err(OpenQuote { line: self.line })
    }

    fn skip_macro(&mut self) {
        let end = self.rest.find("\n\n").or_else(|| self.rest.find("\n\r\n"));
        self.advance(end.unwrap_or(self.rest.len()));
    }

    fn advance(&mut self, count: usize) {
        let (passed, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, ""));
        self.line += passed.bytes().filter(|byte| *byte == b'\n').count();
        self.rest = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str, host: &str, user: Option<&str>) -> Option<(String, String)> {
        let login = lookup(text, host, user).unwrap();
        login.map(|login| (login.user, login.password.to_string()))
    }

    fn pair(user: &str, password: &str) -> Option<(String, String)> {
        Some((user.to_owned(), password.to_owned()))
    }

    #[test]
    fn the_machines_own_entry_is_found() {
        let text = "machine a login x password 1\nmachine\tB\n login y\n password 2\nmachine b login z password 3\n";
        assert_eq!(found(text, "a", None), pair("x", "1"));
        assert_eq!(found(text, "b", None), pair("y", "2"));
        assert_eq!(found(text, "B", Some("z")), pair("z", "3"));
        assert_eq!(found(text, "b", Some("x")), None);
        assert_eq!(found(text, "c", None), None);
    }

    #[test]
    fn default_is_for_every_machine() {
        let text = "machine a login x password 1 default login d password 9";
        assert_eq!(found(text, "a", None), pair("x", "1"));
        assert_eq!(found(text, "b", None), pair("d", "9"));
    }

    #[test]
    fn an_entry_without_user_serves_the_one_who_is_named() {
        assert_eq!(found("machine a password 1", "a", Some("me")), pair("me", "1"));
        assert_eq!(found("machine a password 1", "a", None), None);
        assert_eq!(found("machine a login x", "a", None), None);
    }

    #[test]
    fn quotes_comments_and_macros_are_curls() {
        let text = "# machine a login no password no\nmacdef init\nmachine a login no password no\n\n\
                    machine a account machine login \"a b\" password \"p\\\"\\\\\\t#\" # login z\n";
        assert_eq!(found(text, "a", None), pair("a b", "p\"\\\t#"));
        assert_eq!(found("machine a login x password p#1", "a", None), pair("x", "p#1"));
    }

    #[test]
    fn an_open_quote_is_named_with_its_line() {
        let text = "machine a\nlogin x\npassword \"p\nmachine b login y password 1\n";
        assert_eq!(lookup(text, "a", None).err(), Some(OpenQuote { line: 3 }));
    }

    #[test]
    fn a_bare_password_is_no_netrc() {
        assert!(looks_like_netrc("\n# mine\n machine a login b"));
        assert!(looks_like_netrc("default login a"));
        assert!(!looks_like_netrc("hunter2\n"));
        assert!(!looks_like_netrc(""));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(machine|default|macdef|login|password|a|\"|\\\\|#| |\r|\n|é|\\PC){0,30}") {
            let _ = lookup(&text, "a", None);
            let _ = looks_like_netrc(&text);
        }

        #[test]
        fn any_quoted_password_comes_back(password in "[^\r\n]{0,20}") {
            let quoted = password.replace('\\', "\\\\").replace('"', "\\\"");
            let text = format!("machine a login x password \"{quoted}\"\n");
            prop_assert_eq!(found(&text, "a", None), pair("x", &password));
        }
    }
}
