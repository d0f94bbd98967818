//! What can be wrong with rules.

use std::io;

use crate::limits;

/// Why rules could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FilterError {
    /// The rule begins with no known name.
    #[error("unknown filter rule: '{rule}'")]
    UnknownRule {
        /// The rule, safe to show.
        rule: String,
    },
    /// A letter behind the rule's name that means nothing there.
    #[error("modifier '{modifier}' does not fit in filter rule: '{rule}'")]
    Modifier {
        /// The letter, safe to show.
        modifier: String,
        /// The rule, safe to show.
        rule: String,
    },
    /// A rule for the names of extended attributes.
    #[error("filter rule for extended attributes, which are copied all or, without -X, not at all: '{rule}'")]
    Attributes {
        /// The rule, safe to show.
        rule: String,
    },
    /// A rule without the pattern or file name that it needs.
    #[error("filter rule ends too early: '{rule}'")]
    Unfinished {
        /// The rule, safe to show.
        rule: String,
    },
    /// A clearing rule that has an argument.
    #[error("'!' takes nothing behind it: '{rule}'")]
    ClearWithArgument {
        /// The rule, safe to show.
        rule: String,
    },
    /// A rule says which side it is for, in a file whose own rule has said so already.
    #[error("filter rule names a side, and so does the rule that merged its file: '{rule}'")]
    SideTwice {
        /// The rule, safe to show.
        rule: String,
    },
    /// A pattern above [`limits::PATTERN`].
    #[error("filter rule is longer than {} bytes: '{rule}'", limits::PATTERN)]
    TooLong {
        /// The beginning of the rule, safe to show.
        rule: String,
    },
    /// A NUL byte, which no file name has.
    #[error("filter rule has a NUL byte: '{rule}'")]
    Nul {
        /// The rule, safe to show.
        rule: String,
    },
    /// A list above [`limits::RULES`], or too many per-directory files ([`limits::DIR_MERGES`]).
    #[error("more than {limit} {what}")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// A file of rules above [`limits::TEXT`].
    #[error("file of filter rules is larger than {} bytes: '{file}'", limits::TEXT)]
    TextTooLong {
        /// The file, safe to show.
        file: String,
    },
    /// Files that merge one another deeper than [`limits::MERGE_DEPTH`].
    #[error("files of filter rules merge one another more than {} deep: '{file}'", limits::MERGE_DEPTH)]
    TooDeep {
        /// The file, safe to show.
        file: String,
    },
    /// A merge file that could not be read.
    #[error("cannot read the filter rules in '{file}': {source}")]
    Unreadable {
        /// The file, safe to show.
        file: String,
        /// What the system says.
        source: io::Error,
    },
    /// A per-directory file merges one that is not in its own directory. Whoever can write into the tree could have any
    /// file read by that.
    #[error("filter rule in a directory of the tree merges a file elsewhere: '{rule}'")]
    MergeElsewhere {
        /// The rule, safe to show.
        rule: String,
    },
    /// git's index is broken, or of a form that is not known here.
    #[error("git's index, which says what git does not ignore, cannot be used: {what}")]
    Index {
        /// What is wrong.
        what: &'static str,
    },
    /// Bytes of the other end that are not rules.
    #[error("encoded filter rules are broken: {what}")]
    Encoding {
        /// What is wrong.
        what: &'static str,
    },
}

/// Bytes of a rule or a name made safe to show, shortened to [`limits::QUOTED`].
pub(crate) fn quoted(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(limits::QUOTED)];
    let dots = if shown.len() < bytes.len() { "…" } else { "" };
    format!("{}{dots}", shown.escape_ascii())
}
