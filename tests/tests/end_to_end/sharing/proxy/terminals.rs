//! A person at the terminal of a client in proxy mode.

use rustix::termios::LocalModes;
use xssh_tests::call::Running;
use xssh_tests::home::Home;
use xssh_tests::sshd::Sshd;
use xssh_tests::terminal::Terminal;
use xssh_tests::world::{HOST, World};

use super::{OpenSsh, PAIRS, Program, Standing, Xssh, logins, proxied};

fn start(client: Program, home: &Home, standing: &Standing, terminal: &Terminal, args: &[&str]) -> Running {
    let [setsid, ctty, end] = Terminal::owner();
    let inner = proxied(client, home, standing, args);
    let call = home.call(setsid).arg(ctty).arg(end).args(inner.words());
    terminal.start(call.env("TERM", "xterm-256color"))
}

#[test]
fn a_shell() {
    for (master, client) in PAIRS {
        let world = World::direct();
        let standing = Standing::start(master, &world.home, &[]);
        let mut terminal = Terminal::new();
        terminal.resize(101, 33);
        let before = terminal.modes();
        let running = start(client, &world.home, &standing, &terminal, &[HOST]);
        terminal.type_in("PS1='ready'' $ '; unset HISTFILE\r");
        terminal.wait_for("ready $ ");
        assert!(!terminal.modes().local_modes.intersects(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG));
        terminal.type_in("stty size; echo $((6*7)) $TERM\r");
        terminal.wait_for("33 101\r\n42 xterm-256color\r\n");
        terminal.type_in("exit 3\r");
        terminal.wait_for("Connection to 127.0.0.1 closed.");
        let _ = running.wait().ends(3);
        assert_eq!(before.local_modes, terminal.modes().local_modes, "{master:?} {client:?}");
        assert_eq!(logins(&world.target), 1);
    }
}

#[test]
fn window_changes_and_keys() {
    for (master, client) in PAIRS {
        let world = World::direct();
        let standing = Standing::start(master, &world.home, &[]);
        let mut terminal = Terminal::new();
        let before = terminal.modes();
        let command = "trap 'stty size' WINCH; trap 'echo broken; exit 7' INT; echo ready; while sleep 0.1; do :; done";
        let running = start(client, &world.home, &standing, &terminal, &["-t", HOST, command]);
        terminal.wait_for("ready");
        terminal.resize(132, 50);
        terminal.wait_for("50 132");
        terminal.type_in("\x03");
        terminal.wait_for("broken");
        let _ = running.wait().ends(7);
        assert_eq!(before.local_modes, terminal.modes().local_modes, "{master:?} {client:?}");
    }
}

/// `~.` ends one session and no other.
#[test]
fn escapes_are_for_one_session() {
    for master in [Xssh, OpenSsh] {
        let world = World::direct();
        let standing = Standing::start(master, &world.home, &[]);
        let mut other = proxied(Xssh, &world.home, &standing, &[HOST, "cat"]).start();
        let stdin = other.stdin.take();
        let mut terminal = Terminal::new();
        let before = terminal.modes();
        let running = start(Xssh, &world.home, &standing, &terminal, &["-tt", HOST, "stty -echo; echo ready; cat"]);
        terminal.wait_for("ready");
        terminal.type_in("\r~?");
        terminal.wait_for("Supported escape sequences:");
        terminal.type_in("\r~.");
        let _ = running.wait().ends(255);
        assert_eq!(before.local_modes, terminal.modes().local_modes);
        drop(stdin);
        let _ = other.finish().ok();
        assert_eq!(logins(&world.target), 1);
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
        let running = start(Xssh, &home, &standing, &terminal, &["-t", HOST, "tty; exit 4"]);
        terminal.wait_for("PTY allocation request failed on channel 0");
        terminal.wait_for("not a tty");
        let _ = running.wait().ends(4);
    }
}
