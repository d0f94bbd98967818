//! git's ignore files (gitignore(5)), and its index, which says what they do not speak of.
//!
//! The matcher is our own because git's patterns are bytes, and because one that is near git's is not enough: a file that
//! one end leaves out and git does not is lost to the user. [`GitScope`] goes by the patterns alone; [`Tracked`] has what
//! takes part all the same, and whoever asks the one asks the other.

mod config;
mod index;
mod line;
mod tracked;

use std::sync::Arc;

use crate::FilterError;
use crate::list::check_size;
use line::{Line, lines};

pub use config::excludes_file;
pub use tracked::{IndexFile, IndexFiles, Tracked};

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
pub struct GitScope {
    /// The directory, from the repository's top, with a slash at its end unless it is the top.
    path: Arc<[u8]>,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    /// The texts decide.
    Judged(Option<Arc<Layer>>),
    /// In a directory that is ignored: nothing can be included again.
    Ignored,
    /// In `.git`.
    Own,
}

/// The lines of one text, and those of lower precedence.
#[derive(Debug)]
struct Layer {
    lines: Vec<Line>,
    /// How many bytes of a path lie above the directory of the text.
    base: usize,
    outer: Option<Arc<Layer>>,
}

impl GitScope {
    /// The scope of a repository's top directory.
    ///
    /// # Errors
    /// Only those of limits: git knows no malformed pattern.
    pub fn top(texts: GitTexts<'_>) -> Result<Self, FilterError> {
        let layer = layer(texts.excludes_file, b"core.excludesFile", 0, None)?;
        let layer = self::layer(texts.info_exclude, b".git/info/exclude", 0, layer)?;
        let layer = self::layer(texts.gitignore, b".gitignore", 0, layer)?;
        Ok(Self { path: Arc::default(), state: State::Judged(layer) })
    }

    /// The scope of a directory in this one. `gitignore` is the text of its `.gitignore`, empty where it has none. git does
    /// not follow a symbolic link of that name. A directory that is a repository of its own begins with [`GitScope::top`].
    ///
    /// # Errors
    /// Only those of limits.
    pub fn enter(&self, name: &[u8], gitignore: &[u8]) -> Result<Self, FilterError> {
        let path: Arc<[u8]> = [&self.path, name, b"/"].concat().into();
        let state = match &self.state {
            State::Judged(_) if name == b".git" => State::Own,
            State::Judged(_) if self.ignored(name, true) => State::Ignored,
            State::Judged(outer) => {
                State::Judged(layer(gitignore, &[&path, &b".gitignore"[..]].concat(), path.len(), outer.clone())?)
            }
            other => other.clone(),
        };
        Ok(Self { path, state })
    }

    /// The path of a name in this directory, from the repository's top.
    #[must_use]
    pub fn path(&self, name: &[u8]) -> Vec<u8> {
        [&self.path, name].concat()
    }

    /// Whether the directory itself is ignored, and so all that is in it.
    #[must_use]
    pub fn is_ignored(&self) -> bool {
        matches!(self.state, State::Ignored)
    }

    /// Whether the patterns have git ignore a name in this directory. `.git` and what is in it are never ignored.
    #[must_use]
    pub fn ignored(&self, name: &[u8], is_dir: bool) -> bool {
        let mut layer = match &self.state {
            State::Own => return false,
            State::Ignored => return true,
            State::Judged(_) if name == b".git" => return false,
            State::Judged(layer) => layer.as_deref(),
        };
        let path = self.path(name);
        while let Some(this) = layer {
            let below = path.get(this.base..).unwrap_or_default();
            if let Some(line) = this.lines.iter().rev().find(|line| line.matches(name, below, is_dir)) {
                return !line.negated;
            }
            layer = this.outer.as_deref();
        }
        false
    }
}

fn layer(text: &[u8], file: &[u8], base: usize, outer: Option<Arc<Layer>>) -> Result<Option<Arc<Layer>>, FilterError> {
    check_size(text, file)?;
    let lines = lines(text)?;
    if lines.is_empty() {
        return Ok(outer);
    }
    Ok(Some(Arc::new(Layer { lines, base, outer })))
}
