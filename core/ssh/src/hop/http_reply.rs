//! The head of an HTTP reply: status line and header fields (RFC 9112, sections 4 and 5). No I/O.

use super::error::shown;

/// The most authentication schemes of one reply that are told.
const SCHEMES: usize = 16;

/// What a proxy answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// 100 to 999.
    pub(super) status: u16,
    /// The status line, escaped and cut short.
    pub(super) line: String,
    /// The schemes of every Proxy-Authenticate field, in the proxy's order, escaped.
    pub(super) schemes: Vec<String>,
}

/// Where the head ends: the index behind its blank line. Lines may end in LF alone (RFC 9112, section 2.2). Nothing
/// before `searched` need be looked at again.
pub(super) fn end_of_head(bytes: &[u8], searched: usize) -> Option<usize> {
    let from = searched.saturating_sub(2);
    let tail = bytes.get(from..)?;
    let newlines = tail.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    for (at, _) in newlines {
        match tail.get(at + 1..) {
            Some([b'\n', ..]) => return Some(from + at + 2),
            Some([b'\r', b'\n', ..]) => return Some(from + at + 3),
            _ => {}
        }
    }
    None
}

/// Whether this can be the start of an HTTP reply, as far as it goes.
pub(super) fn may_be_http(bytes: &[u8]) -> bool {
    bytes.iter().zip(b"HTTP/").all(|(have, want)| have == want)
}

impl Reply {
    /// Reads a head. None where its first line is no status line.
    pub(super) fn parse(head: &[u8]) -> Option<Self> {
        let mut lines = head.split(|byte| *byte == b'\n').map(without_cr);
        let line = lines.next()?;
        let status = status_of(line)?;
        let mut schemes = Vec::new();
        for field in lines {
            let Some(colon) = field.iter().position(|byte| *byte == b':') else {
                continue;
            };
            let (name, value) = field.split_at(colon);
            if name.eq_ignore_ascii_case(b"proxy-authenticate") {
                add_schemes(&mut schemes, value.get(1..).unwrap_or_default());
            }
        }
        Some(Self { status, line: shown(line), schemes })
    }

    /// Whether one of the schemes offered is `name`.
    pub(super) fn offers(&self, name: &str) -> bool {
        self.schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case(name))
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// `HTTP/1.x SP 3DIGIT [SP reason]`.
fn status_of(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"HTTP/1.")?;
    let (minor, rest) = rest.split_first()?;
    let rest = rest.strip_prefix(b" ")?;
    let (digits, reason) = rest.split_at_checked(3)?;
    let well_formed =
        minor.is_ascii_digit() && digits.iter().all(u8::is_ascii_digit) && matches!(reason, [] | [b' ', ..]);
    let status = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (well_formed && status >= 100).then_some(status)
}

/// The schemes of a list of challenges (RFC 9110, section 11.6.1): each is a token that no `=` follows; commas part both
/// challenges and the parameters of one.
fn add_schemes(schemes: &mut Vec<String>, value: &[u8]) {
    for item in list_items(value) {
        let end = item.iter().position(|byte| !is_token(*byte)).unwrap_or(item.len());
        let (token, rest) = item.split_at(end);
        let is_parameter = rest.trim_ascii_start().starts_with(b"=");
        let name = shown(token);
        if !token.is_empty() && !is_parameter && !schemes.contains(&name) && schemes.len() < SCHEMES {
            schemes.push(name);
        }
    }
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Splits at the commas that no quoted string holds.
fn list_items(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    value
        .split(move |byte| {
            let is_comma = *byte == b',' && !quoted;
            match (*byte, quoted, escaped) {
                (b'\\', true, false) => escaped = true,
                (b'"', _, false) => quoted = !quoted,
                _ => escaped = false,
            }
            is_comma
        })
        .map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn schemes(value: &str) -> Vec<String> {
        let head = format!("HTTP/1.1 407 Who are you\r\nProxy-Authenticate:{value}\r\n\r\n");
        Reply::parse(head.as_bytes()).unwrap().schemes
    }

    #[test]
    fn status_lines_are_read() {
        for (line, status) in [
            ("HTTP/1.1 200 Connection established", Some(200)),
            ("HTTP/1.0 200", Some(200)),
            ("HTTP/1.1 407 ", Some(407)),
            ("HTTP/2 200 OK", None),
            ("HTTP/1.1 20 OK", None),
            ("HTTP/1.1 2000", None),
            ("HTTP/1.1 099 x", None),
            ("HTTP/1.x 200", None),
            ("SSH-2.0-OpenSSH_9.2", None),
            ("", None),
        ] {
            assert_eq!(Reply::parse(line.as_bytes()).map(|reply| reply.status), status, "{line}");
        }
    }

    #[test]
    fn control_bytes_of_the_status_line_are_escaped() {
        assert_eq!(Reply::parse(b"HTTP/1.1 403 \x1b[2J\r\n\r\n").unwrap().line, r"HTTP/1.1 403 \033[2J");
    }

    #[test]
    fn schemes_are_told_from_parameters() {
        assert_eq!(schemes(" Basic realm=\"x\""), ["Basic"]);
        assert_eq!(schemes("Negotiate, NTLM"), ["Negotiate", "NTLM"]);
        let list = " Digest realm=\"a, Fake \\\", b\", nonce=\"n\" , qop = auth, Basic realm=x,NTLM abc==, Basic";
        assert_eq!(schemes(list), ["Digest", "Basic", "NTLM"]);
        assert_eq!(schemes(" ,, \x1b[2J=, "), [] as [&str; 0]);
    }

    #[test]
    fn every_field_is_read_whatever_its_case() {
        let head = b"HTTP/1.1 407 x\nPROXY-authenticate: NTLM\nno colon\nProxy-Authenticate:Basic\nWWW-Authenticate: Digest\n\n";
        let reply = Reply::parse(head).unwrap();
        assert_eq!(reply.schemes, ["NTLM", "Basic"]);
        assert!(reply.offers("basic") && !reply.offers("Digest"));
    }

    #[test]
    fn a_flood_of_schemes_is_cut() {
        let many: Vec<String> = (0..5000).map(|n| format!("s{n}")).collect();
        assert_eq!(schemes(&many.join(",")).len(), SCHEMES);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
            let _ = Reply::parse(&bytes);
            let _ = Reply::parse(&[b"HTTP/1.1 407 x\nProxy-Authenticate:", bytes.as_slice()].concat());
        }

        #[test]
        fn the_head_ends_at_the_same_place_however_it_is_searched(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'x')], 0..40),
            searched in 0usize..40,
        ) {
            let whole = end_of_head(&bytes, 0);
            let searched = searched.min(bytes.len());
            if end_of_head(&bytes[..searched], 0).is_none() {
                prop_assert_eq!(end_of_head(&bytes, searched), whole);
            }
        }
    }
}
