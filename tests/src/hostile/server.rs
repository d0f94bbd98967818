//! Listens on loopback and runs a script for each connection.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use super::wire::Wire;

/// A server that follows a script.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    endings: Receiver<io::Result<()>>,
}

#[derive(Default)]
struct Shared {
    stopping: AtomicBool,
    connections: AtomicUsize,
}

impl Server {
    /// Runs `script` for each connection, each on a thread of its own, until it is dropped.
    pub fn start<F>(script: F) -> io::Result<Self>
    where
        F: Fn(&mut Wire) -> io::Result<()> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (ending, endings) = channel();
        let server = Self { address: listener.local_addr()?, shared: Arc::default(), endings };
        let (shared, script) = (server.shared.clone(), Arc::new(script));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.stopping.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (ending, script) = (ending.clone(), script.clone());
                shared.connections.fetch_add(1, Ordering::Relaxed);
                thread::spawn(move || {
                    // Whether anyone still asks how it ended is their affair.
                    let _ = ending.send(Wire::new(stream).and_then(|mut wire| script(&mut wire)));
                });
            }
        });
        Ok(server)
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How the script ended for the next connection that is over: where a script is to judge its client, by an error.
    pub fn ending(&self) -> io::Result<()> {
        let ending = self.endings.recv_timeout(Duration::from_secs(30));
        ending.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// How many connections were taken.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        // Wakes the accepting thread, which then sees that it is to stop.
        drop(TcpStream::connect(self.address));
    }
}
