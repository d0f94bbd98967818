//! The system's rsync in the tree of a grant.
//!
//! The client's words become an `xssh_rsync::ServerCall`, which is checked against the grant; `plan` finds what each of its paths
//! leads to below the root and holds it, `expand` does what a shell would do with patterns, and what runs then gets fresh words, held
//! directories instead of paths, an environment of a few variables, and a Landlock domain of the root. `attend` stays with it until it
//! ends: `watch` measures what it writes, `activity` sees whether it does anything, `count` and `said` hear what it did.

mod activity;
mod attend;
mod count;
mod expand;
mod leftovers;
mod plan;
mod said;
mod staging;
mod watch;

use std::fs::File;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use xssh_fs::{RelPath, Root};
use xssh_gate::{Bound, Domain, Less, Right, TreeAuthority, Word};
use xssh_rsync::{Argument, Permission, ServerCall};

use super::forced;
use super::journal::Outcome;
use crate::words;
use attend::attend;
use count::Count;
use plan::Plan;
use said::Said;
use staging::Staging;
use watch::Watch;

/// Where a system has its rsync.
const PROGRAMS: [&str; 3] = ["/usr/bin/rsync", "/usr/local/bin/rsync", "/bin/rsync"];
/// What rsync 3.5 and later know, which keeps paths in its protocol inside the root.
const CONFINES: &[u8] = b"confine-root";
/// The longest time-out that rsync takes, in seconds.
const TIMEOUT: u64 = 24 * 3600;
/// How much an rsync may map. A list of ten million files takes less; rsync's own bound is one for each piece, and its client's to
/// choose.
const MEMORY: u64 = 4 << 30;
/// What rsync ends with where a file cannot be written, and where not all was done (rsync(1)).
const FILE_IO: u8 = 11;
const PARTIAL: u8 = 23;
/// The largest rsync that is looked into.
const LARGEST: u64 = 64 << 20;

/// What is to be run.
pub(super) struct Job {
    pub(super) program: PathBuf,
    pub(super) plan: Plan,
    root: Root,
    right: Right,
    /// What it has less than that.
    less: Vec<Less>,
    /// It is to remove no name.
    keeps_names: bool,
    /// Files are staged apart from the tree, in which it may not do all that is needed for that.
    is_staged: bool,
    /// It keeps paths in its protocol inside the root by itself.
    confines: bool,
    /// What it moves is to be counted. rsync has one log, and a client may have asked for it.
    is_counted: bool,
    /// It reads a list of files, and takes no log that is outside of the root it keeps to.
    takes_no_log: bool,
    /// It is to delete what the client does not have.
    deletes: bool,
    /// The client has set no bound for sizes itself.
    takes_all_sizes: bool,
    /// What is there and differs is left as it is, and the client did not ask for that.
    leaves: bool,
}

/// Serves a client.
pub(super) fn serve(granted: TreeAuthority<'_>, words: &[Word], required: bool) -> Outcome {
    let mut staging = None;
    let done = prepare(granted, words).and_then(|mut job| {
        if job.is_staged {
            let made = Staging::make(&job.root)?;
            job.plan.stage_in(&made);
            staging = Some(made);
        }
        run(granted, job, staging.as_ref(), required)
    });
    if let Some(staging) = staging {
        staging.remove();
    }
    done.unwrap_or_else(|why| {
        forced::refuse(&why);
        Outcome::refused(why)
    })
}

/// Finds out what is to be run, and changes nothing.
pub(super) fn prepare(granted: TreeAuthority<'_>, words: &[Word]) -> Result<Job, String> {
    let words: Vec<Argument> = words.iter().map(argument).collect();
    let mut call = ServerCall::parse(&words).map_err(|error| error.to_string())?;
    let access = granted.access();
    let may = Permission { read: access.read, create: access.create, replace: access.replace, delete: access.delete };
    call.check(may).map_err(|denied| denied.to_string())?;
    let receives = !call.is_sender();
    let adds_only = access.is_append_only() && receives;
    if adds_only {
        // Half a file under its final name could never become a whole one.
        call.leave_out("partial");
    }
    let is_staged = receives && !(access.read && access.replace && access.delete);
    if is_staged {
        call.leave_out("temp-dir");
    }
    if receives && !access.read {
        call.tell_nothing();
    }
    let root = Root::open(granted.root()).map_err(|_| "the tree of this key is not there".to_owned())?;
    let (program, confines) = program().ok_or("this host has no rsync")?;
    let mut plan = Plan::of(&call, &root)?;
    if confines {
        plan.options.push(format!("--confine-root={}", plan.top).into());
        if !call.is_sender() && !granted.devices() {
            plan.options.push("--drop-D".into());
        }
    }
    if !call.is_sender() && !granted.set_id() {
        plan.options.push("--chmod=Fug-s".into());
    }
    let leaves = adds_only && !call.has("ignore-existing", None);
    if leaves {
        plan.options.push("--ignore-existing".into());
    }
    hold_to(granted, &call, &mut plan);
    let removes = call.is_sender() && (call.has("remove-source-files", None) || call.has("remove-sent-files", None));
    let right = match (call.is_sender(), granted.devices()) {
        (true, _) if !removes && !call.has("log-file", None) => Right::Read,
        _ if adds_only => Right::Add,
        (_, true) => Right::WriteDevices,
        (_, false) => Right::Write,
    };
    let is_counted = !call.has("log-file", None) && !call.has("dry-run", Some(b'n'));
    let reading = (receives && !access.read).then_some(Less::Reading);
    let directories = (receives && !access.delete).then_some(Less::Directories);
    let less = reading.into_iter().chain(directories).collect();
    let keeps_names = receives && !access.delete;
    let takes_no_log = confines && call.has("files-from", None);
    let deletes = call.deletes();
    let takes_all_sizes = !call.has("max-size", None);
    let job = Job {
        program,
        plan,
        root,
        right,
        less,
        keeps_names,
        is_staged,
        confines,
        is_counted,
        takes_no_log,
        deletes,
        takes_all_sizes,
        leaves,
    };
    Ok(job)
}

/// What rsync keeps to by its own options.
fn hold_to(granted: TreeAuthority<'_>, call: &ServerCall, plan: &mut Plan) {
    if let Some(idle) = granted.limits().idle.map(|idle| idle.as_secs().clamp(1, TIMEOUT))
        && call.number("timeout").is_none_or(|theirs| theirs < 1 || theirs.unsigned_abs() > idle)
    {
        plan.options.push(format!("--timeout={idle}").into());
    }
    if let Some(rate) = granted.limits().rate {
        plan.options.push(format!("--bwlimit={}b", rate.max(512)).into());
    }
}

fn argument(word: &Word) -> Argument {
    Argument { bytes: word.bytes().to_vec(), patterns: word.patterns().to_vec() }
}

/// The system's rsync, and whether it can keep itself inside a root. It is looked into for the name of the option, because to run it
/// and ask would take longer than all the rest.
fn program() -> Option<(PathBuf, bool)> {
    let path = PROGRAMS.iter().map(Path::new).find(|path| path.is_file())?;
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
    let confines = read.is_ok() && bytes.windows(CONFINES.len()).any(|window| window == CONFINES);
    Some((path.to_owned(), confines))
}

/// What it may touch.
fn domain(
    granted: TreeAuthority<'_>,
    job: &Job,
    right: Right,
    staging: Option<&Staging>,
    required: bool,
) -> Result<Domain, String> {
    let held = job.root.find(&RelPath::root()).map_err(|error| error.to_string())?;
    let mut domain = Domain::new(required).allow_system();
    if granted.owner_names() {
        domain = domain.allow_names();
    }
    let mut domain = domain
        .allow_without(&held, right, &job.less)
        .and_then(|domain| domain.allow_path(&job.program, Right::Run))
        .map_err(|error| error.to_string())?;
    if job.keeps_names {
        domain = domain.without_removal();
    }
    if let Some(staging) = staging {
        domain = domain.allow(staging.held(), Right::Write).map_err(|error| error.to_string())?;
    }
    Ok(domain)
}

/// Has it make room, and no more than that, in a tree that holds too much.
fn only_remove(job: &Job, why: &str) -> Result<Right, String> {
    // Only the kernel keeps it from adding anything.
    if !job.deletes || !Domain::new(false).is_to_be_had() {
        return Err(why.to_owned());
    }
    words::say(&format_args!("xssh: {why}: this session can delete, and adds nothing"));
    Ok(Right::Remove)
}

fn run(granted: TreeAuthority<'_>, mut job: Job, staging: Option<&Staging>, required: bool) -> Result<Outcome, String> {
    let watch = if job.plan.is_sender { None } else { Some(Watch::begin(granted.limits(), &job.root)?) };
    let over = watch.as_ref().and_then(Watch::over).map(str::to_owned);
    let right = over.as_deref().map_or(Ok(job.right), |why| only_remove(&job, why))?;
    let mut domain = domain(granted, &job, right, staging, required)?;
    let largest = watch.as_ref().and_then(Watch::largest);
    let (mut count, mut command) = (None, Command::new(&job.program));
    if job.is_counted && job.takes_no_log {
        count = Some(Count::by_words(&mut job.plan, &mut command));
    } else if job.is_counted {
        let over = largest.filter(|_| job.takes_all_sizes);
        let begun = Count::begin(&mut job.plan, job.leaves || over.is_some());
        count = begun.inspect_err(|error| ::log::warn!("what rsync moves cannot be counted: {error}")).ok();
        // A file that the system would cut is better not begun: the client would lose its session, and not know why.
        let over = over.filter(|_| count.is_some()).map(|most| format!("--max-size={most}").into());
        job.plan.options.extend(over);
    }
    if let Some(held) = count.as_ref().and_then(Count::held) {
        domain = domain.allow(held, Right::Use).map_err(|error| error.to_string())?;
    }
    let ran = job.plan.shown(&job.program);
    fill(&mut command, &job);
    if !domain.is_to_be_had() && !required {
        // Without Landlock, rsync's own care is what is left; an rsync without it has none.
        if !job.confines || job.is_staged {
            return Err(
                "Landlock is not to be had on this host, and without it this cannot be served safely".to_owned()
            );
        }
        ::log::warn!("Landlock is not to be had; rsync's --confine-root is all that keeps it in the tree");
    }
    let missing = std::mem::take(&mut job.plan.missing);
    for missing in &missing {
        words::say(&format_args!("xssh: {missing}"));
    }
    let domain = domain.bounded(largest.map(Bound::FileSize)).bounded([Bound::Memory(MEMORY)]);
    let (mut child, confined) = domain.spawn(command).map_err(|error| error.to_string())?;
    let words = |error| format!("rsync: {error}");
    count.as_mut().map_or(Ok(()), |count| count.started(&mut child)).map_err(words)?;
    let ended = attend(&mut child, watch, granted.limits().idle).map_err(words)?;
    let is_counted = count.is_some();
    let said = count.map(Count::ended).unwrap_or_default();
    let moved = is_counted.then_some((said.files, said.bytes));
    let code = ended.status.code().and_then(|code| u8::try_from(code).ok());
    let outcome = Outcome { confined: Some(confined), ran: Some(ran), moved, ..Outcome::default() };
    if let Some(why) = ended.why {
        forced::refuse(&why);
        return Ok(Outcome { code: code.filter(|code| *code > 0).unwrap_or(1), failed: Some(why), ..outcome });
    }
    if let Some(why) = said.short_of(code, largest) {
        words::say(&format_args!("xssh: {why}"));
        let code = code.filter(|code| *code > 0).unwrap_or(PARTIAL);
        return Ok(Outcome { code, failed: Some(why), ..outcome });
    }
    Ok(match code {
        Some(0) => outcome,
        Some(PARTIAL) if !missing.is_empty() => {
            Outcome { code: PARTIAL, failed: missing.into_iter().next(), ..outcome }
        }
        Some(code) => {
            Outcome { code, failed: Some(over.unwrap_or_else(|| format!("rsync ended with {code}"))), ..outcome }
        }
        None => Outcome { code: 1, failed: Some(format!("rsync ended: {}", ended.status)), ..outcome },
    })
}

impl Said {
    /// Why it did less than it was asked for, where rsync itself does not tell the client so. `largest`: what a file could have.
    fn short_of(&self, code: Option<u8>, largest: Option<u64>) -> Option<String> {
        let most = largest.unwrap_or(u64::MAX);
        let may = format!(
            "this key may write none of more than {most} bytes now, by --max-file-size or what is left of --quota"
        );
        if largest.is_some() && (self.too_large || code == Some(FILE_IO)) {
            return Some(format!("a file could not be written: {may}"));
        }
        if self.over > 0 {
            return Some(format!("{} files were not taken, the first of them '{}': {may}", self.over, self.first_over));
        }
        (self.left > 0).then(|| {
            let (left, first) = (self.left, &self.first_left);
            format!(
                "this key only adds: {left} that are there already and differ were left as they are, the first of them '{first}'"
            )
        })
    }
}

/// What is started: fresh words, and nothing of the client's environment or of ours.
fn fill(command: &mut Command, job: &Job) {
    command.args(&job.plan.options).args(["--", "."]).args(&job.plan.paths);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", "/nonexistent").env("LC_ALL", "C.UTF-8");
    // What it starts can be ended with it.
    command.current_dir(job.plan.directory()).process_group(0);
}
