//! Somebody who takes all places of those that log in, and takes them again as soon as he loses one.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpSocket;
use tokio::runtime::{Builder, Runtime};
use xssh_ssh::limits::STARTUPS;

use super::Small;
use crate::sync::wait_until;

/// How often an honest client may try. Without a way in it would be refused for as long as the siege lasts.
const TRIES: usize = 20;

/// Connections that are opened again whenever they end.
struct Siege {
    opened: Arc<AtomicUsize>,
    greeted: Arc<AtomicUsize>,
    _runtime: Runtime,
}

impl Siege {
    fn of(server: SocketAddr, from: Ipv4Addr) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let [opened, greeted] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
        for _ in 0..2 * STARTUPS {
            let (opened, greeted) = (opened.clone(), greeted.clone());
            runtime.spawn(async move {
                loop {
                    let socket = TcpSocket::new_v4().expect("a socket");
                    socket.bind(SocketAddr::from((from, 0))).expect("an address");
                    if let Ok(mut stream) = socket.connect(server).await {
                        opened.fetch_add(1, Ordering::Relaxed);
                        let mut word = [0; 64];
                        if stream.read(&mut word).await.is_ok_and(|length| length > 0) {
                            greeted.fetch_add(1, Ordering::Relaxed);
                            while stream.read(&mut word).await.is_ok_and(|length| length > 0) {}
                        }
                    }
                }
            });
        }
        let siege = Self { opened, greeted, _runtime: runtime };
        wait_until(|| siege.greeted.load(Ordering::Relaxed) >= STARTUPS);
        siege
    }
}

/// Both clients get in while it goes on.
fn stands(from: Ipv4Addr) {
    let small = Small::start();
    let siege = Siege::of(small.address, from);
    for client in 0..2 {
        let mut tries = 0..TRIES;
        let gets_in = tries.any(|_| {
            let [own, ssh] = small.clients(&["small", "echo in"]);
            let call = if client == 0 { own } else { ssh };
            call.limit(Duration::from_secs(120)).run().text() == "in\n"
        });
        assert!(gets_in, "nobody gets in");
    }
    // It lost places, and came again.
    wait_until(|| siege.opened.load(Ordering::Relaxed) > 2 * STARTUPS);
}

#[test]
fn from_elsewhere_it_keeps_nobody_out() {
    stands(Ipv4Addr::new(127, 0, 0, 2));
}

#[test]
fn from_the_same_address_it_keeps_nobody_out() {
    stands(Ipv4Addr::LOCALHOST);
}
