//! The control socket: a name in the file system that a master owns.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::{fs, os::unix::ffi::OsStrExt};

use ring::rand::{SecureRandom, SystemRandom};
use rustix::fs::{Mode, OFlags, chmod, open};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, listen, socket_with};

/// The longest name of a socket that the system takes (unix(7)), without the zero behind it.
const NAME: usize = 107;
/// Connections that may wait until the master looks at them.
const WAITING: i32 = 64;

/// Why there is no socket, or nobody at it.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// There is no such file.
    #[error("Control socket \"{}\" does not exist", .0.display())]
    Absent(PathBuf),
    /// The file is there, and whoever made it is gone.
    #[error("Control socket connect({}): Connection refused", .0.display())]
    Stale(PathBuf),
    /// Another master has it.
    #[error("ControlSocket {} already exists, disabling multiplexing", .0.display())]
    Exists(PathBuf),
    /// Another reason.
    #[error("Control socket {}: {source}", path.display())]
    Io {
        /// The socket's file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// A path as the system's calls take it: where it is too long for a socket's name, by a descriptor of its directory, which must
/// stay open meanwhile.
struct Name {
    address: SocketAddrUnix,
    _directory: Option<OwnedFd>,
}

impl Name {
    fn of(path: &Path) -> rustix::io::Result<Self> {
        if path.as_os_str().len() <= NAME {
            return Ok(Self { address: SocketAddrUnix::new(path)?, _directory: None });
        }
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Err(Errno::NAMETOOLONG) };
        let directory = open(parent, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let by_descriptor = Path::new("/proc/self/fd").join(directory.as_raw_fd().to_string()).join(name);
        Ok(Self { address: SocketAddrUnix::new(&by_descriptor)?, _directory: Some(directory) })
    }
}

fn stream() -> rustix::io::Result<OwnedFd> {
    socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
}

/// Connects to whoever listens at `path`.
///
/// # Errors
/// There is no such file, nobody listens any more, or another reason.
pub fn dial(path: &Path) -> Result<UnixStream, SocketError> {
    let connected = (|| {
        let (name, socket) = (Name::of(path)?, stream()?);
        connect(&socket, &name.address)?;
        Ok(UnixStream::from(socket))
    })();
    connected.map_err(|errno| match errno {
        Errno::NOENT => SocketError::Absent(path.to_owned()),
        Errno::CONNREFUSED => SocketError::Stale(path.to_owned()),
        errno => SocketError::Io { path: path.to_owned(), source: errno.into() },
    })
}

/// A socket that we listen at. Dropped, its name goes.
#[derive(Debug)]
pub struct ControlSocket {
    path: PathBuf,
    listener: UnixListener,
    /// Device and inode: a name that another has taken over stays.
    file: (u64, u64),
}

impl ControlSocket {
    /// Listens at `path`. It appears there when it is ready, with no rights for anybody else.
    ///
    /// # Errors
    /// The name is taken, or the system refuses.
    pub fn bind(path: &Path) -> Result<Self, SocketError> {
        let failed = |source: io::Error| SocketError::Io { path: path.to_owned(), source };
        let mut unguessable = [0; 8];
        SystemRandom::new().fill(&mut unguessable).map_err(|_| failed(io::Error::other("no random numbers")))?;
        let mut name = path.as_os_str().as_bytes().to_vec();
        name.extend(format!(".{:016x}", u64::from_ne_bytes(unguessable)).into_bytes());
        let temporary = PathBuf::from(std::ffi::OsStr::from_bytes(&name));
        let listener = listen_at(&temporary).map_err(|errno| failed(errno.into()))?;
        let linked = fs::hard_link(&temporary, path);
        let file = fs::symlink_metadata(&temporary).map(|file| (file.dev(), file.ino()));
        let _ = fs::remove_file(&temporary);
        match linked {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(SocketError::Exists(path.to_owned()));
            }
            linked => linked.map_err(failed)?,
        }
        Ok(Self { path: path.to_owned(), listener, file: file.map_err(failed)? })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What listens there.
    pub(super) fn listener(&self) -> &UnixListener {
        &self.listener
    }
}

fn listen_at(path: &Path) -> rustix::io::Result<UnixListener> {
    let (name, socket) = (Name::of(path)?, stream()?);
    bind(&socket, &name.address)?;
    // Nobody can connect before the next call: there is no moment at which others could.
    let listening = chmod(path, Mode::RUSR | Mode::WUSR).and_then(|()| listen(&socket, WAITING));
    if let Err(errno) = listening {
        let _ = fs::remove_file(path);
        return Err(errno);
    }
    Ok(UnixListener::from(socket))
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|file| (file.dev(), file.ino()) == self.file) {
            let _ = fs::remove_file(&self.path);
        }
    }
}
