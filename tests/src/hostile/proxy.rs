//! A proxy that answers what it likes.

use std::io::{self, Read};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// A proxy that follows a script.
pub struct Proxy {
    address: SocketAddr,
}

impl Proxy {
    /// Runs `script` for each connection.
    pub fn start<F>(script: F) -> io::Result<Self>
    where
        F: Fn(&mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let script = Arc::new(script);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let script = script.clone();
                thread::spawn(move || {
                    stream.set_nodelay(true)?;
                    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
                    stream.set_write_timeout(Some(Duration::from_secs(60)))?;
                    script(&mut stream)
                });
            }
        });
        Ok(Self { address })
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Reads an HTTP request's head.
    pub fn read_head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        Ok(head)
    }

    /// Joins both streams until both have ended.
    pub fn join(client: &TcpStream, server: &TcpStream) -> io::Result<()> {
        thread::scope(|scope| {
            let upwards = scope.spawn(|| one_way(client, server));
            one_way(server, client)?;
            upwards.join().unwrap_or(Ok(()))
        })
    }
}

fn one_way(mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
    io::copy(&mut from, &mut to)?;
    to.shutdown(Shutdown::Write)
}
