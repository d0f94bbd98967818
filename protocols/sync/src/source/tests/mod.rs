//! A target that listens, answers, and does what the protocol does not allow.

mod contents;
mod ranges;
mod words;

use std::fs;
use std::io::{PipeReader, PipeWriter, Write};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use xssh_fs::{RelPath, Root};

use crate::error::SyncError;
use crate::options::Options;
use crate::owners::Rights;
use crate::summary::Summary;
use crate::tree::{Item, Tree};
use crate::watch::Nobody;
use crate::wire::frame;
use crate::wire::message::{FileId, FromSource, FromTarget, Message};
use crate::wire::start::{Role, Start};

/// A run that takes longer hangs, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(100);

struct Target {
    to: PipeWriter,
    from: PipeReader,
    /// What the source said of its whole tree, once it has.
    root: Option<[u8; 32]>,
}

impl Target {
    /// False where the source does not listen any more.
    fn say(&mut self, message: &FromTarget) -> bool {
        let (kind, payload) = message.encode();
        frame::write(&mut self.to, kind, &payload, None).and_then(|_| self.to.flush()).is_ok()
    }

    /// The next message; none where the source has nothing more to say.
    fn hear(&mut self) -> Option<FromSource> {
        let (frame, _) = frame::read(&mut self.from).ok()??;
        let message = FromSource::decode(frame).unwrap();
        if let FromSource::PagesEnd { root, .. } = message {
            self.root = Some(root);
        }
        Some(message)
    }

    fn list(&mut self, range: u32, from: &str, until: Option<&str>) -> bool {
        let (from, until) = (path(from), until.map(path));
        self.say(&FromTarget::List { range, from, until, have: Vec::new() })
    }

    /// All of a range.
    fn listed(&mut self, wanted: u32, from: &str, until: Option<&str>) -> Vec<Item> {
        assert!(self.list(wanted, from, until));
        let mut all = Vec::new();
        loop {
            match self.hear().expect("a range") {
                FromSource::Entries { range, items } if range == wanted => all.extend(items),
                FromSource::RangeEnd { range, .. } if range == wanted => return all,
                _ => {}
            }
        }
    }

    /// Why each of so many files does not come.
    fn missing(&mut self, count: usize) -> Vec<String> {
        let mut all = Vec::new();
        while all.len() < count {
            match self.hear().expect("an answer") {
                FromSource::Missing { why, .. } => all.push(why),
                FromSource::Small(_) | FromSource::Begin { .. } | FromSource::Digests(_) => panic!("contents came"),
                _ => {}
            }
        }
        all
    }

    /// Ends as a target does that has all it wants.
    fn finish(&mut self) {
        while self.root.is_none() {
            self.hear().expect("the end of the pages");
        }
        self.finish_with(self.root.unwrap());
    }

    fn finish_with(&mut self, root: [u8; 32]) {
        self.say(&FromTarget::Finished(Box::new(Summary { root, ..Summary::default() })));
        while self.hear().is_some() {}
    }
}

fn path(text: &str) -> RelPath {
    RelPath::parse(text.as_bytes()).unwrap()
}

fn file(range: u32, index: u32) -> FileId {
    FileId { range, index }
}

fn start(options: Options) -> Start {
    Start { options, ..Start::new(Role::Target, [1; 32]) }
}

/// Runs a source with a small tree against this target. None but what is in the tree is ever named or sent.
fn against(start: Start, target: impl FnOnce(&mut Target) + Send + 'static) -> Result<Summary, SyncError> {
    with_tree(start, |_| {}, target)
}

fn with_tree(
    start: Start,
    more: impl FnOnce(&Path),
    target: impl FnOnce(&mut Target) + Send + 'static,
) -> Result<Summary, SyncError> {
    meet(start, false, more, target)
}

/// `vacant`: the target has said that it has nothing.
fn meet(
    start: Start,
    vacant: bool,
    more: impl FnOnce(&Path),
    target: impl FnOnce(&mut Target) + Send + 'static,
) -> Result<Summary, SyncError> {
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("tree");
    fs::create_dir_all(root.join("d")).unwrap();
    fs::create_dir(outer.path().join("secret")).unwrap();
    fs::write(outer.path().join("secret/s"), "secret").unwrap();
    fs::write(root.join("d/f"), "some text").unwrap();
    fs::write(root.join("large"), vec![b'x'; 300_000]).unwrap();
    symlink("../secret", root.join("link")).unwrap();
    mknodat(CWD, root.join("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    more(&root);
    let (done, is_done) = channel();
    let run = thread::spawn(move || {
        let (input, to) = std::io::pipe().unwrap();
        let (from, output) = std::io::pipe().unwrap();
        let talk = thread::spawn(move || target(&mut Target { to, from, root: None }));
        let tree = Tree::whole(Root::open(&root).unwrap()).seen(&start, Role::Source);
        let result =
            super::run(&tree, &start, (Rights::default(), vacant), (input, output), (None, Duration::ZERO), &Nobody);
        let talked = talk.join();
        let _ = done.send(());
        talked.unwrap();
        result
    });
    match is_done.recv_timeout(PATIENCE) {
        Err(RecvTimeoutError::Timeout) => panic!("the run hangs"),
        _ => run.join().unwrap(),
    }
}

fn broke(result: &Result<Summary, SyncError>) -> bool {
    matches!(result, Err(SyncError::Broke(_)))
}

/// Says something again and again without ever listening, until nobody listens. Gives how often.
fn flood(target: &mut Target, message: impl Fn(u32) -> FromTarget) -> usize {
    let said = (0..4_000_000).take_while(|number| target.say(&message(*number))).count();
    assert!(said < 4_000_000, "it is never refused");
    said
}
