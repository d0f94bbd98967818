//! A person at a terminal.

use rustix::process::Signal;
use rustix::termios::Termios;
use xssh_tests::call::Running;
use xssh_tests::home::Home;
use xssh_tests::over_both_routes;
use xssh_tests::sshd::Sshd;
use xssh_tests::subject::Subject;
use xssh_tests::terminal::Terminal;
use xssh_tests::wait::{until, until_caught};
use xssh_tests::world::{HOST, World};

over_both_routes!(a_shell_to_live_in, window_changes_are_passed_on);

/// Runs the remote shell under test as a person would.
#[track_caller]
pub(crate) fn start(home: &Home, terminal: &Terminal, args: &[&str]) -> Running {
    let [setsid, ctty, end] = Terminal::owner();
    let call = home.call(setsid).arg(ctty).arg(end).arg(&Subject::get().path);
    let call = call.arg("-F").arg(home.config()).args(args).env("TERM", "xterm-256color");
    terminal.start(call)
}

#[track_caller]
fn assert_same_modes(before: &Termios, after: &Termios) {
    assert_eq!(before.local_modes, after.local_modes);
    assert_eq!(before.input_modes, after.input_modes);
    assert_eq!(before.output_modes, after.output_modes);
    assert_eq!(before.control_modes, after.control_modes);
}

fn a_shell_to_live_in(world: &World) {
    let mut terminal = Terminal::new();
    terminal.resize(101, 33);
    let before = terminal.modes();
    let running = start(&world.home, &terminal, &[HOST]);
    terminal.type_in("PS1='ready'' $ '; unset HISTFILE\r");
    terminal.wait_for("ready $ ");
    terminal.await_raw();
    terminal.type_in("stty size; echo $((6*7)) $TERM\r");
    terminal.wait_for("33 101\r\n42 xterm-256color\r\n");
    terminal.type_in("echo sta''rted; cat\r");
    terminal.wait_for("started\r\n");
    terminal.type_in("line\r");
    terminal.wait_for("line\r\nline\r\n");
    terminal.type_in("\x03");
    terminal.wait_for("ready $ ");
    terminal.type_in("exit 3\r");
    terminal.wait_for("Connection to 127.0.0.1 closed.");
    let _ = running.wait().ends(3);
    assert_same_modes(&before, &terminal.modes());
}

/// The session goes on without, and our terminal is as it was.
#[test]
fn a_host_that_gives_no_terminal() {
    let target = Sshd::plan().with("PermitTTY no").start();
    let home = Home::facing(HOST, &target);
    let mut terminal = Terminal::new();
    let before = terminal.modes();
    let running = start(&home, &terminal, &["-t", HOST, READS_A_LINE]);
    lives_without(&mut terminal, &before, running);
}

/// A session that a host gives no terminal, and that reads a line: it goes on, and our terminal is as it was.
pub(super) fn lives_without(terminal: &mut Terminal, before: &Termios, running: Running) {
    terminal.wait_for("PTY allocation request failed on channel 0");
    terminal.wait_for("not a tty");
    until("the terminal stays raw", || terminal.modes().local_modes == before.local_modes);
    terminal.type_in("a line\r");
    terminal.wait_for("got a line");
    let _ = running.wait().ends(4);
}

/// What it is that reads a line.
pub(super) const READS_A_LINE: &str = "tty; read line; echo \"got $line\"; exit 4";

fn window_changes_are_passed_on(world: &World) {
    let mut terminal = Terminal::new();
    let script = "trap 'echo told' WINCH; while :; do stty size; sleep 0.1; done";
    let running = start(&world.home, &terminal, &["-t", HOST, &format!("exec bash -c \"{script}\"")]);
    terminal.wait_for("24 80\r\n24 80\r\n");
    until_caught(running.pid(), Signal::WINCH);
    terminal.resize(132, 50);
    terminal.wait_for("told");
    terminal.wait_for("50 132");
    terminal.resize(40, 10);
    terminal.wait_for("10 40");
    drop(running);
}

#[test]
fn a_command_gets_a_terminal_only_if_asked_for() {
    let world = World::direct();
    for (args, expected) in [
        (&[HOST, "tty"][..], "not a tty"),
        (&["-t", HOST, "tty"], "/dev/pts/"),
        (&["-T", HOST, "echo no prompt"], "no prompt"),
        (&["-o", "RequestTTY=yes", HOST, "tty"], "/dev/pts/"),
        (&["-o", "RequestTTY=force", HOST, "tty"], "/dev/pts/"),
        (&["-o", "RequestTTY=no", "-t", HOST, "tty"], "/dev/pts/"),
    ] {
        let mut terminal = Terminal::new();
        let running = start(&world.home, &terminal, args);
        terminal.wait_for(expected);
        let _ = running.wait();
    }
}

#[test]
fn without_a_terminal_of_ours() {
    let world = World::direct();
    let outcome = world.home.xssh(&["-t", HOST, "tty"]).run().ends(1);
    let _ = outcome.says("Pseudo-terminal will not be allocated because stdin is not a terminal.");
    let outcome = world.home.xssh(&["-tt", HOST, "tty; exit 4"]).run().ends(4);
    assert!(outcome.text().starts_with("/dev/pts/"), "{outcome}");
}

#[test]
fn keys_that_signal_go_to_the_far_side() {
    let world = World::direct();
    let mut terminal = Terminal::new();
    let script = "trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.1; done";
    let running = start(&world.home, &terminal, &["-t", HOST, &format!("exec bash -c \"{script}\"")]);
    terminal.wait_for("ready");
    terminal.await_raw();
    terminal.type_in("\x03");
    terminal.wait_for("caught");
    let _ = running.wait().ends(5);
}

#[test]
fn modes_are_given_back_after_a_signal() {
    let world = World::direct();
    for signal in [Signal::TERM, Signal::HUP] {
        let mut terminal = Terminal::new();
        let before = terminal.modes();
        let running = start(&world.home, &terminal, &["-t", HOST, "echo ready; sleep 100"]);
        terminal.wait_for("ready");
        terminal.await_raw();
        running.signal(signal);
        let _ = running.wait().ends(255);
        assert_same_modes(&before, &terminal.modes());
    }
}

#[test]
fn escape_that_ends_the_connection() {
    let world = World::direct();
    let mut terminal = Terminal::new();
    let before = terminal.modes();
    let running = start(&world.home, &terminal, &["-t", HOST, "echo ready; sleep 100"]);
    terminal.wait_for("ready");
    terminal.await_raw();
    terminal.type_in("x~.");
    terminal.type_in("\r~.");
    terminal.wait_for("Connection to 127.0.0.1 closed.");
    let _ = running.wait().ends(255);
    assert_same_modes(&before, &terminal.modes());
}

#[test]
fn escapes_that_do_not_end_it() {
    let world = World::direct();
    let mut terminal = Terminal::new();
    let running = start(&world.home, &terminal, &["-t", HOST, "stty -echo; echo ready; cat"]);
    terminal.wait_for("ready");
    terminal.await_raw();
    terminal.type_in("\r~~a~b\r");
    terminal.wait_for("~a~b");
    terminal.type_in("\r~?");
    terminal.wait_for("Supported escape sequences:");
    terminal.type_in("\r~#");
    terminal.wait_for("The following connections are open:");
    terminal.type_in("\r~xc\r");
    terminal.wait_for("~xc");
    terminal.type_in("\x04");
    let _ = running.wait().ok();
}

#[test]
fn another_escape_character_and_none() {
    let world = World::direct();
    let mut terminal = Terminal::new();
    let running = start(&world.home, &terminal, &["-e", "%", "-t", HOST, "stty -echo; echo ready; cat"]);
    terminal.wait_for("ready");
    terminal.await_raw();
    terminal.type_in("\r~.\r");
    terminal.wait_for("~.");
    terminal.type_in("\r%.");
    let _ = running.wait().ends(255);
    let mut terminal = Terminal::new();
    let running = start(&world.home, &terminal, &["-e", "none", "-t", HOST, "stty -echo; echo ready; cat"]);
    terminal.wait_for("ready");
    terminal.await_raw();
    terminal.type_in("\r~.\r");
    terminal.wait_for("~.");
    terminal.type_in("\x04");
    let _ = running.wait().ok();
}

#[test]
fn much_output() {
    let world = World::direct();
    let mut terminal = Terminal::new();
    let running = start(&world.home, &terminal, &["-t", HOST, "seq 50000; echo the end"]);
    terminal.wait_for("the end");
    let _ = running.wait().ok();
    let expected: String = (1..=50_000).map(|i| format!("{i}\r\n")).collect();
    let seen = terminal.seen();
    let at = seen.bytes().zip(expected.bytes()).position(|(a, b)| a != b).unwrap_or(seen.len());
    let from = at.saturating_sub(40);
    assert!(seen.starts_with(&expected), "{at} of {}: {:?}", seen.len(), &seen[from..(at + 80).min(seen.len())]);
}

/// Answered at the terminal, not read from standard input.
#[test]
fn an_unknown_host_is_asked_about() {
    let world = World::direct();
    std::fs::write(world.home.known_hosts(), "").expect("known_hosts");
    for (answer, code) in [("no", 255), ("yes", 0), ("", 0)] {
        let mut terminal = Terminal::new();
        let options = ["-o", "BatchMode=no", "-o", "StrictHostKeyChecking=ask", HOST, "echo done"];
        let running = start(&world.home, &terminal, &options);
        if !answer.is_empty() {
            terminal.wait_for(&world.target.host_keys()[0].fingerprint());
            terminal.wait_for("(yes/no/[fingerprint])?");
            terminal.type_in(&format!("{answer}\r"));
        }
        terminal.wait_for(if code == 0 { "done" } else { "Host key verification failed." });
        let _ = running.wait().ends(code);
    }
}
