//! A person at the terminal of a client in proxy mode.

use rustix::process::Signal;
use xssh_tests::terminal::Terminal;
use xssh_tests::wait::until_caught;
use xssh_tests::world::{HOST, World};

use super::super::terminals::{a_shell_by, no_terminal_by, one_session_ends, start};
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
        until_caught(running.pid(), Signal::WINCH);
        terminal.resize(132, 50);
        terminal.wait_for("50 132");
        terminal.await_raw();
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

#[test]
fn a_host_that_gives_no_terminal() {
    no_terminal_by(proxied);
}
