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

/// Connection sharing, as written.
#[derive(Debug, Clone, Default)]
pub struct Sharing {
    /// `ControlMaster`: no, yes, ask, auto, autoask (0–4).
    pub master: u8,
    /// `ControlPath`, unless none.
    pub path: Option<Template>,
    /// `ControlPersist`: none is no, zero is for ever.
    pub persist: Option<u32>,
}
