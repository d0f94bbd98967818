//! Numbers, times and sizes as ssh_config(5) writes them.

/// The largest number most keywords take (INT_MAX).
const INT_MAX: i64 = 0x7fff_ffff;

/// What strtol(3) skips before a number.
const BLANKS: [char; 6] = [' ', '\t', '\n', '\r', '\x0b', '\x0c'];

/// Reads a number from 0 to `INT_MAX`. The error is the word OpenSSH has for it.
pub(crate) fn integer(text: &str) -> Result<i64, &'static str> {
    if text.is_empty() {
        return Err("missing");
    }
    let text = text.trim_start_matches(BLANKS);
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..)),
        Some(b'+') => (false, text.get(1..)),
        _ => (false, Some(text)),
    };
    let digits = digits.unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err("invalid");
    }
    match digits.parse::<i64>() {
        Ok(0) => Ok(0),
        _ if negative => Err("too small"),
        Ok(value) if value <= INT_MAX => Ok(value),
        _ => Err("too large"),
    }
}

/// Reads a time, `90`, `15m` or `1h30m`, as seconds (sshd_config(5), TIME FORMATS).
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let mut total = 0_i64;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        rest = rest.trim_start_matches(BLANKS);
        rest = rest.strip_prefix('+').unwrap_or(rest);
        let end = rest.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, after) = rest.split_at_checked(end)?;
        let value: i64 = digits.parse().ok()?;
        let mut chars = after.chars();
        let unit = match chars.next().map(|c| c.to_ascii_lowercase()) {
            None | Some('s') => 1,
            Some('m') => 60,
            Some('h') => 60 * 60,
            Some('d') => 24 * 60 * 60,
            Some('w') => 7 * 24 * 60 * 60,
            Some(_) => return None,
        };
        total = value.checked_mul(unit)?.checked_add(total).filter(|total| *total <= INT_MAX)?;
        rest = chars.as_str();
    }
    Some(total)
}

/// Reads a size with an optional scale: `1G`, `1.5M`, `4096`. The error is the system's word for what is wrong.
pub(crate) fn size(text: &str) -> Result<i64, &'static str> {
    const INVALID: &str = "Invalid argument";
    const RANGE: &str = "Numerical result out of range";
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..)),
        Some(b'+') => (false, text.get(1..)),
        _ => (false, Some(text)),
    };
    let unsigned = unsigned.unwrap_or_default();
    let end = unsigned.bytes().position(|b| !b.is_ascii_digit() && b != b'.').unwrap_or(unsigned.len());
    let (number, scale) = unsigned.split_at_checked(end).ok_or(INVALID)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') {
        return Err(INVALID);
    }
    let mut letters = scale.chars();
    let exponent = match letters.next() {
        None => None,
        Some(letter) => Some("bkmgtpe".find(letter.to_ascii_lowercase()).ok_or(INVALID)?),
    };
    if letters.next().is_some_and(|after| after.is_ascii_alphanumeric()) {
        return Err(INVALID);
    }
    let factor = 1_i128 << (10 * exponent.unwrap_or(0));
    let digits = |text: &str| {
        if text.is_empty() { Ok(0) } else { text.parse::<i128>().map_err(|_| RANGE) }
    };
    let mut value = digits(whole)?.checked_mul(factor).ok_or(RANGE)?;
    if exponent.is_some() {
        // Eighteen digits of a fraction are more than the largest scale can tell apart.
        let fraction = fraction.get(..18).unwrap_or(fraction);
        let tens = u32::try_from(fraction.len()).map_err(|_| RANGE)?;
        value += digits(fraction)? * factor / 10_i128.pow(tens);
    }
    i64::try_from(if negative { -value } else { value }).map_err(|_| RANGE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn integers() {
        assert_eq!(integer("0"), Ok(0));
        assert_eq!(integer("2147483647"), Ok(2_147_483_647));
        assert_eq!(integer("2147483648"), Err("too large"));
        assert_eq!(integer("99999999999999999999"), Err("too large"));
        assert_eq!(integer("-1"), Err("too small"));
        assert_eq!(integer("1x"), Err("invalid"));
        assert_eq!(integer("yes"), Err("invalid"));
        assert_eq!(integer(""), Err("missing"));
    }

    #[test]
    fn times() {
        for (text, expected) in [
            ("0", Some(0)),
            ("90", Some(90)),
            ("1h30m", Some(5400)),
            ("1W2d", Some(777_600)),
            ("600s", Some(600)),
            ("1m2", Some(62)),
            ("", None),
            ("m", None),
            ("1y", None),
            ("-1", None),
            ("2147483648", None),
            ("999999999999w", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(size("1G"), Ok(1 << 30));
        assert_eq!(size("1.5k"), Ok(1536));
        assert_eq!(size("4096"), Ok(4096));
        assert_eq!(size("16.9"), Ok(16));
        assert_eq!(size("-1k"), Ok(-1024));
        assert_eq!(size("1x"), Err("Invalid argument"));
        assert_eq!(size("1kb"), Err("Invalid argument"));
        assert_eq!(size("1..2k"), Err("Invalid argument"));
        assert_eq!(size("9999E"), Err("Numerical result out of range"));
    }

    proptest! {
        #[test]
        fn no_text_makes_them_panic(text in "[-+0-9.smhdwkKgE]{0,24}|\\PC{0,12}") {
            let _ = (integer(&text), size(&text));
            prop_assert!(seconds(&text).is_none_or(|value| (0..=INT_MAX).contains(&value)));
        }
    }
}
