use super::Template;

/// An authentication method, in `PreferredAuthentications` (RFC 4252).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Method {
    PublicKey,
    KeyboardInteractive,
    Password,
}

/// `IdentityAgent`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum IdentityAgent {
    /// The socket of SSH_AUTH_SOCK, which the cli filled in; `None` where there is none.
    #[default]
    FromEnvironment,
    /// `none`.
    None,
    /// A socket's path (tokens, `~` and `$VARIABLE` unexpanded).
    Path(Template),
}

/// `AddKeysToAgent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AddKeys {
    /// 0 no, 1 yes, 2 ask, 3 confirm.
    pub mode: u8,
    /// Lifetime in the agent, seconds; 0 for ever.
    pub lifetime: u32,
}

impl AddKeys {
    /// `mode`: keys are not added.
    pub const NO: u8 = 0;
    /// `mode`: someone is asked first.
    pub const ASK: u8 = 2;
    /// `mode`: the agent asks before each use.
    pub const CONFIRM: u8 = 3;
}

/// How we prove ourselves.
#[derive(Debug, Clone, Default)]
pub struct Auth {
    /// `PreferredAuthentications`, of those that are enabled.
    pub methods: Vec<Method>,
    /// `IdentityFile`, in order, those of `-i` first.
    pub identity_files: Vec<Template>,
    /// Whether `identity_files` are OpenSSH's defaults (then a missing file is nothing to speak of).
    pub identity_files_are_defaults: bool,
    /// `CertificateFile`.
    pub certificate_files: Vec<Template>,
    /// `IdentitiesOnly`.
    pub identities_only: bool,
    /// `IdentityAgent`.
    pub identity_agent: IdentityAgent,
    /// The value of SSH_AUTH_SOCK, put here by the cli.
    pub agent_socket: Option<String>,
    /// `AddKeysToAgent`.
    pub add_keys: AddKeys,
    /// `NumberOfPasswordPrompts`; 3.
    pub password_prompts: u32,
    /// `BatchMode`.
    pub batch: bool,
    /// `KbdInteractiveDevices`.
    pub kbd_interactive_devices: Option<String>,
}
