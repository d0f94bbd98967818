use clap::Arg;

use super::{flag, taking};

/// What else goes through the connection, and who shares it.
pub(super) fn args() -> Vec<Arg> {
    let section = [
        taking('L', "address", "Not yet: forward a local port or socket"),
        taking('R', "address", "Not yet: forward a port or socket of the host"),
        taking('D', "address", "Not yet: be a SOCKS proxy on a local port"),
        taking('w', "tunnel", "Not yet: tunnel a network device"),
        flag('g', "Let other hosts connect to forwarded local ports"),
        flag('x', "Do not forward X11; it is not forwarded anyway"),
        flag('X', "Not yet: forward X11"),
        flag('Y', "Not yet: forward X11, trusted"),
        flag('M', "Not yet: share this connection with later ones"),
        taking('S', "path", "Not yet: the socket of a shared connection; `none` is accepted"),
        taking('O', "command", "Not yet: control a shared connection"),
    ];
    section.map(|arg| arg.help_heading("Forwarding and sharing")).to_vec()
}
