use std::net::IpAddr;
use std::time::Duration;

/// `AddressFamily`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum AddressFamily {
    #[default]
    Any,
    Inet,
    Inet6,
}

impl AddressFamily {
    /// Whether an address is of the family.
    #[must_use]
    pub fn takes(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Inet => address.is_ipv4(),
            Self::Inet6 => address.is_ipv6(),
        }
    }
}

/// `RekeyLimit`. A zero means "the default".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rekey {
    /// Bytes in one direction after which keys are renewed; 0 is the cipher's default.
    pub bytes: u64,
    /// Seconds after which keys are renewed; 0 is never.
    pub seconds: u32,
}

/// How the stream is opened and kept.
#[derive(Debug, Clone)]
pub struct Connection {
    /// `AddressFamily`.
    pub address_family: AddressFamily,
    /// `BindAddress`.
    pub bind_address: Option<String>,
    /// `BindInterface`.
    pub bind_interface: Option<String>,
    /// `ConnectTimeout`; none is the system's.
    pub connect_timeout: Option<Duration>,
    /// `ConnectionAttempts`; 1.
    pub attempts: u32,
    /// `TCPKeepAlive`; yes.
    pub tcp_keep_alive: bool,
    /// `ServerAliveInterval`; zero is off.
    pub server_alive_interval: Duration,
    /// `ServerAliveCountMax`; 3.
    pub server_alive_count_max: u32,
    /// `IPQoS`, for interactive sessions and for bulk, as the IP_TOS byte; none leaves the system's.
    pub ip_qos: (Option<u8>, Option<u8>),
    /// `Compression`.
    pub compression: bool,
    /// `RekeyLimit`.
    pub rekey: Rekey,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            address_family: AddressFamily::Any,
            bind_address: None,
            bind_interface: None,
            connect_timeout: None,
            attempts: 1,
            tcp_keep_alive: true,
            server_alive_interval: Duration::ZERO,
            server_alive_count_max: 3,
            // AF21 for interactive, CS1 for bulk (readconf.c, fill_default_options).
            ip_qos: (Some(0x48), Some(0x20)),
            compression: false,
            rekey: Rekey::default(),
        }
    }
}
