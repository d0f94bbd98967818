use crate::glob::{Glob, Start};

/// A pattern of rsync's for names that are no paths, as those of owners.
///
/// ```
/// use xssh_filter::NamePattern;
///
/// let pattern = NamePattern::parse(b"www-*").unwrap();
/// assert!(pattern.matches(b"www-data") && !pattern.matches(b"data"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePattern(Glob);

impl NamePattern {
    /// None where it is malformed.
    #[must_use]
    pub fn parse(pattern: &[u8]) -> Option<Self> {
        Glob::rsync(pattern).map(Self)
    }

    /// Whether it takes all of a name.
    #[must_use]
    pub fn matches(&self, name: &[u8]) -> bool {
        self.0.matches(name, Start::First)
    }
}
