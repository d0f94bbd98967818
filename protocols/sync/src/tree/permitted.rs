//! What whoever opened a tree lets be done with it.

use xssh_fs::{Kind, RelPath};

use super::{Meta, Tree};

/// The bits of a file that runs with its owner's or group's rights.
const SET_ID: u32 = 0o6000;
/// The attribute that gives a file capabilities (capabilities(7)).
const CAPABILITY: &[u8] = b"security.capability";

impl Tree {
    /// Takes no file that would run with more rights than who runs it has: its set-ID bits and capabilities are left out.
    #[must_use]
    pub fn without_set_id(mut self) -> Self {
        self.sets_no_id = true;
        self
    }

    /// An entry of the source's as it is to be here.
    pub(crate) fn here(&self, meta: Meta) -> Meta {
        let drops = self.sets_no_id && meta.kind == Kind::File;
        Meta { mode: if drops { meta.mode & !SET_ID } else { meta.mode }, ..meta }
    }

    /// Whether an extended attribute is kept.
    pub(crate) fn keeps(&self, name: &[u8]) -> bool {
        !(self.sets_no_id && name == CAPABILITY) && self.options.keeps_xattr(name, self.privileged)
    }

    /// Whether what is here already may be changed.
    pub(crate) fn may_replace(&self, path: &RelPath) -> bool {
        self.place(path).is_ok_and(|(root, _)| root.granted().replace)
    }
}
