//! Words of letters, such as `-logDtpre.iLsfxCIvu`.

use crate::error::CallError;
use crate::table::{LETTERS, REFUSED_LETTERS};
use crate::value::Kind;

/// What one word of letters says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cluster {
    /// Letters, and what the client is capable of where `e` ends them: an optional version, a dot, letters.
    Letters(Vec<u8>, Option<Vec<u8>>),
    /// `-B` or `-@` with its number: the long option that means the same.
    Number(&'static str, Vec<u8>),
}

impl Cluster {
    /// Reads what follows the dash.
    pub(crate) fn read(word: &[u8]) -> Result<Self, CallError> {
        for (letter, option, least, most) in
            [(b'B', "block-size", 1, crate::limits::BLOCK), (b'@', "modify-window", -1, crate::limits::TIMEOUT)]
        {
            if let Some(number) = word.strip_prefix(&[letter]) {
                Kind::Number(least, most).read(option, Some(number))?;
                return Ok(Self::Number(option, number.to_vec()));
            }
        }
        let (letters, capabilities) = match word.iter().position(|byte| *byte == b'e') {
            Some(at) => (&word[..at], Some(&word[at + 1..])),
            None => (word, None),
        };
        if letters.contains(&b's') {
            return Err(CallError::Secluded);
        }
        if let Some(unknown) = letters.iter().find(|letter| !LETTERS.contains(letter)) {
            let why = REFUSED_LETTERS.iter().find(|(letter, _)| letter == unknown).map_or("", |(_, why)| why);
            let shown = if unknown.is_ascii_graphic() { char::from(*unknown) } else { '?' };
            return Err(CallError::Letter(shown, why));
        }
        if capabilities.is_some_and(|text| !is_capabilities(text)) {
            return Err(CallError::RemoteShell);
        }
        Ok(Self::Letters(letters.to_vec(), capabilities.map(<[u8]>::to_vec)))
    }
}

/// `.iLsfxCIvu`, or with the version of a protocol that is not settled yet, `31.14.iLs`.
fn is_capabilities(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let (version, letters) = text.split_at(digits);
    version.ends_with(b".") && text.len() <= 40 && letters.iter().all(u8::is_ascii_alphabetic)
}
