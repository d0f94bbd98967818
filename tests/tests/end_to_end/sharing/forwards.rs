//! Calls that are there for their forwards alone, which are the master's: they end with it.

use std::io::Read as _;
use std::net::TcpStream;
use std::process::Stdio;

use rustix::process::Signal;
use xssh_tests::port::Port;
use xssh_tests::tunnel::{Backgrounds, running};
use xssh_tests::world::{HOST, World};

use super::{OpenSsh, Standing, Xssh, logins, until_caught};

/// How a master is brought to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Killed,
    Told,
}

use End::{Killed, Told};

impl End {
    fn of(self, mut master: Standing, world: &World) {
        match self {
            Killed => master.running.as_ref().expect("a master").signal(Signal::KILL),
            Told => {
                let _ = world.home.xssh(&["-S", &master.path, "-O", "exit", HOST]).run().ok();
            }
        }
        let _ = master.running.take().expect("a master").finish();
    }
}

/// The specification of a forward to the host's own port.
fn forward(port: &Port, world: &World) -> String {
    format!("127.0.0.1:{}:127.0.0.1:{}", port.number(), world.target.port())
}

fn works(port: &Port) -> bool {
    let mut greeting = [0; 8];
    let stream = TcpStream::connect(("127.0.0.1", port.number()));
    stream.and_then(|mut stream| stream.read_exact(&mut greeting)).is_ok() && &greeting == b"SSH-2.0-"
}

/// Status 255 and no words, as OpenSSH's client has it.
#[test]
fn without_a_program_a_call_ends_with_its_master() {
    for (master, client) in super::PAIRS {
        for how in [Killed, Told] {
            let (world, port) = (World::direct(), Port::lease());
            let standing = Standing::start(master, &world.home, &[]);
            let args = ["-N", "-S", &standing.path, "-L", &forward(&port, &world), HOST];
            // OpenSSH runs a shell all the same, which ends with its input.
            let mut running = client.call(&world.home, &args).stdin(Stdio::piped()).start();
            let _input = running.stdin.take();
            super::until("the forward does not stand", || works(&port));
            // And the call knows of it: one whose master is gone before that connects by itself.
            until_caught(running.pid(), Signal::TERM);
            how.of(standing, &world);
            let outcome = running.finish().ends(255);
            assert_eq!(outcome.errors(), "", "{master:?} {client:?} {how:?}");
            assert_eq!(logins(&world.target), 1);
        }
    }
}

#[test]
fn in_the_background_too() {
    for master in [Xssh, OpenSsh] {
        let (world, port) = (World::direct(), Port::lease());
        let standing = Standing::start(master, &world.home, &[]);
        let backgrounds = Backgrounds(&world.home);
        let args = ["-f", "-N", "-S", &standing.path, "-L", &forward(&port, &world), HOST];
        let outcome = world.home.xssh(&args).run().ok();
        assert_eq!((outcome.text(), outcome.errors()), (String::new(), String::new()));
        assert!(works(&port));
        assert_eq!(running(&world.home).len(), 2, "{master:?}: the master and the call");
        Told.of(standing, &world);
        backgrounds.wait_for_end();
    }
}
