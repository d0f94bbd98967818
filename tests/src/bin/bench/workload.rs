//! The rows: what is done, by which two clients, and what is to be reached.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::contest::{Bound, Metric, Row, Target};
use crate::cvs::Checkout;
use crate::error::BenchError;
use crate::forwarded::{Forwarded, Through};
use crate::lab::{Lab, succeed};
use crate::material::Material;
use crate::measure::{Input, Run};
use crate::serve::{Asked, Serve};
use crate::shared::{self, Shared};
use crate::sync::{self, Sync};

/// A remote shell program and what it is always given.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    /// It is xssh itself, which syncs.
    pub(crate) is_ours: bool,
}

impl Client {
    fn new(program: &Path, lab: &Lab) -> Self {
        Self { program: program.to_path_buf(), args: vec!["-F".into(), lab.config.clone().into()], is_ours: false }
    }

    fn with(mut self, option: &str, value: &str) -> Self {
        self.args.extend([option.into(), value.into()]);
        self
    }

    pub(crate) fn run(&self, host: &str, command: String) -> Run {
        Run::new(&self.program).args(self.args.clone()).args([host.to_owned(), command])
    }

    /// As the value of rsync's `-e`.
    pub(crate) fn remote_shell(&self) -> OsString {
        let mut words = self.program.clone().into_os_string();
        for arg in &self.args {
            words.push(" ");
            words.push(arg);
        }
        words
    }
}

/// What is done with a client.
#[derive(Debug, Clone)]
pub(crate) enum Task {
    /// `client near 'cat >/dev/null'`
    Upload(Input),
    /// `client near 'cat FILE' >/dev/null`
    Download(PathBuf),
    /// `client HOST true`
    True(&'static str),
    /// `rsync -a -e client FROM near:TO`; `fresh`: into an empty folder each time.
    Rsync { from: PathBuf, to: PathBuf, fresh: bool },
    /// `xssh sync` against `rsync -a -e ssh`.
    Sync(Sync),
    /// `cvs checkout`, through the gate and without it.
    Checkout(Checkout),
    /// Through a forward.
    Forwarded(Forwarded),
    /// Over a shared connection.
    Shared(Shared),
    /// A tree of a key, by `xssh serve` and by rrsync.
    Serve(Serve),
}

impl Task {
    pub(crate) fn run(&self, client: &Client) -> Run {
        match self {
            Self::Upload(input) => client.run("near", "cat >/dev/null".into()).input(input.clone()),
            Self::Download(file) => client.run("near", format!("cat {}", file.display())),
            Self::True(host) => client.run(host, "true".into()),
            Self::Rsync { from, to, .. } => {
                let to = format!("near:{}", to.display());
                let rsync = Run::new("rsync").args(["-a", "-e"]).args([client.remote_shell()]);
                rsync.args([from.clone().into_os_string(), to.into()])
            }
            Self::Sync(sync) => sync.run(client),
            Self::Checkout(checkout) => checkout.run(client),
            Self::Serve(serve) => serve.run(client),
            Self::Forwarded(forwarded) => forwarded.run(client),
            Self::Shared(shared) => shared.run(client),
        }
    }

    /// What is moved.
    pub(crate) fn source(&self) -> Option<&Path> {
        match self {
            Self::Upload(Input::File(path) | Input::Pipe(path)) | Self::Download(path) => Some(path),
            Self::Rsync { from, .. } => Some(from),
            Self::Serve(serve) => serve.source(),
            Self::Forwarded(forwarded) => forwarded.source(),
            Self::Upload(Input::Nothing) | Self::True(_) | Self::Sync(_) | Self::Checkout(_) | Self::Shared(_) => None,
        }
    }

    /// What has to be done before each run, untimed.
    pub(crate) fn prepare(&self) -> Result<(), BenchError> {
        match self {
            Self::Rsync { to, fresh: true, .. } if to.exists() => {
                fs::remove_dir_all(to).map_err(BenchError::io(to.display().to_string()))
            }
            Self::Sync(sync) => sync.prepare(),
            Self::Checkout(checkout) => checkout.prepare(),
            Self::Serve(serve) => serve.prepare(),
            _ => Ok(()),
        }
    }

    /// Makes what a row alone needs, untimed.
    pub(crate) fn make(&self) -> Result<(), BenchError> {
        match self {
            Self::Sync(sync) => sync.make(),
            Self::Checkout(checkout) => checkout.make(),
            Self::Serve(serve) => serve.make(),
            Self::Shared(shared) => shared.make(),
            _ => Ok(()),
        }
    }

    /// Removes it.
    pub(crate) fn clear(&self) -> Result<(), BenchError> {
        match self {
            Self::Sync(sync) => sync.clear(),
            Self::Checkout(checkout) => checkout.clear(),
            Self::Serve(serve) => serve.clear(),
            Self::Shared(shared) => shared.clear(),
            _ => Ok(()),
        }
    }

    /// Does it once and looks at every byte that arrived.
    pub(crate) fn prove(&self, client: &Client, scratch: &Path) -> Result<(), BenchError> {
        let run = self.run(client);
        let arrived = scratch.join("arrived");
        self.prepare()?;
        let same = match self {
            Self::Upload(input) => {
                let (Input::File(sent) | Input::Pipe(sent)) = input else {
                    return Ok(());
                };
                let digest = client.run("near", "sha256sum".into()).input(input.clone());
                digest.measure_into_file(&arrived)?;
                let there = fs::read(&arrived).map_err(BenchError::io("the digest"))?;
                let here = succeed(Command::new("sha256sum").arg(sent))?;
                there.get(..64).is_some() && there.get(..64) == here.get(..64)
            }
            Self::Download(file) => {
                run.measure_into_file(&arrived)?;
                same(Command::new("cmp").arg(file).arg(&arrived))?
            }
            Self::True(_) | Self::Shared(_) => {
                run.measure_into_file(&arrived)?;
                fs::metadata(&arrived).is_ok_and(|arrived| arrived.len() == 0)
            }
            Self::Rsync { from, to, .. } => {
                run.measure()?;
                // A file arrives under its own name; a tree was given with a slash, so what it holds arrives.
                let arrived = if from.is_file() { to.join(from.file_name().unwrap_or_default()) } else { to.clone() };
                same(Command::new("diff").arg("-rq").arg(from).arg(arrived))?
            }
            Self::Sync(sync) => {
                run.measure()?;
                sync.is_alike()?
            }
            Self::Checkout(checkout) => {
                run.measure()?;
                checkout.is_alike()?
            }
            Self::Serve(serve) => {
                run.measure()?;
                serve.is_right()?
            }
            Self::Forwarded(forwarded) => forwarded.is_right(client, &arrived)?,
        };
        let _ = fs::remove_file(&arrived);
        if same { Ok(()) } else { Err(BenchError::Corrupt { what: run.line() }) }
    }
}

fn same(compare: &mut Command) -> Result<bool, BenchError> {
    let status = compare.status().map_err(BenchError::io("a comparison"))?;
    Ok(status.success())
}

/// Every row of the speed table, in its order.
pub(crate) fn rows(lab: &Lab, material: &Material, xssh: &Path) -> Result<Vec<Row>, BenchError> {
    let ours = Client { is_ours: true, ..Client::new(xssh, lab) };
    let plain = Client::new(Path::new("ssh"), lab);
    let gcm = plain.clone().with("-c", "aes128-gcm@openssh.com");
    let curve = plain.clone().with("-o", "KexAlgorithms=curve25519-sha256");
    let (file, long_file, tree) = (&material.file, &material.long_file, &material.tree);
    let rsync = |from: &Path, fresh| Task::Rsync { from: from.to_path_buf(), to: lab.scratch.join("received/"), fresh };
    let upload = || Task::Upload(Input::File(file.clone()));
    let download = || Task::Download(file.clone());
    let row = |name, task, theirs: &Client, pairs, targets: &[Target]| Row {
        name,
        task,
        ours: ours.clone(),
        theirs: theirs.clone(),
        pairs,
        targets: targets.to_vec(),
        scratch: lab.scratch.clone(),
        carried: lab.carried.clone(),
    };
    let wall = |bound| Target::new(Metric::Wall, Bound::Ratio(bound));
    let cpu = |bound| Target::new(Metric::Cpu, Bound::Ratio(bound));
    let memory = [Target::new(Metric::Peak, Bound::Bytes(32 << 20))];
    let mut rows = vec![
        row("upload", upload(), &plain, 7, &[wall(0.65), cpu(0.45)]),
        row("upload-gcm", upload(), &gcm, 7, &[wall(0.85), cpu(0.55)]),
        row("download", download(), &plain, 7, &[wall(0.75), cpu(0.65)]),
        row("download-gcm", download(), &gcm, 7, &[wall(1.0), cpu(1.0)]),
        row("pipe-upload", Task::Upload(Input::Pipe(file.clone())), &plain, 11, &[wall(0.8)]),
        row("true-loopback", Task::True("near"), &plain, 31, &[wall(0.7)]),
        row("true-50ms", Task::True("far"), &plain, 11, &[wall(0.78)]),
        row("rsync-file", rsync(file, true), &plain, 7, &[wall(0.85)]),
        row("rsync-small-files", rsync(tree, true), &plain, 7, &[wall(0.9)]),
        row("rsync-no-op", rsync(tree, false), &plain, 15, &[wall(0.8)]),
        row("memory-upload", Task::Upload(Input::File(long_file.clone())), &plain, 1, &memory),
        row("memory-download", Task::Download(long_file.clone()), &plain, 1, &memory),
        row("true-cpu", Task::True("near"), &curve, 31, &[cpu(0.4)]),
    ];
    let bare = Client::new(xssh, lab);
    rows.push(row("sync-start", Task::Sync(sync::start(lab, &material.scale)), &bare, 31, &[wall(1.2)]));
    for (name, task, pairs, targets) in sync::rows(lab, &material.scale) {
        rows.push(row(name, Task::Sync(task), &plain, pairs, &targets));
    }
    let checkout = Checkout::new(lab, &material.scale, xssh);
    rows.push(row("cvs-checkout", Task::Checkout(checkout), &plain, 7, &[wall(1.1)]));
    let served = |asked| Task::Serve(Serve::new(asked, lab, tree, xssh));
    let soon = Target::new(Metric::Wall, Bound::Milliseconds(20));
    rows.push(row("serve-refusal", served(Asked::Refusal), &plain, 31, &[wall(0.1), soon]));
    rows.push(row("serve-push", served(Asked::Push), &plain, 7, &[wall(1.1)]));
    let forwarded = |through| Forwarded::new(through).map(Task::Forwarded);
    let through_file = || forwarded(Through::File(file.clone()));
    rows.push(row("forward-file", through_file()?, &plain, 7, &[wall(0.77)]));
    rows.push(row("forward-file-gcm", through_file()?, &gcm, 7, &[wall(1.0)]));
    rows.push(row("forward-visits", forwarded(Through::Visits)?, &plain, 7, &[wall(1.0)]));
    rows.push(row("forward-socks-visits", forwarded(Through::SocksVisits)?, &plain, 7, &[wall(1.0)]));
    let shared = |call| Task::Shared(Shared::new(call, lab, xssh));
    rows.push(row("share-true", shared(shared::Call::True), &plain, 51, &[wall(0.9)]));
    let own_time = Target::new(Metric::Wall, Bound::Milliseconds(5));
    rows.push(row("share-check", shared(shared::Call::Check), &plain, 51, &[own_time]));
    Ok(rows)
}
