//! Names of this host and of others, where std asks less than ssh needs: the canonical name of a lookup, and addresses
//! in the old notations (`127.1`) that getaddrinfo(3) reads.

use std::ffi::{CStr, CString};
use std::net::IpAddr;
use std::ptr;

use nix::libc;

/// Which addresses to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum Family {
    #[default]
    Any,
    Inet,
    Inet6,
}

/// What the resolver said to a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// It has an address; with the canonical name, where the resolver gave one.
    Found {
        /// What the name is an alias of, or the name itself.
        canonical: Option<String>,
    },
    /// There is no such name.
    NotFound {
        /// The resolver's words.
        reason: String,
    },
    /// The resolver itself failed.
    Failed {
        /// The resolver's words.
        reason: String,
    },
}

/// The name of this host as gethostname(2) gives it; empty where it gives none.
#[must_use]
pub fn host_name() -> String {
    nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The addresses of this host's interfaces that are up, in the system's order.
///
/// # Errors
/// Where getifaddrs(3) fails.
pub fn interface_addresses() -> std::io::Result<Vec<IpAddr>> {
    let interfaces = nix::ifaddrs::getifaddrs().map_err(std::io::Error::from)?;
    Ok(interfaces
        .filter(|interface| interface.flags.contains(nix::net::if_::InterfaceFlags::IFF_UP))
        .filter_map(|interface| interface.address)
        .filter_map(|address| {
            let v4 = address.as_sockaddr_in().map(|inet| IpAddr::V4(inet.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|inet| IpAddr::V6(inet.ip())))
        })
        .collect())
}

/// Resolves `name` and asks for its canonical name. Blocks as long as the resolver does.
#[must_use]
pub fn lookup(name: &str, family: Family) -> Lookup {
    match AddressInfo::query(name, family, libc::AI_CANONNAME) {
        Ok(info) => Lookup::Found { canonical: info.canonical_name() },
        Err(code @ (libc::EAI_NONAME | libc::EAI_NODATA)) => Lookup::NotFound { reason: reason(code) },
        Err(code) => Lookup::Failed { reason: reason(code) },
    }
}

/// The usual form of `name` if it is one numeric address in any notation, else none. Never asks the network.
#[must_use]
pub fn numeric_address(name: &str, family: Family) -> Option<String> {
    AddressInfo::query(name, family, libc::AI_NUMERICHOST).ok()?.single_numeric()
}

/// The TCP port that services(5) gives a name, as `Port ssh` asks for it.
#[must_use]
pub fn service_port(name: &str) -> Option<u16> {
    let services = std::fs::read_to_string("/etc/services").ok()?;
    services.lines().find_map(|line| service_line(line, name))
}

/// The port of one line of services(5), if it is about `name` over TCP.
fn service_line(line: &str, name: &str) -> Option<u16> {
    let mut fields = line.split('#').next()?.split_whitespace();
    let official = fields.next()?;
    let port = fields.next()?.strip_suffix("/tcp")?.parse().ok()?;
    (official == name || fields.any(|alias| alias == name)).then_some(port)
}

/// The words of an EAI code.
fn reason(code: i32) -> String {
    if code == libc::EAI_SYSTEM {
        return nix::errno::Errno::last().desc().to_owned();
    }
    // SAFETY: gai_strerror returns a pointer to a constant string for every integer.
    unsafe { CStr::from_ptr(libc::gai_strerror(code)) }.to_string_lossy().into_owned()
}

/// An answer of getaddrinfo(3), freed when dropped. Never null.
struct AddressInfo(*mut libc::addrinfo);

impl AddressInfo {
    fn query(name: &str, family: Family, flags: i32) -> Result<Self, i32> {
        let name = CString::new(name).map_err(|_| libc::EAI_NONAME)?;
        // SAFETY: all-zero is a valid addrinfo: null pointers and zero integers.
        let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
        hints.ai_family = match family {
            Family::Any => libc::AF_UNSPEC,
            Family::Inet => libc::AF_INET,
            Family::Inet6 => libc::AF_INET6,
        };
        hints.ai_socktype = libc::SOCK_STREAM;
        hints.ai_flags = flags;
        let mut list = ptr::null_mut();
        // SAFETY: name is NUL-terminated, hints is initialised, and list receives a list that Drop frees.
        let code = unsafe { libc::getaddrinfo(name.as_ptr(), ptr::null(), &raw const hints, &raw mut list) };
        match code {
            0 if !list.is_null() => Ok(Self(list)),
            0 => Err(libc::EAI_NONAME),
            code => Err(code),
        }
    }

    fn canonical_name(&self) -> Option<String> {
        // SAFETY: the list is alive as long as self; ai_canonname is null or a NUL-terminated string within it.
        unsafe {
            let name = (*self.0).ai_canonname;
            (!name.is_null()).then(|| CStr::from_ptr(name).to_string_lossy().into_owned())
        }
    }

    fn single_numeric(&self) -> Option<String> {
        let mut text = [0 as libc::c_char; libc::NI_MAXHOST as usize];
        // SAFETY: the list is alive as long as self, its first element's address has the length it says, and text's
        // length goes with it; getnameinfo terminates what it writes.
        unsafe {
            if !(*self.0).ai_next.is_null() {
                return None;
            }
            let code = libc::getnameinfo(
                (*self.0).ai_addr,
                (*self.0).ai_addrlen,
                text.as_mut_ptr(),
                libc::NI_MAXHOST,
                ptr::null_mut(),
                0,
                libc::NI_NUMERICHOST,
            );
            (code == 0).then(|| CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned())
        }
    }
}

impl Drop for AddressInfo {
    fn drop(&mut self) {
        // SAFETY: the list came from getaddrinfo and is freed once.
        unsafe { libc::freeaddrinfo(self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_out_in_their_usual_form() {
        assert_eq!(numeric_address("127.1", Family::Any).as_deref(), Some("127.0.0.1"));
        assert_eq!(numeric_address("0:0::1", Family::Any).as_deref(), Some("::1"));
        assert_eq!(numeric_address("::1", Family::Inet), None);
        assert_eq!(numeric_address("localhost", Family::Any), None);
        assert_eq!(numeric_address("a\0b", Family::Any), None);
    }

    #[test]
    fn localhost_is_found_and_nonsense_is_not() {
        assert!(matches!(lookup("localhost", Family::Any), Lookup::Found { .. }));
        assert!(!matches!(lookup("no-such-host.invalid", Family::Any), Lookup::Found { .. }));
    }

    #[test]
    fn services_are_found_by_name_and_alias() {
        assert_eq!(service_line("http\t80/tcp\twww # WorldWideWeb", "www"), Some(80));
        assert_eq!(service_line("http\t80/udp\twww", "http"), None);
        assert_eq!(service_line("# http 80/tcp", "http"), None);
        assert_eq!(service_line("", ""), None);
    }

    #[test]
    fn the_loopback_interface_is_up() {
        let addresses = interface_addresses().unwrap();
        assert!(addresses.iter().any(IpAddr::is_loopback), "{addresses:?}");
    }
}
