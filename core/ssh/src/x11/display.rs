//! Where the X server here is: DISPLAY taken apart (X(7), DISPLAY NAMES), and the connection to it.

use std::ffi::OsStr;
use std::io;
use std::net::Ipv4Addr;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::{SocketAddr, UnixStream as StdUnixStream};
use std::path::{Path, PathBuf};

use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::error::X11Error;
use crate::limits;
use crate::terminal::visible::visible;

/// The port of display 0.
const FIRST_PORT: u16 = 6000;
/// What a name may hold besides letters and digits: it becomes a word of xauth's.
const MARKS: &[u8] = b":/.-_[]%";

/// An X server and one of its screens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Display {
    name: String,
    place: Place,
    screen: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// The usual socket of this number.
    Local(u16),
    /// A socket by its path.
    Path(PathBuf),
    /// A host and a port.
    Tcp(String, u16),
}

/// A stream to an X server.
#[derive(Debug)]
pub(super) enum Connection {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Display {
    /// Takes apart what DISPLAY says: `:N`, `:N.SCREEN`, `unix:N`, `host:N`, or the path of a socket. Looks whether a
    /// path is a socket, and at nothing else.
    ///
    /// # Errors
    /// It says none of these.
    pub fn parse(text: &str) -> Result<Self, X11Error> {
        let invalid = || X11Error::Display { display: visible(text.as_bytes()) };
        let is_named = |byte: u8| byte.is_ascii_alphanumeric() || MARKS.contains(&byte);
        if text.len() > limits::X11_DISPLAY || !text.bytes().all(is_named) {
            return Err(invalid());
        }
        let path = text.strip_prefix("unix:").unwrap_or(text);
        let parsed = if path.starts_with('/') { by_path(path, is_socket) } else { by_number(text) };
        let (place, screen) = parsed.ok_or_else(invalid)?;
        Ok(Self { name: text.to_owned(), place, screen })
    }

    /// The screen to ask the host to name.
    #[must_use]
    pub fn screen(&self) -> u32 {
        self.screen
    }

    /// What DISPLAY says.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What xauth knows it by: a display that another ssh brought to localhost is filed under `unix`, as if it were local,
    /// and it knows a socket by the number that its name usually has.
    pub(super) fn in_xauth(&self) -> String {
        let number = match &self.place {
            Place::Path(path) => path.file_name().and_then(OsStr::to_str).and_then(|name| name.strip_prefix('X')),
            Place::Local(_) | Place::Tcp(..) => self.name.strip_prefix("localhost:"),
        };
        let number = number.filter(|number| number.starts_with(|first: char| first.is_ascii_digit()));
        number.map_or_else(|| self.name.clone(), |number| format!("unix:{number}"))
    }

    /// Connects to it.
    pub(super) async fn connect(&self) -> io::Result<Connection> {
        let connecting = async {
            match &self.place {
                Place::Local(number) => local(*number).await.map(Connection::Unix),
                Place::Path(path) => UnixStream::connect(path).await.map(Connection::Unix),
                Place::Tcp(host, port) => {
                    let stream = TcpStream::connect((host.as_str(), *port)).await?;
                    stream.set_nodelay(true)?;
                    Ok(Connection::Tcp(stream))
                }
            }
        };
        timeout(limits::X11_CONNECT, connecting).await.map_err(|_| io::ErrorKind::TimedOut)?
    }
}

/// The socket in the file system first: one of the same name that is abstract could be anybody's, while the folder of the
/// others keeps what the X server has made.
async fn local(number: u16) -> io::Result<UnixStream> {
    let path = format!("/tmp/.X11-unix/X{number}");
    match UnixStream::connect(&path).await {
        Ok(stream) => Ok(stream),
        Err(error) => abstract_socket(&path).map_err(|_| error),
    }
}

fn abstract_socket(name: &str) -> io::Result<UnixStream> {
    let stream = StdUnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?)?;
    stream.set_nonblocking(true)?;
    UnixStream::from_std(stream)
}

/// `[HOST]:N[.SCREEN]`. Behind the last colon: a host may be an IPv6 address.
fn by_number(text: &str) -> Option<(Place, u32)> {
    let (host, numbers) = text.rsplit_once(':')?;
    let (number, screen) = numbers.split_once('.').unwrap_or((numbers, "0"));
    let number: u16 = decimal(number)?.try_into().ok()?;
    let screen = decimal(screen)?;
    let host = host.strip_prefix("tcp/").unwrap_or(host);
    let place = match host {
        "" | "unix" => Place::Local(number),
        // DECnet's way to write a host.
        host if host.ends_with(':') || host.contains('/') => return None,
        "localhost" => Place::Tcp(Ipv4Addr::LOCALHOST.to_string(), FIRST_PORT.checked_add(number)?),
        host => {
            let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
            Place::Tcp(bare.to_owned(), FIRST_PORT.checked_add(number)?)
        }
    };
    Some((place, screen))
}

/// A path, and perhaps a screen behind it. What follows a colon in it belongs to the name (launchd's sockets).
fn by_path(text: &str, is_socket: impl Fn(&Path) -> bool) -> Option<(Place, u32)> {
    if is_socket(Path::new(text)) {
        return Some((Place::Path(text.into()), 0));
    }
    let (path, screen) = text.rsplit_once('.')?;
    let screen = decimal(screen)?;
    is_socket(Path::new(path)).then(|| (Place::Path(path.into()), screen))
}

fn is_socket(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.file_type().is_socket())
}

fn decimal(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place(text: &str) -> Option<(Place, u32)> {
        Display::parse(text).ok().map(|display| (display.place, display.screen))
    }

    fn tcp(host: &str, port: u16) -> Place {
        Place::Tcp(host.to_owned(), port)
    }

    #[test]
    fn each_form_is_understood() {
        assert_eq!(place(":0"), Some((Place::Local(0), 0)));
        assert_eq!(place(":10.2"), Some((Place::Local(10), 2)));
        assert_eq!(place("unix:1.0"), Some((Place::Local(1), 0)));
        assert_eq!(place("localhost:10.0"), Some((tcp("127.0.0.1", 6010), 0)));
        assert_eq!(place("host.example:3"), Some((tcp("host.example", 6003), 0)));
        assert_eq!(place("[fe80::1%eth0]:0"), Some((tcp("fe80::1%eth0", 6000), 0)));
        assert_eq!(place("tcp/host:0"), Some((tcp("host", 6000), 0)));
    }

    #[test]
    fn what_is_no_display_is_refused() {
        for text in [
            "",
            ":",
            "0",
            "host",
            ":x",
            ":0.",
            ":0.x",
            ":+1",
            ":0.1.2",
            "host::0",
            "a/b:0",
            ":65536",
            "host:65535",
            ":0 x",
            ":0\n",
            ":0;id",
            "/no/such/socket:0",
            ":0\"",
            "-f:0\u{fc}",
        ] {
            assert!(Display::parse(text).is_err(), "{text:?}");
        }
        assert!(Display::parse(&":0".repeat(5000)).is_err());
    }

    #[test]
    fn a_path_is_a_socket_with_or_without_a_screen() {
        let is_socket = |path: &Path| path == Path::new("/tmp/launch-1/org.x:0");
        let found = |screen| Some((Place::Path("/tmp/launch-1/org.x:0".into()), screen));
        assert_eq!(by_path("/tmp/launch-1/org.x:0", is_socket), found(0));
        assert_eq!(by_path("/tmp/launch-1/org.x:0.3", is_socket), found(3));
        assert_eq!(by_path("/tmp/launch-1/org.x:0.x", is_socket), None);
        assert_eq!(by_path("/tmp/launch-1/org.x", is_socket), None);
    }

    #[test]
    fn xauth_files_a_forwarded_display_and_a_socket_under_unix() {
        let in_xauth = |text: &str| Display::parse(text).unwrap().in_xauth();
        assert_eq!(in_xauth("localhost:10.0"), "unix:10.0");
        assert_eq!(in_xauth(":0"), ":0");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("X7");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        assert_eq!(in_xauth(path.to_str().unwrap()), "unix:7");
        let path = folder.path().join("org.x:0");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        assert_eq!(in_xauth(path.to_str().unwrap()), path.to_str().unwrap());
    }

    #[tokio::test]
    async fn an_abstract_socket_is_found_where_there_is_no_other() {
        let number = 40_000 + std::process::id() % 10_000;
        let name = format!("/tmp/.X11-unix/X{number}");
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let listener = std::os::unix::net::UnixListener::bind_addr(&address).unwrap();
        let display = Display::parse(&format!(":{number}")).unwrap();
        assert!(matches!(display.connect().await.unwrap(), Connection::Unix(_)));
        drop(listener);
        assert!(display.connect().await.is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = Display::parse(&text);
        }

        #[test]
        fn what_is_taken_is_one_word_of_xauth(text in "[ -~\n]{0,12}:[0-9.]{1,4}[ -~\n]{0,3}") {
            if let Ok(display) = Display::parse(&text) {
                let word = display.in_xauth();
                prop_assert!(!word.contains(|c: char| c.is_whitespace() || "\"'#\\".contains(c)), "{word:?}");
            }
        }
    }
}
