//! Permissions where those of the source are not kept: what is here keeps its own, and what is new gets the source's as far as the
//! account lets new files have them.

use xssh_os::account;

use crate::options::Options;
use crate::tree::Meta;

/// The permissions that an entry of the source gets here.
pub(super) struct Usual {
    /// What new entries do not get; none where permissions are kept.
    mask: Option<u32>,
}

impl Usual {
    pub(super) fn of(options: &Options) -> Self {
        Self { mask: (!options.modes).then(account::umask) }
    }

    pub(super) fn mode(&self, theirs: &Meta, mine: Option<&Meta>) -> u32 {
        match (self.mask, mine) {
            (None, _) => theirs.mode,
            (Some(_), Some(mine)) if mine.kind == theirs.kind => mine.mode,
            (Some(mask), _) => theirs.mode & 0o777 & !mask,
        }
    }
}
