//! Which version of a file was read.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::Entry;

const SECOND: i128 = 1_000_000_000;
/// No clock that stamps files ticks slower than this.
const TICK: i128 = SECOND / 50;
/// A write into memory is over after this.
const QUIET: i128 = SECOND;
/// How long is slept between two looks at the clock.
const LOOK: Duration = Duration::from_millis(1);
/// How often, at most.
const LOOKS: u32 = 40;

/// What tells one version of an open file from the next: its size, and the times of its last changes. The system sets the
/// second of them at every change, and lets nobody set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Bytes.
    pub size: u64,
    /// Last change of the content: seconds since 1970, nanoseconds.
    pub mtime: (i64, u32),
    changed: (i64, u32),
}

impl From<&Entry> for Version {
    fn from(entry: &Entry) -> Self {
        Self { size: entry.size, mtime: entry.mtime, changed: entry.changed }
    }
}

impl Version {
    /// The version that is there now.
    ///
    /// # Errors
    /// What fstat(2) says.
    pub fn of(file: &File) -> io::Result<Self> {
        let stat = file.metadata()?;
        let nanoseconds = |number| u32::try_from(number).unwrap_or_default();
        let mtime = (stat.mtime(), nanoseconds(stat.mtime_nsec()));
        Ok(Self { size: stat.size(), mtime, changed: (stat.ctime(), nanoseconds(stat.ctime_nsec())) })
    }

    /// The version that is there now, once the clock has ticked since: whatever comes later has another time. A file that
    /// changes at every tick is not waited for, nor one from the future. `seen` is what was there when it was opened.
    ///
    /// # Errors
    /// What fstat(2) says.
    pub fn settled(file: &File, seen: &Entry) -> io::Result<Self> {
        let mut version = Self::from(seen);
        for _ in 0..LOOKS {
            if !(-TICK..=0).contains(&version.age()) {
                break;
            }
            thread::sleep(LOOK);
            version = Self::of(file)?;
        }
        Ok(version)
    }

    /// Waits until a write that is under way is over, where reading does not: whoever asks for the next hole waits for the
    /// writer's lock (ext4, tmpfs, btrfs), and elsewhere reads do.
    pub fn await_writer(file: &File) {
        // There is always a hole behind the end; a file system that knows of none is not asked for more.
        let _ = rustix::fs::seek(file, rustix::fs::SeekFrom::Hole(0));
    }

    /// Whether it has been there for a while. A write sets the time when it begins: one that is large may still go on.
    pub fn is_quiet(&self) -> bool {
        self.age() >= QUIET
    }

    /// Nanoseconds by the clock that stamps files.
    fn age(&self) -> i128 {
        let now = clock_gettime(ClockId::RealtimeCoarse);
        let in_nanoseconds = |seconds: i64, more: i64| i128::from(seconds) * SECOND + i128::from(more);
        in_nanoseconds(now.tv_sec, now.tv_nsec) - in_nanoseconds(self.changed.0, self.changed.1.into())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use rustix::fs::{AtFlags, StatxFlags, statx};

    use super::*;

    /// However close a change comes behind, it shows.
    #[test]
    fn a_change_after_a_settled_version_shows() {
        let mut file = tempfile::tempfile().unwrap();
        for _ in 0..50 {
            file.write_all(b"x").unwrap();
            let stat = statx(&file, "", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS).unwrap();
            let version = Version::settled(&file, &Entry::from(&stat)).unwrap();
            assert_eq!(Version::of(&file).unwrap(), version);
            file.set_modified(std::time::UNIX_EPOCH).unwrap();
            assert_ne!(Version::of(&file).unwrap(), version);
        }
    }
}
