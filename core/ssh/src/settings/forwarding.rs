use super::Template;

/// Ports, sockets, X11 and agent, as written: their feature comes later, `-G` prints them today.
#[derive(Debug, Clone, Default)]
pub struct Forwarding {
    /// `ClearAllForwardings`.
    pub clear_all: bool,
    /// `ExitOnForwardFailure`.
    pub exit_on_failure: bool,
    /// `ForwardAgent`, unless no.
    pub agent: Option<String>,
    /// `ForwardX11`.
    pub x11: bool,
    /// `LocalForward`, listen and connect.
    pub local: Vec<(String, String)>,
    /// `RemoteForward`; an empty second part is a dynamic one.
    pub remote: Vec<(String, String)>,
    /// `DynamicForward`.
    pub dynamic: Vec<String>,
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
