//! The words of a command: blanks part them, single quotes and backslashes keep bytes as they are, and everything else that a shell
//! would act on is refused. There is no shell behind a client's command that could see it otherwise. Behind an administrator's there is
//! one with sshd, so that is read as it reads it, with double quotes, or refused.

use crate::Refusal;
use crate::limits::{COMMAND, SHOWN, WORDS};

/// What a shell acts on outside quotes, but for blanks, backslashes, single quotes and patterns.
const SHELL: &[u8] = b";&|<>()$`\"#!{}^";
/// What a shell acts on in double quotes too (POSIX.1-2024, Shell Command Language, 2.2.3).
const IN_DOUBLE: &[u8] = b"$`";
/// What a backslash quotes there; before anything else it is itself.
const QUOTED_IN_DOUBLE: &[u8] = b"$`\"\\";
/// What stands for other bytes in a path.
const PATTERN: &[u8] = b"*?[";

/// A word of a command.
#[derive(Clone, PartialEq, Eq)]
pub struct Word {
    bytes: Vec<u8>,
    patterns: Vec<usize>,
}

impl Word {
    /// A word in which nothing stands for anything else.
    pub fn literal(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), patterns: Vec::new() }
    }

    /// Its bytes, without quotes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where in it `*`, `?` and `[` are patterns.
    pub fn patterns(&self) -> &[usize] {
        &self.patterns
    }

    /// As it may be shown and logged.
    pub fn shown(&self) -> String {
        shown(&self.bytes)
    }
}

impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

/// Bytes of a client's as they may be shown: none reaches a terminal as it came, and no more than a few.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let more = if bytes.len() > SHOWN { "…" } else { "" };
    format!("{}{more}", bytes.get(..SHOWN).unwrap_or(bytes).escape_ascii())
}

/// Takes a command apart.
///
/// # Errors
/// It is too long, holds what only a shell understands, or does not end.
pub(crate) fn words(command: &[u8]) -> Result<Vec<Word>, Refusal> {
    split(command, |_, _| Err(Refusal::Shell(b'"')))
}

/// Takes a command apart that an administrator has written for a shell.
///
/// # Errors
/// As with [`words`], and where a shell would put names of files in the place of a pattern.
pub(crate) fn of_shell(command: &[u8]) -> Result<Vec<Vec<u8>>, Refusal> {
    let found = split(command, in_double_quotes)?;
    let pattern = found.iter().find_map(|word| Some(word.bytes[*word.patterns.first()?]));
    pattern.map_or_else(|| Ok(found.into_iter().map(|word| word.bytes).collect()), |byte| Err(Refusal::Shell(byte)))
}

type Bytes<'a> = std::iter::Copied<std::slice::Iter<'a, u8>>;

/// What stands behind a double quote, up to the next.
fn in_double_quotes(bytes: &mut Bytes<'_>, word: &mut Vec<u8>) -> Result<(), Refusal> {
    loop {
        match bytes.next().ok_or(Refusal::Open)? {
            b'"' => return Ok(()),
            byte if IN_DOUBLE.contains(&byte) => return Err(Refusal::Shell(byte)),
            b'\\' => {
                let quoted = plain(bytes.next().ok_or(Refusal::Open)?)?;
                word.extend(Some(b'\\').filter(|_| !QUOTED_IN_DOUBLE.contains(&quoted)));
                word.push(quoted);
            }
            byte => word.push(plain(byte)?),
        }
    }
}

fn split(
    command: &[u8],
    double: impl Fn(&mut Bytes<'_>, &mut Vec<u8>) -> Result<(), Refusal>,
) -> Result<Vec<Word>, Refusal> {
    if command.len() > COMMAND {
        return Err(Refusal::TooLong);
    }
    let mut found = Vec::new();
    let mut word: Option<Word> = None;
    let mut bytes = command.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte == b' ' {
            found.extend(word.take());
            if found.len() > WORDS {
                return Err(Refusal::TooLong);
            }
            continue;
        }
        let is_first = word.is_none();
        let word = word.get_or_insert_with(|| Word::literal(b""));
        match byte {
            b'\\' => word.bytes.push(plain(bytes.next().ok_or(Refusal::Open)?)?),
            b'\'' => loop {
                match bytes.next().ok_or(Refusal::Open)? {
                    b'\'' => break,
                    quoted => word.bytes.push(plain(quoted)?),
                }
            },
            b'"' => double(&mut bytes, &mut word.bytes)?,
            b'~' if is_first => return Err(Refusal::Tilde),
            byte if SHELL.contains(&byte) => return Err(Refusal::Shell(byte)),
            byte => {
                if PATTERN.contains(&byte) {
                    word.patterns.push(word.bytes.len());
                }
                word.bytes.push(plain(byte)?);
            }
        }
    }
    found.extend(word);
    Ok(found)
}

/// A byte that may stand in a word. Newlines in names would be lines in logs, whoever writes them.
fn plain(byte: u8) -> Result<u8, Refusal> {
    if byte < b' ' || byte == 0x7f { Err(Refusal::Control(byte)) } else { Ok(byte) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn taken(command: &str) -> Vec<Vec<u8>> {
        words(command.as_bytes()).unwrap().into_iter().map(|word| word.bytes).collect()
    }

    #[test]
    fn blanks_part_words_and_quotes_keep_them() {
        assert_eq!(taken("rsync  --server . a\\ b"), [&b"rsync"[..], b"--server", b".", b"a b"]);
        assert_eq!(taken("a'b c'd '' \\'"), [&b"ab cd"[..], b"", b"'"]);
        assert_eq!(taken("  "), Vec::<Vec<u8>>::new());
        assert_eq!(taken("'$(x); \"`|'"), [&b"$(x); \"`|"[..]]);
    }

    #[test]
    fn patterns_count_where_they_are_not_quoted() {
        let found = words(br"a*\*'?'[x]").unwrap();
        assert_eq!((found[0].bytes(), found[0].patterns()), (&b"a**?[x]"[..], &[1, 4][..]));
    }

    #[test]
    fn metacharacters_are_refused() {
        for byte in SHELL {
            let command = [b"a", &[*byte][..], b"b"].concat();
            assert_eq!(words(&command), Err(Refusal::Shell(*byte)));
        }
        assert_eq!(words(b"rsync ~/x"), Err(Refusal::Tilde));
        assert_eq!(taken("a~"), [b"a~"]);
    }

    #[test]
    fn newline_nul_tab_and_escape_are_refused_in_quotes_too() {
        for byte in [b'\n', b'\r', 0, b'\t', 0x1b, 0x7f] {
            for around in [[&b"a"[..], b"b"], [b"'a", b"b'"], [b"a\\", b"b"]] {
                let command = [around[0], &[byte], around[1]].concat();
                assert_eq!(words(&command), Err(Refusal::Control(byte)), "{command:?}");
            }
        }
    }

    #[test]
    fn what_does_not_end_is_refused() {
        assert_eq!(words(b"'a"), Err(Refusal::Open));
        assert_eq!(words(b"a\\"), Err(Refusal::Open));
    }

    #[test]
    fn a_command_of_120_kilobytes_is_read_and_a_longer_one_refused() {
        assert_eq!(words(&[b'a'; 120_000]).unwrap().len(), 1);
        assert_eq!(words(&vec![b'a'; COMMAND + 1]), Err(Refusal::TooLong));
        assert_eq!(words(&b"a ".repeat(WORDS + 2)), Err(Refusal::TooLong));
    }

    #[test]
    fn a_shell_reads_double_quotes_and_no_client_has_them() {
        let of_shell = |command: &str| of_shell(command.as_bytes());
        let read: Vec<Vec<u8>> = vec![b"/usr/bin/xssh".into(), b"serve".into(), b"/a b$\\\"\\x".into(), b"".into()];
        assert_eq!(of_shell(r#""/usr/bin/xssh" serve "/a b\$\\\"\x" """#), Ok(read));
        assert_eq!(of_shell(r#""$HOME""#), Err(Refusal::Shell(b'$')));
        assert_eq!(of_shell(r#""`x`""#), Err(Refusal::Shell(b'`')));
        assert_eq!(of_shell(r#""a\""#), Err(Refusal::Open));
        assert_eq!(of_shell(r#""a"#), Err(Refusal::Open));
        assert_eq!(of_shell("/srv/*"), Err(Refusal::Shell(b'*')));
        assert_eq!(of_shell("'/srv/*'"), Ok(vec![b"/srv/*".to_vec()]));
        assert_eq!(words(br#""a""#), Err(Refusal::Shell(b'"')));
    }

    /// The words as the system's own shell reads them.
    fn of_sh(command: &str) -> Vec<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let script = format!("set -- {command}\nfor word in \"$@\"; do printf '%s\\0' \"$word\"; done");
        let said = std::process::Command::new("/bin/sh").args(["-c", &script]).current_dir(&folder).output().unwrap();
        assert!(said.status.success() && said.stderr.is_empty(), "{command:?}: {said:?}");
        said.stdout.split_inclusive(|byte| *byte == 0).map(|word| word[..word.len() - 1].to_vec()).collect()
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_a_shell_reads(command in "x( |[\"'\\\\$`]|[\"'\\\\]|[a-c/=.~*#!-]){0,12}") {
            if let Ok(found) = of_shell(command.as_bytes()) {
                prop_assert_eq!(found, of_sh(&command), "{:?}", command);
            }
        }

        #[test]
        fn a_quoted_command_is_read_as_a_shell_reads_it(words in prop::collection::vec("[ -~]{0,9}", 1..5)) {
            let quoted: Vec<String> = words
                .iter()
                .map(|word| word.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('`', "\\`"))
                .map(|word| format!("\"{word}\""))
                .collect();
            let command = format!("x {}", quoted.join(" "));
            let found = of_shell(command.as_bytes());
            let given: Vec<Vec<u8>> = std::iter::once("x".to_owned()).chain(words).map(String::into_bytes).collect();
            prop_assert_eq!(&of_sh(&command), &given);
            prop_assert_eq!(found, Ok(given));
        }

        #[test]
        fn no_bytes_do_harm_and_what_is_shown_is_short_and_plain(bytes: Vec<u8>) {
            if let Ok(found) = words(&bytes) {
                for word in found {
                    prop_assert!(word.shown().chars().all(|letter| !letter.is_control()));
                    prop_assert!(word.patterns().iter().all(|at| PATTERN.contains(&word.bytes()[*at])));
                }
            }
        }
    }
}
