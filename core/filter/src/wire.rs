//! Rules as bytes.
//!
//! ```text
//! rules    = version:u8 (1), options:u8 (1 from0, 2 delete-excluded), text (cvs home), text (CVSIGNORE),
//!            count:u32, rule*
//! rule     = kind:u8 (0 match, 1 dir-merge), marks:u16 (see `bits`), sides:u8, text (pattern or file)
//! text     = length:u32, bytes
//! ```
//! Numbers are little-endian. A pattern has its trailing slash.

use std::sync::Arc;

use crate::pattern::{Anchor, Pattern};
use crate::rule::{DirMerge, Marks, MatchRule, Rule, Sides};
use crate::{FilterError, Options, Rules, limits};

const VERSION: u8 = 1;

/// The marks, by bit.
fn bits(marks: &mut Marks) -> [&mut bool; 8] {
    [
        &mut marks.include,
        &mut marks.absolute,
        &mut marks.negated,
        &mut marks.perishable,
        &mut marks.bare,
        &mut marks.words,
        &mut marks.alone,
        &mut marks.cvs,
    ]
}

pub(crate) fn write(rules: &Rules) -> Vec<u8> {
    let options = &rules.options;
    let mut out = vec![VERSION, u8::from(options.from0) | u8::from(options.delete_excluded) << 1];
    put_text(&mut out, &options.cvs_home);
    put_text(&mut out, &options.cvs_variable);
    out.extend(length(rules.list.len()));
    for rule in rules.list.iter() {
        let (kind, mut marks, mut text) = match rule {
            Rule::Match(rule) => (0, marks_of(rule), rule.pattern.text.clone()),
            Rule::DirMerge(merge) => (1, merge.marks, merge.file.clone()),
        };
        if matches!(rule, Rule::Match(rule) if rule.pattern.directory) {
            text.push(b'/');
        }
        let set = bits(&mut marks).iter().enumerate().fold(0_u16, |sum, (bit, on)| sum | u16::from(**on) << bit);
        out.push(kind);
        out.extend(set.to_le_bytes());
        out.push(marks.sides.0);
        put_text(&mut out, &text);
    }
    out
}

fn marks_of(rule: &MatchRule) -> Marks {
    Marks {
        include: rule.include,
        absolute: rule.pattern.is_absolute(),
        negated: rule.pattern.negated,
        perishable: rule.perishable,
        sides: rule.sides,
        ..Marks::default()
    }
}

fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    out.extend(length(text.len()));
    out.extend_from_slice(text);
}

/// Everything that is counted here has a bound far below this type's.
fn length(count: usize) -> [u8; 4] {
    u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes()
}

pub(crate) fn read(bytes: &[u8]) -> Result<Rules, FilterError> {
    if bytes.len() > limits::ENCODED {
        return Err(broken("longer than the limit"));
    }
    let mut input = Input(bytes);
    if input.byte()? != VERSION {
        return Err(broken("of another version"));
    }
    let flags = input.byte()?;
    if flags > 3 {
        return Err(broken("unknown options"));
    }
    let cvs_home = input.text(limits::TEXT)?.to_vec();
    let cvs_variable = input.text(limits::TEXT)?.to_vec();
    let options = Options { from0: flags & 1 != 0, delete_excluded: flags & 2 != 0, cvs_home, cvs_variable };
    let count = input.number()?;
    if count > limits::RULES {
        return Err(FilterError::TooMany { what: "filter rules", limit: limits::RULES });
    }
    // No memory by the count alone: it grows as rules are found.
    let mut list = Vec::new();
    for _ in 0..count {
        list.push(rule(&mut input)?);
    }
    match input.0 {
        [] => Ok(Rules { options: Arc::new(options), list: list.into() }),
        _ => Err(broken("more behind the last rule")),
    }
}

fn rule(input: &mut Input<'_>) -> Result<Rule, FilterError> {
    let kind = input.byte()?;
    let set = u16::from_le_bytes(input.array()?);
    let mut marks = Marks { sides: Sides(input.byte()?), ..Marks::default() };
    if set >> bits(&mut marks).len() != 0 || marks.sides.0 > 3 {
        return Err(broken("unknown marks"));
    }
    for (bit, on) in bits(&mut marks).into_iter().enumerate() {
        *on = set >> bit & 1 != 0;
    }
    let text = input.text(limits::PATTERN)?;
    if text.is_empty() || text.contains(&0) {
        return Err(broken("a pattern that cannot be"));
    }
    match kind {
        0 if marks.bare || marks.words || marks.alone || marks.cvs => Err(broken("a pattern with a file's marks")),
        0 => Ok(Rule::Match(MatchRule {
            include: marks.include,
            perishable: marks.perishable,
            sides: marks.sides,
            pattern: Pattern::new(
                text,
                marks.negated,
                if marks.absolute { Anchor::System(0) } else { Anchor::Transfer(0) },
            ),
        })),
        1 => {
            let merge = DirMerge { file: text.to_vec(), marks };
            match merge.name() {
                b"" | b"." | b".." => Err(broken("a file name that cannot be")),
                _ => Ok(Rule::DirMerge(Arc::new(merge))),
            }
        }
        _ => Err(broken("a rule of an unknown kind")),
    }
}

fn broken(what: &'static str) -> FilterError {
    FilterError::Encoding { what }
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], FilterError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(|| broken("cut short"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FilterError> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| broken("cut short"))
    }

    fn byte(&mut self) -> Result<u8, FilterError> {
        Ok(self.array::<1>()?[0])
    }

    fn number(&mut self) -> Result<usize, FilterError> {
        usize::try_from(u32::from_le_bytes(self.array()?)).map_err(|_| broken("a number beyond this machine"))
    }

    fn text(&mut self, limit: usize) -> Result<&'a [u8], FilterError> {
        match self.number()? {
            count if count > limit => Err(broken("a text above its limit")),
            count => self.take(count),
        }
    }
}
