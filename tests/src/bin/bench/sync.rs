//! The rows of `xssh sync` beside `rsync -a -e ssh`: trees that are made for a row and removed after it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use crate::contest::{Bound, Metric, Target};
use crate::error::BenchError;
use crate::lab::{Lab, succeed};
use crate::material::{Noise, Scale, noise_file};
use crate::measure::Run;
use crate::workload::Client;

/// What the source is, and what the target was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    /// 20,000 files of 1 to 16 KiB; nothing there.
    Small,
    /// One file, which is there: what a start costs, beside a command that does nothing.
    Start,
    /// Files of one KiB, all there: so many of them.
    Same(u64),
    /// Empty files, all there: so many of them.
    Empty(u64),
    /// 10,000 files of text; nothing there.
    Text,
    /// A file of noise; nothing there.
    Large,
    /// One percent of a file in blocks of 16 KiB.
    Scattered,
    /// Twenty insertions into a file.
    Insertions,
    /// A file with other contents.
    Unrelated,
    /// Half of 200 directories have other names.
    Renamed,
}

/// One row's trees, and how they are made alike.
#[derive(Debug, Clone)]
pub(crate) struct Sync {
    case: Case,
    host: &'static str,
    /// The source is on the host.
    pull: bool,
    /// For both programs.
    args: &'static [&'static str],
    folder: PathBuf,
    scale: Scale,
}

type SyncRow = (&'static str, Sync, u32, Vec<Target>);

/// The rows, in the order of the table.
pub(crate) fn rows(lab: &Lab, scale: &Scale) -> Vec<SyncRow> {
    let folder = lab.scratch.join("sync");
    let of = |case, host, args| Sync { case, host, pull: false, args, folder: folder.clone(), scale: *scale };
    let wall = |bound| vec![Target::new(Metric::Wall, Bound::Ratio(bound))];
    let wire = |bound| vec![Target::new(Metric::Wire, Bound::Ratio(bound))];
    let peak = vec![Target::new(Metric::Peak, Bound::Bytes(64 << 20)), Target::new(Metric::Peak, Bound::Ratio(1.0))];
    let (near, far, counted) = ("near", "far", "counted");
    let (many, million) = (Case::Same(100_000), Case::Empty(1_000_000));
    vec![
        ("sync-small", of(Case::Small, near, &[]), 5, wall(0.5)),
        ("sync-small-50ms", of(Case::Small, far, &[]), 3, wall(0.6)),
        ("sync-same", of(many, near, &[]), 5, wall(0.45)),
        ("sync-same-50ms", of(many, far, &[]), 3, wall(0.2)),
        ("sync-same-bytes", of(many, counted, &[]), 1, wire(0.05)),
        ("sync-text", of(Case::Text, near, &[]), 5, wall(0.6)),
        ("sync-text-50ms", of(Case::Text, far, &[]), 3, wall(0.35)),
        ("sync-large", of(Case::Large, near, &[]), 5, wall(0.85)),
        ("sync-scattered", of(Case::Scattered, near, &[]), 5, wall(0.6)),
        ("sync-scattered-bytes", of(Case::Scattered, counted, &[]), 1, wire(1.1)),
        ("sync-scattered-inplace", of(Case::Scattered, near, &["--inplace"]), 5, wall(0.4)),
        ("sync-insertions", of(Case::Insertions, near, &[]), 5, wall(0.7)),
        ("sync-insertions-bytes", of(Case::Insertions, counted, &[]), 1, wire(1.2)),
        ("sync-unrelated", of(Case::Unrelated, near, &[]), 3, wall(0.35)),
        ("sync-renamed", of(Case::Renamed, near, &["--delete"]), 5, wall(0.35)),
        ("sync-renamed-bytes", of(Case::Renamed, counted, &["--delete"]), 1, wire(0.05)),
        ("sync-million", of(million, near, &[]), 2, wall(0.5)),
        // What is measured is the user's side, with the remote shell that is its child: each end in turn.
        ("sync-million-memory-source", of(million, near, &[]), 1, peak.clone()),
        ("sync-million-memory-target", Sync { pull: true, ..of(million, near, &[]) }, 1, peak),
    ]
}

/// What a run costs that has nothing to do.
pub(crate) fn start(lab: &Lab, scale: &Scale) -> Sync {
    Sync { case: Case::Start, host: "near", pull: false, args: &[], folder: lab.scratch.join("sync"), scale: *scale }
}

impl Sync {
    fn source(&self) -> PathBuf {
        self.folder.join("source")
    }

    fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    /// What the target is made from before each run.
    fn before(&self) -> PathBuf {
        self.folder.join("before")
    }

    pub(crate) fn run(&self, client: &Client) -> Run {
        if self.case == Case::Start && !client.is_ours {
            return client.run(self.host, "true".into());
        }
        let place = |path: &Path, far| match far {
            false => path.display().to_string(),
            true => format!("{}:{}", self.host, path.display()),
        };
        let (source, target) = (place(&self.source(), self.pull), place(&self.target(), !self.pull));
        if client.is_ours {
            let run = Run::new(&client.program).args(["sync"]).args(client.args.clone()).args(["--remote-xssh"]);
            let run = run.args([client.program.clone()]).args(self.args.iter().copied());
            return run.args([source, target]);
        }
        let rsync = Run::new("rsync").args(["-a", "-e"]).args([client.remote_shell()]).args(self.args.iter().copied());
        rsync.args([format!("{source}/"), format!("{target}/")])
    }

    pub(crate) fn make(&self) -> Result<(), BenchError> {
        self.clear()?;
        let made = [self.source(), self.before()].iter().try_for_each(fs::create_dir_all).and_then(|()| self.fill());
        made.map_err(BenchError::io(self.folder.display().to_string()))
    }

    pub(crate) fn clear(&self) -> Result<(), BenchError> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(BenchError::io(self.folder.display().to_string())(error))
            }
            _ => Ok(()),
        }
    }

    /// Makes the target what it was.
    pub(crate) fn prepare(&self) -> Result<(), BenchError> {
        let target = self.target();
        if matches!(self.case, Case::Start | Case::Same(_) | Case::Empty(_)) && target.exists() {
            return Ok(());
        }
        if target.exists() {
            fs::remove_dir_all(&target).map_err(BenchError::io(target.display().to_string()))?;
        }
        copy(&self.before(), &target).map_err(BenchError::io(target.display().to_string()))
    }

    /// Whether rsync, looking into every file, would still do something.
    pub(crate) fn is_alike(&self) -> Result<bool, BenchError> {
        let [source, target] = [self.source(), self.target()].map(|path| format!("{}/", path.display()));
        let mut judge = Command::new("rsync");
        judge.args(["-anic", "--delete", &source, &target]);
        Ok(succeed(&mut judge)?.is_empty() && Path::new(&target).is_dir())
    }

    /// A number of files of the whole table, here.
    fn some(&self, number: u64) -> u64 {
        (number / self.scale.sync_divisor).max(4)
    }

    fn fill(&self) -> io::Result<()> {
        let (source, before) = (self.source(), self.before());
        let large = self.scale.file;
        match self.case {
            Case::Small => tree(&source, self.some(20_000), |noise| {
                let length = 1024 + noise.next() % (15 << 10);
                noise.bytes(length)
            }),
            Case::Text => tree(&source, self.some(10_000), text),
            Case::Start | Case::Same(_) | Case::Empty(_) => {
                let (number, length) = match self.case {
                    Case::Same(number) => (self.some(number), 1024),
                    Case::Empty(number) => (self.some(number), 0),
                    _ => (1, 1024),
                };
                tree(&source, number, |noise| noise.bytes(length))?;
                fs::remove_dir(&before)?;
                copy(&source, &before)
            }
            Case::Large => noise_file(&source.join("file"), 1, large).map(drop),
            Case::Unrelated => {
                noise_file(&source.join("file"), 1, large / 2)?;
                old(&noise_file(&before.join("file"), 2, large / 2)?)
            }
            Case::Scattered => {
                old(&noise_file(&before.join("file"), 1, large)?)?;
                let file = noise_file(&source.join("file"), 1, large)?;
                let mut noise = Noise(3);
                for _ in 0..large / 100 / (16 << 10) {
                    let at = noise.next() % (large - (16 << 10));
                    file.write_all_at(&noise.bytes(16 << 10), at)?;
                }
                Ok(())
            }
            Case::Insertions => {
                old(&noise_file(&before.join("file"), 1, large)?)?;
                let mut from = File::open(before.join("file"))?;
                let mut to = BufWriter::with_capacity(1 << 20, File::create(source.join("file"))?);
                let mut noise = Noise(3);
                for _ in 0..21 {
                    io::copy(&mut (&mut from).take(large / 21), &mut to)?;
                    to.write_all(&noise.bytes(104))?;
                }
                io::copy(&mut from, &mut to)?;
                to.flush()
            }
            Case::Renamed => {
                tree(&source, self.some(10_000).max(400), |noise| {
                    let length = (4 << 10) << (noise.next() % 6);
                    noise.bytes(length)
                })?;
                fs::remove_dir(&before)?;
                copy(&source, &before)?;
                for directory in (0..200).step_by(2) {
                    let name = source.join(format!("folder-{directory}"));
                    if name.exists() {
                        fs::rename(&name, source.join(format!("renamed-{directory}")))?;
                    }
                }
                Ok(())
            }
        }
    }
}

/// Files in 200 directories.
fn tree(root: &Path, files: u64, content: impl Fn(&mut Noise) -> Vec<u8>) -> io::Result<()> {
    let mut noise = Noise(7);
    let directories = files.min(200);
    for directory in 0..directories {
        fs::create_dir_all(root.join(format!("folder-{directory}")))?;
    }
    for file in 0..files {
        let path = root.join(format!("folder-{}/file-{file}", file % directories));
        fs::write(path, content(&mut noise))?;
    }
    Ok(())
}

/// Lines like a program's: few words, much indentation.
fn text(noise: &mut Noise) -> Vec<u8> {
    const WORDS: [&str; 16] = [
        "let", "return", "value", "if", "else", "for", "count", "index", "buffer", "self", "result", "error", "match",
        "length", "while", "break",
    ];
    let mut text = Vec::new();
    for _ in 0..20 + noise.next() % 400 {
        text.extend(std::iter::repeat_n(b' ', 4 * (noise.next() % 4) as usize));
        for _ in 0..2 + noise.next() % 6 {
            text.extend_from_slice(WORDS[(noise.next() >> 20) as usize % WORDS.len()].as_bytes());
            text.extend_from_slice(format!("_{} ", (noise.next() >> 11) % 50).as_bytes());
        }
        text.extend_from_slice(b";\n");
    }
    text
}

/// Of another day than what is to come.
fn old(file: &File) -> io::Result<()> {
    file.set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000_000))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    succeed(Command::new("cp").arg("-a").arg(from).arg(to)).map(drop).map_err(io::Error::other)
}
