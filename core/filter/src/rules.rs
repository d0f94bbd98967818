//! The rules of one run, from its options.

use std::io;

use crate::FilterError;
use crate::scope::{MergeFiles, Scope};

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
    rules: Rules,
}

impl Builder {
    /// No rules yet.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { rules: Rules { options } }
    }

    /// `--include=PATTERN`. Also takes `- PATTERN`, `+ PATTERN` and `!`, as rsync does.
    ///
    /// # Errors
    /// A pattern that cannot be.
    pub fn include(&mut self, _pattern: &[u8]) -> Result<(), FilterError> {
        Ok(())
    }

    /// `--exclude=PATTERN`. Also takes `- PATTERN`, `+ PATTERN` and `!`, as rsync does.
    ///
    /// # Errors
    /// A pattern that cannot be.
    pub fn exclude(&mut self, _pattern: &[u8]) -> Result<(), FilterError> {
        Ok(())
    }

    /// `--include-from=FILE`, of which `text` is the content.
    ///
    /// # Errors
    /// A pattern that cannot be, or a file that is too large.
    pub fn include_from(&mut self, _text: &[u8]) -> Result<(), FilterError> {
        Ok(())
    }

    /// `--exclude-from=FILE`, of which `text` is the content.
    ///
    /// # Errors
    /// A pattern that cannot be, or a file that is too large.
    pub fn exclude_from(&mut self, _text: &[u8]) -> Result<(), FilterError> {
        Ok(())
    }

    /// `--filter=RULE`. `-F` is `: /.rsync-filter`, and the second one `- .rsync-filter`; `-C` is `:C` and then `-C`, behind
    /// all other rules.
    ///
    /// # Errors
    /// A rule that is malformed, or a file that it merges and that cannot be read.
    pub fn filter(&mut self, _rule: &[u8], _files: &dyn RuleFiles) -> Result<(), FilterError> {
        Ok(())
    }

    /// The rules.
    #[must_use]
    pub fn finish(self) -> Rules {
        self.rules
    }
}

/// The rules of one run, the same at both ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    options: Options,
}

impl Rules {
    /// Whether there is none, so that nothing needs to be asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        true
    }

    /// Whether directories have files of rules, so that the two ends may judge differently where their files differ.
    #[must_use]
    pub fn reads_directories(&self) -> bool {
        false
    }

    /// The rules as bytes for [`Rules::from_bytes`] at the other end.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Vec::new()
    }

    /// The rules that the other end has.
    ///
    /// # Errors
    /// [`FilterError::Encoding`] for bytes that are none, and the errors of limits.
    pub fn from_bytes(_bytes: &[u8]) -> Result<Self, FilterError> {
        Ok(Self::default())
    }

    /// The scope of the transfer's root.
    ///
    /// `absolute` is the root's path at this end, for rules with the modifier `/` and merge files above the root.
    ///
    /// # Errors
    /// A per-directory file that is malformed or cannot be read.
    pub fn scope(&self, absolute: &[u8], files: &dyn MergeFiles) -> Result<Scope, FilterError> {
        Scope::root(self, absolute, files)
    }
}
