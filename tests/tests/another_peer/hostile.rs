//! The same peer with ill intent: a source that plants links and leads through them, and a target that asks for what it may not
//! have. Whatever becomes of the run, nothing changes outside the target, and nothing is read outside the source.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use xssh_tests::subject::Subject;
use xssh_tests::sync_wire::{DIRECTORY, FILE, Frame, LINK, Metadata, Payload, kind};

use super::program::{Helper, Start, switch};

/// Says that a file has an earlier name.
const HAS_NAME: u8 = 0x10;
const PROBLEM: u8 = 12;
const FAILED: u8 = 13;
const REFUSED: u8 = 66;
const SECRET: &str = "what nobody may read or change";

/// A tree, and what is beside it.
struct Place {
    scratch: TempDir,
    tree: PathBuf,
    outside: PathBuf,
}

impl Place {
    fn new() -> Self {
        let scratch = TempDir::new().expect("a scratch directory");
        let [tree, outside] = ["tree", "outside"].map(|name| scratch.path().join(name));
        fs::create_dir(&tree).unwrap();
        fs::create_dir_all(outside.join("d")).unwrap();
        fs::write(outside.join("secret"), SECRET).unwrap();
        Self { scratch, tree, outside }
    }

    /// Everything but the tree itself.
    fn outside(&self) -> BTreeMap<PathBuf, String> {
        assert_eq!(fs::read_dir(self.scratch.path()).unwrap().count(), 2, "something came beside the tree");
        let mut all = BTreeMap::new();
        for folder in [self.outside.clone(), self.outside.join("d")] {
            for entry in fs::read_dir(folder).unwrap() {
                let (path, stat) = (entry.as_ref().unwrap().path(), entry.unwrap().metadata().unwrap());
                let content = fs::read_to_string(&path).unwrap_or_default();
                all.insert(path, format!("{:?} {:?} {content}", stat.permissions(), stat.modified().unwrap()));
            }
        }
        all
    }
}

fn metadata(kind: u8, size: u64) -> Metadata {
    Metadata { kind, mode: 0o755, seconds: 1_500_000_000, nanoseconds: 0, owner: 0, group: 0, size }
}

/// What a source lists: a path, what it is, and where a link leads or which earlier name a file has.
type Listed = (&'static str, u8, &'static str);

const CONTENT: &[u8] = b"planted";

fn entries(listed: &[Listed]) -> Payload {
    let mut payload = Payload::default();
    payload.number(0);
    for (path, what, more) in listed {
        payload.number(0).string(path.as_bytes());
        let mut meta = Payload::default();
        meta.metadata(&metadata(*what, CONTENT.len() as u64));
        if *what == FILE && !more.is_empty() {
            meta.0[0] |= HAS_NAME;
        }
        payload.bytes(&meta.0);
        if !more.is_empty() {
            payload.string(more.as_bytes());
        }
    }
    payload
}

/// A push that lists this and sends every file that is wanted. Gives what the helper complains of.
fn plant(place: &Place, listed: &[Listed]) -> Vec<String> {
    let switches = switch::MODES | switch::TIMES | switch::HARD_LINKS | switch::DELETE;
    let start = Start { helper_is_target: true, key: &[3; 32], switches, compression: 1, path: &place.tree };
    let (mut helper, _) = Helper::start(&start);
    let mut page = Payload::default();
    helper.try_send(kind::PAGES, page.number(0).string(b"").bytes(&[7; 32]));
    let mut end = Payload::default();
    helper.try_send(kind::END_OF_PAGES, end.number(listed.len() as u64).byte(1).bytes(&[7; 32]));
    let mut complaints = Vec::new();
    while let Some(mut frame) = helper.hear() {
        match frame.kind {
            kind::LIST => {
                helper.try_send(kind::ENTRIES, &entries(listed));
                helper.try_send(kind::END_OF_RANGE, Payload::default().number(0).byte(1));
            }
            kind::WANT_WHOLE => {
                while !frame.is_empty() {
                    let mut small = Payload::default();
                    small.file(frame.file()).metadata(&metadata(FILE, CONTENT.len() as u64));
                    helper.try_send(kind::SMALL_FILES, small.bytes(blake3::hash(CONTENT).as_bytes()).string(CONTENT));
                }
            }
            PROBLEM | FAILED => complaints.push(String::from_utf8_lossy(frame.rest()).into_owned()),
            kind::FINISHED => break,
            _ => {}
        }
    }
    assert!(helper.status().is_some(), "a signal ended the helper");
    complaints
}

#[test]
fn a_link_that_is_planted_and_then_led_through() {
    if !Subject::is_xssh_or_say("it is a peer of xssh sync") {
        return;
    }
    let root = ("", DIRECTORY, "");
    let cases: [&[Listed]; 9] = [
        &[root, ("way", LINK, "../outside"), ("way/planted", FILE, "")],
        &[root, ("way", LINK, "../outside"), ("way/d", DIRECTORY, ""), ("way/d/planted", FILE, "")],
        &[root, ("way", LINK, "../outside"), ("way/secret", FILE, "")],
        &[root, ("way", LINK, "../outside"), ("way/secret", LINK, "elsewhere")],
        // The directory turns into a link: the same name twice.
        &[root, ("way", DIRECTORY, ""), ("way", LINK, "../outside"), ("way/planted", FILE, "")],
        &[root, ("way", LINK, "../outside"), ("way", DIRECTORY, ""), ("way/planted", FILE, "")],
        // Another name of what is behind the link, and a name there of a file that is here.
        &[root, ("a", FILE, ""), ("way", LINK, "../outside"), ("z", FILE, "way/secret")],
        &[root, ("a", FILE, ""), ("way", LINK, "../outside"), ("way/planted", FILE, "a")],
        &[root, ("../outside/planted", FILE, "")],
    ];
    for listed in cases {
        // Where nothing is yet, where the link is there already, and where a directory is in its place.
        for before in 0..3 {
            let place = Place::new();
            match before {
                1 => symlink("../outside", place.tree.join("way")).unwrap(),
                2 => fs::create_dir_all(place.tree.join("way/d")).unwrap(),
                _ => {}
            }
            let outside = place.outside();
            let complaints = plant(&place, listed);
            assert_eq!(place.outside(), outside, "{listed:?} on {before}");
            assert!(!complaints.is_empty(), "{listed:?} on {before} is as if it were right");
            assert!(!holds(&place.tree, SECRET), "{listed:?} on {before} brought what is outside");
        }
    }
}

/// Whether a file of the tree itself holds this.
fn holds(tree: &Path, text: &str) -> bool {
    fs::read_dir(tree).unwrap().map(|entry| entry.unwrap()).any(|entry| {
        let what = entry.file_type().unwrap();
        what.is_dir() && holds(&entry.path(), text)
            || what.is_file() && fs::read_to_string(entry.path()).is_ok_and(|found| found.contains(text))
    })
}

/// A pull that says this, and listens to all that comes of it.
fn ask(place: &Place, words: &[(u8, Payload)]) -> (Option<i32>, Vec<Frame>) {
    let switches = switch::MODES | switch::TIMES;
    let start = Start { helper_is_target: false, key: &[3; 32], switches, compression: 1, path: &place.tree };
    let (mut helper, _) = Helper::start(&start);
    for (kind, payload) in words {
        helper.try_send(*kind, payload);
    }
    let mut heard = Vec::new();
    helper.hang_up();
    while let Some(frame) = helper.hear() {
        heard.push(frame);
    }
    (helper.status(), heard)
}

fn payload(make: impl for<'a> FnOnce(&'a mut Payload) -> &'a mut Payload) -> Payload {
    let mut payload = Payload::default();
    make(&mut payload);
    payload
}

/// A range from one path to another.
fn list(range: u64, from: &str, until: &str) -> (u8, Payload) {
    (kind::LIST, payload(|list| list.number(range).string(from.as_bytes()).byte(1).string(until.as_bytes())))
}

/// A client that cannot say what it wants hears that it cannot be read, and why.
#[test]
fn a_start_that_cannot_be_read() {
    if !Subject::is_xssh_or_say("it is a peer of xssh sync") {
        return;
    }
    for words in [&b""[..], &[1], &[1; 40], &[0; 40], &[255; 200]] {
        let mut helper = Helper::asked(&payload(|start| start.bytes(words)));
        let mut refused = helper.hear().expect("an answer");
        assert_eq!((refused.kind, refused.byte()), (REFUSED, 0));
        let why = String::from_utf8_lossy(refused.rest()).into_owned();
        assert!(why.starts_with("xssh ") && why.contains("cannot read what it is asked for"), "{why}");
        assert!(helper.status().is_some_and(|status| status != 0));
    }
}

#[test]
fn a_target_that_asks_for_what_it_may_not_have() {
    if !Subject::is_xssh_or_say("it is a peer of xssh sync") {
        return;
    }
    let whole =
        |files: &[(u64, u64)]| (kind::WANT_WHOLE, payload(|all| files.iter().fold(all, |all, file| all.file(*file))));
    let everything = || (kind::LIST, payload(|list| list.number(0).string(b"").byte(0)));
    let finished = payload(|end| (0..14).fold(end, |end, _| end.number(u64::MAX)).bytes(&[9; 32]));
    let cases: Vec<Vec<(u8, Payload)>> = vec![
        vec![list(0, "way/secret", "zzz"), whole(&[(0, 0), (0, 1), (1, 0)])],
        vec![list(0, "../outside", "zzz")],
        vec![everything(), everything(), whole(&[(0, 1), (0, 2), (0, 3)])],
        vec![everything(), whole(&[(0, 2); 100_000])],
        vec![everything(), whole(&[(0, u64::from(u32::MAX)), (7, 7)])],
        vec![everything(), (kind::WANT_AGAINST_BASIS, payload(|all| all.file((0, 1)).number(u64::MAX).byte(22)))],
        vec![everything(), (kind::SUMS, payload(|all| all.file((0, 1)).bytes(&[0; 10])))],
        vec![(kind::FINISHED, finished)],
        vec![(kind::ENTRIES, payload(|all| all.number(0)))],
    ];
    for (number, words) in cases.iter().enumerate() {
        let place = Place::new();
        fs::write(place.tree.join("file"), "some text").unwrap();
        symlink("../outside", place.tree.join("way")).unwrap();
        let outside = place.outside();
        let (status, heard) = ask(&place, words);
        assert!(status.is_some_and(|status| status != 0), "case {number} ended with {status:?}");
        assert_eq!(place.outside(), outside);
        for mut frame in heard {
            let words = String::from_utf8_lossy(frame.rest()).into_owned();
            assert!(!words.contains(SECRET) && !words.contains("panicked"), "case {number}: {words}");
        }
    }
}
