use super::Template;

/// `StrictHostKeyChecking`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum StrictChecking {
    No,
    AcceptNew,
    #[default]
    Ask,
    Yes,
}

/// `UpdateHostKeys`. Unset means yes with the default UserKnownHostsFile and no VerifyHostKeyDNS, else no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum UpdateHostKeys {
    #[default]
    No,
    Yes,
    Ask,
}

/// `FingerprintHash`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum FingerprintHash {
    #[default]
    Sha256,
    Md5,
}

/// How the host proves itself.
#[derive(Debug, Clone, Default)]
pub struct HostKey {
    /// `StrictHostKeyChecking`.
    pub strict: StrictChecking,
    /// `UserKnownHostsFile`, tokens unexpanded; `none` is an empty list.
    pub user_files: Vec<Template>,
    /// `GlobalKnownHostsFile`.
    pub global_files: Vec<Template>,
    /// `KnownHostsCommand`.
    pub command: Option<Template>,
    /// `RevokedHostKeys`.
    pub revoked: Option<Template>,
    /// `HashKnownHosts`.
    pub hash: bool,
    /// `CheckHostIP`.
    pub check_host_ip: bool,
    /// `UpdateHostKeys`.
    pub update: UpdateHostKeys,
    /// `VisualHostKey`.
    pub visual: bool,
    /// `FingerprintHash`.
    pub fingerprint_hash: FingerprintHash,
    /// `NoHostAuthenticationForLocalhost`.
    pub no_auth_for_localhost: bool,
    /// `RequiredRSASize`; 1024 bits.
    pub required_rsa_size: u32,
}
