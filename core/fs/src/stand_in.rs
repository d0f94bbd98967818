//! What only root could set, kept beside an entry by an account that is not root's: its owner, its special bits, and that it
//! is a device, a FIFO or a link, of which the entry is an ordinary file.
//!
//! It is an extended attribute in rsync's form, so that each of the two programs restores what the other has kept (rsync(1),
//! `--fake-super`; the form is what rsync 3.5 writes): the mode with the kind in octal, a device's major and minor number,
//! owner and group: `104755 0,0 1000:100`. The contents of a link's stand-in are where it points.

use std::fs::File;
use std::os::fd::OwnedFd;

use rustix::fs::XattrFlags;

use crate::xattr::{absent_is_good, in_proc};
use crate::{FsError, Kind, RelPath, Root};

/// The attribute.
const NAME: &str = "user.rsync.%stat";
/// The longest value: five numbers.
const LONGEST: usize = 80;

/// The kinds as they stand in a mode (inode(7)).
const KINDS: [(Kind, u32); 7] = [
    (Kind::File, 0o100_000),
    (Kind::Directory, 0o040_000),
    (Kind::Symlink, 0o120_000),
    (Kind::Fifo, 0o010_000),
    (Kind::Socket, 0o140_000),
    (Kind::BlockDevice, 0o060_000),
    (Kind::CharDevice, 0o020_000),
];

/// What an entry would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandIn {
    /// What it is.
    pub kind: Kind,
    /// Permissions with set-id and sticky bits.
    pub mode: u32,
    /// A device's numbers, major and minor.
    pub rdev: (u32, u32),
    /// The owner's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
}

impl StandIn {
    /// What is kept beside an open file, if something is.
    pub fn of(file: &File) -> Option<Self> {
        let mut value = [0; LONGEST];
        let length = rustix::fs::fgetxattr(file, NAME, &mut value).ok()?;
        Self::parse(value.get(..length)?)
    }

    fn parse(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?;
        let [mode, rdev, owner] = <[&str; 3]>::try_from(text.split(' ').collect::<Vec<_>>()).ok()?;
        let mode = u32::from_str_radix(mode, 8).ok()?;
        let (major, minor) = rdev.split_once(',')?;
        let (uid, gid) = owner.split_once(':')?;
        let (kind, _) = *KINDS.iter().find(|(_, bits)| mode & 0o170_000 == *bits)?;
        let rdev = (major.parse().ok()?, minor.parse().ok()?);
        Some(Self { kind, mode: mode & 0o7777, rdev, uid: uid.parse().ok()?, gid: gid.parse().ok()? })
    }

    fn text(&self) -> String {
        let bits = KINDS.iter().find(|(kind, _)| *kind == self.kind).map_or(0, |(_, bits)| *bits);
        let Self { mode, rdev: (major, minor), uid, gid, .. } = self;
        format!("{:o} {major},{minor} {uid}:{gid}", mode | bits)
    }
}

impl Root {
    /// What is kept beside an entry, if something is that can be understood.
    ///
    /// # Errors
    /// The entry is not there.
    pub fn stand_in(&self, path: &RelPath) -> Result<Option<StandIn>, FsError> {
        let mut value = [0; LONGEST];
        let read = rustix::fs::getxattr(in_proc(&self.held(path)?), NAME, &mut value);
        Ok(read.ok().and_then(|length| StandIn::parse(value.get(..length)?)))
    }
}

/// Keeps it beside an open file, or nothing.
pub(crate) fn set_open(file: impl rustix::fd::AsFd, stand_in: Option<StandIn>) -> rustix::io::Result<()> {
    match stand_in {
        Some(stand_in) => rustix::fs::fsetxattr(file, NAME, stand_in.text().as_bytes(), XattrFlags::empty()),
        None => absent_is_good(rustix::fs::fremovexattr(file, NAME)),
    }
}

/// The same beside what is held.
pub(crate) fn set_held(held: &OwnedFd, stand_in: Option<StandIn>) -> rustix::io::Result<()> {
    let at = in_proc(held);
    match stand_in {
        Some(stand_in) => rustix::fs::setxattr(at, NAME, stand_in.text().as_bytes(), XattrFlags::empty()),
        None => absent_is_good(rustix::fs::removexattr(at, NAME)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rsync_s_form_is_read_and_written() {
        for text in ["104755 0,0 1234:1235", "20644 1,3 0:0", "120777 0,0 5:6", "40700 0,0 0:0", "60644 7,1 0:0"] {
            assert_eq!(StandIn::parse(text.as_bytes()).unwrap().text(), text);
        }
        for text in
            ["", "1", "104755 0,0", "104755 0,0 1:", "170644 0,0 0:0", "104755 0,0 1:2 3", "99 0,0 0:0", "100644 0 0:0"]
        {
            assert_eq!(StandIn::parse(text.as_bytes()), None, "{text}");
        }
    }
}
