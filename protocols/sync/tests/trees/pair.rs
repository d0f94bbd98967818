//! Two trees, and a run between them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use xssh_fs::Root;
use xssh_sync::{
    Backup, BackupPlace, Change, Near, Nobody, Note, Opened, Options, References, Role, Rules, Selection, Shown, Start,
    Summary, SyncError, Tree, Watch, client, serve,
};

use super::line::{Faults, Line};

/// A child has what we have open until it is the other program, a target's lock too: none is started while a run goes on.
pub(crate) static CHILDREN: RwLock<()> = RwLock::new(());

pub(crate) struct Pair {
    folder: TempDir,
    pub(crate) rules: Rules,
    pub(crate) selection: Option<Selection>,
    /// What the line does to runs.
    pub(crate) faults: Faults,
}

/// What one run said and cost.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) result: Result<Summary, SyncError>,
    /// How it ended for the helper.
    pub(crate) served: Result<Summary, SyncError>,
    pub(crate) changes: Vec<(String, Change)>,
    pub(crate) problems: Vec<String>,
    /// Bytes that went over the line, both ways.
    pub(crate) bytes: u64,
}

#[derive(Default)]
struct Listener {
    changes: Mutex<Vec<(String, Change)>>,
    problems: Mutex<Vec<String>>,
}

impl Watch for Listener {
    fn note(&self, note: Note<'_>) {
        match note {
            Note::Change(path, change) => self.changes.lock().unwrap().push((path.to_string(), change)),
            Note::Problem { path, why, .. } => self.problems.lock().unwrap().push(format!("{path}: {why}")),
            _ => {}
        }
    }
}

impl Pair {
    pub(crate) fn new() -> Self {
        Self::within(tempfile::tempdir().unwrap())
    }

    /// In memory, where that can be had: thousands of trees are made and removed there.
    pub(crate) fn in_memory() -> Self {
        Self::within(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap())
    }

    /// Below a directory that may be another pair's.
    pub(crate) fn below(directory: &Path) -> Self {
        Self::within(tempfile::tempdir_in(directory).unwrap())
    }

    fn within(folder: TempDir) -> Self {
        fs::create_dir(folder.path().join("source")).unwrap();
        fs::create_dir(folder.path().join("target")).unwrap();
        Self { folder, rules: Rules::default(), selection: None, faults: Faults::default() }
    }

    pub(crate) fn source(&self) -> PathBuf {
        self.folder.path().join("source")
    }

    pub(crate) fn target(&self) -> PathBuf {
        self.folder.path().join("target")
    }

    /// A directory beside both.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn push(&self, options: &Options) -> Run {
        self.agreed(Role::Target, options)
    }

    pub(crate) fn pull(&self, options: &Options) -> Run {
        self.agreed(Role::Source, options)
    }

    fn agreed(&self, role: Role, options: &Options) -> Run {
        let run = self.run(role, options, &Line::new(self.faults));
        assert_eq!(run.served.is_ok(), run.result.is_ok(), "{run:?}");
        run
    }

    /// A run over this line, however it ends. `role` is the helper's.
    pub(crate) fn run(&self, role: Role, options: &Options, line: &Line) -> Run {
        let _no_children = CHILDREN.read().unwrap_or_else(PoisonError::into_inner);
        let (near, far) = match role {
            Role::Target => (self.source(), self.target()),
            Role::Source => (self.target(), self.source()),
        };
        let start = Start {
            vacant: role == Role::Source && options.take_all() && is_empty(&near),
            paths: vec![far.as_os_str().as_bytes().to_vec()],
            selection: self.selection.clone(),
            rules: self.rules.clone(),
            options: Options { itemize: true, ..options.clone() },
            ..Start::new(role, [7; 32])
        };
        let listener = Listener::default();
        let ((from_helper, to_client), (from_client, to_helper)) = (line.way(0), line.way(1));
        let patience = Patience::new(line, format!("{:?}", self.faults));
        let (result, served) = thread::scope(|scope| {
            let helper = scope.spawn(|| {
                serve(from_client, to_client, None, &Nobody, &mut |start| {
                    let path = Path::new(std::ffi::OsStr::from_bytes(&start.paths[0]));
                    Ok(open(path, start.role, start))
                })
            });
            let mut tree = open(&near, Role::Source, &start).tree;
            let near = match role {
                Role::Target => Near::Source(&mut tree, None),
                Role::Source => Near::Target(&mut |_| Ok(open(&near, Role::Target, &start))),
            };
            let result = client(&start, near, from_helper, to_helper, &listener);
            (result, helper.join().unwrap())
        });
        assert!(!patience.over.load(Ordering::Relaxed), "a run hung until it was cut: {:?}", self.faults);
        let mut changes = listener.changes.into_inner().unwrap();
        changes.sort_by(|one, other| one.0.cmp(&other.0));
        Run { result, served, changes, problems: listener.problems.into_inner().unwrap(), bytes: line.carried() }
    }

    /// Both trees, as lstat and the bytes have them.
    pub(crate) fn assert_alike(&self) {
        assert_eq!(shape(&self.source()), shape(&self.target()));
    }
}

fn is_empty(path: &Path) -> bool {
    path.read_dir().is_ok_and(|mut entries| entries.next().is_none())
}

/// Watches a run. One that hangs is cut, so that its threads end; where that is no help, so does the program.
struct Patience {
    _done: Sender<()>,
    over: Arc<AtomicBool>,
}

/// A run hangs that has worked next to nothing for so many stretches of this length, however busy the machine is otherwise.
const STRETCHES: u32 = 6;
const STRETCH: Duration = Duration::from_secs(10);
const NEXT_TO_NOTHING: Duration = Duration::from_millis(50);

/// The processor's time that this process has had: each test has a process of its own.
fn worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.try_into().unwrap()
}

/// Whether nothing was done any more before it was over.
fn hangs(over: &Receiver<()>) -> bool {
    let (mut idle, mut before) = (0, worked());
    while idle < STRETCHES {
        if over.recv_timeout(STRETCH) != Err(RecvTimeoutError::Timeout) {
            return false;
        }
        let now = worked();
        idle = if now - before < NEXT_TO_NOTHING { idle + 1 } else { 0 };
        before = now;
    }
    true
}

impl Patience {
    fn new(line: &Line, what: String) -> Self {
        let (done, waits) = channel();
        let (line, over) = (line.again(), Arc::new(AtomicBool::new(false)));
        let is_over = over.clone();
        thread::spawn(move || {
            if hangs(&waits) {
                is_over.store(true, Ordering::Relaxed);
                line.cut();
                if hangs(&waits) {
                    // The harness shows what a thread of a test printed only where the test ends.
                    let _ = writeln!(std::io::stderr(), "a run hangs, though it was cut: {what}");
                    std::process::abort();
                }
            }
        });
        Self { _done: done, over }
    }
}

pub(crate) fn open(path: &Path, role: Role, start: &Start) -> Opened {
    let mut root = Root::open(path).unwrap();
    if role == Role::Source {
        root = root.following(start.options.follow());
    }
    let lock = (role == Role::Target).then(|| root.lock().unwrap());
    let mut tree = Tree::whole(root).seen(start, role);
    if let (Role::Target, Some(References { directories, .. })) = (role, &start.options.references) {
        let places = directories.iter().map(|directory| path.join(std::ffi::OsStr::from_bytes(directory)));
        let references = places.map(|path| Tree::whole(Root::open(&path).unwrap()).seen(start, role));
        tree = tree.beside(references.collect());
    }
    if let (Role::Target, Some(Backup { place: BackupPlace::Outside(to), .. })) = (role, &start.options.backup) {
        tree = tree.keeping(Root::create(&path.join(std::ffi::OsStr::from_bytes(to))).unwrap());
    }
    Opened { tree, lock, shown: Shown::default() }
}

impl Run {
    pub(crate) fn ok(&self) -> Summary {
        assert!(self.problems.is_empty(), "{:?}", self.problems);
        *self.result.as_ref().unwrap()
    }
}

/// Everything that a copy keeps, by path.
pub(crate) fn shape(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut all = BTreeMap::new();
    gather(root, Path::new(""), &mut all);
    all
}

fn gather(root: &Path, below: &Path, all: &mut BTreeMap<PathBuf, String>) {
    let path = root.join(below);
    let stat = fs::symlink_metadata(&path).unwrap();
    let kind = stat.file_type();
    let content = if kind.is_symlink() {
        format!("link to {:?}", fs::read_link(&path).unwrap())
    } else if kind.is_file() {
        let bytes = fs::read(&path).unwrap();
        format!("{} bytes {} at {}.{}", bytes.len(), blake3::hash(&bytes), stat.mtime(), stat.mtime_nsec())
    } else {
        format!("at {}.{}", stat.mtime(), stat.mtime_nsec())
    };
    let mode = if kind.is_symlink() { 0 } else { stat.mode() };
    all.insert(below.to_owned(), format!("{mode:o} {}:{} {content}", stat.uid(), stat.gid()));
    if kind.is_dir() {
        for entry in fs::read_dir(&path).unwrap() {
            gather(root, &below.join(entry.unwrap().file_name()), all);
        }
    }
}
