//! What hostile peers and hostile files must not be able to do.
//!
//! For every bad thing there is one of two ends: the client gives up with status 255, one line on stderr and nothing on
//! stdout; or the bad thing made no difference and the session ends as it should. In neither may it panic, hang, grow, or
//! let a peer's control bytes reach a terminal. `xssh_tests::hostile` says how such peers are written.

mod agents;
mod channels;
mod damage;
mod files;
mod floods;
mod forwards;
mod greeting;
mod key_exchange;
mod lent;
mod login;
mod proxies;
mod stalls;

use std::io;

use xssh_tests::hostile::{Outcome, Server, Victim, Wire};

/// Faces one client, with these lines ahead of its configuration, with a server that follows `script`.
fn face<F>(config: &str, script: F) -> io::Result<Outcome>
where
    F: Fn(&mut Wire) -> io::Result<()> + Send + Sync + 'static,
{
    let server = Server::start(script)?;
    Victim::facing(server.port())?.with(config).run()
}

/// Whether `text` holds one of `words`.
fn says(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}
