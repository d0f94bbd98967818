//! What whoever opened a tree lets be done with it.

use xssh_fs::{Kind, RelPath};

use super::{Meta, Tree};

/// The bits of a file that runs with its owner's or group's rights.
const SET_ID: u32 = 0o6000;
/// The attribute that gives a file capabilities (capabilities(7)).
const CAPABILITY: &[u8] = b"security.capability";

/// What whoever opened a tree does not let be done with it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Permitted {
    /// Set-ID bits and capabilities are left out: files here do not run with more rights than who runs them has.
    sets_no_id: bool,
    /// The source learns nothing of what is here beside what it names itself.
    tells_nothing: bool,
}

impl Tree {
    /// Takes no file that would run with more rights than who runs it has: its set-ID bits and capabilities are left out.
    #[must_use]
    pub fn without_set_id(mut self) -> Self {
        self.permitted.sets_no_id = true;
        self
    }

    /// Tells the source nothing of what is here beside what it names: no names, no digests of entries, and no problems with others.
    #[must_use]
    pub fn without_telling(mut self) -> Self {
        self.permitted.tells_nothing = true;
        self
    }

    /// Whether the source may learn what is here.
    pub(crate) fn tells(&self) -> bool {
        !self.permitted.tells_nothing
    }

    /// An entry of the source's as it is to be here.
    pub(crate) fn here(&self, meta: Meta) -> Meta {
        let drops = self.permitted.sets_no_id && meta.kind == Kind::File;
        Meta { mode: if drops { meta.mode & !SET_ID } else { meta.mode }, ..meta }
    }

    /// Whether an extended attribute is kept.
    pub(crate) fn keeps(&self, name: &[u8]) -> bool {
        !(self.permitted.sets_no_id && name == CAPABILITY) && self.options.keeps_xattr(name, self.privileged)
    }

    /// Whether what is here already may be changed.
    pub(crate) fn may_replace(&self, path: &RelPath) -> bool {
        self.place(path).is_ok_and(|(root, _)| root.granted().replace)
    }
}
