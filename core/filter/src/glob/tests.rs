use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Glob, Start};

fn rsync(pattern: &str, text: &str) -> bool {
    Glob::rsync(pattern.as_bytes()).is_some_and(|glob| glob.matches(text.as_bytes(), Start::First))
}

fn git(pattern: &str, text: &str) -> bool {
    Glob::git(pattern.as_bytes()).is_some_and(|glob| glob.matches(text.as_bytes(), Start::First))
}

#[test]
fn rsync_dialect() {
    for (pattern, text, expected) in [
        ("*.o", "x.o", true),
        ("*.o", "a/x.o", false),
        ("**.o", "a/x.o", true),
        ("a**b", "a/x/b", true),
        ("a/**/b", "a/b", false),
        ("a?b", "a/b", false),
        ("[!a]", "/", false),
        ("[]a]", "]", true),
        ("[a-]", "-", true),
        ("[a-c-e]", "d", false),
        ("[a-c-e]", "-", true),
        ("[[:digit:]x]", "7", true),
        ("[[:nothing:]]", "n", false),
        ("[[:a]", ":", true),
        ("[\\]]", "]", true),
        ("[a", "a", false),
        ("a\\*", "a*", true),
        ("a\\*", "ab", false),
        ("*\\", "a\\", false),
        ("", "", true),
        ("*", "", true),
    ] {
        assert_eq!(rsync(pattern, text), expected, "{pattern} {text}");
    }
}

#[test]
fn git_dialect() {
    for (pattern, text, expected) in [
        ("a/**/b", "a/b", true),
        ("a/**/b", "a/x/y/b", true),
        ("**/b", "b", true),
        ("a/**", "a/x/y", true),
        ("a/**", "a/", true),
        ("x**b", "x/b", false),
        ("x**b", "xyb", true),
        ("**/**/**/b", "b", true),
    ] {
        assert_eq!(git(pattern, text), expected, "{pattern} {text}");
    }
}

/// A matcher that tries everything would need longer than the age of the universe for each of these.
#[test]
fn no_pattern_costs_exponential_time() {
    let text = "a".repeat(4000);
    let deep = "a/".repeat(2000);
    let begun = Instant::now();
    for pattern in ["a*".repeat(60) + "b", "*a".repeat(1000) + "b*", "a*".repeat(2000) + "[b]"] {
        assert!(!rsync(&pattern, &text));
        assert!(!git(&pattern, &text));
    }
    for pattern in ["**/a".repeat(900) + "/[b]", "**a*".repeat(900) + "[b]"] {
        assert!(!rsync(&pattern, &deep));
        assert!(!git(&pattern, &deep));
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

/// The plain definition, which may take for ever.
fn slow(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], _) => text.is_empty(),
        ([b'*', b'*', rest @ ..], _) => {
            let rest = &rest[rest.iter().take_while(|byte| **byte == b'*').count()..];
            (0..=text.len()).any(|taken| slow(rest, &text[taken..]))
        }
        ([b'*', rest @ ..], _) => {
            let room = text.iter().take_while(|byte| **byte != b'/').count();
            (0..=room).any(|taken| slow(rest, &text[taken..]))
        }
        ([b'?', rest @ ..], [byte, text @ ..]) => *byte != b'/' && slow(rest, text),
        ([wanted, rest @ ..], [byte, text @ ..]) => wanted == byte && slow(rest, text),
        (_, []) => false,
    }
}

proptest! {
    #[test]
    fn as_the_plain_definition(pattern in "[ab/*?]{0,9}", text in "[ab/]{0,9}") {
        prop_assert_eq!(rsync(&pattern, &text), slow(pattern.as_bytes(), text.as_bytes()));
        let glob = Glob::rsync(pattern.as_bytes()).unwrap();
        let starts = std::iter::once(0).chain(text.match_indices('/').map(|(at, _)| at + 1));
        let anywhere = starts.into_iter().any(|at| slow(pattern.as_bytes(), &text.as_bytes()[at..]));
        prop_assert_eq!(glob.matches(text.as_bytes(), Start::AfterSlash), anywhere);
    }

    #[test]
    fn no_bytes_panic(pattern: Vec<u8>, text: Vec<u8>, mean in "[\\[\\]\\\\!^:a*-]{0,12}") {
        for pattern in [&pattern[..], mean.as_bytes()] {
            for glob in [Glob::rsync(pattern), Glob::git(pattern)].into_iter().flatten() {
                glob.matches(&text, Start::AfterSlash);
            }
        }
    }
}
