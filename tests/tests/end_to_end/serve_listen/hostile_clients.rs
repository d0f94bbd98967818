//! Clients that say anything at any point. Each ends its own connection at most: one that came before is served all the while, by
//! the same process, and nothing in it panics, which would end a release build as a whole.

use std::thread;

use xssh_tests::hostile::{Client, HostKey, Payload, Stage, message};
use xssh_tests::noise::Noise;
use xssh_tests::own_server::OwnServer;
use xssh_tests::peer;

use super::Small;

/// Message numbers of SSH, and some that are nobody's.
const NUMBERS: [u8; 46] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 19, 20, 21, 22, 29, 30, 31, 32, 33, 34, 41, 49, 50, 51, 52, 53, 60, 61, 79, 80, 81, 82,
    83, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 192, 255,
];
/// What a client asks for on a channel: the usual kinds of request, and one that nobody knows.
const REQUESTS: [&str; 16] = [
    "exec",
    "shell",
    "subsystem",
    "pty-req",
    "env",
    "signal",
    "window-change",
    "x11-req",
    "auth-agent-req@openssh.com",
    "xon-xoff",
    "exit-status",
    "exit-signal",
    "break",
    "eow@openssh.com",
    "keepalive@openssh.com",
    "unheard-of",
];
/// The same of a connection.
const GLOBALS: [&str; 8] = [
    "tcpip-forward",
    "cancel-tcpip-forward",
    "streamlocal-forward@openssh.com",
    "cancel-streamlocal-forward@openssh.com",
    "no-more-sessions@openssh.com",
    "hostkeys-00@openssh.com",
    "hostkeys-prove-00@openssh.com",
    "unheard-of",
];
/// Kinds of channels.
const KINDS: [&str; 8] = [
    "session",
    "direct-tcpip",
    "forwarded-tcpip",
    "x11",
    "auth-agent@openssh.com",
    "direct-streamlocal@openssh.com",
    "forwarded-streamlocal@openssh.com",
    "unheard-of",
];
/// Numbers where counting goes wrong.
const ODD: [u32; 4] = [0, 1, 0x8000_0000, u32::MAX];

/// The server, a key that may log in, and one who has done so.
struct Stand {
    small: Small,
    key: HostKey,
    bystander: Client,
}

impl Stand {
    fn new() -> Self {
        let small = Small::facing(OwnServer::start(&[]));
        let key = HostKey::numbered(3).expect("a key");
        let both = format!("{}\n{}", small.home.key().public(), key.line());
        small.server.authorize_only(&both);
        let bystander = Client::at(Stage::LoggedIn, small.server.address(), &key, "").expect("a login");
        Self { small, key, bystander }
    }

    fn at(&self, stage: Stage) -> Client {
        let client = Client::at(stage, self.small.server.address(), &self.key, "true");
        client.unwrap_or_else(|error| panic!("{stage:?}: {error}\n{}", self.small.server.log()))
    }

    /// Says each of these at this stage: on one connection for as long as that is answered, else on one of its own.
    fn say(&self, stage: Stage, sayings: &[Payload]) {
        let is_answered = matches!(stage, Stage::LoggedIn | Stage::Opened | Stage::Running);
        let mut left: Option<Client> = None;
        for saying in sayings {
            let mut client = left.take().unwrap_or_else(|| self.at(stage));
            let _ = client.wire.send(saying);
            if is_answered && client.is_answered() {
                left = Some(client);
            } else {
                let _ = client.wire.hang_up();
            }
        }
    }

    /// Everybody else is served, and nothing went wrong inside.
    fn assert_stands(&mut self) {
        assert!(self.bystander.is_answered(), "{}", self.small.server.log());
        let log = self.small.server.log();
        assert!(!log.contains("panicked"), "{log}");
        let ssh = self.small.home.call(peer::require("ssh")).arg("-F").arg(self.small.home.config());
        let _ = ssh.args(["small", "id"]).run().ends(1).says("xssh: refused: ");
    }
}

/// Bodies for a message of this number: none, numbers, lengths that lie, noise.
fn bodies(number: u8) -> Vec<Payload> {
    let message = || Payload::new(number);
    let noise = |length: u64| Noise { seed: number.into(), length }.bytes();
    vec![
        message(),
        message().raw([0; 64]),
        message().raw([0xff; 64]),
        message().number(0).raw(noise(40)),
        message().number(u32::MAX - 4).raw(noise(40)),
        message().string("session").number(0),
        message().string(noise(300)),
        message().raw(noise(30_000)),
    ]
}

#[test]
fn any_message_at_any_point_ends_its_own_connection_at_most() {
    let mut stand = Stand::new();
    thread::scope(|scope| {
        for stages in Stage::ALL.chunks(5) {
            let stand = &stand;
            scope.spawn(move || {
                for stage in stages {
                    for number in NUMBERS {
                        stand.say(*stage, &bodies(number));
                    }
                }
            });
        }
    });
    stand.assert_stands();
}

/// What is no packet at all.
#[test]
fn bytes_at_any_point_end_their_own_connection_at_most() {
    let mut stand = Stand::new();
    for stage in Stage::ALL {
        for (seed, length) in [(1, 1), (2, 4), (3, 5), (4, 300), (5, 40_000)] {
            let mut client = stand.at(stage);
            let _ = client.wire.write(Noise { seed, length }.bytes());
            let _ = client.wire.hang_up();
        }
        for bytes in [&[0; 64][..], &[0xff; 64], b"GET / HTTP/1.0\r\n\r\n", b"SSH-1.5-x\r\n", b"SSH-2.0-\r\n"] {
            let mut client = stand.at(stage);
            let _ = client.wire.write(bytes);
            let _ = client.wire.hang_up();
        }
    }
    stand.assert_stands();
}

/// What a client that has logged in may say, with its parts cut short, its numbers odd and its order wrong.
#[test]
fn whoever_has_logged_in_ends_his_own_connection_at_most() {
    let mut stand = Stand::new();
    let mut sayings = Vec::new();
    for number in ODD {
        for kind in KINDS {
            let open = Payload::new(message::CHANNEL_OPEN).string(kind).number(number);
            sayings.push(open.clone().number(number).number(number));
            sayings.push(
                open.clone().number(1 << 20).number(0).string("host").number(number).string("host").number(number),
            );
            sayings.push(open.number(0).number(1).string("\0").number(number));
        }
        for kind in GLOBALS {
            let ask = Payload::new(message::GLOBAL_REQUEST).string(kind).flag(true);
            sayings.push(ask.clone().string("").number(number));
            sayings.push(ask.string("a\0b").number(number).string([0xff; 9]));
        }
        for kind in REQUESTS {
            let ask = Payload::new(message::CHANNEL_REQUEST).number(number.min(20)).string(kind).flag(true);
            sayings.push(ask.clone());
            sayings.push(ask.clone().string("a\0b").number(number).string([0xff; 9]));
            sayings.push(ask.string("TERM").number(number).number(number).number(number).number(number).string([1; 7]));
        }
        for channel in [0, 1, 2, number] {
            let to = |message: u8| Payload::new(message).number(channel);
            sayings.extend([
                to(message::CHANNEL_WINDOW_ADJUST).number(number),
                to(message::CHANNEL_WINDOW_ADJUST).number(u32::MAX),
                to(message::CHANNEL_DATA).string([7; 3000]),
                to(message::CHANNEL_EXTENDED_DATA).number(number).string([7; 3000]),
                to(message::CHANNEL_OPEN_CONFIRMATION).number(number).number(number).number(number),
                to(message::CHANNEL_OPEN_FAILURE).number(number).string("why").string("en"),
                to(message::CHANNEL_SUCCESS),
                to(message::CHANNEL_FAILURE),
                to(message::CHANNEL_EOF),
                to(message::CHANNEL_DATA).string([7; 3000]),
                to(message::CHANNEL_CLOSE),
                to(message::CHANNEL_CLOSE),
                to(message::CHANNEL_REQUEST).string("exec").flag(true).string("true"),
            ]);
        }
        sayings
            .extend([message::REQUEST_SUCCESS, message::REQUEST_FAILURE].map(|number| Payload::new(number).number(1)));
    }
    for stage in [Stage::LoggedIn, Stage::Opened, Stage::Running] {
        stand.say(stage, &sayings);
    }
    // And cut in the middle.
    let cut = |saying: &Payload| Payload::empty().raw(&saying.bytes()[..saying.bytes().len() / 2]);
    stand.say(Stage::Opened, &sayings.iter().map(cut).collect::<Vec<_>>());
    stand.assert_stands();
}
