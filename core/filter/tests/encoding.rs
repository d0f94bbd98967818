//! Rules on their way to the other end.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail so")]

use proptest::prelude::*;
use xssh_filter::{Builder, Directory, FilterError, MergeFiles, Options, RuleFiles, Rules};

/// No files.
struct Nothing;

impl RuleFiles for Nothing {
    fn read(&self, _: &[u8]) -> std::io::Result<Vec<u8>> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

impl MergeFiles for Nothing {
    fn read(&self, _: Directory<'_>, _: &[u8]) -> std::io::Result<Option<Vec<u8>>> {
        Ok(None)
    }
}

/// One file of rules, everywhere.
struct Everywhere(Vec<u8>);

impl MergeFiles for Everywhere {
    fn read(&self, _: Directory<'_>, _: &[u8]) -> std::io::Result<Option<Vec<u8>>> {
        Ok(Some(self.0.clone()))
    }
}

fn one(rule: &[u8]) -> Result<Rules, FilterError> {
    let mut builder = Builder::new(Options::default());
    builder.filter(rule, &Nothing)?;
    Ok(builder.finish())
}

#[test]
fn a_file_that_merges_itself_ends() {
    let rules = one(b": .r").unwrap();
    for text in [". ./.r", ". .r"] {
        let error = rules.scope(b"/x", &Everywhere(text.into())).unwrap_err();
        assert!(matches!(error, FilterError::TooDeep { .. }), "{error}");
    }
}

#[test]
fn a_directory_cannot_merge_a_file_elsewhere() {
    let rules = one(b": .r").unwrap();
    for text in [". /etc/passwd", ". ../x", ". ./a/b", ". ./../x"] {
        let error = rules.scope(b"/x", &Everywhere(text.into())).unwrap_err();
        assert!(matches!(error, FilterError::MergeElsewhere { .. }), "{error}");
    }
}

#[test]
fn directories_cannot_tell_of_files_without_end() {
    let text: Vec<u8> = (0..1000).flat_map(|number| format!(": .r{number}\n").into_bytes()).collect();
    let error = one(b": .r").unwrap().scope(b"/x", &Everywhere(text)).unwrap_err();
    assert!(matches!(error, FilterError::TooMany { .. }), "{error}");
}

#[test]
fn lengths_are_checked_before_memory_is_taken() {
    let mut bytes = Rules::default().to_bytes();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&99_999_u32.to_le_bytes());
    assert!(Rules::from_bytes(&bytes).is_err());
    bytes[end - 4..].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(Rules::from_bytes(&bytes), Err(FilterError::TooMany { .. })));
}

#[test]
fn errors_quote_the_rule_and_no_control_byte() {
    assert_eq!(one(b"bo\x1bgus").unwrap_err().to_string(), r"unknown filter rule: 'bo\x1bgus'");
    assert_eq!(one(b"-q x").unwrap_err().to_string(), "modifier 'q' does not fit in filter rule: '-q x'");
    for rule in [&b"-x user.k"[..], b"H,xs user.*", b":x .rules"] {
        let words = one(rule).unwrap_err().to_string();
        assert!(words.starts_with("filter rule for extended attributes") && words.contains("-X"), "{words}");
    }
    assert!(one(&[b"- ", &[b'a'; 5000][..]].concat()).unwrap_err().to_string().len() < 400);
}

proptest! {
    #[test]
    fn back_and_forth(rules in proptest::collection::vec("[-+:HSPR!][!/spnewC]{0,2} [a-c*?/\\[\\]]{0,6}", 0..6),
                      from0: bool, delete_excluded: bool, cvs_home: Vec<u8>) {
        let mut builder = Builder::new(Options { from0, delete_excluded, cvs_home, cvs_variable: b"x y".to_vec() });
        for rule in rules {
            // Not every one is a rule.
            let _ = builder.filter(rule.as_bytes(), &Nothing);
        }
        let rules = builder.finish();
        prop_assert_eq!(Rules::from_bytes(&rules.to_bytes()).unwrap(), rules);
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, cut: usize, flip: (usize, u8), name: Vec<u8>, is_dir: bool) {
        let _ = Rules::from_bytes(&bytes);
        let _ = one(&bytes);
        let mut encoded = one(b"-C").unwrap().to_bytes();
        let count = encoded.len();
        encoded[flip.0 % count] ^= flip.1;
        encoded.truncate(count - cut % 8);
        if let Ok(rules) = Rules::from_bytes(&encoded)
            && let Ok(scope) = rules.scope(&bytes, &Nothing)
            && let Ok(scope) = scope.enter(&name, &Everywhere(bytes))
        {
            let _ = (scope.hidden(&name, is_dir), scope.protected_in_deleted(&name, is_dir));
        }
    }

    #[test]
    fn no_merge_file_panics(text: Vec<u8>, lines in proptest::collection::vec("[-+:.HP!][!/spneC_ ]{0,2}[ /a.*\\[\\\\]{0,6}", 0..5)) {
        for text in [text, lines.join("\n").into_bytes()] {
            if let Ok(scope) = one(b": ../.r").unwrap().scope(b"/x/y", &Everywhere(text.clone()))
                && let Ok(scope) = scope.enter(b"a", &Everywhere(text))
            {
                let _ = (scope.hidden(b"a", true), scope.protected(b"b", false));
            }
        }
    }
}
