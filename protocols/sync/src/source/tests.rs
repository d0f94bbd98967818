//! A target that listens, answers, and does what the protocol does not allow.

use std::fs;
use std::io::{PipeReader, PipeWriter, Write};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use xssh_delta::SUM;
use xssh_filter::Builder;
use xssh_fs::{RelPath, Root};

use crate::error::SyncError;
use crate::limits::{GIVEN, KEPT_RANGES, LISTS, WANTS};
use crate::options::Options;
use crate::owners::Rights;
use crate::summary::Summary;
use crate::tree::{Item, Tree};
use crate::watch::{Nobody, Outlook};
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
        let result = super::run(&tree, &start, (Rights::default(), vacant), (input, output), None, &Nobody);
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

/// One that is given the tree has nothing to ask for but what it was given, and the walk does not go on without it.
#[test]
fn a_target_that_is_given_all() {
    let many = |root: &Path| {
        for number in 0..40_000 {
            fs::File::create(root.join(format!("d/{number}"))).unwrap();
        }
    };
    let done = meet(start(Options::default()), true, many, |target| {
        let mut ranges = 0;
        // It releases nothing, so it is not given more.
        while let Some(message) = target.hear() {
            if let FromSource::RangeEnd { .. } = message {
                ranges += 1;
            }
            if ranges == GIVEN {
                break;
            }
        }
        target.say(&FromTarget::Whole(vec![file(u32::MAX, 0), file(0, u32::MAX)]));
        let mut missing = 0;
        while missing < 2 {
            match target.hear().expect("an answer") {
                FromSource::Missing { .. } => missing += 1,
                FromSource::Entries { range, .. } => panic!("range {range} came too"),
                _ => {}
            }
        }
        assert!(target.list(0, "", None));
        while target.hear().is_some() {}
    });
    assert!(broke(&done), "{done:?}");
}

fn broke(result: &Result<Summary, SyncError>) -> bool {
    matches!(result, Err(SyncError::Broke(_)))
}

#[test]
fn what_was_never_listed_is_not_sent() {
    let done = against(start(Options::default()), |target| {
        let strange = [file(9, 0), file(0, u32::MAX), file(u32::MAX, 0)];
        target.say(&FromTarget::Whole(strange.to_vec()));
        target.say(&FromTarget::Digests(strange.to_vec()));
        for file in strange {
            target.say(&FromTarget::Delta { file, length: 5000, bits: 11 });
            target.say(&FromTarget::Sums { file, sums: vec![7; 3 * SUM].into() });
        }
        assert!(target.missing(9).iter().all(|why| why.contains("never listed")));
        let items = target.listed(0, "", None);
        target.say(&FromTarget::Whole(vec![file(0, items.len() as u32), file(1, 0)]));
        target.say(&FromTarget::Release { range: 0 });
        target.say(&FromTarget::Whole(vec![file(0, 2)]));
        assert!(target.missing(3).iter().all(|why| why.contains("never listed")));
        target.finish();
    });
    assert!(done.is_ok(), "{done:?}");
}

#[test]
fn what_is_no_file_has_no_contents() {
    let done = against(start(Options { specials: true, ..Options::default() }), |target| {
        let items = target.listed(0, "", None);
        let paths: Vec<String> = items.iter().map(|item| item.path.to_string()).collect();
        assert_eq!(paths[1..], ["d", "d/f", "large", "link", "pipe"]);
        let others = [0, 1, 4, 5].map(|index| file(0, index));
        target.say(&FromTarget::Whole(others.to_vec()));
        target.say(&FromTarget::Digests(others.to_vec()));
        for file in others {
            target.say(&FromTarget::Delta { file, length: 0, bits: 11 });
        }
        target.missing(12);
        target.finish();
    });
    assert!(done.is_ok(), "{done:?}");
}

/// Listing begins and ends where it is told to, be that a place that is not there, hidden, or outside.
#[test]
fn nothing_is_listed_but_what_takes_part() {
    let mut rules = Builder::new(xssh_filter::Options::default());
    rules.exclude(b"/hidden").unwrap();
    let rules = rules.finish();
    let more = |root: &Path| {
        fs::create_dir_all(root.join("hidden/deep")).unwrap();
        fs::write(root.join("hidden/deep/file"), "secret").unwrap();
        fs::write(root.join("d/.xssh-staged-1-2"), "secret").unwrap();
    };
    let done = with_tree(Start { rules, ..start(Options::default()) }, more, |target| {
        let shown = ["", "d", "d/f", "large", "link", "pipe"].map(path);
        let places =
            ["", "d", "d/e", "d/f", "hidden", "hidden/deep", "hidden/deep/file", "link", "link/s", "zzz", "d/.xssh"];
        let mut range = 0;
        for from in places {
            for until in places.iter().map(|until| Some(*until)).chain([None]) {
                let items = target.listed(range, from, until);
                let due = shown
                    .iter()
                    .filter(|shown| **shown >= path(from) && until.is_none_or(|until| **shown < path(until)));
                assert_eq!(
                    items.iter().map(|item| &item.path).collect::<Vec<_>>(),
                    due.collect::<Vec<_>>(),
                    "{from} to {until:?}"
                );
                target.say(&FromTarget::Whole((0..items.len() as u32).map(|index| file(range, index)).collect()));
                target.say(&FromTarget::Release { range });
                range += 1;
            }
        }
        target.finish();
    });
    assert!(done.is_ok(), "{done:?}");
}

/// Says something again and again without ever listening, until nobody listens. Gives how often.
fn flood(target: &mut Target, message: impl Fn(u32) -> FromTarget) -> usize {
    let said = (0..4_000_000).take_while(|number| target.say(&message(*number))).count();
    assert!(said < 4_000_000, "it is never refused");
    said
}

#[test]
fn ranges_without_end_are_refused() {
    let list = |range| FromTarget::List { range, from: RelPath::root(), until: None, have: vec![[0; 8]; 1000] };
    let done = against(start(Options::default()), move |target| {
        let said = flood(target, list);
        assert!(said <= LISTS + 64, "{said}");
    });
    assert!(broke(&done), "{done:?}");
}

/// One after the other, never released.
#[test]
fn more_ranges_than_are_kept_are_refused() {
    let done = against(start(Options::default()), |target| {
        for range in 0..(KEPT_RANGES + LISTS) as u32 {
            target.listed(range, &format!("zz{range:05}"), Some(&format!("zz{:05}", range + 1)));
        }
        target.list(u32::MAX, "", Some("zz"));
        while target.hear().is_some() {}
    });
    assert!(broke(&done), "{done:?}");
}

/// Each would hold all names of the tree once more.
#[test]
fn ranges_that_overlap_are_refused() {
    for (one, other) in [(("", None), ("d", None)), (("d", None), ("", None)), (("", Some("e")), ("d", Some("f")))] {
        let done = against(start(Options::default()), move |target| {
            target.listed(0, one.0, one.1);
            target.list(1, other.0, other.1);
            while target.hear().is_some() {}
        });
        assert!(broke(&done), "{one:?} and {other:?}: {done:?}");
    }
    let done = against(start(Options::default()), |target| {
        target.listed(0, "", Some("d"));
        target.list(0, "e", None);
        while target.hear().is_some() {}
    });
    assert!(broke(&done), "a number twice: {done:?}");
}

#[test]
fn the_same_file_a_hundred_thousand_times() {
    const TIMES: usize = 100_000;
    let done = against(start(Options::default()), |target| {
        let items = target.listed(0, "", None);
        let index = items.iter().position(|item| item.path == path("d/f")).unwrap() as u32;
        let mut came = 0;
        for _ in 0..TIMES / 1000 {
            target.say(&FromTarget::Whole(vec![file(0, index); 1000]));
            while came % 1000 != 0 || came == 0 {
                if let FromSource::Small(files) = target.hear().expect("files") {
                    assert!(files.iter().all(|small| &*small.bytes == b"some text"));
                    came += files.len();
                }
            }
            came = 0;
        }
        target.finish();
    });
    assert!(done.is_ok(), "{done:?}");
    for flooded in [FromTarget::Whole(vec![file(0, 3); 1000]), FromTarget::Digests(vec![file(0, 3); 1000])] {
        let done = against(start(Options::default()), move |target| {
            target.listed(0, "", None);
            let said = flood(target, |_| flooded.clone());
            assert!(said <= WANTS * 8 / 1000 + 1000, "{said}");
        });
        assert!(broke(&done), "{done:?}");
    }
}

/// The source is not held up by what nobody waits for any more.
#[test]
fn a_target_that_hangs_up_is_not_worked_for() {
    let more = |root: &Path| fs::File::create(root.join("huge")).unwrap().set_len(1 << 40).unwrap();
    let done = with_tree(start(Options::default()), more, |target| {
        let items = target.listed(0, "", None);
        let index = items.iter().position(|item| item.path == path("huge")).unwrap() as u32;
        target.say(&FromTarget::Digests(vec![file(0, index); WANTS]));
    });
    assert!(done.is_err(), "{done:?}");
}

#[test]
fn a_basis_of_any_length_and_sums_of_anything() {
    let done = against(start(Options::default()), |target| {
        let items = target.listed(0, "", None);
        let large = file(0, items.iter().position(|item| item.path == path("large")).unwrap() as u32);
        let small = file(0, items.iter().position(|item| item.path == path("d/f")).unwrap() as u32);
        let content = vec![b'x'; 300_000];
        // Longer than the file, shorter, none, of the largest blocks; sums that are all there, cut, or wrong.
        for (file, length, bits) in
            [(large, 1_u64 << 40, 22), (large, 1, 11), (large, 0, 11), (large, 300_000, 11), (small, 1 << 20, 11)]
        {
            let sums = length.div_ceil(1 << bits) as usize * SUM;
            for told in [sums, sums / 2 / SUM * SUM, 0] {
                target.say(&FromTarget::Delta { file, length, bits });
                if told > 0 {
                    target.say(&FromTarget::Sums { file, sums: vec![0x5a; told].into() });
                }
                if told < sums {
                    target.say(&FromTarget::Sums { file, sums: bytes::Bytes::new() });
                }
                let due = if file == small { &b"some text"[..] } else { &content[..] };
                assert_eq!(grown(target), due, "{length} of {bits}, {told} of {sums}");
            }
        }
        target.finish();
    });
    assert!(done.is_ok(), "{done:?}");
}

/// The contents of the file that comes next, of a basis that has nothing.
fn grown(target: &mut Target) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        match target.hear().expect("contents") {
            FromSource::Data { bytes: more, .. } => bytes.extend_from_slice(&more),
            FromSource::Zeros { length, .. } => bytes.resize(bytes.len() + length as usize, 0),
            FromSource::Copy { offset, length, .. } => {
                panic!("{length} bytes at {offset} of a basis that was never told")
            }
            FromSource::End { digest, .. } => {
                assert_eq!(*blake3::hash(&bytes).as_bytes(), digest);
                return bytes;
            }
            _ => {}
        }
    }
}

#[test]
fn bases_without_end_are_refused() {
    let delta = |range| FromTarget::Delta { file: file(range, 0), length: 1, bits: 11 };
    let done = against(start(Options::default()), move |target| {
        // Each is answered, and never told.
        let (mut answers, mut to) = (target.from.try_clone().unwrap(), target.to.try_clone().unwrap());
        let reader = thread::spawn(move || std::io::copy(&mut answers, &mut std::io::sink()).is_ok());
        let said = flood(target, delta);
        assert!(said <= WANTS * 10, "{said}");
        assert!(to.flush().is_ok() && reader.join().unwrap());
    });
    assert!(broke(&done), "{done:?}");
}

#[test]
fn sums_that_were_not_announced_are_refused() {
    let sums = |count: usize| FromTarget::Sums { file: file(0, 3), sums: vec![0; count].into() };
    let delta = FromTarget::Delta { file: file(0, 3), length: 5000, bits: 11 };
    for words in [
        vec![sums(SUM)],
        vec![sums(0)],
        vec![delta.clone(), sums(4 * SUM)],
        vec![delta.clone(), sums(3 * SUM), sums(SUM)],
        vec![delta.clone(), delta],
        vec![FromTarget::Delta { file: file(0, 3), length: u64::MAX, bits: 22 }],
        vec![FromTarget::Delta { file: file(0, 3), length: 5, bits: 63 }],
    ] {
        let said = words.clone();
        let done = against(start(Options::default()), move |target| {
            target.listed(0, "", None);
            for word in &words {
                target.say(word);
            }
            while target.hear().is_some() {}
        });
        assert!(broke(&done), "{said:?}: {done:?}");
    }
}

/// A part of a sum is no sum: the file cannot be compared, and the target is told.
#[test]
fn a_part_of_a_sum_is_none() {
    let done = against(start(Options::default()), |target| {
        let items = target.listed(0, "", None);
        let large = file(0, items.iter().position(|item| item.path == path("large")).unwrap() as u32);
        target.say(&FromTarget::Delta { file: large, length: 300_000, bits: 11 });
        target.say(&FromTarget::Sums { file: large, sums: vec![0; SUM + 1].into() });
        loop {
            match target.hear().expect("an answer") {
                FromSource::Missing { file, .. } => break assert_eq!(file, large),
                FromSource::End { .. } => panic!("it was sent"),
                _ => {}
            }
        }
        target.finish();
    });
    assert!(done.is_ok(), "{done:?}");
}

/// What was never sent is acknowledged, and numbers are as large as they get.
#[test]
fn words_that_mean_nothing() {
    let done = against(start(Options { itemize: true, progress: true, ..Options::default() }), |target| {
        for number in 0..2000 {
            target.say(&FromTarget::Release { range: number });
            target.say(&FromTarget::Lanes { welcome: number % 2 == 0 });
            target.say(&FromTarget::Change { path: path("../x".trim_start_matches("../")), what: number as u8 });
            let outlook = Outlook { files: u64::MAX, bytes: u64::MAX, saved: u64::MAX, complete: true };
            target.say(&FromTarget::Outlook(outlook));
            target.say(&FromTarget::Problem { path: path("d"), why: "\x1b[2J".repeat(100) });
        }
        target.finish();
    });
    assert!(done.is_ok(), "{done:?}");
}

/// Whoever claims to have made what was never told does not know what it would have been.
#[test]
fn the_end_before_the_end_is_not_believed() {
    let done = against(start(Options::default()), |target| {
        target.finish_with([0; 32]);
    });
    assert!(broke(&done), "{done:?}");
    let done = against(start(Options::default()), |target| {
        target.listed(0, "", None);
        while target.root.is_none() {
            target.hear().expect("the end of the pages");
        }
        let mut root = target.root.unwrap();
        root[31] ^= 1;
        target.finish_with(root);
    });
    assert!(broke(&done), "{done:?}");
}

/// Half of a frame, a frame of nothing, one that is too long, what only a source says, what nobody says.
#[test]
fn bytes_that_are_no_message() {
    let whole = {
        let (kind, payload) = FromTarget::Whole(vec![file(0, 1); 10]).encode();
        [&[kind][..], &(payload.len() as u32).to_le_bytes(), &payload].concat()
    };
    let no_messages =
        [&[40][..], &[0; 5], &[7, 0, 0, 0, 0], &[255; 9], &[33, 255, 255, 255, 255], &[38, 1, 0, 0, 0, 0]];
    let halves = (1..whole.len()).map(|end| whole[..end].to_vec());
    for bytes in halves.chain(no_messages.iter().map(|bytes| bytes.to_vec())) {
        let said = bytes.clone();
        let done = against(start(Options::default()), move |target| {
            target.to.write_all(&bytes).unwrap();
        });
        assert!(done.is_err(), "{said:?}: {done:?}");
    }
}
