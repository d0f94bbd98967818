//! Which names take part in a sync: rsync's filter rules, and git's ignore files.
//!
//! Pure logic over bytes. It never opens a file: what merge files say is asked of the caller ([`MergeFiles`], [`RuleFiles`])
//! or given as text. It never decides what happens to a name; it answers whether a rule hides it from the transfer, and
//! whether one protects it from deletion.
//!
//! 1. The options become [`Rules`] by a [`Builder`], in their order. [`Rules::to_bytes`] carries them to the other end.
//! 2. [`Rules::scope`] gives the [`Scope`] of the transfer's root, and [`Scope::enter`] that of a directory in it. A scope
//!    never changes, so it can be kept, shared between threads, and asked in any order.
//! 3. [`Scope::hidden`] and [`Scope::protected`] judge the names in that directory.
//!
//! [`GitScope`] is the same for git's rules, and [`Tracked`] what they do not speak of because it is in git's index. The two dialects are
//! independent of one another.

#![forbid(unsafe_code)]

mod cvs;
mod error;
mod git;
mod glob;
pub mod limits;
mod list;
mod name;
mod pattern;
mod rule;
mod rules;
mod scope;
mod wire;

pub use error::FilterError;
pub use git::{GitScope, GitTexts, IndexFile, IndexFiles, Tracked, excludes_file};
pub use name::NamePattern;
pub use rules::{Builder, Options, RuleFiles, Rules};
pub use scope::{Directory, MergeFiles, Scope};
