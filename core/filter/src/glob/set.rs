//! `[...]`: one byte of several.

/// A set of bytes. A slash is never in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Set([u64; 4]);

impl Set {
    /// Reads a set behind its opening bracket, and gives what follows it. None where it has no end or names a class that
    /// does not exist.
    ///
    /// A `]` in first place is a member; so is a `-` where no range can be. A class or a range ends what a range could
    /// begin with.
    pub(super) fn parse(pattern: &[u8]) -> Option<(Self, &[u8])> {
        let mut set = Self([0; 4]);
        let (negated, mut rest) = match pattern.split_first()? {
            (b'!' | b'^', rest) => (true, rest),
            _ => (false, pattern),
        };
        let mut low = None;
        let mut first = true;
        loop {
            let (&byte, behind) = rest.split_first()?;
            rest = behind;
            low = match (byte, low) {
                (b']', _) if !first => break,
                (b'-', Some(low)) if !matches!(rest, [] | [b']', ..]) => {
                    let (high, behind) = member(rest)?;
                    rest = behind;
                    set.put_range(low, high);
                    None
                }
                (b'[', _) if rest.first() == Some(&b':') => match class(rest) {
                    Class::Named(class, behind) => {
                        rest = behind;
                        (0..=u8::MAX).filter(class).for_each(|byte| set.put(byte));
                        None
                    }
                    Class::Unfinished => return None,
                    Class::Plain => {
                        set.put(byte);
                        Some(byte)
                    }
                },
                (b'\\', _) => {
                    let (&escaped, behind) = rest.split_first()?;
                    rest = behind;
                    set.put(escaped);
                    Some(escaped)
                }
                _ => {
                    set.put(byte);
                    Some(byte)
                }
            };
            first = false;
        }
        if negated {
            set.0 = set.0.map(|word| !word);
        }
        set.remove_slash();
        Some((set, rest))
    }

    pub(super) fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte) / 64] & (1 << (byte % 64)) != 0
    }

    /// The slash is in the first word.
    fn remove_slash(&mut self) {
        self.0[0] &= !(1 << b'/');
    }

    fn put(&mut self, byte: u8) {
        self.0[usize::from(byte) / 64] |= 1 << (byte % 64);
    }

    fn put_range(&mut self, low: u8, high: u8) {
        (low..=high).for_each(|byte| self.put(byte));
    }
}

/// A byte that may be escaped.
fn member(pattern: &[u8]) -> Option<(u8, &[u8])> {
    match pattern {
        [b'\\', byte, rest @ ..] | [byte, rest @ ..] if pattern != b"\\" => Some((*byte, rest)),
        _ => None,
    }
}

enum Class<'a> {
    Named(fn(&u8) -> bool, &'a [u8]),
    /// Not a class after all; the bracket is a plain member.
    Plain,
    /// Without an end, or of a name that does not exist.
    Unfinished,
}

/// Reads `:name:]`.
fn class(pattern: &[u8]) -> Class<'_> {
    let Some(end) = pattern.iter().skip(1).position(|byte| *byte == b']') else { return Class::Unfinished };
    let (inside, behind) = (&pattern[1..=end], &pattern[end + 2..]);
    let Some(name) = inside.strip_suffix(b":") else { return Class::Plain };
    let class: fn(&u8) -> bool = match name {
        b"alnum" => u8::is_ascii_alphanumeric,
        b"alpha" => u8::is_ascii_alphabetic,
        b"blank" => |byte| matches!(byte, b' ' | b'\t'),
        b"cntrl" => u8::is_ascii_control,
        b"digit" => u8::is_ascii_digit,
        b"graph" => u8::is_ascii_graphic,
        b"lower" => u8::is_ascii_lowercase,
        b"print" => |byte| matches!(byte, b' '..=b'~'),
        b"punct" => u8::is_ascii_punctuation,
        b"space" => |byte| matches!(byte, b' ' | b'\t'..=b'\r'),
        b"upper" => u8::is_ascii_uppercase,
        b"xdigit" => u8::is_ascii_hexdigit,
        _ => return Class::Unfinished,
    };
    Class::Named(class, behind)
}
