//! The rules of one run, from its options.

use std::io;
use std::sync::Arc;

use crate::list::{List, Read, Source, check_size};
use crate::pattern::Anchor;
use crate::rule::{Marks, Rule, Style};
use crate::scope::{MergeFiles, Scope};
use crate::{FilterError, wire};

/// What changes how rules are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Files of rules have NUL bytes between rules instead of line ends (`--from0`).
    pub from0: bool,
    /// Rules that name no side are for the sender alone (`--delete-excluded`).
    pub delete_excluded: bool,
    /// The text of the user's own ignore file, `~/.cvsignore`, for rules with the modifier `C`.
    pub cvs_home: Vec<u8>,
    /// The variable `CVSIGNORE`, for the same.
    pub cvs_variable: Vec<u8>,
}

/// Reads the files that `merge` rules of the command line name, on the machine of the user.
pub trait RuleFiles {
    /// The bytes of a file. `name` is as the rule has it; the caller decides what it is relative to.
    ///
    /// # Errors
    /// Whatever the system says.
    fn read(&self, name: &[u8]) -> io::Result<Vec<u8>>;
}

/// Makes [`Rules`] of options, in the order in which they were given.
#[derive(Debug)]
pub struct Builder {
    options: Options,
    list: List,
}

impl Builder {
    /// No rules yet.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options, list: List::default() }
    }

    /// `--include=PATTERN`. Also takes `- PATTERN`, `+ PATTERN` and `!`, as rsync does.
    ///
    /// # Errors
    /// A pattern that cannot be.
    pub fn include(&mut self, pattern: &[u8]) -> Result<(), FilterError> {
        self.list.rule(pattern, Style::Plain, &including(true), &source(&self.options, &no_files))
    }

    /// `--exclude=PATTERN`. Also takes `- PATTERN`, `+ PATTERN` and `!`, as rsync does.
    ///
    /// # Errors
    /// A pattern that cannot be.
    pub fn exclude(&mut self, pattern: &[u8]) -> Result<(), FilterError> {
        self.list.rule(pattern, Style::Plain, &including(false), &source(&self.options, &no_files))
    }

    /// `--include-from=FILE`, of which `text` is the content.
    ///
    /// # Errors
    /// A pattern that cannot be, or a file that is too large.
    pub fn include_from(&mut self, text: &[u8]) -> Result<(), FilterError> {
        check_size(text, b"--include-from")?;
        self.list.text(text, Style::Plain, &including(true), &source(&self.options, &no_files))
    }

    /// `--exclude-from=FILE`, of which `text` is the content.
    ///
    /// # Errors
    /// A pattern that cannot be, or a file that is too large.
    pub fn exclude_from(&mut self, text: &[u8]) -> Result<(), FilterError> {
        check_size(text, b"--exclude-from")?;
        self.list.text(text, Style::Plain, &including(false), &source(&self.options, &no_files))
    }

    /// `--filter=RULE`. `-F` is `: /.rsync-filter`, and the second one `- .rsync-filter`; `-C` is `:C` and then `-C`, behind
    /// all other rules.
    ///
    /// # Errors
    /// A rule that is malformed, or a file that it merges and that cannot be read.
    pub fn filter(&mut self, rule: &[u8], files: &dyn RuleFiles) -> Result<(), FilterError> {
        let read = |name: &[u8]| files.read(name);
        self.list.rule(rule, Style::Named, &Marks::default(), &source(&self.options, &read))
    }

    /// The rules.
    #[must_use]
    pub fn finish(self) -> Rules {
        Rules { options: Arc::new(self.options), list: self.list.rules.into() }
    }
}

fn including(include: bool) -> Marks {
    Marks { include, ..Marks::default() }
}

/// Patterns merge nothing.
fn no_files(_: &[u8]) -> io::Result<Vec<u8>> {
    Err(io::ErrorKind::Unsupported.into())
}

fn source<'a>(options: &'a Options, read: Read<'a>) -> Source<'a> {
    Source { options, read, anchor: Anchor::Transfer(0), in_tree: false, depth: 0 }
}

/// The rules of one run, the same at both ends. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    pub(crate) options: Arc<Options>,
    pub(crate) list: Arc<[Rule]>,
}

impl Rules {
    /// Whether there is none, so that nothing needs to be asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether directories have files of rules, so that the two ends may judge differently where their files differ.
    #[must_use]
    pub fn reads_directories(&self) -> bool {
        self.list.iter().any(|rule| matches!(rule, Rule::DirMerge(_)))
    }

    /// The rules as bytes for [`Rules::from_bytes`] at the other end.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::write(self)
    }

    /// The rules that the other end has.
    ///
    /// # Errors
    /// [`FilterError::Encoding`] for bytes that are none, and the errors of limits.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FilterError> {
        wire::read(bytes)
    }

    /// The scope of the transfer's root.
    ///
    /// `absolute` is the root's path at this end, for rules with the modifier `/` and merge files above the root. It has no
    /// `.` and no `..` in it.
    ///
    /// # Errors
    /// A per-directory file that is malformed or cannot be read.
    pub fn scope(&self, absolute: &[u8], files: &dyn MergeFiles) -> Result<Scope, FilterError> {
        Scope::root(self, absolute, files)
    }
}
