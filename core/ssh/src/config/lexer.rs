//! Lines into words. Two grammars meet on one line, as in OpenSSH: the keyword and the words of `Match` are cut at
//! blanks, one `=` and double quotes (misc.c, strdelim); all other arguments are cut like a shell's (argv_split).

use std::borrow::Cow;

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// A quotation mark has no partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnclosedQuote;

/// The keyword of a line in lower case, and what follows it. None for blank lines and comments, and, as in OpenSSH,
/// for a line whose keyword begins a quotation that never ends.
#[must_use]
pub fn keyword(line: &str) -> Option<(String, &str)> {
    let line = without_trailing_blanks(line);
    let (mut word, mut rest) = delimited(line)?;
    if word.is_empty() {
        (word, rest) = delimited(rest?)?;
    }
    if word.is_empty() || word.starts_with('#') {
        return None;
    }
    Some((word.to_ascii_lowercase(), rest.unwrap_or_default().trim_start_matches(BLANKS)))
}

/// Cuts off blanks and form feeds at the end; the first character stays whatever it is.
fn without_trailing_blanks(line: &str) -> &str {
    let kept = line.trim_end_matches([' ', '\t', '\r', '\n', '\x0c']);
    if kept.is_empty() { line.get(..1).unwrap_or_default() } else { kept }
}

/// The next word and what follows it: none where the text ended with the word. None for an open quotation.
fn delimited(text: &str) -> Option<(Cow<'_, str>, Option<&str>)> {
    let Some(at) = text.find([' ', '\t', '\r', '\n', '"', '=']) else {
        return Some((Cow::Borrowed(text), None));
    };
    let (word, rest) = text.split_at(at);
    if let Some(quoted) = rest.strip_prefix('"') {
        let (inner, rest) = quoted.split_once('"')?;
        let whole = if word.is_empty() { Cow::Borrowed(inner) } else { Cow::Owned(format!("{word}{inner}")) };
        return Some((whole, Some(rest.trim_start_matches(BLANKS))));
    }
    let after = rest.get(1..).unwrap_or_default().trim_start_matches(BLANKS);
    if rest.starts_with('=') {
        return Some((Cow::Borrowed(word), Some(after)));
    }
    match after.strip_prefix('=') {
        Some(value) => Some((Cow::Borrowed(word), Some(value.trim_start_matches(BLANKS)))),
        None => Some((Cow::Borrowed(word), Some(after))),
    }
}

/// The next word of a `Match` line, and what follows it. Two readings that OpenSSH 10 has and 9.2 rejects are taken
/// too: `\"` inside double quotes, and single quotes around a whole word.
///
/// # Errors
/// Where a quotation does not end.
pub fn match_word(text: &str) -> Result<Option<(String, &str)>, UnclosedQuote> {
    if text.is_empty() {
        return Ok(None);
    }
    if let Some((inner, rest)) = text.strip_prefix('\'').and_then(|quoted| quoted.split_once('\''))
        && (rest.is_empty() || rest.starts_with(BLANKS))
    {
        return Ok(Some((inner.to_owned(), rest.trim_start_matches(BLANKS))));
    }
    let first_stop = text.find([' ', '\t', '\r', '\n', '"', '=']);
    if let Some((word, quoted)) = first_stop.and_then(|at| text.split_at_checked(at))
        && let Some(quoted) = quoted.strip_prefix('"')
    {
        let (inner, rest) = double_quoted(quoted).ok_or(UnclosedQuote)?;
        return Ok(Some((format!("{word}{inner}"), rest.trim_start_matches(BLANKS))));
    }
    let (word, rest) = delimited(text).ok_or(UnclosedQuote)?;
    Ok(Some((word.into_owned(), rest.unwrap_or_default())))
}

/// What stands before the closing quotation mark, with `\"` as `"`, and what follows it.
fn double_quoted(text: &str) -> Option<(String, &str)> {
    let mut inner = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        let Some(escaped) = before.strip_suffix('\\').filter(|_| after.contains('"')) else {
            inner.push_str(before);
            return Some((inner, after));
        };
        inner.push_str(escaped);
        inner.push('"');
        rest = after;
    }
}

/// Splits arguments at blanks. Single and double quotes group; `\\`, `\"`, `\'` and, outside quotes, `\ ` stand for
/// the second character; other backslashes stay. With `comments`, a word that begins with `#` ends the line.
///
/// # Errors
/// Where a quotation does not end.
pub fn split_arguments(text: &str, comments: bool) -> Result<Vec<String>, UnclosedQuote> {
    if !text.bytes().any(|b| matches!(b, b'"' | b'\'' | b'\\' | b'#')) {
        return Ok(text.split([' ', '\t']).filter(|word| !word.is_empty()).map(str::to_owned).collect());
    }
    let mut arguments = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        match chars.peek() {
            None => return Ok(arguments),
            Some('#') if comments => return Ok(arguments),
            Some(_) => arguments.push(argument(&mut chars)?),
        }
    }
}

fn argument(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, UnclosedQuote> {
    let mut word = String::new();
    let mut quote = None;
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', _) => {
                let escaped =
                    chars.next_if(|next| matches!(next, '\'' | '"' | '\\') || (quote.is_none() && *next == ' '));
                word.push(escaped.unwrap_or('\\'));
            }
            (' ' | '\t', None) => return Ok(word),
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (c, _) => word.push(c),
        }
    }
    if quote.is_some() { Err(UnclosedQuote) } else { Ok(word) }
}

/// The inverse of [`split_arguments`] for one argument.
#[must_use]
pub fn quote(argument: &str) -> String {
    let mut quoted = String::with_capacity(argument.len() + 2);
    quoted.push('"');
    for c in argument.chars() {
        if matches!(c, '"' | '\'' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(line: &str) -> Option<(String, String)> {
        keyword(line).map(|(word, rest)| (word, rest.to_owned()))
    }

    #[test]
    fn a_keyword_ends_at_blanks_or_one_equals_sign() {
        let expected = Some(("user".to_owned(), "me".to_owned()));
        for line in ["User me", "user=me", "USER = me", "  \tUser\tme  \r\n", "\"User\" me", "User= me", "=User me"] {
            assert_eq!(key(line), expected, "{line:?}");
        }
        assert_eq!(key("User ==me"), Some(("user".into(), "=me".into())));
        assert_eq!(key("User"), Some(("user".into(), String::new())));
        assert_eq!(key("User me\x0c"), expected);
    }

    #[test]
    fn comments_and_blank_lines_hold_nothing() {
        for line in ["", " ", "\n", "\r\n", "# User me", "   #x", "\"User me", "\x0c"] {
            assert!(key(line).is_none_or(|(word, _)| word == "\x0c"), "{line:?}");
        }
    }

    #[test]
    fn arguments_are_split_like_a_shell_does() {
        let split = |text| split_arguments(text, true).unwrap();
        assert_eq!(split(r#"a "b c" 'd "e' f\ g \"h"#), ["a", "b c", "d \"e", "f g", "\"h"]);
        assert_eq!(split(r#"a\b "c\ d" \\ "" x#y # rest"#), ["a\\b", "c\\ d", "\\", "", "x#y"]);
        assert_eq!(split_arguments("a #b", false).unwrap(), ["a", "#b"]);
        assert_eq!(split_arguments("a 'b", true), Err(UnclosedQuote));
        assert_eq!(split("a\\"), ["a\\"]);
    }

    #[test]
    fn words_of_match() {
        let words = |mut text: &str| {
            let mut found = Vec::new();
            while let Some((word, rest)) = match_word(text).unwrap() {
                found.push(word);
                text = rest;
            }
            found
        };
        assert_eq!(words("host a,b user=c exec \"d e\""), ["host", "a,b", "user", "c", "exec", "d e"]);
        assert_eq!(words(r#"exec "test \"a\" = \\.""#), ["exec", r#"test "a" = \\."#]);
        assert_eq!(words("exec 'a b' all"), ["exec", "a b", "all"]);
        assert_eq!(words("user 'a"), ["user", "'a"]);
        assert!(match_word("\"a").is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a\\\\\"'= \t#]{0,16}|\\PC{0,40}") {
            let _ = keyword(&text);
            let _ = split_arguments(&text, true);
            let mut rest = text.as_str();
            while let Ok(Some((_, next))) = match_word(rest) {
                prop_assert!(next.len() < rest.len());
                rest = next;
            }
        }

        #[test]
        fn what_is_quoted_comes_back(argument in "\\PC{0,20}|[\\\\\"' #]{0,10}") {
            prop_assert_eq!(split_arguments(&quote(&argument), true).unwrap(), [argument]);
        }
    }
}
