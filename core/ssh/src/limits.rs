//! Every bound of this crate, named once. Sizes are bytes unless the name says otherwise.

/// The window we grant on a channel.
pub const CHANNEL_WINDOW: u32 = 8 << 20;
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
/// What a TCP wire takes in while a write of ours blocks: all that a peer may send of one window, and its framing.
pub const WIRE_BACKLOG: usize = CHANNEL_WINDOW as usize + (1 << 20);
/// One read from standard input.
pub const INPUT_READ: usize = 256 << 10;
/// Bytes in one direction after which keys are renewed, where RekeyLimit does not say (RFC 4253, section 9).
pub const REKEY_BYTES: u64 = 1 << 30;
/// Seconds after which keys are renewed, where RekeyLimit does not say: a year, which is never.
pub const REKEY_SECONDS: u64 = 365 * 24 * 3600;
/// How long a connection's end may wait for the last words to be sent.
pub const GOODBYE: std::time::Duration = std::time::Duration::from_millis(200);
/// How long a proxy may take to connect us where ConnectTimeout is not set: longer than Linux tries to reach a host.
pub const PROXY_WAIT: std::time::Duration = std::time::Duration::from_secs(180);
/// The largest file of proxies' passwords that is read.
pub const NETRC: u64 = 128 << 10;
/// How long a session's end waits for a host to prove the new keys that it announced.
pub const KEY_PROOF: std::time::Duration = std::time::Duration::from_secs(2);
