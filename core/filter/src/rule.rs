//! One rule, and how its text is read (rsync(1), FILTER RULES IN DEPTH, FILTER RULE MODIFIERS, MERGE-FILE FILTER RULES).

use std::sync::Arc;

use crate::FilterError;
use crate::error::quoted;
use crate::limits;
use crate::pattern::Pattern;

/// The two ends, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sides(pub(crate) u8);

impl Sides {
    pub(crate) const SENDER: Self = Self(1);
    pub(crate) const RECEIVER: Self = Self(2);

    pub(crate) fn named(self) -> bool {
        self.0 != 0
    }

    /// Whether a rule with these sides concerns that one. Where none is named it concerns both.
    pub(crate) fn concern(self, side: Self) -> bool {
        self.0 == 0 || self.0 & side.0 != 0
    }

    fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// What stands before a rule's pattern or file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Marks {
    pub(crate) include: bool,
    pub(crate) absolute: bool,
    pub(crate) negated: bool,
    pub(crate) perishable: bool,
    pub(crate) sides: Sides,
    /// The rest is for files: their lines are patterns without a rule's name.
    pub(crate) bare: bool,
    /// Their words are the rules.
    pub(crate) words: bool,
    /// Subdirectories do not inherit them.
    pub(crate) alone: bool,
    /// CVS's way: a lone `!` clears even where lines are bare.
    pub(crate) cvs: bool,
    /// The file itself is excluded.
    pub(crate) hides_itself: bool,
}

/// A rule in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rule {
    Match(MatchRule),
    DirMerge(Arc<DirMerge>),
}

/// A rule that judges names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MatchRule {
    pub(crate) include: bool,
    pub(crate) perishable: bool,
    pub(crate) sides: Sides,
    pub(crate) pattern: Pattern,
}

/// A rule for the rules of a file that directories have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DirMerge {
    /// As it was written. With slashes its last component is the file, and the directories above are searched too.
    pub(crate) file: Vec<u8>,
    pub(crate) marks: Marks,
}

impl DirMerge {
    /// The name that is looked for in each directory.
    pub(crate) fn name(&self) -> &[u8] {
        self.file.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
    }
}

/// What a rule's text asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Order<'a> {
    Clear,
    /// The rules of CVS, under these marks.
    Cvs(Marks),
    Match(Marks, &'a [u8]),
    Merge(Marks, &'a [u8]),
    DirMerge(Marks, &'a [u8]),
}

/// How a rule's text begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `--filter`, and merged files: with the name of a rule, unless the marks say that lines are bare.
    Named,
    /// `--include` and `--exclude`: a pattern, though `+ `, `- ` and a lone `!` are understood.
    Plain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Clear,
    Match,
    Merge,
    DirMerge,
}

const NAMES: [(&[u8], u8); 9] = [
    (b"clear", b'!'),
    (b"dir-merge", b':'),
    (b"exclude", b'-'),
    (b"hide", b'H'),
    (b"include", b'+'),
    (b"merge", b'.'),
    (b"protect", b'P'),
    (b"risk", b'R'),
    (b"show", b'S'),
];

/// Reads one rule. `outer` are the marks of the option or of the rule that named its file.
pub(crate) fn parse<'a>(text: &'a [u8], outer: &Marks, style: Style) -> Result<Order<'a>, FilterError> {
    if text.contains(&0) {
        return Err(FilterError::Nul { rule: quoted(text) });
    }
    let mut marks = inherited(outer);
    let mut kind = Kind::Match;
    let mut argument = text;
    let mut bare_clear = false;
    if outer.bare {
        bare_clear = outer.cvs && text == b"!";
    } else if style == Style::Plain {
        match text {
            [b'-', b' ', rest @ ..] => (marks.include, argument) = (false, rest),
            [b'+', b' ', rest @ ..] => (marks.include, argument) = (true, rest),
            _ => bare_clear = text == b"!",
        }
    } else {
        (kind, argument) = head(text, &mut marks)?;
    }
    if outer.sides.named() {
        if marks.sides.named() {
            return Err(FilterError::SideTwice { rule: quoted(text) });
        }
        marks.sides = outer.sides;
    }
    if bare_clear {
        return Ok(Order::Clear);
    }
    finish(text, kind, marks, argument)
}

/// The marks that a file's rules have from the rule that named the file.
fn inherited(outer: &Marks) -> Marks {
    Marks { include: outer.include, absolute: outer.absolute, perishable: outer.perishable, ..Marks::default() }
}

fn finish<'a>(text: &[u8], kind: Kind, marks: Marks, argument: &'a [u8]) -> Result<Order<'a>, FilterError> {
    if argument.len() >= limits::PATTERN {
        return Err(FilterError::TooLong { rule: quoted(text) });
    }
    match kind {
        Kind::Clear if argument.is_empty() => Ok(Order::Clear),
        Kind::Clear => Err(FilterError::ClearWithArgument { rule: quoted(text) }),
        Kind::Match if marks.cvs => Ok(Order::Cvs(marks)),
        Kind::Match if argument.is_empty() => Err(FilterError::Unfinished { rule: quoted(text) }),
        Kind::Match => Ok(Order::Match(marks, argument)),
        Kind::Merge | Kind::DirMerge => {
            let file: &[u8] = match argument {
                b"" if marks.cvs => b".cvsignore",
                [name @ .., b'/'] if kind == Kind::DirMerge => name,
                _ => argument,
            };
            let last = file.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            match kind {
                _ if matches!(last, b"" | b"." | b"..") => Err(FilterError::Unfinished { rule: quoted(text) }),
                Kind::DirMerge => Ok(Order::DirMerge(marks, file)),
                _ => Ok(Order::Merge(marks, file)),
            }
        }
    }
}

/// Reads a rule's name and modifiers; gives the argument.
fn head<'a>(text: &'a [u8], marks: &mut Marks) -> Result<(Kind, &'a [u8]), FilterError> {
    let (name, mut rest) = name(text).ok_or_else(|| FilterError::UnknownRule { rule: quoted(text) })?;
    let mut sided = false;
    let kind = match name {
        b'!' => return Ok((Kind::Clear, rest.strip_prefix(b",").unwrap_or(rest))),
        b':' => Kind::DirMerge,
        b'.' => Kind::Merge,
        b'+' | b'-' => {
            marks.include = name == b'+';
            Kind::Match
        }
        _ => {
            marks.include = matches!(name, b'S' | b'R');
            marks.sides.add(if matches!(name, b'S' | b'H') { Sides::SENDER } else { Sides::RECEIVER });
            sided = true;
            Kind::Match
        }
    };
    rest = rest.strip_prefix(b",").unwrap_or(rest);
    while let Some((&letter, behind)) = rest.split_first() {
        rest = behind;
        if matches!(letter, b' ' | b'_') {
            break;
        }
        if letter == b'x' {
            return Err(FilterError::Attributes { rule: quoted(text) });
        }
        if !modify(marks, letter, kind, sided) {
            let modifier = quoted(&[letter]);
            return Err(FilterError::Modifier { modifier, rule: quoted(text) });
        }
    }
    Ok((kind, rest))
}

/// A rule's short name, and what follows its name.
fn name(text: &[u8]) -> Option<(u8, &[u8])> {
    for (long, short) in NAMES {
        if let Some(rest) = text.strip_prefix(long) {
            let ends = matches!(rest.first(), None | Some(b' ' | b'_' | b',' | b'\t'..=b'\r'));
            return ends.then_some((short, rest));
        }
    }
    let (&short, rest) = text.split_first()?;
    NAMES.iter().any(|(_, known)| *known == short).then_some((short, rest))
}

/// Takes one modifier; whether it fits.
fn modify(marks: &mut Marks, letter: u8, kind: Kind, sided: bool) -> bool {
    let file = matches!(kind, Kind::Merge | Kind::DirMerge);
    match letter {
        b'-' | b'+' if file && !marks.bare => {
            marks.bare = true;
            marks.include |= letter == b'+';
        }
        b'/' => marks.absolute = true,
        b'!' if !file => marks.negated = true,
        b'C' if !marks.bare && !sided => {
            (marks.bare, marks.words, marks.alone, marks.cvs) = (true, true, true, true);
        }
        b'e' if file => marks.hides_itself = true,
        b'n' if file => marks.alone = true,
        b'p' => marks.perishable = true,
        b'r' if !sided => marks.sides.add(Sides::RECEIVER),
        b's' if !sided => marks.sides.add(Sides::SENDER),
        b'w' if file => marks.words = true,
        _ => return false,
    }
    true
}
