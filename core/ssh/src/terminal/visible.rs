//! A peer's text, made safe for a terminal.
//!
//! Banners, prompts, error texts and disconnect messages come from someone who is not trusted yet. An escape sequence in
//! them could retitle the window, answer for the user or hide a line, and a bidirectional control could make a host name
//! read as another. So control characters, and characters that are invisible or reorder others, become octal escapes of
//! their bytes (`\033`), as OpenSSH writes them; all else in UTF-8 is kept. A backslash is kept too: the text is for
//! eyes, and cannot be turned back into bytes.

/// The text on one line: no control character is left, not even a newline or a tab.
///
/// The result is at most four times as long as `bytes`.
pub fn visible(bytes: &[u8]) -> String {
    escaped(bytes, |_| false)
}

/// The text with its lines and tabs kept, for banners and instructions.
///
/// CR LF, which RFC 4252 section 5.4 asks of banners, becomes a plain newline; a CR by itself is escaped, because it
/// would let a text write over its own line.
pub fn visible_lines(bytes: &[u8]) -> String {
    escaped(bytes, |c| matches!(c, '\n' | '\t'))
}

fn escaped(bytes: &[u8], keep: fn(char) -> bool) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let mut characters = chunk.valid().chars().peekable();
        while let Some(c) = characters.next() {
            let ends_line = c == '\r' && keep('\n') && characters.peek() == Some(&'\n');
            if keep(c) || !is_dangerous(c) {
                out.push(c);
            } else if !ends_line {
                push_octal(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        push_octal(&mut out, chunk.invalid());
    }
    out
}

/// Whether a terminal may act on the character, or show it as nothing, or move others because of it.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Bidirectional marks, embeddings, overrides and isolates (Unicode UAX #9, section 2).
            '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
            // Line and paragraph separators; zero-width space, word joiner and byte order mark.
            | '\u{2028}' | '\u{2029}' | '\u{200B}' | '\u{2060}' | '\u{FEFF}'
            // Interlinear annotations and tags carry text that is not shown.
            | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

fn push_octal(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        out.push('\\');
        for shift in [6, 3, 0] {
            out.push(char::from(b'0' + (byte >> shift & 7)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{is_dangerous, visible, visible_lines};
    use proptest::prelude::*;

    #[test]
    fn escape_sequences_lose_their_teeth() {
        assert_eq!(visible(b"a\x1b]0;x\x07b"), r"a\033]0;x\007b");
        assert_eq!(visible(b"\x7f\0"), r"\177\000");
    }

    #[test]
    fn c1_controls_are_escaped_raw_and_in_utf8() {
        assert_eq!(visible(b"\x9b31m"), r"\23331m");
        assert_eq!(visible("\u{9b}31m".as_bytes()), r"\302\23331m");
    }

    #[test]
    fn text_in_utf8_is_kept() {
        let text = r"Größe 漢字 👩‍💻 CORP\ann";
        assert_eq!(visible(text.as_bytes()), text);
    }

    #[test]
    fn bidi_controls_are_escaped() {
        assert_eq!(visible("evil\u{202e}moc.knab".as_bytes()), r"evil\342\200\256moc.knab");
    }

    #[test]
    fn broken_utf8_is_escaped_byte_by_byte() {
        assert_eq!(visible(b"x\xe2\x82y\xff"), r"x\342\202y\377");
    }

    #[test]
    fn lines_and_tabs_stay_only_where_asked() {
        assert_eq!(visible_lines(b"one\r\n\ttwo\n"), "one\n\ttwo\n");
        assert_eq!(visible(b"one\r\n\ttwo\n"), r"one\015\012\011two\012");
    }

    #[test]
    fn a_lone_carriage_return_cannot_write_over_its_line() {
        assert_eq!(visible_lines(b"real\rfake\r\r\n"), "real\\015fake\\015\n");
    }

    proptest! {
        #[test]
        fn nothing_dangerous_is_left(bytes in any::<Vec<u8>>()) {
            prop_assert!(!visible(&bytes).chars().any(is_dangerous));
            prop_assert!(!visible_lines(&bytes).chars().any(|c| is_dangerous(c) && c != '\n' && c != '\t'));
        }

        #[test]
        fn nothing_dangerous_is_left_of_text(text in "\\PC*|[\\x00-\\x20\u{80}-\u{9f}\u{200b}-\u{2069}]*") {
            let shown = visible(text.as_bytes());
            prop_assert!(!shown.chars().any(is_dangerous));
            prop_assert!(shown.len() <= 4 * text.len());
        }

        #[test]
        fn what_is_visible_stays_as_it_is(bytes in any::<Vec<u8>>()) {
            let once = visible_lines(&bytes);
            prop_assert_eq!(visible_lines(once.as_bytes()), once.clone());
            let once = visible(&bytes);
            prop_assert_eq!(visible(once.as_bytes()), once);
        }
    }
}
