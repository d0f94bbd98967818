//! Changes of permissions in words, as chmod(1) and rsync's `--chmod` take them.

use xssh_fs::Kind;

/// A list of changes, applied one after the other.
///
/// ```
/// use xssh_sync::Chmod;
///
/// let change = Chmod::parse("Du=rwx,Dgo=rx,F644").unwrap();
/// assert_eq!(change.apply(false, 0o600), 0o644);
/// assert_eq!(change.apply(true, 0o700), 0o755);
/// assert!(Chmod::parse("u+q").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chmod {
    text: String,
    changes: Vec<Change>,
}

/// Words that are no change of permissions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no change of permissions, as in Du=rwx,go-w,F644")]
pub struct ChmodError(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Add,
    Remove,
    /// Takes these away first.
    Set(u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bits {
    Given {
        bits: u32,
        /// Search for directories, and where somebody may execute.
        search: bool,
    },
    /// Those that this class has; the number of the lowest of them.
    Of(u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Change {
    /// For directories alone, or for all else alone.
    only: Option<bool>,
    operation: Operation,
    /// The bits that it is about.
    who: u32,
    bits: Bits,
}

const ALL: u32 = 0o7777;
/// Set-id and sticky bits.
const SPECIAL: u32 = 0o7000;

impl Chmod {
    /// Reads changes, with commas between.
    ///
    /// # Errors
    /// A part is no change.
    pub fn parse(text: &str) -> Result<Self, ChmodError> {
        let mut changes = Vec::new();
        let (umask, parts) = umask(text)?;
        for part in parts.split(',') {
            read(part, umask, &mut changes).ok_or_else(|| ChmodError(part.to_owned()))?;
        }
        Ok(Self { text: text.to_owned(), changes })
    }

    /// The same under a umask: a change that names nobody (`+w`) leaves the bits of the umask alone, as chmod(1) has it.
    #[must_use]
    pub fn under(self, umask: u32) -> Self {
        let text = format!("{UMASK}{umask:03o},{}", self.text);
        Self::parse(&text).unwrap_or(self)
    }

    /// As it was read.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The permissions after the changes.
    pub fn apply(&self, is_directory: bool, mode: u32) -> u32 {
        let apply = |mode: u32, change: &Change| {
            let bits = change.who & change.bits.on(is_directory, mode);
            match change.operation {
                Operation::Add => mode | bits,
                Operation::Remove => mode & !bits,
                Operation::Set(others) => mode & !others | bits,
            }
        };
        self.changes.iter().filter(|change| change.only.is_none_or(|only| only == is_directory)).fold(mode, apply)
    }

    /// The same for an entry; symbolic links have none.
    pub(crate) fn of(&self, kind: Kind, mode: u32) -> u32 {
        if kind == Kind::Symlink { mode } else { self.apply(kind == Kind::Directory, mode) }
    }
}

impl Bits {
    fn on(self, is_directory: bool, mode: u32) -> u32 {
        match self {
            Self::Given { bits, search } if search && (is_directory || mode & 0o111 != 0) => bits | 0o111,
            Self::Given { bits, .. } => bits,
            Self::Of(lowest) => (mode >> lowest & 0o7) * 0o111,
        }
    }
}

/// What stands before the umask under which the rest is meant. No class is called so.
const UMASK: &str = "umask=";

fn umask(text: &str) -> Result<(u32, &str), ChmodError> {
    let Some(rest) = text.strip_prefix(UMASK) else { return Ok((0, text)) };
    let failed = || ChmodError(text.to_owned());
    let (umask, parts) = rest.split_once(',').ok_or_else(failed)?;
    let umask = u32::from_str_radix(umask, 8).ok().filter(|umask| *umask <= 0o777).ok_or_else(failed)?;
    Ok((umask, parts))
}

fn read(part: &str, umask: u32, changes: &mut Vec<Change>) -> Option<()> {
    let (only, rest) = match part.as_bytes().first()? {
        b'D' => (Some(true), &part[1..]),
        b'F' => (Some(false), &part[1..]),
        _ => (None, part),
    };
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        let bits = u32::from_str_radix(rest, 8).ok().filter(|bits| *bits <= ALL)?;
        let bits = Bits::Given { bits, search: false };
        changes.push(Change { only, operation: Operation::Set(ALL), who: ALL, bits });
        return Some(());
    }
    let at = rest.find(['+', '-', '='])?;
    let (names, mut rest) = rest.split_at(at);
    let who = names.chars().try_fold(0, |who, name| Some(who | class(name)?))?;
    let (who, masked) = if names.is_empty() { (ALL, umask) } else { (who, 0) };
    while let Some(sign) = rest.chars().next() {
        rest = &rest[1..];
        let end = rest.find(['+', '-', '=']).unwrap_or(rest.len());
        let (letters, after) = rest.split_at(end);
        let bits = match letters {
            "u" => Bits::Of(6),
            "g" => Bits::Of(3),
            "o" => Bits::Of(0),
            _ => {
                let bits = letters.chars().try_fold(0, |bits, letter| Some(bits | permission(letter)?))?;
                Bits::Given { bits, search: letters.contains('X') }
            }
        };
        // As rsync has it: set-id and sticky bits stay, unless one is named or a class's bits are taken; or, where nobody is named,
        // those stay that are not named.
        let special = match bits {
            Bits::Given { bits, .. } if names.is_empty() => bits & SPECIAL,
            Bits::Given { .. } if !letters.contains(['s', 't']) => 0,
            _ => who & SPECIAL,
        };
        let operation = match sign {
            '+' => Operation::Add,
            '-' => Operation::Remove,
            _ => Operation::Set(who & !SPECIAL | special),
        };
        changes.push(Change { only, operation, who: who & !masked, bits });
        rest = after;
    }
    Some(())
}

fn class(name: char) -> Option<u32> {
    Some(match name {
        'u' => 0o4700,
        'g' => 0o2070,
        'o' => 0o1007,
        'a' => ALL,
        _ => return None,
    })
}

fn permission(letter: char) -> Option<u32> {
    Some(match letter {
        'r' => 0o444,
        'w' => 0o222,
        'x' => 0o111,
        'X' => 0,
        's' => 0o6000,
        't' => 0o1000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_change_what_they_name() {
        for (text, is_directory, mode, after) in [
            ("go-rwx", false, 0o755, 0o700),
            ("a+X", false, 0o644, 0o644),
            ("a+X", false, 0o744, 0o755),
            ("a+X", true, 0o600, 0o711),
            ("+w", false, 0o444, 0o666),
            ("u=rw,go=r", false, 0o777, 0o644),
            ("Dg+s,Fa-x", true, 0o755, 0o2755),
            ("Dg+s,Fa-x", false, 0o755, 0o644),
            ("u+rw-x", false, 0o100, 0o600),
            ("D0750,F0640", true, 0o777, 0o750),
            ("+t", true, 0o777, 0o1777),
            // What rsync 3.5.0 makes of them.
            ("ug=rw,D+x", true, 0o7731, 0o7771),
            ("u=rwx", false, 0o6731, 0o6731),
            ("a=r", true, 0o7731, 0o7444),
            ("o=", false, 0o6731, 0o6730),
            ("g=rs", true, 0o7731, 0o7741),
            ("u=rwxs,g=s", true, 0o7731, 0o7701),
            ("a=t", true, 0o7731, 0o1000),
            ("=rx", false, 0o6731, 0o6555),
            ("=s", true, 0o7731, 0o7000),
            ("u-s,g=x", true, 0o7731, 0o3711),
            ("u=g", false, 0o6731, 0o2331),
            ("go=u", true, 0o6731, 0o4777),
            ("o-g", false, 0o6731, 0o6730),
            ("a=o", false, 0o6731, 0o111),
            ("o=u", false, 0o1645, 0o646),
            ("g=g", true, 0o7731, 0o5731),
            ("Fo=g", false, 0o640, 0o644),
            ("umask=022,+w", false, 0o444, 0o644),
            ("umask=022,=u", false, 0o6731, 0o755),
            ("umask=022,+u", false, 0o6731, 0o6775),
            ("umask=022,-g", false, 0o6731, 0o6420),
            ("umask=077,=rwX", true, 0o444, 0o700),
            ("umask=022,=rwX", false, 0o6731, 0o6755),
            ("umask=022,a+w", false, 0o6731, 0o6733),
            ("umask=077,-w", false, 0o6731, 0o6531),
        ] {
            assert_eq!(Chmod::parse(text).unwrap().apply(is_directory, mode), after, "{text} of {mode:o}");
        }
        for text in
            ["", "u", "q+r", "u+q", "D", "99", "17777", "u+r,,g+w", "u=gx", "u=ug", "umask=022", "umask=1777,+w"]
        {
            assert!(Chmod::parse(text).is_err(), "{text:?}");
        }
    }
}
