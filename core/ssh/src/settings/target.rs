use super::Template;

/// Who and where.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// The host as the user gave it (`%n`).
    pub original_host: String,
    /// The host after `HostName` and canonicalisation (`%h`), lower case.
    pub host: String,
    /// `Port`; 22.
    pub port: u16,
    /// `User`; the local user's name.
    pub user: String,
    /// `Tag`, and `-P`.
    pub tag: Option<String>,
    /// `HostKeyAlias`.
    pub host_key_alias: Option<Template>,
    /// `CanonicalizeHostname`, its domains and limits.
    pub canonicalize: Canonicalize,
}

/// `CanonicalizeHostname` and its companions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonicalize {
    /// no, yes or always (0, 1, 2).
    pub mode: u8,
    /// `CanonicalDomains`.
    pub domains: Vec<String>,
    /// `CanonicalizeMaxDots`; 1.
    pub max_dots: u32,
    /// `CanonicalizeFallbackLocal`; yes.
    pub fallback_local: bool,
    /// `CanonicalizePermittedCNAMEs`, source list and target list.
    pub permitted_cnames: Vec<(String, String)>,
}

impl Default for Canonicalize {
    fn default() -> Self {
        Self { mode: 0, domains: Vec::new(), max_dots: 1, fallback_local: true, permitted_cnames: Vec::new() }
    }
}
