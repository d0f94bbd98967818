use super::{ChannelTimeout, Forward, ForwardedAgent, Permitted, Template, X11};

/// Ports, sockets, X11 and agent.
#[derive(Debug, Clone, Default)]
pub struct Forwarding {
    /// `ExitOnForwardFailure`.
    pub exit_on_failure: bool,
    /// `ForwardAgent`, unless no.
    pub agent: Option<ForwardedAgent>,
    /// `ForwardX11` and what belongs to it, unless no.
    pub x11: Option<X11>,
    /// `LocalForward` and `DynamicForward`, in one order.
    pub local: Vec<Forward>,
    /// `RemoteForward`.
    pub remote: Vec<Forward>,
    /// `GatewayPorts`, `-g`: a local forward that names no address listens on all there are.
    pub gateway_ports: bool,
    /// `StreamLocalBindUnlink`.
    pub bind_unlink: bool,
    /// `StreamLocalBindMask`.
    pub bind_mask: u32,
    /// `PermitRemoteOpen`.
    pub permit_remote_open: Permitted,
    /// `ChannelTimeout`; the first that fits counts.
    pub channel_timeouts: Vec<ChannelTimeout>,
}

/// `ControlMaster`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mastering {
    /// Use a master, and be none.
    #[default]
    No,
    /// Be the master.
    Yes,
    /// Be the master, and have the person asked about each client.
    Ask,
    /// Use a master, and be it where there is none.
    Auto,
    /// The same, and have the person asked about each client.
    AutoAsk,
}

impl Mastering {
    /// Whether a master that is there already is used.
    pub fn joins(self) -> bool {
        matches!(self, Self::No | Self::Auto | Self::AutoAsk)
    }

    /// Whether the person is asked before a client is served.
    pub fn asks(self) -> bool {
        matches!(self, Self::Ask | Self::AutoAsk)
    }
}

/// Connection sharing.
#[derive(Debug, Clone, Default)]
pub struct Sharing {
    /// `ControlMaster`.
    pub master: Mastering,
    /// `ControlPath`, unless none.
    pub path: Option<Template>,
    /// `ControlPersist`: none is no, zero is for ever.
    pub persist: Option<u32>,
    /// `XsshShare auto` (ours): each destination gets a master by itself.
    pub automatic: bool,
}
