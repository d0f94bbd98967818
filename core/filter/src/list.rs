//! A list of rules in the making: texts and rules in, [`Rule`]s out, files merged in their places.

use std::io;
use std::sync::Arc;

use crate::error::quoted;
use crate::limits;
use crate::pattern::{Anchor, Pattern};
use crate::rule::{DirMerge, Marks, MatchRule, Order, Rule, Style, parse};
use crate::{FilterError, Options, cvs};

/// Reads a file that a merge rule names.
pub(crate) type Read<'a> = &'a dyn Fn(&[u8]) -> io::Result<Vec<u8>>;

/// What rules are read under.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) options: &'a Options,
    pub(crate) read: Read<'a>,
    /// What a leading slash stands for.
    pub(crate) anchor: Anchor,
    /// A directory's file: it merges files of the tree alone.
    pub(crate) in_tree: bool,
    /// How many files are merged around this one.
    pub(crate) depth: usize,
}

/// Rules in their order.
#[derive(Debug, Default)]
pub(crate) struct List {
    pub(crate) rules: Vec<Rule>,
    /// A clearing rule was met.
    pub(crate) cleared: bool,
}

impl List {
    /// Adds the rules of a text: one a line, or a word where the marks say so.
    pub(crate) fn text(
        &mut self,
        text: &[u8],
        style: Style,
        marks: &Marks,
        source: &Source<'_>,
    ) -> Result<(), FilterError> {
        let null = source.options.from0;
        let ends = |byte: &u8| match (marks.words, null) {
            (true, _) => matches!(byte, b' ' | b'\t'..=b'\r') || (null && *byte == 0),
            (false, true) => *byte == 0,
            (false, false) => matches!(byte, b'\n' | b'\r'),
        };
        for rule in text.split(ends) {
            let comment = !marks.words && matches!(rule.first(), Some(b'#' | b';'));
            if !comment {
                self.rule(rule, style, marks, source)?;
            }
        }
        Ok(())
    }

    /// Adds one rule; an empty one is none.
    pub(crate) fn rule(
        &mut self,
        text: &[u8],
        style: Style,
        outer: &Marks,
        source: &Source<'_>,
    ) -> Result<(), FilterError> {
        if text.is_empty() {
            return Ok(());
        }
        match parse(text, outer, style)? {
            Order::Clear => {
                self.rules.clear();
                self.cleared = true;
            }
            Order::Cvs(marks) => self.cvs(&marks, source)?,
            Order::Match(marks, pattern) => self.push(matching(&marks, pattern, source))?,
            Order::Merge(marks, file) => {
                self.hide_merged(&marks, file, source)?;
                self.merge(text, &marks, file, source)?;
            }
            Order::DirMerge(marks, file) => {
                self.hide_merged(&marks, file, source)?;
                self.dir_merge(DirMerge { file: file.to_vec(), marks: Marks { hides_itself: false, ..marks } })?;
            }
        }
        Ok(())
    }

    pub(crate) fn push(&mut self, rule: Rule) -> Result<(), FilterError> {
        if self.rules.len() >= limits::RULES {
            return Err(FilterError::TooMany { what: "filter rules", limit: limits::RULES });
        }
        self.rules.push(rule);
        Ok(())
    }

    /// A file that directories are searched for already is not searched for twice.
    pub(crate) fn dir_merge(&mut self, merge: DirMerge) -> Result<(), FilterError> {
        let known = |rule: &Rule| matches!(rule, Rule::DirMerge(known) if known.name() == merge.name());
        if self.rules.iter().any(known) {
            return Ok(());
        }
        self.push(Rule::DirMerge(Arc::new(merge)))
    }

    fn hide_merged(&mut self, marks: &Marks, file: &[u8], source: &Source<'_>) -> Result<(), FilterError> {
        if !marks.hides_itself {
            return Ok(());
        }
        let name = file.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        self.push(matching(&Marks::default(), name, source))
    }

    fn merge(&mut self, rule: &[u8], marks: &Marks, file: &[u8], source: &Source<'_>) -> Result<(), FilterError> {
        if source.depth >= limits::MERGE_DEPTH {
            return Err(FilterError::TooDeep { file: quoted(file) });
        }
        if source.in_tree && file.strip_prefix(b"./").unwrap_or(file).contains(&b'/') {
            return Err(FilterError::MergeElsewhere { rule: quoted(rule) });
        }
        let read = (source.read)(file);
        let text = read.map_err(|error| FilterError::Unreadable { file: quoted(file), source: error })?;
        check_size(&text, file)?;
        // What a merged file anchors, it anchors at the transfer's root, even where a directory's file merges it.
        let inner = Source { anchor: Anchor::Transfer(0), depth: source.depth + 1, ..*source };
        self.text(&text, Style::Named, marks, &inner)
    }

    /// The rules of CVS: its own, the user's file, the user's variable.
    fn cvs(&mut self, marks: &Marks, source: &Source<'_>) -> Result<(), FilterError> {
        let options = Options { from0: false, ..source.options.clone() };
        let source = Source { options: &options, ..*source };
        let mut list = Self::default();
        list.text(cvs::IGNORED, Style::Named, &Marks { perishable: true, ..*marks }, &source)?;
        list.text(&options.cvs_home, Style::Named, marks, &source)?;
        list.text(&options.cvs_variable, Style::Named, marks, &source)?;
        list.rules.into_iter().try_for_each(|rule| self.push(rule))
    }
}

/// Refuses a file of rules that is too large.
pub(crate) fn check_size(text: &[u8], file: &[u8]) -> Result<(), FilterError> {
    match text.len() > limits::TEXT {
        true => Err(FilterError::TextTooLong { file: quoted(file) }),
        false => Ok(()),
    }
}

fn matching(marks: &Marks, pattern: &[u8], source: &Source<'_>) -> Rule {
    let mut sides = marks.sides;
    if source.options.delete_excluded && !sides.named() {
        sides = crate::rule::Sides::SENDER;
    }
    let anchor = match (marks.absolute, pattern.first()) {
        (true, _) => Anchor::System(0),
        (false, Some(b'/')) => source.anchor,
        (false, _) => Anchor::Transfer(0),
    };
    Rule::Match(MatchRule {
        include: marks.include,
        perishable: marks.perishable,
        sides,
        pattern: Pattern::new(pattern, marks.negated, anchor),
    })
}
