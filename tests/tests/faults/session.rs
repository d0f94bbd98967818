use std::io;
use xssh_tests::hostile::{Server, Session, Victim};

#[test]
fn an_obliging_server_is_served() -> io::Result<()> {
    let server = Server::start(|wire| Session::establish(wire)?.finish(wire))?;
    Victim::facing(server.port())?.run()?.assert_served();
    server.ending()
}
