//! The messages of OpenSSH's PROTOCOL.mux, version 4, as values. What it calls a bool is four bytes on the line.

use super::draft::Draft;
use crate::fields::Fields;
use crate::forward::{Order, Place, Target};

/// The version of the protocol that is spoken.
pub(super) const VERSION: u32 = 4;
/// "No escape character" (PROTOCOL.mux, section 2).
const NO_ESCAPE: u32 = u32::MAX;
/// A "port" that says that the host beside it is the path of a socket (PROTOCOL.mux, section 6).
pub(super) const SOCKET: u32 = u32::MAX - 1;

/// The kinds of messages (PROTOCOL.mux, section 11, and mux.c).
mod kind {
    pub(super) const HELLO: u32 = 1;
    pub(super) const NEW_SESSION: u32 = 0x1000_0002;
    pub(super) const ALIVE_CHECK: u32 = 0x1000_0004;
    pub(super) const TERMINATE: u32 = 0x1000_0005;
    pub(super) const OPEN_FORWARD: u32 = 0x1000_0006;
    pub(super) const CLOSE_FORWARD: u32 = 0x1000_0007;
    pub(super) const STDIO_FORWARD: u32 = 0x1000_0008;
    pub(super) const STOP_LISTENING: u32 = 0x1000_0009;
    pub(super) const PROXY: u32 = 0x1000_000f;
    pub(super) const OK: u32 = 0x8000_0001;
    pub(super) const PERMISSION_DENIED: u32 = 0x8000_0002;
    pub(super) const FAILURE: u32 = 0x8000_0003;
    pub(super) const EXIT: u32 = 0x8000_0004;
    pub(super) const ALIVE: u32 = 0x8000_0005;
    pub(super) const SESSION_OPENED: u32 = 0x8000_0006;
    pub(super) const REMOTE_PORT: u32 = 0x8000_0007;
    pub(super) const TTY_ALLOC_FAIL: u32 = 0x8000_0008;
    pub(super) const PROXY_BEGINS: u32 = 0x8000_000f;
}

/// A message that no peer of this protocol sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a malformed message")]
pub struct Malformed;

/// A session that a client wants; its three descriptors follow the message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewSession {
    /// A pseudo-terminal is wanted.
    pub tty: bool,
    /// X11 is to be forwarded.
    pub x11: bool,
    /// The agent is to be forwarded.
    pub agent: bool,
    /// The command is the name of a subsystem.
    pub subsystem: bool,
    /// The escape character, where there is one.
    pub escape: Option<u8>,
    /// The terminal's name.
    pub term: Vec<u8>,
    /// The command; nothing is the account's shell.
    pub command: Vec<u8>,
    /// Variables, each `NAME=value`.
    pub environment: Vec<Vec<u8>>,
}

/// The kind of a forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ForwardKind {
    Local,
    Remote,
    Dynamic,
}

/// One end of a forward: a host and its port, or a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum End {
    Tcp { host: String, port: u16 },
    Unix { path: String },
}

/// A forward that is to be opened or closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Its kind.
    pub kind: ForwardKind,
    /// Where it listens.
    pub listen: End,
    /// What it connects to; for a dynamic one this says nothing.
    pub connect: End,
}

impl Forward {
    /// One that listens here.
    pub fn local(order: &Order) -> Self {
        let kind = if order.target == Target::Socks { ForwardKind::Dynamic } else { ForwardKind::Local };
        Self::of(kind, order)
    }

    /// One that listens on the host.
    pub fn remote(order: &Order) -> Self {
        Self::of(ForwardKind::Remote, order)
    }

    fn of(kind: ForwardKind, order: &Order) -> Self {
        let listen = match &order.place {
            Place::Path(path) => End::Unix { path: path.clone() },
            // No address is the empty one on the line, and the empty one is all of them.
            Place::Port { bind, port } => {
                let host = bind.as_deref().map_or("", |bind| if bind.is_empty() { "*" } else { bind }).to_owned();
                End::Tcp { host, port: *port }
            }
        };
        let connect = match &order.target {
            Target::Path(path) => End::Unix { path: path.clone() },
            Target::Port { host, port } => End::Tcp { host: host.clone(), port: *port },
            Target::Socks => End::Tcp { host: "socks".to_owned(), port: 0 },
        };
        Self { kind, listen, connect }
    }

    /// What a master has to set up.
    pub(super) fn order(self) -> Order {
        let place = match self.listen {
            End::Unix { path } => Place::Path(path),
            End::Tcp { host, port } => Place::Port { bind: (!host.is_empty()).then_some(host), port },
        };
        let target = match self.connect {
            _ if self.kind == ForwardKind::Dynamic => Target::Socks,
            End::Tcp { port: 0, .. } => Target::Socks,
            End::Tcp { host, port } => Target::Port { host, port },
            End::Unix { path } => Target::Path(path),
        };
        Order { place, target }
    }
}

/// What a client wants.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Request {
    NewSession(NewSession),
    AliveCheck,
    Terminate,
    OpenForward(Forward),
    CloseForward(Forward),
    /// A stream to a further host; two descriptors follow.
    StdioForward {
        host: String,
        port: u32,
    },
    StopListening,
    Proxy,
    /// Something that this version does not know.
    Unknown,
}

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromClient {
    /// The first words.
    Hello {
        /// The version that it speaks.
        version: u32,
    },
    /// A request.
    Request {
        /// Its number, which the answer repeats.
        id: u32,
        /// What is wanted.
        request: Request,
    },
}

/// What a master says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FromMaster {
    Hello { version: u32 },
    Ok { id: u32 },
    PermissionDenied { id: u32, reason: String },
    Failure { id: u32, reason: String },
    Exit { session: u32, status: u32 },
    Alive { id: u32, pid: u32 },
    SessionOpened { id: u32, session: u32 },
    RemotePort { id: u32, port: u32 },
    TtyAllocFail { session: u32 },
    ProxyBegins { id: u32 },
}

/// A message that is being read.
struct Reading<'a>(Fields<'a>);

impl<'a> Reading<'a> {
    fn uint(&mut self) -> Result<u32, Malformed> {
        self.0.uint().ok_or(Malformed)
    }

    fn flag(&mut self) -> Result<bool, Malformed> {
        Ok(self.uint()? != 0)
    }

    fn bytes(&mut self) -> Result<Vec<u8>, Malformed> {
        self.0.string().map(<[u8]>::to_vec).ok_or(Malformed)
    }

    fn text(&mut self) -> Result<String, Malformed> {
        String::from_utf8(self.bytes()?).map_err(|_| Malformed)
    }

    /// Words for a person, whatever their bytes.
    fn words(&mut self) -> Result<String, Malformed> {
        Ok(crate::terminal::visible::visible(&self.bytes()?))
    }

    fn end(&mut self) -> Result<End, Malformed> {
        let name = self.text()?;
        match self.uint()? {
            SOCKET => Ok(End::Unix { path: name }),
            port => Ok(End::Tcp { host: name, port: u16::try_from(port).map_err(|_| Malformed)? }),
        }
    }

    fn forward(&mut self) -> Result<Forward, Malformed> {
        let kind = match self.uint()? {
            1 => ForwardKind::Local,
            2 => ForwardKind::Remote,
            3 => ForwardKind::Dynamic,
            _ => return Err(Malformed),
        };
        Ok(Forward { kind, listen: self.end()?, connect: self.end()? })
    }

    fn new_session(&mut self) -> Result<NewSession, Malformed> {
        let _reserved = self.bytes()?;
        let (tty, x11, agent, subsystem) = (self.flag()?, self.flag()?, self.flag()?, self.flag()?);
        let escape = match self.uint()? {
            NO_ESCAPE => None,
            escape => Some(u8::try_from(escape).map_err(|_| Malformed)?),
        };
        let (term, command) = (self.bytes()?, self.bytes()?);
        let mut environment = Vec::new();
        while !self.0.0.is_empty() {
            environment.push(self.bytes()?);
        }
        Ok(NewSession { tty, x11, agent, subsystem, escape, term, command, environment })
    }
}

/// Adds one end of a forward.
fn end(draft: Draft, end: &End) -> Draft {
    match end {
        End::Tcp { host, port } => draft.string(host).uint((*port).into()),
        End::Unix { path } => draft.string(path).uint(SOCKET),
    }
}

impl FromClient {
    /// The message's bytes, without the length before it.
    pub fn encode(&self) -> Vec<u8> {
        let Self::Request { id, request } = self else {
            return Draft::of(kind::HELLO).uint(VERSION).0;
        };
        let draft = |kind: u32| Draft::of(kind).uint(*id);
        let forward = |kind: u32, forward: &Forward| {
            let number = match forward.kind {
                ForwardKind::Local => 1,
                ForwardKind::Remote => 2,
                ForwardKind::Dynamic => 3,
            };
            end(end(draft(kind).uint(number), &forward.listen), &forward.connect)
        };
        let done = match request {
            Request::NewSession(session) => {
                let flags = [session.tty, session.x11, session.agent, session.subsystem];
                let draft = draft(kind::NEW_SESSION).string("");
                let draft = flags.into_iter().fold(draft, |draft, flag| draft.uint(flag.into()));
                let draft = draft.uint(session.escape.map_or(NO_ESCAPE, u32::from));
                let draft = draft.string(&session.term).string(&session.command);
                session.environment.iter().fold(draft, |draft, variable| draft.string(variable))
            }
            Request::AliveCheck => draft(kind::ALIVE_CHECK),
            Request::Terminate => draft(kind::TERMINATE),
            Request::OpenForward(wanted) => forward(kind::OPEN_FORWARD, wanted),
            Request::CloseForward(wanted) => forward(kind::CLOSE_FORWARD, wanted),
            Request::StdioForward { host, port } => draft(kind::STDIO_FORWARD).string("").string(host).uint(*port),
            Request::StopListening => draft(kind::STOP_LISTENING),
            Request::Proxy => draft(kind::PROXY),
            Request::Unknown => draft(0),
        };
        done.0
    }

    /// Reads a message.
    ///
    /// # Errors
    /// It is cut short, or a value is none that this message may have.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reading = Reading(Fields(bytes));
        let kind = reading.uint()?;
        if kind == kind::HELLO {
            // Extensions may follow; none is known.
            return Ok(Self::Hello { version: reading.uint()? });
        }
        let id = reading.uint()?;
        let request = match kind {
            kind::NEW_SESSION => Request::NewSession(reading.new_session()?),
            kind::ALIVE_CHECK => Request::AliveCheck,
            kind::TERMINATE => Request::Terminate,
            kind::OPEN_FORWARD => Request::OpenForward(reading.forward()?),
            kind::CLOSE_FORWARD => Request::CloseForward(reading.forward()?),
            kind::STDIO_FORWARD => {
                let _reserved = reading.bytes()?;
                Request::StdioForward { host: reading.text()?, port: reading.uint()? }
            }
            kind::STOP_LISTENING => Request::StopListening,
            kind::PROXY => Request::Proxy,
            _ => Request::Unknown,
        };
        Ok(Self::Request { id, request })
    }
}

impl FromMaster {
    /// The message's bytes, without the length before it.
    pub fn encode(&self) -> Vec<u8> {
        let two = |kind: u32, a: u32, b: u32| Draft::of(kind).uint(a).uint(b);
        let done = match self {
            Self::Hello { version } => Draft::of(kind::HELLO).uint(*version),
            Self::Ok { id } => Draft::of(kind::OK).uint(*id),
            Self::PermissionDenied { id, reason } => Draft::of(kind::PERMISSION_DENIED).uint(*id).string(reason),
            Self::Failure { id, reason } => Draft::of(kind::FAILURE).uint(*id).string(reason),
            Self::Exit { session, status } => two(kind::EXIT, *session, *status),
            Self::Alive { id, pid } => two(kind::ALIVE, *id, *pid),
            Self::SessionOpened { id, session } => two(kind::SESSION_OPENED, *id, *session),
            Self::RemotePort { id, port } => two(kind::REMOTE_PORT, *id, *port),
            Self::TtyAllocFail { session } => Draft::of(kind::TTY_ALLOC_FAIL).uint(*session),
            Self::ProxyBegins { id } => Draft::of(kind::PROXY_BEGINS).uint(*id),
        };
        done.0
    }

    /// Reads a message.
    ///
    /// # Errors
    /// It is cut short, or of a kind that a master does not send.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reading = Reading(Fields(bytes));
        let kind = reading.uint()?;
        let first = reading.uint()?;
        Ok(match kind {
            kind::HELLO => Self::Hello { version: first },
            kind::OK => Self::Ok { id: first },
            kind::PERMISSION_DENIED => Self::PermissionDenied { id: first, reason: reading.words()? },
            kind::FAILURE => Self::Failure { id: first, reason: reading.words()? },
            kind::EXIT => Self::Exit { session: first, status: reading.uint()? },
            kind::ALIVE => Self::Alive { id: first, pid: reading.uint()? },
            kind::SESSION_OPENED => Self::SessionOpened { id: first, session: reading.uint()? },
            kind::REMOTE_PORT => Self::RemotePort { id: first, port: reading.uint()? },
            kind::TTY_ALLOC_FAIL => Self::TtyAllocFail { session: first },
            kind::PROXY_BEGINS => Self::ProxyBegins { id: first },
            _ => return Err(Malformed),
        })
    }
}
