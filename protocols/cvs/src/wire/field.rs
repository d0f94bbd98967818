//! The parts of a request's lines.

use crate::limits;
use crate::refusal::{Refusal, shown};

/// A path of a request: not too long.
pub(super) fn path(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    if bytes.len() > limits::PATH {
        return Err(Refusal::Limit { what: "a path that is longer", most: limits::PATH as u64 });
    }
    Ok(bytes.to_owned())
}

/// The name of one file in the directory that was named last (cvsclient 5.8: it holds no slash). `CVS` is where a working
/// directory keeps what it is of; whoever could write there could change what the gate has seen.
pub(super) fn file(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    let is_name = !bytes.is_empty() && bytes != b"." && bytes != b".." && !bytes.contains(&b'/');
    if !is_name || bytes == b"CVS" {
        return Err(Refusal::Name(shown(bytes)));
    }
    path(bytes)
}

/// A line of `CVS/Entries`: `/name/version/…`.
pub(super) fn entry(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    let Some(rest) = bytes.strip_prefix(b"/") else {
        return Err(Refusal::Malformed("an Entry without a name"));
    };
    file(rest.split(|byte| *byte == b'/').next().unwrap_or_default())?;
    Ok(bytes.to_owned())
}

/// A file's mode, such as `u=rw,g=r,o=r` (cvsclient 5.5).
pub(super) fn mode(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    if bytes.is_empty() || bytes.len() > 64 || !bytes.iter().all(|byte| b"ugorwx=,".contains(byte)) {
        return Err(Refusal::Malformed("a mode that is none"));
    }
    Ok(bytes.to_owned())
}

/// How many bytes of a file follow. A `z` before the number would mean that they are compressed, which is not offered.
pub(super) fn size(bytes: &[u8]) -> Result<u64, Refusal> {
    if bytes.first() == Some(&b'z') {
        return Err(Refusal::Forbidden("gzip-file-contents".to_owned()));
    }
    let size = number(bytes).ok_or(Refusal::Malformed("a size that is no number"))?;
    if size > limits::FILE {
        return Err(Refusal::Limit { what: "a larger file", most: limits::FILE });
    }
    Ok(size)
}

/// How far above the working directory the client refers.
pub(super) fn level(bytes: &[u8]) -> Result<u32, Refusal> {
    let level = number(bytes).ok_or(Refusal::Malformed("a Max-dotdot that is no number"))?;
    let level = u32::try_from(level).ok().filter(|level| *level <= limits::DOTDOT);
    level.ok_or(Refusal::Limit { what: "a higher Max-dotdot", most: limits::DOTDOT.into() })
}

fn number(bytes: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(bytes).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok()
}

/// One of the options that cvsclient lists. They are whole words; nothing is combined.
pub(super) fn global_option(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    match bytes {
        b"-q" | b"-Q" | b"-l" | b"-t" | b"-r" | b"-n" => Ok(bytes.to_owned()),
        _ => Err(Refusal::Word { request: "Global_option", text: shown(bytes) }),
    }
}

/// `NAME=VALUE`, which programs of the repository's may get to see, through a shell: so only letters that no shell minds.
pub(super) fn variable(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    let refuse = || Refusal::Word { request: "Set", text: shown(bytes) };
    let at = bytes.iter().position(|byte| *byte == b'=').ok_or_else(refuse)?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let is_plain = |byte: &u8| is_name(byte) || b".,:/@+- ".contains(byte);
    let (name, value) = (&bytes[..at], &bytes[at + 1..]);
    if name.is_empty() || !name.iter().all(is_name) || !value.iter().all(is_plain) || value.starts_with(b"-") {
        return Err(refuse());
    }
    Ok(bytes.to_owned())
}
