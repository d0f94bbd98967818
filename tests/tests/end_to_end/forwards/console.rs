//! `~C` and `~#`: forwards that a person makes, sees and takes back while a session runs.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use xssh_tests::port::Port;
use xssh_tests::service::{self, Half as _, answers};
use xssh_tests::terminal::Terminal;
use xssh_tests::world::{HOST, World};

use crate::terminals::start;

fn v4(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

#[test]
fn forwards_are_made_listed_and_taken_back() {
    let world = World::direct();
    let (service, near, far) = (service::on_a_port(), Port::lease(), Port::lease());
    let mut terminal = Terminal::new();
    let running = start(&world.home, &terminal, &["-o", "EnableEscapeCommandline=yes", HOST]);
    terminal.type_in("PS1='ready'' $ '; unset HISTFILE\r");
    terminal.wait_for("ready $ ");
    for (letter, port) in [("L", &near), ("R", &far)] {
        terminal.type_in("~C");
        terminal.wait_for("ssh> ");
        terminal.type_in(&format!("-{letter} {}:127.0.0.1:{service}\r", port.number()));
        terminal.wait_for("Forwarding port.");
    }
    assert!(answers(v4(near.number())) && answers(v4(far.number())));
    let mut stream = TcpStream::connect(v4(near.number())).expect("a connection").patient().expect("a time limit");
    stream.write_all(b"x").expect("written");
    stream.read_exact(&mut [0]).expect("the echo");
    terminal.type_in("\r~#");
    terminal.wait_for("The following connections are open:");
    terminal.wait_for("direct-tcpip");
    drop(stream);
    for (letter, port) in [("L", &near), ("R", &far)] {
        terminal.type_in("\r~C");
        terminal.wait_for("ssh> ");
        terminal.type_in(&format!("-K{letter} {}\r", port.number()));
        terminal.wait_for("Canceled forwarding.");
    }
    assert!(!answers(v4(near.number())) && !answers(v4(far.number())));
    for (line, said) in [("-X", "Invalid command."), ("-L 1", "Bad local forwarding specification.")] {
        terminal.type_in("\r~C");
        terminal.wait_for("ssh> ");
        terminal.type_in(&format!("{line}\r"));
        terminal.wait_for(said);
    }
    terminal.type_in("\rexit 4\r");
    let _ = running.wait().ends(4);
}

/// What the program writes meanwhile waits until the line is done with.
#[test]
fn a_line_is_not_torn_apart() {
    let world = World::direct();
    let mut terminal = Terminal::new();
    let command = "stty -echo; while echo tick; do sleep 0.001; done";
    let running = start(&world.home, &terminal, &["-tt", "-o", "EnableEscapeCommandline=yes", HOST, command]);
    terminal.wait_for("tick");
    terminal.await_raw();
    terminal.type_in("\r~C");
    terminal.wait_for("ssh> ");
    let line = "-L this is no forward";
    for key in line.chars() {
        terminal.type_in(&key.to_string());
        terminal.wait_for(&key.to_string());
    }
    terminal.type_in("\r");
    terminal.wait_for("Bad local forwarding specification.\r\n");
    // Where it was held up, a line of the host's may be in two.
    terminal.wait_for("tick\r\n");
    assert!(terminal.seen().contains(&format!("ssh> {line}\r\nBad")), "{}", terminal.seen());
    terminal.type_in("\r~.");
    let _ = running.wait().ends(255);
}

/// Here, in the user's shell and at a terminal that is as it was; only where PermitLocalCommand says so.
#[test]
fn a_command_is_run_here() {
    let mut world = World::direct();
    world.home.configure("EnableEscapeCommandline yes");
    for (permitted, line, said) in [
        ("yes", "!tty && stty -a && read word && echo \"<$word>\"", "/dev/pts/"),
        ("no", "!touch never", "Invalid command"),
    ] {
        let mut terminal = Terminal::new();
        let option = format!("PermitLocalCommand={permitted}");
        let running = start(&world.home, &terminal, &["-tt", "-o", &option, HOST, "echo there; cat; exit 5"]);
        terminal.wait_for("there");
        terminal.type_in("~C");
        terminal.wait_for("ssh> ");
        terminal.type_in(&format!("{line}\r"));
        terminal.wait_for(said);
        if permitted == "yes" {
            terminal.wait_for(" icanon");
            terminal.wait_for(" echo ");
            terminal.type_in("word\r");
            terminal.wait_for("<word>");
        }
        terminal.type_in("still here\r");
        terminal.wait_for("still here\r\nstill here\r\n");
        terminal.type_in("\x04");
        let _ = running.wait().ends(5);
    }
    assert!(!world.home.path().join("never").exists());
}
