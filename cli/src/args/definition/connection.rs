use clap::Arg;
use clap::builder::ValueHint;

use super::{flag, taking};

/// Where to, by which way, and how.
pub(super) fn args() -> Vec<Arg> {
    let section = [
        taking('p', "port", "Connect to this port"),
        flag('4', "Use IPv4 only"),
        flag('6', "Use IPv6 only"),
        taking('b', "address", "Connect from this local address"),
        taking('B', "interface", "Connect from the address of this interface"),
        taking('J', "hops", "Go through these hops, separated by commas: hosts and proxies").long_help(
            "Go through these hops, the nearest first, separated by commas. A hop is [user@]host[:port] or an ssh:// \
             address, and is logged in to with its own configuration, keys and host check; or it is a proxy: \
             http://[user@]proxy[:port], https://, socks5://, socks5h:// (the proxy resolves names) or socks4a://. \
             A proxy's password is asked for, or read from netrc; it never stands in the address. May be given \
             once, and not together with ProxyCommand; `none` goes straight.",
        ),
        taking('W', "host:port", "Connect standard input and output to host:port, as seen from the host").long_help(
            "Connect standard input and output to host:port or [v6]:port, as seen from the host, or to the socket there that a path with a \
             leading / names. Implies -N and -T.",
        ),
        flag('C', "Compress"),
        taking('c', "ciphers", "Offer these ciphers, best first").long_help(
            "Offer these ciphers, separated by commas, best first. A leading +, - or ^ adds to the default list, takes \
             away from it, or puts at its head. See -Q cipher.",
        ),
        taking('m', "macs", "Offer these message authentication codes, best first")
            .long_help("Offer these message authentication codes; the list is like that of -c. See -Q mac."),
        taking('F', "file", "Read this configuration instead of the user's and the system's")
            .value_hint(ValueHint::FilePath)
            .long_help(
                "Read this configuration instead of ~/.ssh/config and /etc/ssh/ssh_config. `none` reads no \
                 configuration at all.",
            ),
        taking('o', "option", "Give an option in the form of a configuration line").long_help(
            "Give an option in the form of a line of ssh_config(5): -oKey=value, -oKey value, -o 'Key value'. For each \
             keyword the first value wins, and the command line comes before all files.",
        ),
        taking('P', "tag", "Name a tag for `Match tagged` in the configuration"),
        flag('2', "Use protocol version 2; it is the only one"),
        flag('1', "Refused: protocol version 1 is not safe"),
    ];
    section.map(|arg| arg.help_heading("The connection")).to_vec()
}
