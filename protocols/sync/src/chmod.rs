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
struct Change {
    /// For directories alone, or for all else alone.
    only: Option<bool>,
    operation: Operation,
    /// Whose bits it is about.
    who: u32,
    bits: u32,
    /// Search for directories, and where somebody may execute.
    search: bool,
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
        for part in text.split(',') {
            read(part, &mut changes).ok_or_else(|| ChmodError(part.to_owned()))?;
        }
        Ok(Self { text: text.to_owned(), changes })
    }

    /// As it was read.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The permissions after the changes.
    pub fn apply(&self, is_directory: bool, mode: u32) -> u32 {
        self.changes.iter().filter(|change| change.only.is_none_or(|only| only == is_directory)).fold(
            mode,
            |mode, change| {
                let search = if change.search && (is_directory || mode & 0o111 != 0) { 0o111 & change.who } else { 0 };
                let bits = change.bits | search;
                match change.operation {
                    Operation::Add => mode | bits,
                    Operation::Remove => mode & !bits,
                    Operation::Set(others) => mode & !others | bits,
                }
            },
        )
    }

    /// The same for an entry; symbolic links have none.
    pub(crate) fn of(&self, kind: Kind, mode: u32) -> u32 {
        if kind == Kind::Symlink { mode } else { self.apply(kind == Kind::Directory, mode) }
    }
}

fn read(part: &str, changes: &mut Vec<Change>) -> Option<()> {
    let (only, rest) = match part.as_bytes().first()? {
        b'D' => (Some(true), &part[1..]),
        b'F' => (Some(false), &part[1..]),
        _ => (None, part),
    };
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        let bits = u32::from_str_radix(rest, 8).ok().filter(|bits| *bits <= ALL)?;
        changes.push(Change { only, operation: Operation::Set(ALL), who: ALL, bits, search: false });
        return Some(());
    }
    let at = rest.find(['+', '-', '='])?;
    let (names, mut rest) = rest.split_at(at);
    let who = names.chars().try_fold(0, |who, name| Some(who | class(name)?))?;
    let who = if names.is_empty() { class('a')? } else { who };
    while let Some(sign) = rest.chars().next() {
        rest = &rest[1..];
        let end = rest.find(['+', '-', '=']).unwrap_or(rest.len());
        let (letters, after) = rest.split_at(end);
        let bits = letters.chars().try_fold(0, |bits, letter| Some(bits | permission(letter)?))?;
        // As rsync has it: set-id and sticky bits stay, unless one is named, or nobody is.
        let special = match () {
            () if names.is_empty() => bits & SPECIAL,
            () if letters.contains(['s', 't']) => who & SPECIAL,
            () => 0,
        };
        let operation = match sign {
            '+' => Operation::Add,
            '-' => Operation::Remove,
            _ => Operation::Set(who & !SPECIAL | special),
        };
        changes.push(Change { only, operation, who, bits: bits & who, search: letters.contains('X') });
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
        ] {
            assert_eq!(Chmod::parse(text).unwrap().apply(is_directory, mode), after, "{text} of {mode:o}");
        }
        for text in ["", "u", "q+r", "u+q", "D", "99", "17777", "u+r,,g+w"] {
            assert!(Chmod::parse(text).is_err(), "{text:?}");
        }
    }
}
