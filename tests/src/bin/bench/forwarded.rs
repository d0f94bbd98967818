//! The rows of forwards: a file through `-L`, and a thousand connections, one after the other, through `-L` and `-D`.
//!
//! The visitor runs as the client's remote command, on this machine: so a run is the client from start to exit, and the
//! time that it takes is the client's own, not the visitor's.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;

use xssh_tests::port::Port;

use crate::error::BenchError;
use crate::measure::Run;
use crate::workload::Client;

/// What goes through the forward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Through {
    /// A file, to its reader.
    File(PathBuf),
    /// Connections that say a byte and hear it, with `-L`.
    Visits,
    /// The same, with `-D`.
    SocksVisits,
}

/// A service and a port that leads to it.
#[derive(Debug, Clone)]
pub(crate) struct Forwarded {
    through: Through,
    service: u16,
    /// The client listens here.
    port: u16,
}

/// Connections of a row.
const VISITS: u32 = 1000;

impl Forwarded {
    /// The service lives as long as the benchmark.
    pub(crate) fn new(through: Through) -> Result<Self, BenchError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(BenchError::io("a service"))?;
        let service = listener.local_addr().map_err(BenchError::io("a service"))?.port();
        let lease = Port::lease();
        let port = lease.number();
        let serving = through.clone();
        thread::spawn(move || {
            let _lease = lease;
            for stream in listener.incoming().map_while(Result::ok) {
                let _ = serve(stream, &serving);
            }
        });
        Ok(Self { through, service, port })
    }

    pub(crate) fn run(&self, client: &Client) -> Run {
        let Self { service, port, .. } = self;
        let this = std::env::current_exe().unwrap_or_default();
        let (options, command) = match &self.through {
            Through::File(_) => {
                (["-L".to_owned(), format!("{port}:127.0.0.1:{service}")], format!("cat </dev/tcp/127.0.0.1/{port}"))
            }
            Through::Visits => {
                (["-L".to_owned(), format!("{port}:127.0.0.1:{service}")], format!("{} --visit {port}", this.display()))
            }
            Through::SocksVisits => {
                (["-D".to_owned(), port.to_string()], format!("{} --visit {port} --socks {service}", this.display()))
            }
        };
        // A file goes to the bit bucket there: only the forward is to be timed, not what comes back by the session.
        let command = match self.through {
            Through::File(_) => format!("bash -c '{command} >/dev/null'"),
            _ => command,
        };
        let args = [&options[..], &["near".to_owned(), command]].concat();
        Run::new(&client.program).args(client.args.clone()).args(args)
    }

    /// What is moved.
    pub(crate) fn source(&self) -> Option<&Path> {
        match &self.through {
            Through::File(file) => Some(file),
            _ => None,
        }
    }

    /// Does it once; of a file, the sum of what arrives has to be that of the file.
    pub(crate) fn is_right(&self, client: &Client, arrived: &Path) -> Result<bool, BenchError> {
        let Through::File(file) = &self.through else {
            return self.run(client).measure().map(|_| true);
        };
        let mut run = self.run(client);
        if let Some(command) = run.args.last_mut() {
            *command = command.to_string_lossy().replace(">/dev/null", "| sha256sum").into();
        }
        run.measure_into_file(arrived)?;
        let there = std::fs::read(arrived).map_err(BenchError::io("the digest"))?;
        let here = crate::lab::succeed(std::process::Command::new("sha256sum").arg(file))?;
        Ok(there.get(..64).is_some() && there.get(..64) == here.get(..64))
    }
}

fn serve(mut stream: TcpStream, through: &Through) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match through {
        Through::File(file) => io::copy(&mut File::open(file)?, &mut stream).map(drop),
        Through::Visits | Through::SocksVisits => {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            stream.write_all(&byte)
        }
    }
}

/// The visitor: connects again and again to a port of this machine, and with a SOCKS proxy there to `socks` behind it.
pub(crate) fn visit(port: u16, socks: Option<u16>) -> Result<(), BenchError> {
    for _ in 0..VISITS {
        once(port, socks).map_err(BenchError::io("a visit"))?;
    }
    Ok(())
}

fn once(port: u16, socks: Option<u16>) -> io::Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_nodelay(true)?;
    if let Some(service) = socks {
        stream.write_all(&[5, 1, 0])?;
        stream.read_exact(&mut [0; 2])?;
        let [high, low] = service.to_be_bytes();
        stream.write_all(&[5, 1, 0, 1, 127, 0, 0, 1, high, low])?;
        let mut answer = [0; 10];
        stream.read_exact(&mut answer)?;
        if answer[1] != 0 {
            return Err(io::Error::other("the proxy refuses"));
        }
    }
    stream.write_all(b"x")?;
    stream.read_exact(&mut [0])?;
    // The service ends first, as most do.
    match stream.read(&mut [0])? {
        0 => Ok(()),
        _ => Err(io::Error::other("more than was due")),
    }
}
