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
const GIVING: u8 = 17;
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

fn entries(range: u64, listed: &[Listed]) -> Payload {
    let mut payload = Payload::default();
    payload.number(range);
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

/// The content of a file.
fn small(file: (u64, u64)) -> Payload {
    payload(|small| {
        let small = small.file(file).metadata(&metadata(FILE, CONTENT.len() as u64));
        small.bytes(blake3::hash(CONTENT).as_bytes()).string(CONTENT)
    })
}

/// A push to one that has nothing, or says so, which gives this unasked. Gives what the helper complains of.
fn give(place: &Place, words: &[(u8, Payload)]) -> Vec<String> {
    let switches = switch::MODES | switch::TIMES | switch::HARD_LINKS;
    let start = Start { helper_is_target: true, key: &[3; 32], switches, compression: 1, path: &place.tree };
    let (mut helper, _) = Helper::start(&start);
    words.iter().for_each(|(kind, payload)| helper.try_send(*kind, payload));
    let mut complaints = Vec::new();
    if words.last().is_none_or(|(kind, _)| *kind != kind::END_OF_PAGES) {
        helper.hang_up();
    }
    while let Some(mut frame) = helper.hear() {
        match frame.kind {
            PROBLEM | FAILED => complaints.push(String::from_utf8_lossy(frame.rest()).into_owned()),
            kind::FINISHED => break,
            _ => {}
        }
    }
    assert!(helper.status().is_some(), "a signal ended the helper");
    complaints
}

/// All of a tree, unasked.
fn given(listed: &[Listed]) -> Vec<(u8, Payload)> {
    let is_sent = |(_, what, name): &Listed| *what == FILE && name.is_empty();
    let files = (0..)
        .zip(listed)
        .filter(|(_, listed)| is_sent(listed))
        .map(|(place, _)| (kind::SMALL_FILES, small((0, place))));
    let end = payload(|end| end.number(listed.len() as u64).byte(1).bytes(&[7; 32]));
    let mut words = vec![
        (GIVING, Payload::default()),
        (kind::ENTRIES, entries(0, listed)),
        (kind::END_OF_RANGE, payload(|end| end.number(0).byte(1))),
    ];
    words.extend(files);
    words.push((kind::END_OF_PAGES, end));
    words
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
                helper.try_send(kind::ENTRIES, &entries(0, listed));
                helper.try_send(kind::END_OF_RANGE, Payload::default().number(0).byte(1));
            }
            kind::WANT_WHOLE => {
                while !frame.is_empty() {
                    helper.try_send(kind::SMALL_FILES, &small(frame.file()));
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
            let mut complaints = Vec::new();
            if before == 0 {
                complaints = give(&place, &given(listed));
                assert_eq!(place.outside(), outside, "{listed:?} is given");
                assert!(!complaints.is_empty(), "{listed:?} is given as if it were right");
            }
            complaints.extend(plant(&place, listed));
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

/// What may be given unasked has its order and its bounds, and is for one who has nothing.
#[test]
fn gifts_that_nobody_may_make() {
    if !Subject::is_xssh_or_say("it is a peer of xssh sync") {
        return;
    }
    let tree = [("", DIRECTORY, ""), ("a", FILE, ""), ("b", FILE, "")];
    let right = given(&tree);
    let giving = || (GIVING, Payload::default());
    let range = |number, listed: &[Listed]| (kind::ENTRIES, entries(number, listed));
    let end = |number| (kind::END_OF_RANGE, payload(|end| end.number(number).byte(1)));
    let file = |range, place| (kind::SMALL_FILES, small((range, place)));
    let many = (0..2000_u64).flat_map(|number| {
        let name: &'static str = format!("n{number:04}").leak();
        [range(number, if number == 0 { &tree[..1] } else { &[] }), range(number, &[(name, FILE, "")]), end(number)]
    });
    let cases: Vec<Vec<(u8, Payload)>> = vec![
        vec![giving(), giving()],
        vec![giving(), range(5, &tree), end(5)],
        vec![giving(), range(0, &tree), end(0), range(1, &[("a", FILE, "")]), end(1)],
        vec![giving(), range(0, &tree), file(0, 1)],
        vec![giving(), range(0, &tree), end(0), file(1, 0)],
        vec![giving(), range(0, &tree), range(1, &[("c", FILE, "")]), end(1)],
        std::iter::once(giving()).chain(many).collect(),
    ];
    for (number, words) in cases.iter().enumerate() {
        let place = Place::new();
        let outside = place.outside();
        let complaints = give(&place, words);
        let is_told = complaints.iter().any(|complaint| complaint.contains("broke the protocol"));
        assert!(is_told, "case {number}: {complaints:?}");
        assert_eq!(place.outside(), outside);
    }
    // The right words to one who has something, and to one who has not; and what is nothing there is passed over.
    let (vacant, other) = (Place::new(), Place::new());
    fs::write(other.tree.join("mine"), "mine").unwrap();
    let mut more = right.clone();
    let places = [0, 1, 99, u64::from(u32::MAX)];
    more.splice(3..3, places.into_iter().flat_map(|place| [file(0, place), file(0, place)]));
    assert_eq!(give(&vacant, &more), Vec::<String>::new());
    assert_eq!(["a", "b"].map(|name| fs::read(vacant.tree.join(name)).unwrap()), [CONTENT, CONTENT]);
    assert_eq!(fs::read_dir(&vacant.tree).unwrap().count(), 2);
    assert!(!give(&other, &right).is_empty());
    assert_eq!(fs::read_dir(&other.tree).unwrap().count(), 1);
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
    let finished = payload(|end| (0..16).fold(end, |end, _| end.number(u64::MAX)).bytes(&[9; 32]));
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
