//! Whether an entry of the source is to be had here at all: as the options have it, and as there is room.
//!
//! That there is no room is told before a file is sent, not when the disk is full. Only large files are asked about, with what
//! those before them will still take, and only where the answer is sure: a file system that compresses, or that lets two files
//! share what they have in common, may hold more than it says.

use std::sync::Arc;

use xssh_fs::{Kind, RelPath, Space};

use super::Decider;
use crate::limits::{DELTA_LEAST, PLACED_AHEAD, ROOM_LEAST};
use crate::target::due::Due;
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

    /// What a file will take here, once it is complete; or why it cannot be written, if that is sure.
    pub(super) fn room(&self, theirs: &Item, mine: Option<&Item>) -> Result<Option<Arc<Due>>, String> {
        let options = self.shared.options;
        if theirs.meta.size < ROOM_LEAST || options.sparse {
            return Ok(None);
        }
        let there = mine.map_or(0, |mine| mine.meta.size);
        let stays = options.inplace && mine.is_some();
        let needed = if stays { theirs.meta.size.saturating_sub(there) } else { theirs.meta.size };
        let Ok((root, own)) = self.shared.tree.place(&theirs.path) else { return Ok(None) };
        let ask = || root.space(&own.parent().unwrap_or_else(RelPath::root)).ok();
        let Some(mut space) = ask() else { return Ok(None) };
        let dues = &self.shared.ledger.dues;
        let promised = dues.on(space.device);
        let lacks = |space: &Space| needed > space.free.saturating_add_signed(promised.saturating_neg());
        // Rather begun anew than not at all.
        if lacks(&space)
            && root.remove_partial(&own).is_ok()
            && let Some(more) = ask()
        {
            space = more;
        }
        let shares = space.shares && there >= DELTA_LEAST && !options.whole_file;
        if !lacks(&space) || !space.certain || shares {
            let left = root.partial(&own).map_or(0, |(_, size)| size);
            // What is compared is placed ahead of its contents.
            let ahead = if there + left > 0 { PLACED_AHEAD } else { 0 };
            let [size, goes] =
                [theirs.meta.size, there + left + ahead].map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
            return Ok((!space.shares).then(|| dues.add(space.device, size.saturating_sub(goes))));
        }
        let (needed, mut free) = (readable(needed), format!("{} are free", readable(space.free)));
        if promised > 0 {
            free.push_str(&format!(", {} of them for what comes before it", readable(promised.unsigned_abs())));
        }
        Err(if mine.is_some() && !stays {
            format!(
                "its new contents need {needed} beside it until they are complete, and {free}: make room, or have it \
                 written in place (--inplace)"
            )
        } else {
            format!("it needs {needed}, and {free}")
        })
    }
}

fn readable(bytes: u64) -> String {
    let mib = bytes as f64 / f64::from(1 << 20);
    if mib < 1024.0 { format!("{mib:.1} MiB") } else { format!("{:.1} GiB", mib / 1024.0) }
}
