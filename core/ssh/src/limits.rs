//! Every bound of this crate, named once. Sizes are bytes unless the name says otherwise.

use std::time::Duration;

/// The window we grant on a channel.
pub const CHANNEL_WINDOW: u32 = 8 << 20;
/// The same where ports are forwarded. A host that reads from a fast service takes in as much as it is granted: what does not
/// fit into the sockets on the way, sshd moves about in memory, which costs it more than the rest of its work.
pub const FORWARD_WINDOW: u32 = 3 << 20;
/// What we have under way to the host on a channel, as long as it says soon that it has taken some: two pieces of input. At a round
/// trip of two milliseconds that is 250 MiB a second.
pub const UNDER_WAY: u32 = 512 << 10;
/// How soon: a host that is further away, or has more to do, needs more under way.
pub const UNDER_WAY_PATIENCE: Duration = Duration::from_millis(4);
/// Data received for a stalled standard output that is kept in memory before it spills to an unlinked file.
pub const STALLED_OUTPUT_MEMORY: usize = 4 << 20;
/// Data received for a stalled standard output that the unlinked file may hold before the connection pauses.
pub const STALLED_OUTPUT_SPILL: u64 = 8 << 30;
/// The longest line of a configuration file.
pub const CONFIG_LINE: usize = 64 << 10;
/// The largest configuration, known_hosts or key file that is read.
pub const FILE: u64 = 64 << 20;
/// Nested `Include` directives (readconf.c, READCONF_MAX_DEPTH).
pub const INCLUDE_DEPTH: usize = 16;
/// Files that `Include` may read for one configuration, all passes together.
pub const INCLUDED_FILES: usize = 4096;
/// The longest value after its tokens are replaced.
pub const EXPANDED: usize = 1 << 20;
/// The largest reply of a proxy to CONNECT, headers and all.
pub const PROXY_REPLY: usize = 64 << 10;
/// The largest message an agent may send (PROTOCOL.agent; ssh-agent's own limit).
pub const AGENT_MESSAGE: usize = 256 << 10;
/// Hops of one route.
pub const HOPS: usize = 32;
/// One read from a TCP socket.
pub const WIRE_READ: usize = 256 << 10;
/// A read shorter than this asks the kernel to acknowledge at once.
pub const WIRE_SMALL_READ: usize = 4 << 10;
/// Writing this much between two reads is bulk data: its packets acknowledge what comes.
pub const WIRE_BULK: usize = 64 << 10;
/// What a TCP wire takes in while a write of ours blocks: all that a peer may send of one window, and its framing.
pub const WIRE_BACKLOG: usize = CHANNEL_WINDOW as usize + (1 << 20);
/// Connections to a forwarded port that wait to be accepted (channels.h, SSH_LISTEN_BACKLOG).
pub const FORWARD_BACKLOG: i32 = 128;
/// How long nothing is accepted after the system had no descriptor left for it.
pub const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
/// How long a client of a SOCKS proxy may take to say where it wants to go.
pub const SOCKS_DIALOGUE: Duration = Duration::from_secs(120);
/// One read of such a client.
pub const SOCKS_READ: usize = 1024;
/// How often it is looked at most whether a channel is idle, where ChannelTimeout wants that.
pub const IDLE_GLANCE: Duration = Duration::from_secs(1);
/// The longest line behind `~C`.
pub const COMMAND_LINE: usize = 1024;
/// One read from standard input.
pub const INPUT_READ: usize = 256 << 10;
/// One read from a forwarded connection, of which there may be thousands.
pub const SOCKET_READ: usize = 64 << 10;
/// Data received for a forwarded connection that takes none: in memory, before it spills to an unlinked file.
/// As much as OpenSSH grants a channel, and so may have to hold for it.
pub const STALLED_FORWARD_MEMORY: usize = 2 << 20;
/// How long the event loop waits for a reader whose memory is full, before the unlinked file is used.
pub const READER_PATIENCE: Duration = Duration::from_millis(20);
/// Bytes a second with which a reader earns that time anew.
pub const READER_PACE: u64 = 50_000_000;
/// What such files of all forwards of a connection may hold together before the connection waits for a reader.
pub const STALLED_FORWARD_SPILL: u64 = 1 << 30;
/// How long it waits for one that takes nothing before that one is closed. A slow reader of 100 kB a second frees enough of a
/// socket's buffer in that time for more to be written.
pub const STALLED_FORWARD_WAIT: Duration = Duration::from_secs(15);
/// How long a channel waits for the host's close once both sides have said that nothing more comes.
pub const LAST_CLOSE: Duration = Duration::from_secs(10);
/// Bytes in one direction after which keys are renewed, where RekeyLimit does not say (RFC 4253, section 9).
pub const REKEY_BYTES: u64 = 1 << 30;
/// Seconds after which keys are renewed, where RekeyLimit does not say: a year, which is never.
pub const REKEY_SECONDS: u64 = 365 * 24 * 3600;
/// How long a server that ends lets a client take in the end of its last program: what is under way on a slow line is
/// a window at most.
pub const PARTING: std::time::Duration = std::time::Duration::from_secs(30);
/// How long a connection's end may wait for the last words to be sent.
pub const GOODBYE: std::time::Duration = std::time::Duration::from_millis(200);
/// How long a proxy may take to connect us where ConnectTimeout is not set: longer than Linux tries to reach a host.
pub const PROXY_WAIT: std::time::Duration = std::time::Duration::from_secs(180);
/// The largest file of proxies' passwords that is read.
pub const NETRC: u64 = 128 << 10;
/// How long a session's end waits for a host to prove the new keys that it announced.
pub const KEY_PROOF: std::time::Duration = std::time::Duration::from_secs(2);
/// Identities of one agent that are looked at (authfd.h, MAX_AGENT_IDENTITIES).
pub const AGENT_IDENTITIES: u32 = 2048;
/// How long an agent may take to list its keys or to take one.
pub const AGENT_REPLY: Duration = Duration::from_secs(20);
/// How long an agent may take to sign: someone may have to confirm, or to touch a security key.
pub const AGENT_SIGNATURE: Duration = Duration::from_secs(120);
/// Programs on the host that may be connected to the agent here at a time.
pub const AGENT_CHANNELS: usize = 64;
/// Requests of one of them that may wait for the agent, of [`AGENT_MESSAGE`] each at most; programs wait for each answer.
pub const AGENT_WAITING: usize = 4;
/// X clients on the host at a time: as many as an X server has room for by default.
pub const X11_CLIENTS: usize = 256;
/// How long an X client may take for its set-up packet, which it begins with.
pub const X11_SETUP: Duration = Duration::from_secs(60);
/// The longest DISPLAY: a socket's path at most (unix(7)).
pub const X11_DISPLAY: usize = 256;
/// The longest name of an X11 authentication protocol; `MIT-MAGIC-COOKIE-1` has 18 letters.
pub const X11_PROTOCOL: usize = 64;
/// The longest data of one; a cookie has 16 bytes.
pub const X11_COOKIE: usize = 256;
/// How long the X server here may take to accept a connection.
pub const X11_CONNECT: Duration = Duration::from_secs(30);
/// How long xauth may take; it may be waiting for a lock of another one, which it does for 20 s.
pub const XAUTH: Duration = Duration::from_secs(30);
/// What of xauth's answer is read: one line for each cookie of the display.
pub const XAUTH_ANSWER: usize = 16 << 10;
/// The largest key or certificate file (authfile.c, MAX_KEY_FILE_SIZE).
pub const KEY_FILE: u64 = 1 << 20;
/// `IdentityFile`s and `CertificateFile`s that are looked at, each (readconf.h, SSH_MAX_IDENTITY_FILES).
pub const IDENTITY_FILES: usize = 100;
/// Certificates that may be nested in a key: the decoder calls itself for the key of a certificate's authority.
pub const CERTIFICATE_NESTING: usize = 8;
/// Rounds of bcrypt that are done for a passphrase; 16 or 24 are usual.
pub const BCRYPT_ROUNDS: u32 = 20_000;
/// Rounds of PBKDF2 that are done for a passphrase; 600,000 are recommended.
pub const PBKDF2_ROUNDS: u32 = 20_000_000;
/// Memory that scrypt may take for a passphrase.
pub const SCRYPT_MEMORY: u64 = 256 << 20;
/// Steps of scrypt (N * r * p) that are done for a passphrase; 131,072 are usual.
pub const SCRYPT_WORK: u64 = 1 << 24;
/// How long we wait for the server's list of signature algorithms before an RSA key is offered without it. A server that
/// sends the list sends it with its NEWKEYS, so it is here already or never comes.
pub const SERVER_SIG_ALGS: Duration = Duration::from_millis(30);
/// How long a server may take to answer an authentication request; sshd's LoginGraceTime is 120 s.
pub const AUTH_REPLY: Duration = Duration::from_secs(180);
/// Successes that are only partial in one login; RFC 4252, section 5.1, sets no end to them.
pub const PARTIAL_SUCCESSES: usize = 32;
/// Requests of one keyboard-interactive dialogue; RFC 4256, section 3.2, sets no end to them either.
pub const DIALOGUE_REQUESTS: usize = 64;
/// Questions of one such request.
pub const DIALOGUE_QUESTIONS: usize = 64;
/// What banners of one login may hold together.
pub const BANNERS: usize = 1 << 20;
/// Banners of one login.
pub const BANNER_COUNT: usize = 1000;
/// The longest base64 text of a key in a known_hosts line; an RSA certificate of the largest keys has some 6,000.
pub const KEY_TEXT: usize = 64 << 10;
/// How often a question is repeated that is answered with neither yes nor no.
pub const QUESTIONS: usize = 100;
/// Keys that a host may announce as its own; a host has one of each type, and some while it changes them.
pub const ANNOUNCED_KEYS: usize = 64;
/// Connections to the small server, those that log in among them.
pub const PEERS: usize = 1000;
/// Connections to it that have not logged in.
pub const STARTUPS: usize = 64;
/// Connections that wait for a place among those, unheard.
pub const STARTUPS_WAITING: usize = 256;
/// How long such a place is kept from others that have as many.
pub const STARTUP_TENURE: Duration = Duration::from_secs(2);
/// How long a client of it may take to log in.
pub const LOGIN_GRACE: Duration = Duration::from_secs(30);
/// Keys that a client of it may try (sshd_config(5), MaxAuthTries).
pub const LOGIN_ATTEMPTS: usize = 6;
/// How long each wrong one takes, right or wrong: nobody learns from the time which keys are known.
pub const LOGIN_REJECTION: Duration = Duration::from_millis(50);
/// Programs at a time on one connection to it (sshd_config(5), MaxSessions).
pub const PEER_PROGRAMS: usize = 10;
/// A client of it that says nothing for so long is asked whether it is there.
pub const PEER_PROBE: Duration = Duration::from_secs(60);
/// So often, in vain, before it is given up.
pub const PEER_PROBES: usize = 3;
/// How long it waits for a client that takes nothing.
pub const WRITE_STALL: Duration = Duration::from_secs(180);
/// The window that it grants at first: what a program that does not read yet may be sent.
pub const SERVED_WINDOW: u32 = 1 << 20;
/// The window for a program that keeps up (what OpenSSH grants).
pub const SERVED_WINDOW_WIDE: u32 = 2 << 20;
/// The window for a program that lags behind.
pub const SERVED_WINDOW_NARROW: u32 = 512 << 10;
/// The window for a program that has stopped reading: the smallest that russh grants again, which is what reopens it.
pub const SERVED_WINDOW_SHUT: u32 = 2;
/// A program lags behind when so much waits for it.
pub const SERVED_INPUT_LAG: u64 = 256 << 10;
/// A program has stopped reading when so much waits for it.
pub const SERVED_INPUT_STALL: u64 = 1 << 20;
/// What came for a program that does not read, in memory: a stall, and the window that was granted before it.
pub const SERVED_INPUT_MEMORY: usize = 3 << 19;
/// What came in spite of a window that is shut, in an unlinked file, before the connection pauses: the windows of all
/// channels, which share what russh grants next.
pub const SERVED_INPUT_SPILL: u64 = 64 << 20;
/// How long a connection waits for a program that has stopped reading before it looks after its other channels.
pub const SERVED_INPUT_WAIT: Duration = Duration::from_millis(50);
/// One read of what a program says: a packet. russh encrypts up to 64 of them before it writes.
pub const SERVED_READ: usize = 32 << 10;
/// Such reads that wait for russh.
pub const SERVED_READS: usize = 2;
/// One read from a client's socket.
pub const SERVED_WIRE_READ: usize = 64 << 10;
/// What is taken in from a client while a write to it blocks: a window and its framing.
pub const SERVED_BACKLOG: usize = SERVED_WINDOW_WIDE as usize + (256 << 10);
/// Channels that the host has opened and nobody has looked at yet; further ones are refused.
pub const INCOMING_CHANNELS: usize = 128;
/// The longest packet on a control socket: a command, as long as the system lets one be, and variables.
pub const MUX_PACKET: usize = 4 << 20;
/// How long a master may take for its first words and for what it knows by itself.
pub const MUX_PROBE: Duration = Duration::from_secs(2);
/// Clients of one master at a time.
pub const MUX_CLIENTS: usize = 1000;
/// Variables that a client of a master may send (mux.c, MUX_MAX_ENV_VARS).
pub const MUX_VARIABLES: usize = 4096;
/// A host that said nothing for so long is asked whether it is there, before a client relies on it.
pub const MUX_SILENCE: Duration = Duration::from_secs(5);
/// How long a host that was silent may take to say that it is still there.
pub const HOST_PROBE: Duration = Duration::from_secs(3);
/// How long a host may take to open a session for a client of a master.
pub const MUX_START: Duration = Duration::from_secs(6);
/// How long a client waits for that: longer than [`HOST_PROBE`] and [`MUX_START`] together.
pub const MUX_OPENING: Duration = Duration::from_secs(10);
/// How long a master that came about by itself (`XsshShare auto`) stays unused, where ControlPersist does not say.
pub const SHARE_PERSIST: Duration = Duration::from_secs(600);
/// The window that we grant on a channel in proxy mode (what OpenSSH grants).
pub const PROXY_WINDOW: u32 = 2 << 20;
/// The window that a master grants on each channel of a client in proxy mode: what it holds of data that the host does not take.
pub const PROXY_SERVED_WINDOW: u32 = 512 << 10;
/// Channels of one such client at a time, those that the host is still opening among them.
pub const PROXY_CHANNELS: usize = 256;
/// Requests on one of them that may wait for the host's answer; a session has some five.
pub const PROXY_REQUESTS: usize = 64;
/// Packets that wait to be written to such a client, or by one of ours, of [`PROXY_PACKET`] each at most.
pub const PROXY_QUEUE: usize = 16;
/// Answers of a client's in proxy mode that wait to be written: small packets, of which each of its channels has a few.
pub const PROXY_ANSWERS: usize = 4096;
/// How long a master may take to pass on what the host answers to a request without a channel: OpenSSH's never does.
pub const PROXY_ANSWER: Duration = Duration::from_secs(3);
/// What one packet in proxy mode holds at most (what OpenSSH takes).
pub const PROXY_PACKET: u32 = 32 << 10;
