//! A person at the terminal of a shared connection.

use rustix::process::Signal;
use xssh_tests::call::{Call, Running};
use xssh_tests::home::Home;
use xssh_tests::sshd::Sshd;
use xssh_tests::terminal::Terminal;
use xssh_tests::world::{HOST, World};

use super::super::terminals::{READS_A_LINE, lives_without};
use super::{OpenSsh, PAIRS, Program, Ride, Standing, Xssh, logins, shared, until_caught};

/// A call at a terminal of its own.
pub(super) fn start(call: Call, home: &Home, terminal: &Terminal) -> Running {
    let [setsid, ctty, end] = Terminal::owner();
    let call = home.call(setsid).arg(ctty).arg(end).args(call.words());
    terminal.start(call.env("TERM", "xterm-256color"))
}

/// A shell in it, which ends with these words.
pub(super) fn a_shell_by(ride: Ride, goodbye: &str) {
    for (master, client) in PAIRS {
        let world = World::direct();
        let standing = Standing::start(master, &world.home, &[]);
        let mut terminal = Terminal::new();
        terminal.resize(101, 33);
        let before = terminal.modes();
        let running = start(ride(client, &world.home, &standing, &[HOST]), &world.home, &terminal);
        terminal.type_in("PS1='ready'' $ '; unset HISTFILE\r");
        terminal.wait_for("ready $ ");
        terminal.await_raw();
        terminal.type_in("stty size; echo $((6*7)) $TERM\r");
        terminal.wait_for("33 101\r\n42 xterm-256color\r\n");
        terminal.type_in("exit 3\r");
        terminal.wait_for(goodbye);
        let _ = running.wait().ends(3);
        assert_eq!(before.local_modes, terminal.modes().local_modes, "{master:?} {client:?}");
        assert_eq!(logins(&world.target), 1);
    }
}

/// The session goes on without, and our terminal is as it was. OpenSSH's client gives up.
pub(super) fn no_terminal_by(ride: Ride) {
    for master in [Xssh, OpenSsh] {
        let target = Sshd::plan().with("PermitTTY no").start();
        let home = Home::facing(HOST, &target);
        let standing = Standing::start(master, &home, &[]);
        let mut terminal = Terminal::new();
        let before = terminal.modes();
        let running = start(ride(Xssh, &home, &standing, &["-t", HOST, READS_A_LINE]), &home, &terminal);
        lives_without(&mut terminal, &before, running);
    }
}

#[test]
fn a_host_that_gives_no_terminal() {
    no_terminal_by(shared);
}

#[test]
fn a_shell() {
    a_shell_by(shared, "Shared connection to 127.0.0.1 closed.");
}

#[test]
fn window_changes() {
    for (master, client) in PAIRS {
        let world = World::direct();
        let standing = Standing::start(master, &world.home, &[]);
        let mut terminal = Terminal::new();
        let script = "trap 'echo told' WINCH; while :; do stty size; sleep 0.1; done";
        let command = format!("exec bash -c \"{script}\"");
        let running = start(shared(client, &world.home, &standing, &["-t", HOST, &command]), &world.home, &terminal);
        terminal.wait_for("24 80\r\n24 80\r\n");
        until_caught(running.pid(), Signal::WINCH);
        terminal.resize(132, 50);
        terminal.wait_for("told");
        terminal.wait_for("50 132");
        terminal.await_raw();
        terminal.type_in("\r~.");
        let _ = running.wait().ends(255);
    }
}

/// `~.` ends one session and no other, behind another escape and what that says.
pub(super) fn one_session_ends(master: Program, client: Program, ride: Ride, (escape, words): (&str, &str)) {
    let world = World::direct();
    let standing = Standing::start(master, &world.home, &[]);
    let mut other = ride(client, &world.home, &standing, &[HOST, "cat"]).start();
    let stdin = other.stdin.take();
    let mut terminal = Terminal::new();
    let before = terminal.modes();
    let call = ride(client, &world.home, &standing, &["-tt", HOST, "stty -echo; echo ready; cat"]);
    let running = start(call, &world.home, &terminal);
    terminal.wait_for("ready");
    terminal.await_raw();
    terminal.type_in(&format!("\r~{escape}"));
    terminal.wait_for(words);
    terminal.type_in("\r~.");
    let _ = running.wait().ends(255);
    assert_eq!(before.local_modes, terminal.modes().local_modes);
    drop(stdin);
    let _ = other.finish().ok();
    assert_eq!(logins(&world.target), 1);
}

/// What would stop the program is not there.
#[test]
fn escapes_are_for_one_session() {
    for client in [Xssh, Program::OpenSsh] {
        one_session_ends(Xssh, client, shared, ("\x1a", "not available to multiplexed sessions"));
    }
}

/// What concerns the whole connection is not for one of its sessions, with either program as the master.
#[test]
fn escapes_that_a_session_does_not_have() {
    for (master, client) in PAIRS {
        let world = World::direct();
        let standing = Standing::start(master, &world.home, &["-o", "EnableEscapeCommandline=yes"]);
        let mut terminal = Terminal::new();
        let call = shared(client, &world.home, &standing, &["-tt", HOST, "stty -echo; echo ready; cat"]);
        let running = start(call, &world.home, &terminal);
        terminal.wait_for("ready");
        terminal.await_raw();
        for command in ["v", "C"] {
            terminal.type_in(&format!("\r~{command}"));
            terminal.wait_for(&format!("~{command} escape not available to multiplexed sessions"));
        }
        terminal.type_in("\r~?");
        terminal.wait_for("~.   - terminate session\r\n");
        terminal.wait_for("~R   - request rekey\r\n ~#   - list forwarded connections");
        terminal.type_in("\r~.");
        let _ = running.wait().ends(255);
    }
}
