//! X11 forwarded on one session: what the host is told, and the clients that come.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use log::{debug, error, warn};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::UnixStream;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::cookie::Cookie;
use super::display::{Connection, Display};
use super::error::X11Error;
use super::setup::{HEADER, Header, SetupError};
use super::xauth::{Xauth, refused_after};
use crate::exec::{Storeroom, interpose};
use crate::limits::{X11_CLIENTS, X11_SETUP};
use crate::session::{IncomingChannel, Kind, Origin, Service, Session};
use crate::settings;
use crate::terminal::visible::visible;

/// A display that is to be forwarded, and the cookies.
#[derive(Debug)]
pub struct Forward {
    display: Display,
    /// What the host is told.
    fake: Cookie,
    /// What the X server takes.
    real: Cookie,
    /// When clients that come are refused.
    until: Option<Instant>,
    /// Where what waits for the X server may spill.
    store: Storeroom,
}

/// What the host is told of a display (RFC 4254, section 6.3.1).
#[derive(Clone)]
pub struct Request {
    pub(crate) protocol: String,
    pub(crate) cookie: Zeroizing<String>,
    pub(crate) screen: u32,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("protocol", &self.protocol)
            .field("screen", &self.screen)
            .finish_non_exhaustive()
    }
}

impl Forward {
    /// Finds out what the X server at `display` takes.
    ///
    /// # Errors
    /// [`X11Error`]: nothing may be forwarded then.
    pub async fn prepare(settings: &settings::X11, display: &str, temporary: PathBuf) -> Result<Self, X11Error> {
        let display = Display::parse(display)?;
        let xauth = Xauth { program: Path::new(&settings.xauth), display: &display };
        // The time runs from before the X server's own: its cookie outlives ours.
        let until = if settings.trusted { None } else { refused_after(settings.timeout) };
        let until = until.map(|after| Instant::now() + after);
        let real = if settings.trusted {
            trusted(&xauth).await?
        } else {
            xauth.generated(settings.timeout, &temporary).await?
        };
        let fake = real.stand_in()?;
        Ok(Self { display, fake, real, until, store: Storeroom::new(temporary) })
    }

    /// What to tell the host.
    #[must_use]
    pub fn request(&self) -> Request {
        Request { protocol: self.fake.protocol.clone(), cookie: self.fake.hex(), screen: self.display.screen() }
    }

    /// Serves the host's X clients, for as long as the answer is held. Call it before the host is told of it.
    #[must_use]
    pub fn serve(self, session: &Session) -> Service {
        let incoming = session.admit(Kind::X11);
        let forward = Arc::new(self);
        Service::start(incoming, X11_CLIENTS, move |channel| {
            let forward = forward.clone();
            async move { forward.serve_one(channel).await }
        })
    }

    async fn serve_one(&self, incoming: IncomingChannel) {
        if let Origin::X11 { from: (address, port) } = &incoming.origin {
            debug!("client_request_x11: request from {} {port}", visible(address.as_bytes()));
        }
        if self.until.is_some_and(|until| Instant::now() >= until) {
            error!("Rejected X11 connection after ForwardX11Timeout expired");
            return incoming.prohibit().await;
        }
        interpose(incoming, self.store.clone(), |client| self.talk(client)).await;
    }

    /// From the client's first byte to the end. Both streams are closed then. The X server hears of nobody who has not
    /// shown the cookie: it has room for so many.
    async fn talk(&self, mut client: UnixStream) -> Result<(), Refusal> {
        let opening = timeout(X11_SETUP, self.opening(&mut client)).await.map_err(|_| SetupError::Silent)?;
        let Some(packet) = opening? else { return Ok(()) };
        match self.connect().await? {
            Connection::Unix(server) => join(client, server, &packet).await,
            Connection::Tcp(server) => join(client, server, &packet).await,
        }
        Ok(())
    }

    async fn connect(&self) -> Result<Connection, Refusal> {
        let refusal = |reason| Refusal::Display { display: self.display.name().to_owned(), reason };
        self.display.connect().await.map_err(refusal)
    }

    /// The client's set-up packet, with the cookie exchanged; `None` where the client leaves before its end.
    async fn opening(&self, client: &mut UnixStream) -> Result<Option<Zeroizing<Vec<u8>>>, SetupError> {
        let mut first = [0; HEADER];
        if client.read_exact(&mut first).await.is_err() {
            return Ok(None);
        }
        let header = Header::parse(&first)?;
        let mut rest = vec![0; header.rest()];
        if client.read_exact(&mut rest).await.is_err() {
            return Ok(None);
        }
        header.exchange(&first, &rest, &self.fake, &self.real).map(Some)
    }
}

/// Why a client's connection is closed.
#[derive(Debug, Error)]
enum Refusal {
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error("cannot connect to the X server of DISPLAY={display}: {reason}")]
    Display { display: String, reason: io::Error },
}

async fn join(mut client: UnixStream, mut server: impl AsyncRead + AsyncWrite + Unpin, packet: &[u8]) {
    if server.write_all(packet).await.is_ok() {
        // How one side ended is nothing that the other could make use of.
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}

/// The user's own cookie. A server that asks for none takes any.
async fn trusted(xauth: &Xauth<'_>) -> Result<Cookie, X11Error> {
    let listed = xauth.listed().await.unwrap_or_else(|error| {
        warn!("Warning: {error}");
        None
    });
    listed.map_or_else(
        || {
            warn!("Warning: No xauth data; using fake authentication data for X11 forwarding.");
            Cookie::random()
        },
        Ok,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forward(display: &str) -> Forward {
        let real = Cookie::parse("MIT-MAGIC-COOKIE-1", "000102030405060708090a0b0c0d0e0f").unwrap();
        let (display, fake) = (Display::parse(display).unwrap(), real.stand_in().unwrap());
        Forward { display, fake, real, until: None, store: Storeroom::new(std::env::temp_dir()) }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_says_nothing_is_not_waited_for_for_ever() {
        let (client, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(b"l\0").await.unwrap();
        let refusal = forward(":7").talk(client).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Setup(SetupError::Silent)), "{refusal}");
    }

    #[tokio::test]
    async fn a_display_that_is_not_there_is_said() {
        let forward = forward(":64999");
        let (client, mut theirs) = UnixStream::pair().unwrap();
        let mut packet = b"l\0\x0b\0\0\0\x12\0\x10\0\0\0MIT-MAGIC-COOKIE-1\0\0".to_vec();
        packet.extend_from_slice(&forward.fake.data);
        theirs.write_all(&packet).await.unwrap();
        let refusal = forward.talk(client).await.unwrap_err();
        assert!(refusal.to_string().starts_with("cannot connect to the X server of DISPLAY=:64999: "), "{refusal}");
    }

    #[test]
    fn what_the_host_is_told_is_not_what_the_server_takes() {
        let forward = forward(":7.2");
        let request = forward.request();
        assert_eq!((request.protocol.as_str(), request.cookie.len(), request.screen), ("MIT-MAGIC-COOKIE-1", 32, 2));
        assert_ne!(*request.cookie, *forward.real.hex());
        let shown = format!("{forward:?} {request:?}");
        assert!(!shown.contains(request.cookie.as_str()) && !shown.contains("000102"), "{shown}");
    }
}
