//! What the source has not and what stays all the same: a rule of the target's side protects it, or it is on another file system.

use xssh_filter::FilterError;
use xssh_fs::{Kind, RelPath};

use super::Decider;
use crate::filtering::Trail;
use crate::tree::{Item, Tree};

impl Decider<'_> {
    /// Something that the source does not have, unless it is alike there.
    pub(super) fn extra(&mut self, extra: &Item, differs: bool) {
        let is_in = |directory: &Option<RelPath>| directory.as_ref().is_some_and(|above| extra.path.is_below(above));
        if !differs || is_in(&self.standing) || is_in(&self.backed_up) {
            return;
        }
        if let Some(backup) = self.shared.options.backup.as_ref().filter(|backup| backup.holds(&extra.path)) {
            if extra.meta.kind == Kind::Directory && !backup.is_led_to_by(&extra.path) {
                self.backed_up = Some(extra.path.clone());
            }
            return;
        }
        if !self.shared.options.delete {
            return self.moves.extra(extra);
        }
        // What stays keeps its name too.
        if !self.kept.holds(&extra.path, extra.meta.kind == Kind::Directory) {
            self.moves.extra(extra);
            self.finish.extra(extra);
        }
    }
}

/// Judges what the source has not, which comes in the order of its names.
pub(in crate::target) struct Kept<'a> {
    tree: &'a Tree,
    /// The rules, when they have been asked for.
    trail: Option<Result<Option<Trail<'a>>, FilterError>>,
    /// The latest directory that goes, and the latest that stays with all that is in it.
    going: Option<RelPath>,
    staying: Option<RelPath>,
}

impl<'a> Kept<'a> {
    pub(in crate::target) fn new(tree: &'a Tree) -> Self {
        Self { tree, trail: None, going: None, staying: None }
    }

    /// Whether it stays.
    pub(in crate::target) fn holds(&mut self, path: &RelPath, is_directory: bool) -> bool {
        let is_in = |directory: &Option<RelPath>| directory.as_ref().is_some_and(|above| path.is_below(above));
        if is_in(&self.staying) {
            return true;
        }
        let in_deleted = is_in(&self.going);
        let stays = self.is_protected(path, is_directory, in_deleted) || self.tree.is_elsewhere(path);
        if is_directory && stays {
            self.staying = Some(path.clone());
        } else if is_directory && !in_deleted {
            self.going = Some(path.clone());
        }
        stays
    }

    fn is_protected(&mut self, path: &RelPath, is_directory: bool, in_deleted: bool) -> bool {
        match self.trail.get_or_insert_with(|| self.tree.trail()) {
            Ok(None) => false,
            // Rules that cannot be read are told of by the walk, and then nothing is deleted.
            Err(_) => true,
            Ok(Some(trail)) => {
                !trail.leads_to(path, is_directory).unwrap_or(false) || trail.keeps(path, is_directory, in_deleted)
            }
        }
    }
}
