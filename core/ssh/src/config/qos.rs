//! The marks of `IPQoS`: bytes for the IP header's type of service, and their names.

/// The system's own mark; `none`.
pub(crate) const SYSTEM: i64 = 0x7fff_ffff;
/// `lowdelay`.
pub(crate) const LOW_DELAY: i64 = 0x10;
/// `throughput`.
pub(crate) const THROUGHPUT: i64 = 0x08;

/// RFC 1349, 2474, 2597, 3246, 5865, 8622. For a byte with two names the first is printed.
const NAMES: &[(&str, i64)] = &[
    ("none", SYSTEM),
    ("af11", 0x28),
    ("af12", 0x30),
    ("af13", 0x38),
    ("af21", 0x48),
    ("af22", 0x50),
    ("af23", 0x58),
    ("af31", 0x68),
    ("af32", 0x70),
    ("af33", 0x78),
    ("af41", 0x88),
    ("af42", 0x90),
    ("af43", 0x98),
    ("cs0", 0x00),
    ("cs1", 0x20),
    ("cs2", 0x40),
    ("cs3", 0x60),
    ("cs4", 0x80),
    ("cs5", 0xa0),
    ("cs6", 0xc0),
    ("cs7", 0xe0),
    ("ef", 0xb8),
    ("le", 0x04),
    ("va", 0xb0),
    ("lowdelay", LOW_DELAY),
    ("throughput", THROUGHPUT),
    ("reliability", 0x04),
];

/// Reads a name, or a number from 0 to 255 in any of C's notations.
pub(crate) fn parse(text: &str) -> Option<i64> {
    if let Some((_, byte)) = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
        return Some(*byte);
    }
    let number = if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        i64::from_str_radix(digits, 16)
    } else if text.len() > 1 && text.starts_with('0') {
        i64::from_str_radix(text, 8)
    } else {
        text.parse()
    };
    number.ok().filter(|byte| (0..=255).contains(byte))
}

/// The name of a byte, or the byte in hexadecimal.
pub(crate) fn show(byte: i64) -> String {
    match NAMES.iter().find(|(_, known)| *known == byte) {
        Some((name, _)) => (*name).to_owned(),
        None => format!("0x{byte:02x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        for (text, shown) in [
            ("AF21", "af21"),
            ("0x48", "af21"),
            ("16", "lowdelay"),
            ("010", "throughput"),
            ("3", "0x03"),
            ("none", "none"),
        ] {
            assert_eq!(parse(text).map(show).as_deref(), Some(shown), "{text}");
        }
        for text in ["", "256", "-1", "fast", "0x", "09"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
