//! Sizes as rsync takes them: `100`, `1.5m`, `2GB`, `3KiB`.

use std::str::FromStr;

/// A number of bytes. Letters count in 1024, letters with a `B` in 1000; `+1` and `-1` behind them are one byte more or less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) u64);

/// Bytes a second, in KiB where no letter says otherwise; none for 0, which is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate(pub(crate) Option<u64>);

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        read(text, 1).map(Self)
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        read(text, 1024).map(|bytes| Self((bytes > 0).then_some(bytes)))
    }
}

fn read(text: &str, usual: u64) -> Result<u64, String> {
    let wrong = || "no size, as 100, 1.5m or 2GB".to_owned();
    let (text, more) = match (text.strip_suffix("+1"), text.strip_suffix("-1")) {
        (Some(text), _) => (text, 1),
        (_, Some(text)) => (text, -1),
        _ => (text, 0),
    };
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let unit = unit.to_ascii_lowercase();
    let power = match unit.as_bytes().first() {
        None => return whole(number * usual as f64, more).ok_or_else(wrong),
        Some(b'b') if unit == "b" => 0,
        Some(letter) => 1 + b"kmgtp".iter().position(|known| known == letter).ok_or_else(wrong)? as i32,
    };
    let base: f64 = match unit.get(1..).unwrap_or_default() {
        "" | "ib" => 1024.0,
        "b" => 1000.0,
        _ => return Err(wrong()),
    };
    whole(number * base.powi(power), more).ok_or_else(wrong)
}

/// A whole number of bytes, and one more or less.
fn whole(bytes: f64, more: i64) -> Option<u64> {
    (bytes.is_finite() && bytes < u64::MAX as f64).then_some(bytes as u64)?.checked_add_signed(more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_units() {
        for (text, bytes) in [
            ("0", 0),
            ("100", 100),
            ("1k", 1024),
            ("1.5K", 1536),
            ("2kb", 2000),
            ("2KiB", 2048),
            ("3m", 3 << 20),
            ("1gb", 1_000_000_000),
            ("1k-1", 1023),
            ("7b+1", 8),
        ] {
            assert_eq!(text.parse(), Ok(Bytes(bytes)), "{text}");
        }
        for text in ["", "k", "1x", "1kx", "-1", "1e9", "999999999999p"] {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
        assert_eq!("100".parse(), Ok(Rate(Some(102_400))));
        assert_eq!("0".parse(), Ok(Rate(None)));
    }
}
