//! The same grants and the same ways out, where the server is our own (`xssh serve --listen`). A host without Landlock is
//! not among them: there a forced command of another program stands between, which this server does not take.

#[path = "serve/append.rs"]
mod append;
#[path = "serve/escapes.rs"]
mod escapes;
#[path = "serve/pulls.rs"]
mod pulls;
#[path = "serve/pushes.rs"]
mod pushes;
#[path = "serve/races.rs"]
mod races;
#[path = "serve/relayed.rs"]
mod relayed;
#[path = "serve/synced.rs"]
mod synced;

pub(crate) use crate::served::{SECRET, plant};
use xssh_tests::own_server::OwnServer;

type Served = crate::served::Served<OwnServer>;
