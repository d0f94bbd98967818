//! Stays with a running rsync until it ends, and ends it where it must: over its quota, when its client is gone and it does not notice,
//! and where a key has a time-out and no process of it reads or writes anything. rsync's own time-out covers its line alone: not what
//! it opens and never gets, nor what it computes.

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use super::activity::Activity;
use super::watch::Watch;

/// How long an rsync whose client is gone has to end by itself.
const GRACE: Duration = Duration::from_secs(5);
/// How long one that was told to end has for that.
const END: Duration = Duration::from_secs(2);
/// How often it is looked at where the kernel cannot tell of its end.
const TICK: Duration = Duration::from_millis(10);

/// How an rsync came to its end.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    /// Why it was ended, if it was.
    pub(super) why: Option<String>,
}

/// What is said of one that goes on without a client.
const GONE: &str = "its client was gone, and it went on";

/// Waits for its end. `idle`: how long nothing may be read or written.
pub(super) fn attend(child: &mut Child, mut watch: Option<Watch<'_>>, idle: Option<Duration>) -> io::Result<Ended> {
    let (input, output) = (io::stdin().as_fd().try_clone_to_owned()?, io::stdout().as_fd().try_clone_to_owned()?);
    let end = pidfd_open(Pid::from_child(child), PidfdFlags::empty()).ok();
    let mut activity = idle.map(|idle| Activity::of(child, idle));
    let mut gone: Option<Instant> = None;
    // Whoever has said all may still listen, but only as long as there is something to hear.
    let mut alone: Option<Activity> = None;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Ended { status, why: watch.and_then(|watch| watch.excess()) });
        }
        let now = Instant::now();
        if let Some(why) = watch.as_mut().and_then(|watch| watch.look(now)) {
            // It has not been waited for, so its number is its own.
            let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
            return Ok(Ended { status: child.wait()?, why: Some(why) });
        }
        let stuck = activity.as_mut().and_then(|activity| activity.look(now));
        let is_over = gone.is_some_and(|since| now >= since + GRACE)
            || alone.as_mut().is_some_and(|activity| activity.look(now).is_some());
        let left = is_over.then(|| GONE.to_owned());
        if let Some(why) = stuck.or(left) {
            return Ok(Ended { status: finish(child, end.as_ref())?, why: Some(why) });
        }
        let due = [
            watch.as_ref().map(Watch::due),
            activity.as_ref().map(Activity::due),
            alone.as_ref().map(Activity::due),
            gone.map(|since| since + GRACE),
            end.is_none().then(|| now + TICK),
        ];
        let until = due.into_iter().flatten().min();
        let ends = [alone.is_none().then_some(&input), gone.is_none().then_some(&output)];
        let [no_input, no_output] = wait(end.as_ref(), ends, until)?;
        if no_input {
            alone = Some(Activity::of(child, GRACE));
        }
        if no_output {
            gone = Some(Instant::now());
        }
    }
}

/// Has it end, with all that it has started.
fn finish(child: &mut Child, end: Option<&OwnedFd>) -> io::Result<ExitStatus> {
    let group = Pid::from_child(child);
    let _ = kill_process_group(group, Signal::TERM);
    let until = Instant::now() + END;
    while Instant::now() < until && child.try_wait()?.is_none() {
        wait(end, [None, None], Some(until.min(Instant::now() + TICK * 10)))?;
    }
    let _ = kill_process_group(group, Signal::KILL);
    child.wait()
}

/// Waits until a process has ended, somebody has hung up at the other end of one of these, or it is time. Says who has.
fn wait(end: Option<&OwnedFd>, lines: [Option<&OwnedFd>; 2], until: Option<Instant>) -> io::Result<[bool; 2]> {
    let mut ends: Vec<PollFd<'_>> = end.iter().map(|end| PollFd::new(*end, PollFlags::IN)).collect();
    let at = ends.len();
    ends.extend(lines.into_iter().flatten().map(|line| PollFd::new(line, PollFlags::empty())));
    let left = until.map(|until| until.saturating_duration_since(Instant::now()) + Duration::from_millis(1));
    let left = left.map(Timespec::try_from).transpose().map_err(|_| io::Error::from(ErrorKind::InvalidInput))?;
    match poll(&mut ends, left.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(errno) => return Err(errno.into()),
    }
    let mut told = ends.get(at..).unwrap_or_default().iter();
    let hung_up = |line: &PollFd<'_>| line.revents().intersects(PollFlags::ERR | PollFlags::HUP);
    Ok(lines.map(|line| line.is_some() && told.next().is_some_and(hung_up)))
}
