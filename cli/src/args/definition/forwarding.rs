use clap::Arg;

use super::{flag, taking};

/// What else goes through the connection, and who shares it.
pub(super) fn args() -> Vec<Arg> {
    let section = [
        taking('L', "address", "Forward a local port or socket").long_help(
            "[bind_address:]port:host:hostport, and a path in the place of either end for a unix socket. What connects here \
             is connected to host and hostport, as seen from the far side. Without a bind address only this machine may \
             connect; an empty one, or *, is for all. IPv6 addresses stand in brackets.",
        ),
        taking('R', "address", "Forward a port or socket of the host").long_help(
            "As -L, the other way round: it listens on the far side, and connects from here. Port 0 has the host choose one, \
             which is told. A port or socket alone is a SOCKS proxy there, whose clients reach what this machine reaches.",
        ),
        taking('D', "address", "Be a SOCKS proxy on a local port").long_help(
            "[bind_address:]port, or a path. SOCKS 4, 4a and 5 are spoken there; the host connects where the client says.",
        ),
        taking('w', "tunnel", "Not yet: tunnel a network device"),
        flag('g', "Let other hosts connect to forwarded local ports"),
        flag('x', "Do not forward X11"),
        flag('X', "Show the host's X11 programs here, restricted as ForwardX11Trusted says"),
        flag('Y', "Show the host's X11 programs here, with all rights over the display"),
        flag('M', "Share this connection with later calls").long_help(
            "Be the master of a shared connection, at the socket that -S or ControlPath names. Given twice, the person is asked \
             about each call that wants to share it.",
        ),
        taking('S', "path", "The socket of a shared connection; `none` shares nothing"),
        taking('O', "command", "Control a shared connection: check, forward, cancel, exit, stop or proxy").long_help(
            "Tells the master of a shared connection what to do. check: say whether it runs. forward, cancel: open or close \
             the forwards of this command line. exit: end, and every call on it. stop: take no further calls. \
             proxy: run the command with our own packets in the master's connection, which another machine may relay.",
        ),
    ];
    section.map(|arg| arg.help_heading("Forwarding and sharing")).to_vec()
}
