//! A service for forwards to lead to: it repeats what it is told, and at the end says how many bytes that were.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// How long a test waits for what comes through a forward.
const PATIENCE: Duration = Duration::from_secs(60);

/// A stream that can end in one direction.
pub trait Half: Read + Write + Send + Sized + 'static {
    /// Says that nothing more comes from here.
    ///
    /// # Errors
    /// What the system says.
    fn end(&self) -> io::Result<()>;

    /// Waits no longer than a test does.
    ///
    /// # Errors
    /// What the system says.
    fn patient(self) -> io::Result<Self>;
}

impl Half for TcpStream {
    fn end(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn patient(self) -> io::Result<Self> {
        self.set_read_timeout(Some(PATIENCE))?;
        Ok(self)
    }
}

impl Half for UnixStream {
    fn end(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn patient(self) -> io::Result<Self> {
        self.set_read_timeout(Some(PATIENCE))?;
        Ok(self)
    }
}

/// Starts one on a port of 127.0.0.1 that it chooses; it lives as long as the test's process.
///
/// # Panics
/// If no port is to be had.
#[must_use]
pub fn on_a_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("its number").port();
    thread::spawn(move || serve_all(listener.incoming()));
    port
}

/// Starts one on a unix socket.
///
/// # Panics
/// If the socket cannot be made.
pub fn on_a_socket(path: &Path) {
    let listener = UnixListener::bind(path).expect("a socket");
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || serve(stream));
        }
    });
}

fn serve_all(incoming: std::net::Incoming<'_>) {
    for stream in incoming.map_while(Result::ok) {
        thread::spawn(move || serve(stream));
    }
}

fn serve(mut stream: impl Half) -> io::Result<()> {
    let mut total = 0;
    let mut piece = vec![0; 64 << 10];
    loop {
        match stream.read(&mut piece)? {
            0 => break,
            n => {
                total += n;
                stream.write_all(&piece[..n])?;
            }
        }
    }
    write!(stream, "<{total}>")?;
    stream.end()
}

/// Says `text`, ends that direction, and hears the rest: what a half-closed connection must still carry.
///
/// # Errors
/// What the system says.
pub fn talk(stream: impl Half, text: &str) -> io::Result<String> {
    let mut stream = stream.patient()?;
    stream.write_all(text.as_bytes())?;
    stream.end()?;
    let mut heard = String::new();
    stream.read_to_string(&mut heard)?;
    Ok(heard)
}

/// Whether the service is there behind `address`.
///
/// # Panics
/// If something else answers there.
#[must_use]
pub fn answers(address: SocketAddr) -> bool {
    let Ok(stream) = TcpStream::connect(address) else { return false };
    match talk(stream, "hello") {
        Ok(heard) if heard.is_empty() => false,
        Ok(heard) => {
            assert_eq!(heard, "hello<5>", "at {address}");
            true
        }
        Err(_) => false,
    }
}
