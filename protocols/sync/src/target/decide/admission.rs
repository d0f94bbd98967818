//! Whether an entry of the source is to be had here at all: as the options have it, and as there is room.
//!
//! That there is no room is told before a file is sent, not when the disk is full. Only large files are asked about, and only
//! where the answer is sure: a file system that compresses, or that lets two files share what they have in common, may hold
//! more than it says.

use xssh_fs::{Kind, RelPath};

use super::Decider;
use crate::limits::{DELTA_LEAST, ROOM_LEAST};
use crate::tree::Item;

impl Decider<'_> {
    /// Whether an entry of the source is to be had here at all.
    pub(super) fn takes_part(&self, theirs: &Item) -> bool {
        let options = self.shared.options;
        let takes = match theirs.meta.kind {
            Kind::File => return options.takes_size(theirs.meta.size),
            Kind::Symlink => !options.safe_links || !theirs.leads_out(),
            Kind::BlockDevice | Kind::CharDevice => options.devices,
            Kind::Fifo | Kind::Socket => options.specials,
            Kind::Directory => true,
        };
        if !takes {
            self.shared.ledger.skipped();
        }
        takes
    }

    /// Why a file cannot be written here, if that is sure.
    pub(super) fn lacks_room(&self, theirs: &Item, mine: Option<&Item>) -> Option<String> {
        let options = self.shared.options;
        if theirs.meta.size < ROOM_LEAST || options.sparse {
            return None;
        }
        let there = mine.map_or(0, |mine| mine.meta.size);
        let stays = options.inplace && mine.is_some();
        let needed = if stays { theirs.meta.size.saturating_sub(there) } else { theirs.meta.size };
        let (root, own) = self.shared.tree.place(&theirs.path).ok()?;
        let ask = || root.space(&own.parent().unwrap_or_else(RelPath::root)).ok();
        let mut space = ask()?;
        // Rather begun anew than not at all.
        if needed > space.free && root.remove_partial(&own).is_ok() {
            space = ask()?;
        }
        let shares = space.shares && there >= DELTA_LEAST && !options.whole_file;
        if needed <= space.free || !space.certain || shares {
            return None;
        }
        let (needed, free) = (readable(needed), readable(space.free));
        Some(if mine.is_some() && !stays {
            format!(
                "its new contents need {needed} beside it until they are complete, and {free} are free: make room, or have \
                 it written in place (--inplace)"
            )
        } else {
            format!("it needs {needed}, and {free} are free")
        })
    }
}

fn readable(bytes: u64) -> String {
    let mib = bytes as f64 / f64::from(1 << 20);
    if mib < 1024.0 { format!("{mib:.1} MiB") } else { format!("{:.1} GiB", mib / 1024.0) }
}
