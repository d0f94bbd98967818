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
