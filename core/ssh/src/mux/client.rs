//! A client of a master.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use tokio::time::timeout;

use super::Line;
use super::message::{Forward, FromClient, FromMaster, Malformed, NewSession, Request, SOCKET, VERSION};
use crate::session::StreamTo;

/// Why a master does not do what we want.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// It does not answer in time: it hangs, or its connection is dead.
    #[error("the master does not answer")]
    Silent,
    /// It is gone.
    #[error("the master is gone")]
    Gone,
    /// It refuses: the person at it, or its settings.
    #[error("Master refused the request: {0}")]
    Refused(String),
    /// It tried, and could not.
    #[error("{0}")]
    Failed(String),
    /// It speaks another version.
    #[error("the master speaks version {0} of the protocol, not 4")]
    Version(u32),
    /// It says what it may not.
    #[error("the master breaks the protocol: {0}")]
    Broken(&'static str),
    /// The socket.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<Malformed> for ClientError {
    fn from(_: Malformed) -> Self {
        Self::Broken("a malformed message")
    }
}

/// A client that has greeted its master.
pub struct Client {
    line: Line,
    next: u32,
}

impl Client {
    /// Exchanges the first words. Must be called inside a runtime.
    ///
    /// # Errors
    /// Nobody answers within `patience`, or not in this protocol.
    pub async fn greet(socket: UnixStream, patience: Duration) -> Result<Self, ClientError> {
        let client = Self { line: Line::new(socket)?, next: 0 };
        let greeting = async {
            client.line.send(&FromClient::Hello { version: VERSION }.encode()).await.map_err(gone)?;
            match client.hear().await? {
                FromMaster::Hello { version: VERSION } => Ok(()),
                FromMaster::Hello { version } => Err(ClientError::Version(version)),
                _ => Err(ClientError::Broken("no hello")),
            }
        };
        timeout(patience, greeting).await.unwrap_or(Err(ClientError::Silent))?;
        Ok(client)
    }

    async fn hear(&self) -> Result<FromMaster, ClientError> {
        let packet = self.line.receive().await.map_err(gone)?.ok_or(ClientError::Gone)?;
        Ok(FromMaster::decode(&packet)?)
    }

    async fn say(&mut self, request: Request) -> Result<u32, ClientError> {
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        self.line.send(&FromClient::Request { id, request }.encode()).await.map_err(gone)?;
        Ok(id)
    }

    /// The answer to a request, where it is one that was expected.
    async fn answer(&self, asked: u32) -> Result<FromMaster, ClientError> {
        let answer = self.hear().await?;
        let of = match &answer {
            FromMaster::Ok { id }
            | FromMaster::PermissionDenied { id, .. }
            | FromMaster::Failure { id, .. }
            | FromMaster::Alive { id, .. }
            | FromMaster::SessionOpened { id, .. }
            | FromMaster::RemotePort { id, .. }
            | FromMaster::ProxyBegins { id } => *id,
            FromMaster::Hello { .. } | FromMaster::Exit { .. } | FromMaster::TtyAllocFail { .. } => {
                return Err(ClientError::Broken("no answer"));
            }
        };
        if of != asked {
            return Err(ClientError::Broken("an answer to another request"));
        }
        match answer {
            FromMaster::PermissionDenied { reason, .. } => Err(ClientError::Refused(reason)),
            FromMaster::Failure { reason, .. } => Err(ClientError::Failed(reason)),
            answer => Ok(answer),
        }
    }

    /// The master's process.
    ///
    /// # Errors
    /// It does not answer within `patience`.
    pub async fn alive(&mut self, patience: Duration) -> Result<u32, ClientError> {
        let asking = async {
            let asked = self.say(Request::AliveCheck).await?;
            match self.answer(asked).await? {
                FromMaster::Alive { pid, .. } => Ok(pid),
                _ => Err(ClientError::Broken("not alive")),
            }
        };
        timeout(patience, asking).await.unwrap_or(Err(ClientError::Silent))
    }

    async fn done(&mut self, request: Request) -> Result<Option<u32>, ClientError> {
        let asked = self.say(request).await?;
        match self.answer(asked).await? {
            FromMaster::Ok { .. } => Ok(None),
            FromMaster::RemotePort { port, .. } => Ok(Some(port)),
            _ => Err(ClientError::Broken("another answer")),
        }
    }

    /// Has the master end.
    ///
    /// # Errors
    /// It refuses. One that ends at once has done what was wanted.
    pub async fn terminate(&mut self) -> Result<(), ClientError> {
        match self.done(Request::Terminate).await {
            Ok(_) | Err(ClientError::Gone) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Has the master take no further clients.
    ///
    /// # Errors
    /// It refuses.
    pub async fn stop(&mut self) -> Result<(), ClientError> {
        self.done(Request::StopListening).await.map(|_| ())
    }

    /// Has the master open a forward; the port that the host chose, where it had the choice.
    ///
    /// # Errors
    /// It refuses, or cannot.
    pub async fn open_forward(&mut self, forward: Forward) -> Result<Option<u32>, ClientError> {
        self.done(Request::OpenForward(forward)).await
    }

    /// Has the master close a forward.
    ///
    /// # Errors
    /// It has none of these.
    pub async fn close_forward(&mut self, forward: Forward) -> Result<(), ClientError> {
        self.done(Request::CloseForward(forward)).await.map(|_| ())
    }

    /// Waits until the master has ended: for whoever wants no more of it than that it is there.
    pub async fn gone(&self) {
        self.line.closed().await;
    }

    /// Has the master pass packets on from here ([`crate::session::Session::passed`]).
    ///
    /// # Errors
    /// It refuses, or cannot.
    pub async fn proxy(mut self, patience: Duration) -> Result<Line, ClientError> {
        let asking = async {
            let asked = self.say(Request::Proxy).await?;
            match self.answer(asked).await? {
                FromMaster::ProxyBegins { .. } => Ok(()),
                _ => Err(ClientError::Broken("no proxy")),
            }
        };
        timeout(patience, asking).await.unwrap_or(Err(ClientError::Silent))?;
        Ok(self.line)
    }

    /// Opens a session whose program has these descriptors as its standard input, output and error.
    ///
    /// # Errors
    /// The master refuses, cannot, or has not opened it within `patience`: then it never runs anything.
    pub async fn session(
        self,
        wanted: NewSession,
        descriptors: [BorrowedFd<'_>; 3],
        patience: Duration,
    ) -> Result<Passenger, ClientError> {
        self.ride(Request::NewSession(wanted), &descriptors, patience).await
    }

    /// Opens a stream to a further host, or to a socket on this one.
    ///
    /// # Errors
    /// As for [`Client::session`].
    pub async fn stdio(
        self,
        to: StreamTo,
        descriptors: [BorrowedFd<'_>; 2],
        patience: Duration,
    ) -> Result<Passenger, ClientError> {
        let (host, port) = match to {
            StreamTo::Tcp { host, port, .. } => (host, port.into()),
            StreamTo::Unix { path } => (path, SOCKET),
        };
        self.ride(Request::StdioForward { host, port }, &descriptors, patience).await
    }

    async fn ride(
        mut self,
        request: Request,
        descriptors: &[BorrowedFd<'_>],
        patience: Duration,
    ) -> Result<Passenger, ClientError> {
        let opening = async {
            let asked = self.say(request).await?;
            for descriptor in descriptors {
                self.line.send_descriptor(descriptor.as_fd()).await.map_err(gone)?;
            }
            match self.answer(asked).await? {
                FromMaster::SessionOpened { session, .. } => Ok(session),
                _ => Err(ClientError::Broken("no session")),
            }
        };
        let session = timeout(patience, opening).await.unwrap_or(Err(ClientError::Silent))?;
        Ok(Passenger { line: self.line, session, status: None })
    }
}

/// What the end of the line means.
pub(super) fn gone(error: io::Error) -> ClientError {
    match error.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof => ClientError::Gone,
        _ => ClientError::Io(error),
    }
}

/// What a passenger learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// The host gave no pseudo-terminal; the session goes on without.
    NoTerminal,
    /// The session has ended, with the program's status where the master knows one.
    Ended(Option<u32>),
}

/// A client whose session the master carries.
pub struct Passenger {
    line: Line,
    session: u32,
    status: Option<u32>,
}

impl Passenger {
    /// Waits for the next event; the last is [`Waited::Ended`].
    ///
    /// # Errors
    /// The master breaks the protocol.
    pub async fn wait(&mut self) -> Result<Waited, ClientError> {
        loop {
            // The end of the session is the end of the connection: what comes before it is written by then.
            let packet = match self.line.receive().await.map_err(gone) {
                Ok(Some(packet)) => packet,
                Ok(None) | Err(ClientError::Gone) => return Ok(Waited::Ended(self.status)),
                Err(error) => return Err(error),
            };
            match FromMaster::decode(&packet)? {
                FromMaster::TtyAllocFail { session } if session == self.session => return Ok(Waited::NoTerminal),
                FromMaster::Exit { session, status } if session == self.session => self.status = Some(status),
                _ => return Err(ClientError::Broken("a message of another session")),
            }
        }
    }
}
