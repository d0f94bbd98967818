//! What answers on the host means ill: a source that plants a link and leads through it, a target that asks for what it may
//! not have. Over a real line, with a person's side that has its terminal's words to lose.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use xssh_tests::call::Outcome;
use xssh_tests::sync_wire::{DIRECTORY, FILE, Frame, LINK, Metadata, Payload, kind};

use super::{World, on_host, sync_by, text};

const SECRET: &str = "what nobody may read or change";
const CONTENT: &[u8] = b"planted";
/// The magic number, the version twice, and no name.
const OPENING: &[u8] = b"xssh\0syn\x02\0\x02\0\0";

/// The one on the host, who speaks through two FIFOs.
struct Peer {
    from: File,
    to: File,
}

impl Peer {
    fn say(&mut self, kind: u8, payload: &Payload) {
        // Where nobody listens any more, the run has ended as it should.
        let _ = self.to.write_all(&payload.frame(kind, false));
    }

    fn hear(&mut self) -> Option<Frame> {
        Frame::read(&mut self.from)
    }

    /// The first words: an opening from there, ours, and what is asked for.
    fn meet(&mut self) {
        let mut opening = [0; 13];
        self.from.read_exact(&mut opening).expect("an opening");
        let mut name = vec![0; opening[12].into()];
        self.from.read_exact(&mut name).expect("a name");
        self.to.write_all(OPENING).expect("somebody who listens");
        let start = self.hear().expect("a start");
        assert_eq!(start.kind, kind::START);
        self.say(kind::READY, Payload::default().number(0).byte(0).number(0).string(b""));
    }
}

/// A tree here, what is beside it, and somebody on the host.
struct Place {
    tree: PathBuf,
    outside: PathBuf,
    fifos: [PathBuf; 2],
}

impl Place {
    fn new(world: &World) -> Self {
        let [tree, outside, up, down] = ["tree", "outside", "up", "down"].map(|name| world.home.path().join(name));
        fs::create_dir(&tree).expect("a folder");
        fs::create_dir(&outside).expect("a folder");
        fs::write(outside.join("secret"), SECRET).expect("a file");
        for fifo in [&up, &down] {
            mknodat(CWD, fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a FIFO");
        }
        Self { tree, outside, fifos: [up, down] }
    }

    fn peer(&self, talk: impl FnOnce(&mut Peer) + Send + 'static) -> JoinHandle<()> {
        let [up, down] = self.fifos.clone();
        thread::spawn(move || {
            let from = File::open(up).expect("what comes from there");
            let to = File::options().write(true).open(down).expect("the way there");
            talk(&mut Peer { from, to });
        })
    }

    /// A run against it.
    fn run(&self, world: &World, args: &[&str], peer: JoinHandle<()>) -> Outcome {
        let [up, down] = self.fifos.each_ref().map(|fifo| text(fifo));
        let remote = format!("sh -c 'cat {down} & exec cat > {up}'; :");
        let outcome = sync_by(world, &remote, &[&["--connections", "1"], args].concat()).run();
        peer.join().expect("a peer that has said all");
        let is_told = outcome.code().is_some_and(|code| (1..100).contains(&code)) && !outcome.stderr.is_empty();
        assert!(is_told, "{outcome}");
        let _ = outcome.clone().does_not_say("panicked").does_not_say("\x1b[2J").does_not_say(SECRET);
        let names: Vec<_> =
            fs::read_dir(&self.outside).expect("a folder").map(|name| name.expect("a name").path()).collect();
        assert_eq!(names, [self.outside.join("secret")]);
        assert_eq!(fs::read_to_string(&names[0]).expect("the secret"), SECRET);
        outcome
    }
}

fn metadata(kind: u8) -> Metadata {
    let size = CONTENT.len() as u64;
    Metadata { kind, mode: 0o755, seconds: 1_500_000_000, nanoseconds: 0, owner: 0, group: 0, size }
}

/// A source with these entries, and one content for all files.
fn source(peer: &mut Peer, entries: &[(&str, u8, &str)]) {
    peer.meet();
    peer.say(kind::PAGES, Payload::default().number(0).string(b"").bytes(&[7; 32]));
    peer.say(kind::END_OF_PAGES, Payload::default().number(3).byte(1).bytes(&[7; 32]));
    while let Some(mut frame) = peer.hear() {
        match frame.kind {
            kind::LIST => {
                let mut list = Payload::default();
                list.number(0);
                for (path, what, link) in entries {
                    list.number(0).string(path.as_bytes()).metadata(&metadata(*what));
                    if *what == LINK {
                        list.string(link.as_bytes());
                    }
                }
                peer.say(kind::ENTRIES, &list);
                peer.say(kind::END_OF_RANGE, Payload::default().number(0).byte(1));
            }
            kind::WANT_WHOLE => {
                while !frame.is_empty() {
                    let mut small = Payload::default();
                    small.file(frame.file()).metadata(&metadata(FILE));
                    peer.say(kind::SMALL_FILES, small.bytes(blake3::hash(CONTENT).as_bytes()).string(CONTENT));
                }
            }
            kind::FINISHED => return,
            _ => {}
        }
    }
}

#[test]
fn a_source_on_the_host_that_plants_a_link() {
    for is_there in [false, true] {
        let world = World::direct();
        let place = Place::new(&world);
        if is_there {
            symlink("../outside", place.tree.join("way")).expect("a link");
        }
        let entries = [("", DIRECTORY, ""), ("way", LINK, "../outside"), ("way/secret", FILE, "")];
        let peer = place.peer(move |peer| source(peer, &entries));
        let outcome = place.run(&world, &["--itemize", &on_host(Path::new("/somewhere")), text(&place.tree)], peer);
        assert_eq!(outcome.code(), Some(23), "{outcome}");
    }
    let world = World::direct();
    let place = Place::new(&world);
    let twice = [("", DIRECTORY, ""), ("way", DIRECTORY, ""), ("way", LINK, "../outside"), ("way/planted", FILE, "")];
    let peer = place.peer(move |peer| source(peer, &twice));
    let _ = place.run(&world, &[&on_host(Path::new("/somewhere")), text(&place.tree)], peer).says("broke the protocol");
}

/// It listens to all that comes of its words, and hears of nothing but the tree.
fn target(peer: &mut Peer, words: Vec<(u8, Payload)>) {
    peer.meet();
    words.iter().for_each(|(kind, payload)| peer.say(*kind, payload));
    while let Some(mut frame) = peer.hear() {
        assert!(!String::from_utf8_lossy(frame.rest()).contains(SECRET), "kind {} tells it", frame.kind);
    }
}

#[test]
fn a_target_on_the_host_that_asks_for_more() {
    let list = |from: &str| {
        let mut list = Payload::default();
        list.number(0).string(from.as_bytes()).byte(0);
        (kind::LIST, list)
    };
    let whole = |file, times| {
        let mut all = Payload::default();
        (0..times).for_each(|_| {
            all.file(file);
        });
        (kind::WANT_WHOLE, all)
    };
    let problem = || {
        let mut problem = Payload::default();
        problem.string(b"x\x1b[2Jy").string(b"\x1b[2J\x1b]0;title\x07");
        (12, problem)
    };
    let finished = || {
        let mut end = Payload::default();
        (0..14).for_each(|_| {
            end.number(u64::MAX);
        });
        end.bytes(&[9; 32]);
        (kind::FINISHED, end)
    };
    let cases = [
        vec![list("way/secret"), whole((0, 0), 1), problem(), finished()],
        vec![list("../outside")],
        vec![list(""), list("")],
        vec![list(""), whole((0, 1), 200_000)],
        vec![problem(), finished()],
    ];
    for words in cases {
        let world = World::direct();
        let place = Place::new(&world);
        fs::write(place.tree.join("file"), "some text").expect("a file");
        symlink("../outside", place.tree.join("way")).expect("a link");
        let peer = place.peer(move |peer| target(peer, words));
        let _ = place.run(&world, &[text(&place.tree), &on_host(Path::new("/somewhere"))], peer);
    }
}
