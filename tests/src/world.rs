//! A host to reach and the way there: straight, or bastion → HTTP proxy → SOCKS proxy → host.
//!
//! In the long way the host takes only connections that the SOCKS proxy made, and afterwards the logs of the bastion and
//! the HTTP proxy must show that they were passed: a test cannot get through by a short cut.

use crate::home::Home;
use crate::http_proxy::HttpProxy;
use crate::socks_proxy::{self, SocksProxy};
use crate::sshd::Sshd;
use crate::subject::Subject;

/// The name by which a client knows the host.
pub const HOST: &str = "target";
/// The same host, with a wrong port in the client's configuration: it is reached only by who names the right one.
pub const WRONG_PORT: &str = "wrong-port";

/// How the host is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Straight.
    Direct,
    /// `ProxyJump bastion,http://…,socks5://…`
    Hops,
}

/// A client, a host, and what is between them.
pub struct World {
    /// The client, which knows the host as [`HOST`].
    pub home: Home,
    /// The host.
    pub target: Sshd,
    hops: Option<Hops>,
}

struct Hops {
    bastion: Sshd,
    http: HttpProxy,
    socks: SocksProxy,
}

impl Route {
    /// Runs a test over this route. OpenSSH has no proxies among its hops: there the long way is left out, and said so.
    pub fn run(self, test: impl FnOnce(&World)) {
        match self {
            Self::Direct => test(&World::direct()),
            Self::Hops => {
                if Subject::is_xssh_or_say("its ProxyJump has no proxies") {
                    let world = World::through_hops();
                    test(&world);
                    world.assert_hops_were_used();
                }
            }
        }
    }
}

impl World {
    /// A host that is reached straight.
    #[must_use]
    pub fn direct() -> Self {
        let target = Sshd::plan().start();
        let mut home = Home::new();
        meet(&mut home, &target, "");
        Self { home, target, hops: None }
    }

    /// A host that is reached through an ssh host, an HTTP proxy and a SOCKS proxy.
    #[must_use]
    pub fn through_hops() -> Self {
        let only = format!("AllowUsers *@{}", socks_proxy::SOURCE);
        let target = Sshd::plan().with(&only).start();
        let hops = Hops { bastion: Sshd::plan().start(), http: HttpProxy::start(), socks: SocksProxy::start() };
        let (http, socks) = (hops.http.port(), hops.socks.port());
        let jump = format!("ProxyJump bastion,http://127.0.0.1:{http},socks5://127.0.0.1:{socks}");
        let mut home = Home::new();
        home.meet("bastion", &hops.bastion, "");
        meet(&mut home, &target, &jump);
        Self { home, target, hops: Some(hops) }
    }

    /// # Panics
    /// If a hop was not passed.
    fn assert_hops_were_used(&self) {
        let Some(hops) = &self.hops else { return };
        hops.bastion.await_log("Accepted publickey");
        let asked = format!("CONNECT 127.0.0.1:{}", hops.socks.port());
        let log = hops.http.log();
        assert!(log.contains(&asked), "the HTTP proxy was not asked to {asked:?}: {log}");
        let source = format!("from {} port", socks_proxy::SOURCE);
        self.target.await_log(&source);
    }
}

fn meet(home: &mut Home, target: &Sshd, jump: &str) {
    home.meet(HOST, target, jump);
    home.host(WRONG_PORT, &format!("HostName 127.0.0.1\nPort 1\n{jump}"));
}

/// Makes of each function that takes a `&World` two tests: `directly::name` and `through_hops::name`.
#[macro_export]
macro_rules! over_both_routes {
    ($($name:ident),+ $(,)?) => {
        mod directly {
            $(#[test] fn $name() { $crate::world::Route::Direct.run(super::$name); })+
        }
        mod through_hops {
            $(#[test] fn $name() { $crate::world::Route::Hops.run(super::$name); })+
        }
    };
}
