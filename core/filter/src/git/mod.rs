//! git's ignore files (gitignore(5)).

use crate::FilterError;

/// The texts that are in force in a whole repository. Empty where there is none.
#[derive(Debug, Clone, Copy, Default)]
pub struct GitTexts<'a> {
    /// The file that `core.excludesFile` names.
    pub excludes_file: &'a [u8],
    /// `.git/info/exclude`.
    pub info_exclude: &'a [u8],
    /// `.gitignore` in the repository's top directory.
    pub gitignore: &'a [u8],
}

/// The ignore rules that are in force in one directory. Cheap to clone, and never changes.
#[derive(Debug, Clone)]
pub struct GitScope {}

impl GitScope {
    /// The scope of a repository's top directory.
    ///
    /// # Errors
    /// Only those of limits: git knows no malformed pattern.
    pub fn top(_texts: GitTexts<'_>) -> Result<Self, FilterError> {
        Ok(Self {})
    }

    /// The scope of a directory in this one. `gitignore` is the text of its `.gitignore`, empty where it has none. git does
    /// not follow a symbolic link of that name.
    ///
    /// # Errors
    /// Only those of limits.
    pub fn enter(&self, _name: &[u8], _gitignore: &[u8]) -> Result<Self, FilterError> {
        Ok(self.clone())
    }

    /// Whether git ignores a name in this directory. `.git` and what is in it are never ignored.
    #[must_use]
    pub fn ignored(&self, _name: &[u8], _is_dir: bool) -> bool {
        false
    }
}
