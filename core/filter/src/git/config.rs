//! The one line of git's configuration that names an ignore file (git-config(1), Syntax).

/// The value of `core.excludesFile`, the last one that a text gives. What other files it includes is not known.
#[must_use]
pub fn excludes_file(config: &[u8]) -> Option<Vec<u8>> {
    let mut value = None;
    let mut in_core = false;
    let mut rest = config.strip_prefix(b"\xef\xbb\xbf").unwrap_or(config);
    while !rest.is_empty() {
        let line = rest.trim_ascii_start();
        if let Some(header) = line.strip_prefix(b"[") {
            let end = header.iter().position(|byte| matches!(byte, b']' | b'\n')).unwrap_or(header.len());
            in_core = header[..end].trim_ascii().eq_ignore_ascii_case(b"core");
            rest = header.get(end + 1..).unwrap_or_default();
            continue;
        }
        let name = line.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count();
        let (name, behind) = line.split_at(name);
        let blank = behind.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let (text, end) = self::value(&behind[blank..]);
        if in_core && name.eq_ignore_ascii_case(b"excludesfile") && behind.get(blank) == Some(&b'=') {
            value = Some(text);
        }
        rest = behind.get(blank + end..).unwrap_or_default();
    }
    value
}

/// What stands behind `=`, without quotes, comments and blanks around it, and how many bytes it takes with the end of its line.
fn value(line: &[u8]) -> (Vec<u8>, usize) {
    let begins = usize::from(line.starts_with(b"="));
    let (mut text, mut keep, mut at) = (Vec::new(), 0, begins);
    let (mut quoted, mut comment) = (false, !line.is_empty() && begins == 0);
    while let Some(byte) = line.get(at) {
        at += 1;
        match byte {
            b'\n' => break,
            _ if comment => continue,
            b'"' => quoted = !quoted,
            b'#' | b';' if !quoted => {
                comment = true;
                continue;
            }
            b' ' | b'\t' | b'\r' if !quoted && text.is_empty() => {}
            b' ' | b'\t' | b'\r' if !quoted => {
                text.push(*byte);
                continue;
            }
            b'\\' => {
                match line.get(at) {
                    Some(b'n') => text.push(b'\n'),
                    Some(b't') => text.push(b'\t'),
                    Some(b'b') => text.push(8),
                    // The line goes on with the next one.
                    Some(b'\n') | None => {}
                    Some(other) => text.push(*other),
                }
                at += 1;
            }
            other => text.push(*other),
        }
        keep = text.len();
    }
    text.truncate(keep);
    (text, at.min(line.len()))
}
