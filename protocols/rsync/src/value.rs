use crate::error::CallError;
use crate::limits::VALUE;

/// What an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing.
    Flag,
    /// A whole number in these bounds.
    Number(i64, i64),
    /// A size as rsync's user writes it, such as `1.5m`.
    Size,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Letters, digits, and these.
    Text(&'static [u8]),
    /// A part of a name: no slash.
    Suffix,
    /// The path of a directory or a file.
    Path,
}

/// A value that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Nothing,
    Text(Vec<u8>),
    Path(Vec<u8>),
}

impl Kind {
    /// Checks the value of an option.
    pub(crate) fn read(self, option: &'static str, value: Option<&[u8]>) -> Result<Value, CallError> {
        if self == Self::Flag {
            return match value {
                None => Ok(Value::Nothing),
                Some(_) => Err(CallError::Form(option, "takes no value")),
            };
        }
        let value = value.ok_or(CallError::Form(option, "has no value"))?;
        let wrong = |wanted| CallError::Value { option, value: shown(value), wanted };
        let all = |more: &[u8]| value.iter().all(|byte| byte.is_ascii_alphanumeric() || more.contains(byte));
        let text = std::str::from_utf8(value).unwrap_or("\0");
        let is_good = match self {
            Self::Flag => false,
            Self::Path => return Ok(Value::Path(value.to_vec())),
            Self::Number(least, most) => {
                let is_plain = !text.starts_with('+') && text.len() <= 19;
                is_plain && text.parse().is_ok_and(|number: i64| (least..=most).contains(&number))
            }
            Self::Size => is_size(text),
            Self::Word(words) => words.contains(&text),
            Self::Text(more) => value.len() <= VALUE && !value.is_empty() && all(more),
            Self::Suffix => value.len() <= VALUE && !value.contains(&b'/') && value.iter().all(|byte| *byte >= b' '),
        };
        if is_good { Ok(Value::Text(value.to_vec())) } else { Err(wrong(self.wanted())) }
    }

    fn wanted(self) -> &'static str {
        match self {
            Self::Flag | Self::Path => "none",
            Self::Number(..) => "a number within bounds",
            Self::Size => "a size such as 100, 1.5m or 2GiB",
            Self::Word(_) => "a word that rsync's clients send",
            Self::Text(_) => "letters, digits and a few signs",
            Self::Suffix => "a part of a name",
        }
    }
}

/// rsync(1), under --max-size: digits, a fraction, a unit, and ±1.
fn is_size(text: &str) -> bool {
    let text = text.strip_suffix("+1").or_else(|| text.strip_suffix("-1")).unwrap_or(text);
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or_default().to_ascii_lowercase();
    let is_number = !digits.is_empty()
        && digits.len() <= 20
        && digits.starts_with(|letter: char| letter.is_ascii_digit())
        && digits.chars().all(|letter| letter.is_ascii_digit() || letter == '.')
        && digits.matches('.').count() <= 1;
    let bare = unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(&unit);
    let shift = ["", "k", "m", "g", "t", "p"].iter().position(|known| *known == bare);
    let whole = digits.split('.').next().and_then(|whole| whole.parse::<u64>().ok());
    // In bytes it is a number that rsync can have.
    let is_bounded = shift.zip(whole).is_some_and(|(shift, whole)| whole <= (i64::MAX as u64) >> (10 * shift));
    is_number && is_bounded
}

/// Bytes of a client's as they may be shown.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let more = if bytes.len() > 80 { "…" } else { "" };
    format!("{}{more}", bytes.get(..80).unwrap_or(bytes).escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_rsync() {
        for good in ["0", "1572864", "1.5m", "2GiB", "3kb", "1m-1", "7P+1", "8191p"] {
            assert!(is_size(good), "{good}");
        }
        for bad in [
            "",
            "m",
            "-1",
            "1..5",
            "1x",
            "1 m",
            "0x10",
            ".5",
            "1m;",
            &"9".repeat(30),
            "99999999999999999999g",
            "9223372036854775808",
            "8192p",
        ] {
            assert!(!is_size(bad), "{bad}");
        }
    }
}
