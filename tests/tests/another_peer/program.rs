//! The real program at the other end of two pipes, and the first words to it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use xssh_tests::subject::Subject;

use xssh_tests::sync_wire::{Frame, Payload, kind};

/// A bound for every wait; a test that comes near it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

const MAGIC: &[u8; 8] = b"xssh\0syn";
const VERSION: u16 = 2;

/// Switches of the options, by their bits.
pub mod switch {
    pub const DELETE: u64 = 1;
    pub const MODES: u64 = 1 << 7;
    pub const TIMES: u64 = 1 << 8;
    pub const OWNERS: u64 = 1 << 9;
    pub const GROUPS: u64 = 1 << 15;
    pub const NUMERIC_IDS: u64 = 1 << 16;
    pub const HARD_LINKS: u64 = 1 << 17;
}

/// What *start* says of a run.
pub struct Start<'a> {
    pub helper_is_target: bool,
    pub key: &'a [u8; 32],
    pub switches: u64,
    /// 0 where the line is slower, 1 never, 2 always.
    pub compression: u8,
    /// The helper's tree.
    pub path: &'a Path,
}

/// What *ready* says.
pub struct Ready {
    pub names: Vec<Vec<u8>>,
    pub right: Right,
}

/// What a target may set.
pub struct Right {
    /// Owners, and all groups.
    pub owners: bool,
    /// Else these groups.
    pub groups: Vec<Vec<u8>>,
}

/// A running `xssh serve --sync`; it ends with this.
pub struct Helper {
    child: Child,
    to: Option<ChildStdin>,
    from: Receiver<Frame>,
    /// Whether what is sent is compressed.
    compressed: bool,
}

impl Helper {
    /// Starts the program, and exchanges the first words with it.
    pub fn start(start: &Start) -> (Self, Ready) {
        let mut helper = Self::asked(&payload_of(start));
        helper.compressed = start.compression == 2;
        let ready = helper.ready();
        (helper, ready)
    }

    /// Starts the program, and asks it for this.
    pub fn asked(start: &Payload) -> Self {
        let mut child = Command::new(&Subject::get().path)
            .args(["serve", "--sync"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut to = child.stdin.take().unwrap();
        let mut out = child.stdout.take().unwrap();
        to.write_all(&opening()).expect("the helper reads");
        let (send, from) = channel();
        // All that comes is read at once, so that neither side waits for the other to read.
        thread::spawn(move || {
            expect_opening(&mut out);
            while let Some(frame) = Frame::read(&mut out) {
                if send.send(frame).is_err() {
                    return;
                }
            }
        });
        let mut helper = Self { child, to: Some(to), from, compressed: false };
        helper.say(&start.frame(kind::START, false));
        helper
    }

    fn ready(&mut self) -> Ready {
        let mut frame = self.next();
        if frame.kind != kind::READY {
            panic!("refused: {}", String::from_utf8_lossy(frame.rest()));
        }
        let count = frame.number();
        let names = (0..count).map(|_| frame.string()).collect();
        let owners = matches!(frame.byte(), 1 | 2);
        let count = frame.number();
        let groups = (0..count).map(|_| frame.string()).collect();
        Ready { names, right: Right { owners, groups } }
    }

    /// The next frame that comes, whatever it says; none where nothing more does.
    pub fn hear(&mut self) -> Option<Frame> {
        match self.from.recv_timeout(PATIENCE) {
            Err(RecvTimeoutError::Timeout) => panic!("the helper hangs"),
            heard => heard.ok(),
        }
    }

    /// The next frame that comes.
    pub fn next(&mut self) -> Frame {
        let mut frame = self.hear().expect("the helper says something");
        if [12, 13].contains(&frame.kind) {
            panic!("the helper says: {}", String::from_utf8_lossy(frame.rest()));
        }
        frame
    }

    /// Says something to one who may not listen any more.
    pub fn try_send(&mut self, kind: u8, payload: &Payload) {
        // Where it does not, its end is what counts.
        let _ = self.to.as_mut().unwrap().write_all(&payload.frame(kind, false));
    }

    /// Ends the stream to the helper.
    pub fn hang_up(&mut self) {
        drop(self.to.take());
    }

    /// The same, and waits for its end. Gives its exit status.
    pub fn status(mut self) -> Option<i32> {
        self.hang_up();
        while self.hear().is_some() {}
        self.child.wait().expect("the helper ends").code()
    }

    pub fn send(&mut self, kind: u8, payload: &Payload) {
        let frame = payload.frame(kind, self.compressed);
        self.say(&frame);
    }

    fn say(&mut self, bytes: &[u8]) {
        self.to.as_mut().unwrap().write_all(bytes).expect("the helper reads");
    }

    /// Ends the stream to the helper, which says nothing more and ends well.
    pub fn end(mut self) {
        self.hang_up();
        let more = self.from.recv_timeout(PATIENCE);
        assert!(more.is_err(), "kind {} came after the end", more.unwrap().kind);
        assert!(self.child.wait().expect("the helper ends").success(), "the helper's exit status");
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn opening() -> Vec<u8> {
    let name = b"another peer 1";
    let mut all = MAGIC.to_vec();
    all.extend(VERSION.to_le_bytes());
    all.extend(VERSION.to_le_bytes());
    all.push(u8::try_from(name.len()).unwrap());
    all.extend(name);
    all
}

fn expect_opening(from: &mut impl std::io::Read) {
    let mut head = [0; 13];
    from.read_exact(&mut head).expect("an opening");
    assert_eq!(&head[..8], MAGIC);
    let newest = u16::from_le_bytes([head[8], head[9]]);
    let oldest = u16::from_le_bytes([head[10], head[11]]);
    assert!((oldest..=newest).contains(&VERSION), "it speaks {oldest} to {newest}");
    let mut name = vec![0; usize::from(head[12])];
    from.read_exact(&mut name).expect("a name");
    assert!(name.len() <= 64 && name.starts_with(b"xssh "), "{name:?}");
}

fn payload_of(start: &Start) -> Payload {
    let mut options = Payload::default();
    options.number(start.switches);
    // No bounds for deletions, sizes or speed; no modify window.
    options.number(0).number(0).number(0).number(0).number(0);
    options.byte(start.compression).signed(3);
    // Modes are not changed, no backups are kept.
    options.string(b"").byte(0);

    let mut all = Payload::default();
    all.byte(u8::from(start.helper_is_target)).bytes(start.key).string(&options.0);
    // No filter rules: their version, and nothing else.
    let mut rules = [0; 14];
    rules[0] = 1;
    all.string(&rules);
    all.number(1).string(start.path.as_os_str().as_encoded_bytes());
    // No names, nothing to refuse for, everything is selected.
    all.number(0).string(b"").byte(0);
    // No right, and no groups.
    all.byte(0).number(0);
    all
}
