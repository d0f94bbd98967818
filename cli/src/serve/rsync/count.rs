//! How many files an rsync moves, and what they have together: it writes a line for each into a FIFO of ours, as its log. It would
//! look for a pipe without a name by that.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, open};
use tempfile::TempDir;

use super::plan::Plan;

/// How long lines gather before they are read: each time wakes us.
const MOMENT: Duration = Duration::from_millis(10);
/// How long after its end the rest of an rsync's lines is waited for.
const REST: Duration = Duration::from_secs(1);
/// The longest line that can be one of a file.
const LINE: usize = 80;

/// What has been counted.
pub(super) struct Count {
    moved: Arc<[AtomicU64; 2]>,
    all: Receiver<()>,
    /// Until this and rsync's own are closed, more may come.
    writer: OwnedFd,
    /// Where the FIFO is, as long as this is held.
    _folder: TempDir,
}

impl Count {
    /// Has an rsync write to us.
    pub(super) fn begin(plan: &mut Plan) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("xssh-rsync-").tempdir()?;
        let path = folder.path().join("log");
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
        // Opened for both, it waits for nobody.
        let writer = open(&path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
        let reader = File::from(open(&path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?);
        let (moved, (said_all, all)) = (Arc::<[AtomicU64; 2]>::default(), sync_channel(1));
        let counted = Arc::clone(&moved);
        thread::Builder::new().spawn(move || {
            read(reader, &counted);
            let _ = said_all.send(());
        })?;
        plan.options.push([OsStr::new("--log-file="), path.as_os_str()].into_iter().collect());
        // The size of each file, and nothing about those that stay as they are.
        plan.options.push("--log-file-format=%l".into());
        Ok(Self { moved, all, writer, _folder: folder })
    }

    /// The FIFO.
    pub(super) fn held(&self) -> &OwnedFd {
        &self.writer
    }

    /// Files and bytes, once rsync has ended.
    pub(super) fn moved(self) -> (u64, u64) {
        drop(self.writer);
        let _ = self.all.recv_timeout(REST);
        let [files, bytes] = self.moved.each_ref().map(|number| number.load(Ordering::Relaxed));
        (files, bytes)
    }
}

fn read(mut reader: File, counted: &[AtomicU64; 2]) {
    let (mut buffer, mut line) = ([0; 8192], Vec::new());
    while let Ok(length @ 1..) = reader.read(&mut buffer) {
        buffer[..length].iter().for_each(|byte| note(*byte, &mut line, counted));
        if length < buffer.len() {
            thread::sleep(MOMENT);
        }
    }
}

fn note(byte: u8, line: &mut Vec<u8>, counted: &[AtomicU64; 2]) {
    if byte != b'\n' {
        // A longer one is none, and stays none.
        if line.len() <= LINE {
            line.push(byte);
        }
        return;
    }
    if let Some(size) = size(line) {
        counted[0].fetch_add(1, Ordering::Relaxed);
        counted[1].fetch_add(size, Ordering::Relaxed);
    }
    line.clear();
}

/// The size in a line of rsync's log, `2026/11/26 19:12:45 [17] 100`, where it is about a file.
fn size(line: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(line).ok().filter(|text| text.len() <= LINE)?;
    let (_, size) = text.split_once("] ")?;
    size.parse().ok().filter(|_| size.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_about_files_are_counted_and_no_others() {
        let counted = Default::default();
        let mut line = Vec::new();
        let log = b"2026/11/26 19:12:45 [9500] receiving file list\n2026/11/26 19:12:45 [9500] 100\n\
            2026/11/26 19:12:45 [9500] deleting x] 7\n2026/11/26 19:12:45 [9500] 0\n2026/11/26 19:12:45 [9500] +5\n\
            2026/11/26 19:12:45 [9500] sent 380852 bytes  received 3123443 bytes  total size 2000000\n\n] 9\n";
        log.iter().chain(&[b'1'; 300]).chain(b"] 4\n").for_each(|byte| note(*byte, &mut line, &counted));
        let [files, bytes] = counted.map(AtomicU64::into_inner);
        assert_eq!((files, bytes), (3, 109));
    }
}
