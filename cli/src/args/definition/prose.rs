//! What help says beyond the options.

use std::fmt::Write as _;

pub(super) const ABOUT: &str = "\
Run a program on another host over SSH, with its standard input, output and error here; or a shell.

xssh takes what ssh takes: options, configuration, known hosts, keys and the agent. rsync (-e xssh), cvs \
(CVS_RSH=xssh), git (GIT_SSH=xssh), sftp and scp (-S xssh) and others run over it as they do over ssh. Beyond ssh, a \
hop may be an HTTP or SOCKS proxy, anywhere in the chain.";

pub(super) const AFTER_HELP: &str = "--help says more, and so does the man page xssh(1).";

pub(super) const DESTINATION: &str = "\
The host to reach: a name, an alias of the configuration, an IPv4 or IPv6 address (with or without brackets), with a \
user before the last @. Or an address ssh://[user@]host[:port], where IPv6 is in brackets.";

pub(super) const COMMAND: &str = "\
What to run there, handed to the user's shell as it is: the words joined by single spaces, every byte kept. Without it \
a shell runs, in a terminal.";

pub(super) const ROUTE: &str = "\
Show the whole way to a host: every hop with its address, host key, method of authentication and algorithms, and the \
time spent on each. Logs in at every hop, runs nothing, and takes the options that a connection takes.";

pub(super) const TUNNEL: &str = "\
Keep the forwards up that the Host block of a host, or the options here, name. A connection that is lost is made again, after a \
second first and a minute at last; so is one whose forwards do not all stand, each on every address of its port. Nobody is asked \
anything. A first login that no further try would mend ends it with 255, and so does a name that has a tunnel already: there is one \
a name, with as many forwards as you like. It takes the options that a connection takes. With NOTIFY_SOCKET in the environment it \
tells systemd (Type=notify) how it stands.

--status shows the state of each (connecting, up, waiting for the next try, failed, or died without a word), since when, its process, \
how often it came up, its forwards with the ports that they really have, and what went wrong last. Its exit code is 0 where all are \
up, else 1. A tunnel that was ended (SIGTERM, Ctrl-C) is not spoken of any more.";

/// Titles and texts that follow the options.
pub(crate) const SECTIONS: [(&str, &str); 5] = [
    (
        "The order of the words",
        "\
Options may also stand between the host and the command, until the first word that is none. After -- there are no \
more options: the next word is the host, or the command if the host was named. Letters may share a word (-vN), and the \
last of them may take its value from the rest of it (-p22).",
    ),
    (
        "Words in first place",
        "\
route, tunnel, sync, serve, authorize and help are subcommands if they are the very first word. A \
host of such a name is reached by user@sync, by -- sync, or behind any option. Also by what other programs append to a \
host: words among which is --server (rsync) or -server (unison), or one single word that ends in ` server` (cvs) or \
begins with `git-` (git). Called by the name ssh, there are no subcommands.",
    ),
    (
        "Environment",
        "\
SSH_AUTH_SOCK is the agent's socket. SSH_ASKPASS, SSH_ASKPASS_REQUIRE and DISPLAY choose the program that asks for \
passwords without a terminal. ALL_PROXY, HTTPS_PROXY and NO_PROXY, in small letters too, name a proxy as the first \
hop, only where XsshProxyFromEnvironment is yes. TERM goes to the host with a terminal. \
XDG_RUNTIME_DIR has the sockets of shared connections and the records of tunnels. NOTIFY_SOCKET is told by a tunnel.",
    ),
    (
        "Files",
        "\
~/.ssh/config and /etc/ssh/ssh_config: the configuration, see ssh_config(5). Beyond it, XsshProxyFromEnvironment (yes \
or no), XsshProxyCredentials: a netrc file with the passwords of proxies, ~/.netrc by default, and XsshShare (auto or \
no). ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts: the keys of hosts. ~/.ssh/id_*: our keys. $XDG_RUNTIME_DIR/xssh or \
~/.ssh/xssh: the sockets of connections that are shared.",
    ),
    (
        "Exit status",
        "\
That of the program there. 255 where xssh itself failed, and where the program there was killed by a signal.",
    ),
];

pub(super) fn after_long_help() -> String {
    let mut text = String::new();
    for (title, body) in SECTIONS {
        let gap = if text.is_empty() { "" } else { "\n\n" };
        // Writing to a String cannot fail.
        let _ = write!(text, "{gap}{title}:\n{body}");
    }
    text
}
