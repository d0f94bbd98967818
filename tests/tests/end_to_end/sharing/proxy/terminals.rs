//! A person at the terminal of a client in proxy mode.

use xssh_tests::home::Home;
use xssh_tests::sshd::Sshd;
use xssh_tests::terminal::Terminal;
use xssh_tests::world::{HOST, World};

use super::super::terminals::{a_shell_by, one_session_ends, start};
use super::{OpenSsh, PAIRS, Standing, Xssh, proxied};

#[test]
fn a_shell() {
    a_shell_by(proxied, "Connection to 127.0.0.1 closed.");
}

#[test]
fn window_changes_and_keys() {
    for (master, client) in PAIRS {
        let world = World::direct();
        let standing = Standing::start(master, &world.home, &[]);
        let mut terminal = Terminal::new();
        let before = terminal.modes();
        let command = "trap 'stty size' WINCH; trap 'echo broken; exit 7' INT; echo ready; while sleep 0.1; do :; done";
        let running = start(proxied(client, &world.home, &standing, &["-t", HOST, command]), &world.home, &terminal);
        terminal.wait_for("ready");
        terminal.resize(132, 50);
        terminal.wait_for("50 132");
        terminal.type_in("\x03");
        terminal.wait_for("broken");
        let _ = running.wait().ends(7);
        assert_eq!(before.local_modes, terminal.modes().local_modes, "{master:?} {client:?}");
    }
}

#[test]
fn escapes_are_for_one_session() {
    for master in [Xssh, OpenSsh] {
        one_session_ends(master, Xssh, proxied, ("?", "Supported escape sequences:"));
    }
}

/// The session goes on without, as it does on a connection of our own. OpenSSH's client gives up.
#[test]
fn a_host_that_gives_no_terminal() {
    for master in [Xssh, OpenSsh] {
        let target = Sshd::plan().with("PermitTTY no").start();
        let home = Home::facing(HOST, &target);
        let standing = Standing::start(master, &home, &[]);
        let mut terminal = Terminal::new();
        let running = start(proxied(Xssh, &home, &standing, &["-t", HOST, "tty; exit 4"]), &home, &terminal);
        terminal.wait_for("PTY allocation request failed on channel 0");
        terminal.wait_for("not a tty");
        let _ = running.wait().ends(4);
    }
}
