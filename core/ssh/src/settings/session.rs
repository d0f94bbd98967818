use super::Template;

/// `RequestTTY`, `-t`, `-tt`, `-T`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum RequestTty {
    #[default]
    Auto,
    No,
    Yes,
    Force,
}

/// `SessionType`, `-N`, `-s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum SessionType {
    #[default]
    Default,
    None,
    Subsystem,
}

/// What is run there.
#[derive(Debug, Clone, Default)]
pub struct Session {
    /// `RemoteCommand`.
    pub remote_command: Option<Template>,
    /// `RequestTTY`.
    pub request_tty: RequestTty,
    /// `SessionType`.
    pub kind: SessionType,
    /// `StdinNull`, `-n`.
    pub stdin_null: bool,
    /// `ForkAfterAuthentication`, `-f`.
    pub fork_after_authentication: bool,
    /// `SendEnv` patterns, those with `-` already applied.
    pub send_env: Vec<String>,
    /// `SetEnv`.
    pub set_env: Vec<(String, String)>,
    /// `EscapeChar`; none is off.
    pub escape_char: Option<u8>,
    /// `EnableEscapeCommandline`.
    pub escape_command_line: bool,
    /// `PermitLocalCommand`.
    pub permit_local_command: bool,
    /// `LocalCommand`.
    pub local_command: Option<Template>,
}
