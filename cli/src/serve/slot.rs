//! How many sessions of a key there are: each holds one of so many names, which no file has and which go with it.

use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use xssh_gate::Grant;

/// One of a key's sessions.
#[derive(Debug)]
pub(super) struct Slot(#[expect(dead_code, reason = "held, not used")] UnixListener);

impl Slot {
    /// Takes one, where the key's sessions are bounded.
    ///
    /// # Errors
    /// All are taken.
    pub(super) fn take(grant: &Grant) -> Result<Option<Self>, String> {
        let Some(most) = grant.limits.sessions else { return Ok(None) };
        let uid = rustix::process::getuid().as_raw();
        // Keys of one name that have different things are different keys. A name of a socket may have 107 bytes.
        let key = format!("{:?} {:?} {:?} {:?}", grant.name, grant.tree, grant.repositories, grant.relay);
        let (digest, _) = xssh_delta::hash_reader(key.as_bytes()).map_err(|error| error.to_string())?;
        let digest: String = digest.as_bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        for number in 0..most {
            let name = format!("xssh-session-{uid}-{digest}-{number}");
            let bound = SocketAddr::from_abstract_name(name).and_then(|address| UnixListener::bind_addr(&address));
            match bound {
                Ok(listener) => return Ok(Some(Self(listener))),
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                Err(error) => return Err(format!("sessions cannot be counted: {error}")),
            }
        }
        Err(format!("this key has {most} sessions already, and may have no more: try again later"))
    }
}
