//! How the gate names a key's owner to a server: the dialogue of `cvs pserver` (cvsclient 3).

/// The longest name.
const NAME: usize = 64;

/// A name, and a secret that only the gate knows.
#[derive(Clone)]
pub struct Login {
    name: String,
    secret: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Login").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Login {
    /// Nothing where the name cannot stand in `CVSROOT/passwd`, or the secret is no hexadecimal number.
    #[must_use]
    pub fn new(name: &str, secret: &str) -> Option<Self> {
        let fits = Self::is_name(name) && !secret.is_empty() && secret.bytes().all(|byte| scrambled(byte).is_some());
        fits.then(|| Self { name: name.to_owned(), secret: secret.to_owned() })
    }

    /// Whether `CVSROOT/passwd` and the files of a repository can hold this name. In those an `@` begins a text (rcsfile(5)), so
    /// an author with one would spoil the file.
    #[must_use]
    pub fn is_name(name: &str) -> bool {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-+".contains(&byte);
        !name.is_empty() && name.len() <= NAME && name.bytes().all(fits) && !name.starts_with('-')
    }

    /// What is said to the server before anything else.
    pub(crate) fn request(&self, root: &[u8]) -> Vec<u8> {
        let secret: Vec<u8> = self.secret.bytes().filter_map(scrambled).collect();
        let lines =
            [b"BEGIN AUTH REQUEST", root, self.name.as_bytes(), &[b"A", &secret[..]].concat(), b"END AUTH REQUEST"];
        lines.map(|line| [line, b"\n"].concat()).concat()
    }
}

/// A hexadecimal digit in the protocol's alphabet A (cvsclient 4). The gate's secrets hold no other letters.
fn scrambled(digit: u8) -> Option<u8> {
    let at = b"0123456789abcdef".iter().position(|known| *known == digit)?;
    b"o4Kw1\"RQ_AyuhedE".get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dialogue_is_the_documents() {
        let login = Login::new("alice", "00ff").unwrap();
        assert_eq!(login.request(b"/r"), b"BEGIN AUTH REQUEST\n/r\nalice\nAooEE\nEND AUTH REQUEST\n");
        assert!(!format!("{login:?}").contains("00ff"));
    }

    #[test]
    fn names_that_would_be_something_else_are_none() {
        for name in ["", "a:b", "a\nb", "a b", "-x", "a/b", "é", "a@b", "a;b", "a$b", "a,b"] {
            assert!(Login::new(name, "0").is_none(), "{name}");
        }
        assert!(Login::new("a.b-c+d", "0").is_some());
        assert!(Login::new("a", "0x").is_none());
    }
}
